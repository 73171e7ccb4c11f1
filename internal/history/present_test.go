package history

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// write puts a file into the working tree, and commits it with an author time
// of its own.
func (s *source) write(path, text, message string) string {
	s.t.Helper()
	full := filepath.Join(s.dir, path)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(full), 0o700))
	require.NoError(s.t, os.WriteFile(full, []byte(text), 0o600))
	s.git("", "add", path)
	s.git(message, "commit", "-q", "-F", "-")
	return s.head()
}

// copyOf makes the change of another commit again, as somebody would who
// applies a patch: nothing but the patch is the same.
func (s *source) copyOf(sha, message string) string {
	s.t.Helper()
	s.git("", "cherry-pick", "--no-commit", sha)
	s.git(message, "commit", "-q", "-F", "-")
	return s.head()
}

const numbers = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"

func present(t testing.TB, r *Repo, live string, l Landing) containment.Result {
	t.Helper()
	found, err := r.Present(context.Background(), live, l)
	require.NoError(t, err)
	return found
}

// A mirror without trees fetches what it needs to compare patches, once.
func TestPatchesOfAMirrorWithoutTrees(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.write("services/pay/a.txt", numbers, "base")
	s.git("", "branch", "release")
	fix := s.write("services/pay/a.txt", strings.Replace(numbers, "5", "five", 1), "fix the rounding")
	s.git("", "switch", "-q", "release")
	s.write("docs/b.txt", "notes", "notes for the release")
	before := s.write("services/pay/c.txt", "other", "something else")
	pick := s.copyOf(fix, "round as one should")
	m := open(t, Limits{})
	var requests atomic.Int32
	url := s.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests.Add(1); next.ServeHTTP(w, r) })
	})
	s.git("", "config", "uploadpack.allowFilter", "true")
	s.git("", "config", "uploadpack.allowAnySHA1InWant", "true")
	r := m.Repo("acme/checkout", fixed(Remote{URL: url}))
	require.NoError(t, r.Sync(ctx))
	require.NotContains(t, objects(t, r), "tree")

	found := present(t, r, pick, Landing{SHA: fix})
	require.Equal(t, Yes, found.Answer, found)
	require.Equal(t, containment.Patch, found.Sign)
	require.Equal(t, pick, found.Carrier)
	require.Equal(t, No, present(t, r, before, Landing{SHA: fix}).Answer)

	n := requests.Load()
	require.Equal(t, Yes, present(t, r, pick, Landing{SHA: fix}).Answer)
	require.Equal(t, No, present(t, r, before, Landing{SHA: fix}).Answer)
	require.Equal(t, n, requests.Load(), "what was compared once is kept")
	again := openIn(t, m.dir, Limits{}).Repo("acme/checkout", nil)
	require.Equal(t, Yes, present(t, again, pick, Landing{SHA: fix}).Answer, "also over a restart, without a remote")

	paths, err := r.Paths(ctx, Landing{SHA: fix})
	require.NoError(t, err)
	require.Equal(t, []string{"services/pay/a.txt"}, paths)
}

// Where patches cannot be had, only the questions that hang on them are open.
func TestPatchesOfARemoteThatIsAway(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.write("a.txt", numbers, "base")
	s.git("", "branch", "release")
	fix := s.write("a.txt", strings.Replace(numbers, "5", "five", 1), "fix the rounding")
	s.git("", "switch", "-q", "release")
	other := s.write("b.txt", "x", "something else")
	m := open(t, Limits{})
	address := s.url()
	r := m.Repo("acme/checkout", func(context.Context) (Remote, error) { return Remote{URL: address}, nil })
	require.NoError(t, r.Sync(ctx))
	address = "file:///nowhere/at/all"
	require.Equal(t, No, present(t, r, base, Landing{SHA: fix}).Answer, "nothing there could be a copy")
	found, err := r.Present(ctx, other, Landing{SHA: fix})
	require.Error(t, err)
	require.Equal(t, containment.Result{Answer: Unknown, Reason: containment.NoPatches}, found)
	address = s.url()
	m.clock.pass(2 * time.Minute)
	require.Equal(t, No, present(t, r, other, Landing{SHA: fix}).Answer)
}

