package history

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// source is a repository that plays the remote.
type source struct {
	t     testing.TB
	dir   string
	clock int64
}

func newSource(t testing.TB) *source {
	t.Helper()
	s := &source{t: t, dir: filepath.Join(t.TempDir(), "src"), clock: 1_700_000_000}
	s.git("", "init", "-q", "-b", "main", s.dir)
	return s
}

// git runs git in the repository and returns its output without the last line
// break.
func (s *source) git(stdin string, args ...string) string {
	s.t.Helper()
	out, err := s.try(stdin, args...)
	require.NoError(s.t, err, "git %v: %s", args, out)
	return out
}

func (s *source) try(stdin string, args ...string) (string, error) {
	if args[0] != "init" {
		args = append([]string{"-C", s.dir}, args...)
	}
	cmd := exec.Command("git", args...)
	s.clock += 60
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=alice", "GIT_AUTHOR_EMAIL=alice@acme.example", fmt.Sprintf("GIT_AUTHOR_DATE=%d +0000", s.clock),
		"GIT_COMMITTER_NAME=bob", "GIT_COMMITTER_EMAIL=bob@acme.example", fmt.Sprintf("GIT_COMMITTER_DATE=%d +0000", s.clock+30))
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		return errs.String(), err
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// commit makes a commit on the current branch that changes one file.
func (s *source) commit(message string) string {
	s.t.Helper()
	name := fmt.Sprintf("f%d", s.clock)
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(message), 0o600))
	s.git("", "add", name)
	s.git(message, "commit", "-q", "-F", "-")
	return s.head()
}

func (s *source) head() string { s.t.Helper(); return s.git("", "rev-parse", "HEAD") }

func (s *source) url() string { return "file://" + s.dir }

// serve serves the repository over HTTP with git's own server program. wrap
// may put something in front of it.
func (s *source) serve(wrap func(http.Handler) http.Handler) string {
	s.t.Helper()
	execPath := s.git("", "--exec-path")
	program := filepath.Join(execPath, "git-http-backend")
	_, err := os.Stat(program)
	require.NoError(s.t, err, "the tests need git-http-backend, part of git")
	var h http.Handler = &cgi.Handler{
		Path: program, Dir: s.dir, Stderr: io.Discard,
		Env: []string{
			"GIT_PROJECT_ROOT=" + filepath.Dir(s.dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_CONFIG_GLOBAL=/dev/null",
		},
		InheritEnv: []string{"PATH"},
	}
	inner := h
	h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// git wants the protocol version in a variable of its own.
		c := *inner.(*cgi.Handler)
		c.Env = append(c.Env[:len(c.Env):len(c.Env)], "GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))
		c.ServeHTTP(w, r)
	})
	if wrap != nil {
		h = wrap(h)
	}
	srv := httptest.NewServer(h)
	s.t.Cleanup(srv.Close)
	return srv.URL + "/src"
}

// clock is a time that the test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(1_800_000_000, 0).Add(time.Duration(c.at.Load())) }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }
func fixed(rm Remote) func(context.Context) (Remote, error) {
	return func(context.Context) (Remote, error) { return rm, nil }
}

type setup struct {
	*Mirrors
	dir   string
	clock *clock
	log   *bytes.Buffer
}

func open(t testing.TB, limits Limits) setup {
	t.Helper()
	return openIn(t, filepath.Join(t.TempDir(), "mirrors"), limits)
}

func openIn(t testing.TB, dir string, limits Limits) setup {
	t.Helper()
	c, log := &clock{}, &bytes.Buffer{}
	if limits.FetchTimeout == 0 {
		limits.FetchTimeout = time.Minute
	}
	m, err := Open(Options{Dir: dir, Now: c.now, Limits: limits,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	require.NoError(t, err)
	return setup{Mirrors: m, dir: dir, clock: c, log: log}
}

func contains(t testing.TB, r *Repo, live, change string) Answer {
	t.Helper()
	a, err := r.Contains(context.Background(), live, change)
	require.NoError(t, err)
	return a
}

// everything returns all that is on disk below a directory, and all names.
func everything(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		b.WriteString(path + "\n")
		if err == nil && !d.IsDir() {
			text, rerr := os.ReadFile(path)
			b.Write(text)
			return rerr
		}
		return err
	}))
	return b.String()
}

// objects lists the types of all objects of a mirror, one a line.
func objects(t testing.TB, r *Repo) string {
	t.Helper()
	var out []byte
	require.NoError(t, r.local(context.Background(), nil, func(in io.Reader) (err error) {
		out, err = io.ReadAll(in)
		return err
	}, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)", "--unordered"))
	return strings.TrimSpace(string(out))
}

func itoa(n int) string { return strconv.Itoa(n) }

func readAll(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
