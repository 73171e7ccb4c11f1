package history

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	testUser   = "holdfast-bot"
	testSecret = "s3cr3t/pass+word=="
)

// locked demands a password.
func locked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, pass, _ := r.BasicAuth(); user != testUser || pass != testSecret {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			http.Error(w, "who are you? not "+r.Header.Get("Authorization"), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestPasswordWanted(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	one := s.commit("one")
	url := s.serve(locked)
	asked := filepath.Join(t.TempDir(), "asked")
	ask := filepath.Join(t.TempDir(), "ask")
	require.NoError(t, os.WriteFile(ask, []byte("#!/bin/sh\ntouch "+asked+"\necho x\n"), 0o700))
	t.Setenv("GIT_ASKPASS", ask)
	t.Setenv("SSH_ASKPASS", ask)
	m := open(t, Limits{})
	for name, rm := range map[string]Remote{
		"none":     {URL: url},
		"wrong":    {URL: url, User: testUser, Secret: "wrong-secret"},
		"in a URL": {URL: strings.Replace(url, "http://", "http://"+testUser+":wrong-secret@", 1)},
	} {
		start := time.Now()
		err := m.Repo("acme/"+name, fixed(rm)).Sync(ctx)
		requireKind(t, Denied, err)
		require.ErrorContains(t, err, "token")
		require.NotContains(t, err.Error(), "wrong-secret")
		require.Less(t, time.Since(start), 20*time.Second, "no prompt is waited for")
	}
	require.NoFileExists(t, asked, "somebody was asked for a password")
	for name, rm := range map[string]Remote{
		"right":    {URL: url, User: testUser, Secret: testSecret},
		"in a url": {URL: strings.Replace(url, "http://", "http://"+testUser+":s3cr3t%2Fpass+word==@", 1)},
	} {
		r := m.Repo("acme/"+name, fixed(rm))
		require.NoError(t, r.Sync(ctx))
		require.Equal(t, Yes, contains(t, r, one, one))
	}
	all := everything(t, m.dir) + m.log.String()
	for _, secret := range []string{"wrong-secret", testSecret, "s3cr3t", "Basic "} {
		require.NotContains(t, all, secret, "nothing of a credential is kept")
	}
}

func TestServerRepeatsTheSecret(t *testing.T) {
	s := newSource(t)
	url := s.serve(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusForbidden)
			_, pass, _ := r.BasicAuth()
			fmt.Fprintf(w, "go away with %s, that is %s\n", r.Header.Get("Authorization"), pass)
		})
	})
	m := open(t, Limits{})
	err := m.Repo("acme/checkout", fixed(Remote{URL: url, User: testUser, Secret: testSecret})).Sync(context.Background())
	requireKind(t, Denied, err)
	require.ErrorContains(t, err, "go away with Basic [redacted], that is [redacted]")
}

// The arguments of every git process that a fetch starts, as others on this
// machine can see them.
func TestNoSecretInArguments(t *testing.T) {
	s := newSource(t)
	s.commit("one")
	var seenArgs strings.Builder
	var mu sync.Mutex
	url := s.serve(func(next http.Handler) http.Handler {
		return locked(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			mu.Lock()
			for _, f := range files {
				text, _ := os.ReadFile(f)
				seenArgs.Write(text)
				seenArgs.WriteByte('\n')
			}
			mu.Unlock()
			next.ServeHTTP(w, r)
		}))
	})
	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: url, User: testUser, Secret: testSecret}))
	require.NoError(t, r.Sync(context.Background()))
	mu.Lock()
	defer mu.Unlock()
	args := seenArgs.String()
	require.Contains(t, args, "fetch", "else this test shows nothing")
	require.NotContains(t, args, testSecret)
	require.NotContains(t, args, target{user: testUser, secret: testSecret}.basic())
}

func TestRedirects(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	one := s.commit("one")
	var at atomic.Value // where to send who comes
	at.Store("")
	url := s.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rest, ok := strings.CutPrefix(r.URL.Path, "/src/old/"); ok {
				http.Redirect(w, r, at.Load().(string)+"/src/"+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
				return
			}
			locked(next).ServeHTTP(w, r)
		})
	})
	rm := Remote{URL: url + "/old", User: testUser, Secret: testSecret}

	r := open(t, Limits{}).Repo("acme/renamed", fixed(rm))
	require.NoError(t, r.Sync(ctx), "a renamed repository, same host")
	require.Equal(t, Yes, contains(t, r, one, one))
	two := s.commit("two")
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Yes, contains(t, r, two, one))

	// Another host: once one that hands out what is asked for, so that git
	// comes back to it, once one that asks for the password.
	for _, asks := range []bool{false, true} {
		var told atomic.Value
		told.Store("")
		thief := s.serve(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				told.Store(told.Load().(string) + r.Method + " " + r.Header.Get("Authorization") + "\n")
				if asks {
					w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		at.Store(strings.TrimSuffix(thief, "/src"))
		err := open(t, Limits{}).Repo("acme/stolen", fixed(rm)).Sync(ctx)
		if asks {
			requireKind(t, Denied, err)
			require.Contains(t, told.Load(), "GET", "else this test shows nothing")
		} else {
			require.NoError(t, err)
			require.Contains(t, told.Load(), "POST", "else this test shows nothing")
		}
		require.NotContains(t, told.Load(), "Basic", "the credential went to another host")
	}
}

// A mirror is named after its git_url, where there is one.
func TestPasswordInTheNameOfAMirror(t *testing.T) {
	s := newSource(t)
	s.commit("one")
	url := strings.Replace(s.serve(locked), "http://", "http://"+testUser+":wrong-secret@", 1) + "?token=wrong-secret"
	var log strings.Builder
	dir := t.TempDir()
	m, err := Open(Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	require.NoError(t, err)
	err = m.Repo(url, fixed(Remote{URL: url})).Sync(context.Background())
	requireKind(t, Denied, err)
	require.NotContains(t, err.Error(), "wrong-secret")
	require.NotContains(t, log.String(), "wrong-secret")
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		require.NotContains(t, path, "wrong")
		return err
	}))
	require.NotEqual(t, dirName(url), dirName(strings.Replace(url, "wrong", "other", 1)), "two names, two directories")
}