// A remote that hands out no single objects leaves the other signs.
func TestPatchesOfARemoteThatRefuses(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.write("a.txt", numbers, "base")
	s.git("", "branch", "release")
	fix := s.write("a.txt", strings.Replace(numbers, "5", "five", 1), "fix the rounding")
	s.git("", "switch", "-q", "release")
	other := s.write("b.txt", "x", "something else")
	url := s.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Git-Protocol") // an old server: it keeps to what it advertised
			next.ServeHTTP(w, r)
		})
	})
	s.git("", "config", "uploadpack.allowFilter", "true")
	m := open(t, Limits{})
	r := m.Repo("acme/checkout", fixed(Remote{URL: url}))
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, No, present(t, r, other, Landing{SHA: fix}).Answer)
	require.Contains(t, m.log.String(), "does not hand out files")
}

// The head of a pull request shows what a squash left out: that it is a
// cherry-pick, and that it was a rebase.
func TestHeadsOfPullRequests(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.write("a.txt", numbers, "base")
	s.git("", "branch", "release")
	fix := s.write("a.txt", strings.Replace(numbers, "5", "five", 1), "fix the rounding (#7)")
	s.git("", "switch", "-q", "-c", "backport", "release")
	s.write("z.txt", "conflict", "another copy\n\n(cherry picked from commit "+fix+")")
	s.git("", "update-ref", "refs/pull/8/head", "HEAD")
	s.git("", "switch", "-q", "release")
	s.write("z.txt", "conflict", "round as one should (#8)")
	live := s.head()
	s.git("", "branch", "-D", "backport")

	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	found := present(t, r, live, Landing{SHA: fix, PullRequest: 7})
	require.Equal(t, Yes, found.Answer, found)
	require.Equal(t, containment.Trailer, found.Sign)
	require.Equal(t, live, found.Carrier)
}

// A git directory is read as it stands, whatever it holds.
func TestForeignDirectory(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.write("a.txt", numbers, "base")
	s.git("", "branch", "release")
	fix := s.write("a.txt", strings.Replace(numbers, "5", "five", 1), "fix the rounding")
	s.git("", "switch", "-q", "release")
	pick := s.copyOf(fix, "round as one should")
	s.git("", "tag", "-a", "-m", "one", "v1.0.0")
	// A program that the repository wants run is not run.
	ran := filepath.Join(t.TempDir(), "ran")
	s.git("", "config", "diff.external", "touch "+ran+" #")
	s.git("", "config", "core.fsmonitor", "touch "+ran+" #")
	before := everything(t, filepath.Join(s.dir, ".git"))

	m := open(t, Limits{})
	r, err := m.Dir(s.dir)
	require.NoError(t, err)
	require.Equal(t, Yes, present(t, r, pick, Landing{SHA: fix}).Answer)
	tags, err := r.Tags(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"v1.0.0": pick}, tags)
	require.NoFileExists(t, ran)
	require.Equal(t, before, everything(t, filepath.Join(s.dir, ".git")), "nothing was written")

	_, err = m.Dir(t.TempDir())
	require.ErrorContains(t, err, "no git directory")
}

// Of a squashed pull request the commits were picked one by one. They are made
// known while nothing is live yet that could have them, so that a deployment
// of the picks finds the change.
func TestCommitsOfASquashPickedOneByOne(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.write("a.txt", numbers, "base")
	s.git("", "branch", "release")
	s.git("", "switch", "-q", "-c", "topic")
	one := s.write("a.txt", strings.Replace(numbers, "2", "two", 1), "round the sum")
	two := s.write("b.txt", "limits", "bound the sum")
	s.git("", "update-ref", "refs/pull/7/head", two)
	s.git("", "switch", "-q", "main")
	s.git("", "merge", "-q", "--squash", "topic")
	s.git("Sums are right (#7)", "commit", "-q", "-F", "-")
	fix := Landing{SHA: s.head(), Head: two, PullRequest: 7}
	s.git("", "switch", "-q", "release")
	half := s.copyOf(one, "round as one should")
	whole := s.copyOf(two, "and bound it")

	s.git("", "branch", "-D", "topic")

	r := open(t, Limits{}).Repo("acme/pay", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, containment.Absent, present(t, r, base, fix).Reason)
	watched, err := r.CommitsOf(ctx, fix)
	require.NoError(t, err)
	require.Equal(t, []string{fix.SHA, two, one}, watched)

	require.Equal(t, containment.Absent, present(t, r, half, fix).Reason)
	found := present(t, r, whole, fix)
	require.Equal(t, containment.Contained, found.Reason)
	require.Equal(t, containment.Patch, found.Sign)
}
