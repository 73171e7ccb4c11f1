package history

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func requireKind(t *testing.T, want Kind, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, kindOf(err), err.Error())
	require.NotContains(t, err.Error(), "\n")
}

func TestRemoteAway(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	one := s.commit("one")
	two := s.commit("two")
	url := s.url()
	r := open(t, Limits{}).Repo("acme/checkout", func(context.Context) (Remote, error) { return Remote{URL: url}, nil })
	require.NoError(t, r.Sync(ctx))

	const nobody = "127.0.0.1:1" // no port for outgoing connections, so that nobody gets it meanwhile
	for _, away := range []struct {
		url  string
		kind Kind
	}{
		{"http://" + nobody + "/x", Unreachable},
		{"git://" + nobody + "/x", Unreachable},
		{"file://" + s.dir + "-not-there", NotFound},
		{s.dir + "-not-there", NotFound},
	} {
		url = away.url
		requireKind(t, away.kind, r.Sync(ctx))
		missing, err := r.Ensure(ctx, one, strings.Repeat("ab", 20))
		requireKind(t, away.kind, err)
		require.Equal(t, []string{strings.Repeat("ab", 20)}, missing)
		require.Equal(t, Yes, contains(t, r, two, one), "what we have still answers")
	}
	url = s.url()
	three := s.commit("three")
	missing, err := r.Ensure(ctx, three)
	require.NoError(t, err, "a failure is not remembered")
	require.Empty(t, missing)

	r.setRemote(func(context.Context) (Remote, error) { return Remote{}, errors.New("the tracker is away") })
	require.ErrorContains(t, r.Sync(ctx), "the tracker is away")
	r.setRemote(nil)
	requireKind(t, BadURL, r.Sync(ctx))
}

func TestAddressesThatAreRefused(t *testing.T) {
	r := open(t, Limits{}).Repo("acme/checkout", nil)
	proof := filepath.Join(t.TempDir(), "ran")
	for _, url := range []string{
		"", " ", "ext::sh -c touch% " + proof, "ext://x/" + proof, "--upload-pack=touch " + proof, "-oProxyCommand=touch:x", "relative/path",
		"ftp://127.0.0.1/x", "https://", "https:///x", "http://-x/y", "ssh://-oProxyCommand=x/y", "https://a\nb/c", "fd::7", "https://user:hunter2@%zz/",
		"ssh://user:hunter2@-x/y",
	} {
		r.setRemote(fixed(Remote{URL: url}))
		err := r.Sync(context.Background())
		requireKind(t, BadURL, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	require.NoFileExists(t, proof)
	for raw, want := range map[string]target{
		"https://x-access-token:abc@git.example/a": {url: "https://git.example/a", user: "x-access-token", secret: "abc", site: "https://git.example"},
		"https://abc@git.example:8443/a.git":       {url: "https://git.example:8443/a.git", user: "x-access-token", secret: "abc", site: "https://git.example:8443"},
		"git@git.example:acme/checkout.git":        {url: "git@git.example:acme/checkout.git"},
		"ssh://git:abc@git.example/a":              {url: "ssh://git@git.example/a"},
		"/srv/git/a":                               {url: "/srv/git/a"},
	} {
		got, err := Remote{URL: raw}.check()
		require.NoError(t, err)
		want.shown = want.url
		require.Equal(t, want, got)
	}
}

func TestSlowRemote(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	defer close(release)
	r := open(t, Limits{FetchTimeout: 500 * time.Millisecond}).Repo("acme/slow", fixed(Remote{URL: srv.URL + "/x"}))
	start := time.Now()
	err := r.Sync(context.Background())
	requireKind(t, Timeout, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), 30*time.Second)

	// The caller's own end comes first.
	r = open(t, Limits{}).Repo("acme/slow", fixed(Remote{URL: srv.URL + "/x"}))
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	start = time.Now()
	require.ErrorIs(t, r.Sync(ctx), context.DeadlineExceeded)
	require.Less(t, time.Since(start), 30*time.Second)
	require.Eventually(t, func() bool { // what was killed may take a moment to be gone
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		return err == nil && !slices.ContainsFunc(files, func(f string) bool {
			text, _ := os.ReadFile(f)
			return strings.Contains(string(text), r.dir)
		})
	}, time.Minute, 10*time.Millisecond, "a git process is left behind")
}

func TestTooLarge(t *testing.T) {
	s := newSource(t)
	for range 20 {
		s.commit(strings.Repeat(fmt.Sprint(time.Now().UnixNano()), 400))
	}
	r := open(t, Limits{MaxBytes: 2000}).Repo("acme/huge", fixed(Remote{URL: s.url()}))
	requireKind(t, TooLarge, r.Sync(context.Background()))
	requireKind(t, TooLarge, r.Sync(context.Background()))
}

func TestCallersShareARun(t *testing.T) {
	s := newSource(t)
	one := s.commit("one")
	var runs atomic.Int32
	hold := make(chan struct{})
	r := open(t, Limits{}).Repo("acme/checkout", func(context.Context) (Remote, error) {
		runs.Add(1)
		<-hold
		return Remote{URL: s.url()}, nil
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := r.Sync(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	require.Eventually(t, func() bool { return runs.Load() == 1 }, time.Minute, time.Millisecond)
	two := s.commit("two") // after the first run has started: its callers may miss it
	missing := make(chan []string, 1)
	wg.Go(func() {
		m, err := r.Ensure(context.Background(), two)
		if err != nil {
			t.Error(err)
		}
		missing <- m
	})
	close(hold)
	wg.Wait()
	require.Empty(t, <-missing)
	require.LessOrEqual(t, runs.Load(), int32(3))
	require.Equal(t, Yes, contains(t, r, two, one))
}

func TestDamagedMirrorIsMadeAnew(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	one := s.commit("one")
	two := s.commit("two")
	s.git("", "switch", "-q", "-c", "topic")
	for name, damage := range map[string]func(dir string){
		"packs gone": func(dir string) { os.RemoveAll(filepath.Join(dir, "objects", "pack")) },
		"packs cut": func(dir string) {
			files, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*"))
			for _, f := range files {
				os.Chmod(f, 0o600)
				os.Truncate(f, 10)
			}
		},
		"names gone":   func(dir string) { os.WriteFile(filepath.Join(dir, "packed-refs"), []byte("x\x00y\n"), 0o600) },
		"all gone":     func(dir string) { os.RemoveAll(dir) },
		"head gone":    func(dir string) { os.Remove(filepath.Join(dir, "HEAD")) },
		"config cut":   func(dir string) { os.WriteFile(filepath.Join(dir, "config"), []byte("[core\n"), 0o600) },
		"tips garbled": func(dir string) { os.WriteFile(filepath.Join(dir, "holdfast-tips"), []byte("--all\n\x00"), 0o600) },
		"tips of nothing": func(dir string) {
			os.WriteFile(filepath.Join(dir, "holdfast-tips"), []byte(strings.Repeat("ab", 20)+"\n"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, Limits{})
			r := m.Repo("acme/checkout", fixed(Remote{URL: s.url()}))
			s.commit("to be dropped")
			require.NoError(t, r.Sync(ctx))
			s.git("", "reset", "-q", "--hard", two)
			require.NoError(t, r.Sync(ctx))
			damage(r.dir)
			s.commit("new")
			require.NoError(t, r.Sync(ctx))
			require.NoError(t, r.Sync(ctx))
			require.Equal(t, Yes, contains(t, r, two, one))
			require.Equal(t, Yes, contains(t, r, s.head(), one))
			damage(r.dir)
			r = openIn(t, m.dir, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
			missing, err := r.Ensure(ctx, one, two)
			require.NoError(t, err)
			require.Empty(t, missing)
			require.Equal(t, Yes, contains(t, r, two, one))
		})
	}
}

func TestLeftoversOfAKilledGit(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.commit("one")
	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	for _, left := range []string{
		"packed-refs.lock", "config.lock", "refs/heads/main.lock", "HEAD.lock", "objects/pack/tmp_pack_x", "objects/info/commit-graphs/commit-graph-chain.lock",
	} {
		path := filepath.Join(r.dir, left)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	two := s.commit("two")
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Yes, contains(t, r, two, two))
	require.NoFileExists(t, filepath.Join(r.dir, "objects/pack/tmp_pack_x"))
}

func TestTwoProcessesShareADirectory(t *testing.T) {
	s := newSource(t)
	s.commit("one")
	dir := filepath.Join(t.TempDir(), "mirrors")
	var wg sync.WaitGroup
	for range 4 {
		r := openIn(t, dir, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
		wg.Go(func() {
			for range 3 {
				if err := r.Sync(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestPacksAreJoined(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	first := s.commit("base")
	m := open(t, Limits{})
	r := m.Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	s.commit("dropped later")
	dropped := s.head()
	require.NoError(t, r.Sync(ctx))
	s.git("", "reset", "-q", "--hard", first)
	most := 0
	for i := range maxPacks + 5 {
		s.commit(fmt.Sprint("commit ", i))
		require.NoError(t, r.Sync(ctx))
		packs, err := filepath.Glob(filepath.Join(r.dir, "objects", "pack", "*.pack"))
		require.NoError(t, err)
		most = max(most, len(packs))
	}
	packs, _ := filepath.Glob(filepath.Join(r.dir, "objects", "pack", "*.pack"))
	require.Less(t, len(packs), maxPacks/2)
	require.Greater(t, most, maxPacks/2, "else this test shows nothing")
	require.NotContains(t, m.log.String(), "tidying")
	r = openIn(t, m.dir, Limits{}).Repo("acme/checkout", nil)
	require.Equal(t, No, contains(t, r, s.head(), dropped))
	require.Equal(t, Yes, contains(t, r, dropped, first))
}

func TestOpenChecksGit(t *testing.T) {
	dir := t.TempDir()
	fake := filepath.Join(dir, "git")
	t.Setenv("PATH", dir)
	_, err := Open(Options{Dir: filepath.Join(dir, "m")})
	require.ErrorContains(t, err, "install git 2.32")
	for text, want := range map[string]string{
		"#!/bin/sh\necho git version 2.31.8\n":       "git 2.31 is too old",
		"#!/bin/sh\necho hello\n":                    "not a git version",
		"#!/bin/sh\necho no luck >&2; exit 3\n":      "no luck",
		"#!/bin/sh\necho git version 2.50.windows\n": "",
		"#!/bin/sh\necho git version 3.0.1\n":        "",
	} {
		require.NoError(t, os.WriteFile(fake, []byte(text), 0o700))
		_, err := Open(Options{Dir: filepath.Join(dir, "m")})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "install git 2.32")
	}
}

func TestNamesStayInTheDirectory(t *testing.T) {
	m := open(t, Limits{})
	seenDirs := map[string]bool{}
	for _, name := range []string{"acme/checkout", "acme+checkout", "../../etc", "/etc", "", ".", "..", "a\x00b", strings.Repeat("x", 5000), "Acme/Checkout"} {
		r := m.Repo(name, nil)
		require.Equal(t, m.dir, filepath.Dir(r.dir), name)
		require.False(t, seenDirs[r.dir], name)
		seenDirs[r.dir] = true
		require.Same(t, r, m.Repo(name, nil))
	}
}

func TestErrorsForgeNoLogLines(t *testing.T) {
	err := failure("fetching", "acme/x\nlevel=ERROR", "file:///x", errors.New("exit"), "remote: \x1b[31mred\nlevel=ERROR forged\r\x07\xff\u202e\n")
	require.NotContains(t, err.Error(), "\n")
	require.NotContains(t, err.Error(), "\x1b")
	require.NotContains(t, err.Error(), "\u202e")
	err = failure("fetching", strings.Repeat("x", 5000), "file:///x", errors.New("exit"), strings.Repeat("y", 5000)+" fatal: the end")
	require.Less(t, len(err.Error()), 1200)
	require.ErrorContains(t, err, "fatal: the end")
}
