package history

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMirrorAnswersForEachWayToLand(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.commit("base")
	s.git("", "switch", "-q", "-c", "topic")
	topic := s.commit("topic work")
	s.git("", "switch", "-q", "main")
	other := s.commit("other work")
	s.git("", "merge", "-q", "--no-ff", "-m", "merge topic", "topic")
	merge := s.head()
	s.git("", "switch", "-q", "-c", "squashed")
	squashedHead := s.commit("squashed work")
	s.git("", "switch", "-q", "main")
	s.git("", "merge", "-q", "--squash", "squashed")
	s.git("", "commit", "-q", "-m", "squash landed")
	squash := s.head()

	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.Equal(t, Unknown, contains(t, r, merge, base), "nothing was fetched yet")
	require.NoError(t, r.Sync(ctx))

	require.Equal(t, Yes, contains(t, r, merge, topic), "a merge contains the branch")
	require.Equal(t, No, contains(t, r, other, topic))
	require.Equal(t, Yes, contains(t, r, squash, squash))
	require.Equal(t, Yes, contains(t, r, squash, merge))
	require.Equal(t, No, contains(t, r, squash, squashedHead), "a squash holds none of the branch's commits")
	require.Equal(t, No, contains(t, r, merge, squash), "deployed before it landed")
	require.Equal(t, Unknown, contains(t, r, merge, strings.Repeat("ab", 20)))

	n, err := r.Behind(ctx, base, squash)
	require.NoError(t, err)
	require.Equal(t, s.git("", "rev-list", "--count", base+".."+squash), itoa(n))
	_, err = r.Behind(ctx, base, strings.Repeat("ab", 20))
	require.ErrorIs(t, err, ErrUnknown)

	on, err := r.OnDefault(ctx, topic)
	require.NoError(t, err)
	require.True(t, on)
	on, err = r.OnDefault(ctx, squashedHead)
	require.NoError(t, err)
	require.False(t, on)
	_, err = r.OnDefault(ctx, strings.Repeat("ab", 20))
	require.ErrorIs(t, err, ErrUnknown)
}

func TestMirrorFollowsTheRemote(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	first := s.commit("one")
	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	for range 3 {
		next := s.commit("more")
		require.Equal(t, Unknown, contains(t, r, next, first))
		require.NoError(t, r.Sync(ctx))
		require.Equal(t, Yes, contains(t, r, next, first))
	}
}

func TestBranchBecomesDirectoryAndBack(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.commit("one")
	s.git("", "branch", "a")
	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	s.git("", "branch", "-D", "a")
	s.git("", "branch", "a/b")
	require.NoError(t, r.Sync(ctx))
	_, ok, err := r.Resolve(ctx, "a/b")
	require.NoError(t, err)
	require.True(t, ok)
	s.git("", "branch", "-D", "a/b")
	s.git("", "branch", "a")
	require.NoError(t, r.Sync(ctx))
}

func TestDroppedCommitsStayKnown(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.commit("base")
	fix := s.commit("fix")
	s.git("", "switch", "-q", "-c", "hotfix")
	hotfix := s.commit("hotfix")
	s.git("", "switch", "-q", "main")
	m := open(t, Limits{})
	r := m.Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))

	s.git("", "branch", "-D", "hotfix")
	s.git("", "reset", "-q", "--hard", base)
	without := s.commit("history without the fix")
	require.NoError(t, r.Sync(ctx))
	check := func(r *Repo) {
		t.Helper()
		require.Equal(t, No, contains(t, r, without, fix), "the forced push dropped it")
		require.Equal(t, Yes, contains(t, r, fix, base))
		require.Equal(t, Yes, contains(t, r, hotfix, fix))
		_, ok, err := r.Resolve(ctx, "hotfix")
		require.NoError(t, err)
		require.False(t, ok, "the branch itself is gone")
		on, err := r.OnDefault(ctx, fix)
		require.NoError(t, err)
		require.False(t, on)
	}
	check(r)
	check(openIn(t, m.dir, Limits{}).Repo("acme/checkout", nil)) // a new process, from disk
}

// The window between the fetch and our own names for what it dropped: the file
// of tips is still the old one, as after a kill in between.
func TestCrashBeforeDroppedCommitsAreNamed(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.commit("base")
	fix := s.commit("fix")
	m := open(t, Limits{})
	r := m.Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	tips := filepath.Join(r.dir, "holdfast-tips")
	before, err := os.ReadFile(tips)
	require.NoError(t, err)
	s.git("", "reset", "-q", "--hard", base)
	require.NoError(t, r.Sync(ctx))

	require.NoError(t, os.WriteFile(tips, before, 0o600))
	require.NoError(t, r.local(ctx, nil, nil, "update-ref", "-d", dropped+fix))
	again := openIn(t, m.dir, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.Equal(t, Unknown, contains(t, again, fix, base))
	require.NoError(t, again.Sync(ctx))
	require.Equal(t, Yes, contains(t, again, fix, base))
}

func TestResolve(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	one := s.commit("one")
	s.git("", "tag", "light")
	s.git("", "tag", "-a", "-m", "v1", "v1.0.0")
	s.git("", "tag", "-a", "-m", "nested", "nested", "v1.0.0")
	tree := s.git("", "rev-parse", "HEAD^{tree}")
	s.git("", "tag", "-a", "-m", "tree", "a-tree", tree)
	s.git("", "tag", "blob", s.git("data", "hash-object", "-w", "--stdin"))
	two := s.commit("two")
	s.git("", "tag", "20261201") // hex digits, seven or more
	s.git("", "branch", "release/1.x", one)
	s.git("", "branch", "both", one)
	s.git("", "tag", "both", two)

	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	for rev, want := range map[string]string{
		one: one, strings.ToUpper(two): two, one[:7]: one, two[:12]: two, " " + one + "\n": one,
		"light": one, "v1.0.0": one, "nested": one, "refs/tags/v1.0.0": one, "20261201": two,
		"main": two, "refs/heads/main": two, "release/1.x": one, "both": two,
		s.git("", "rev-parse", "v1.0.0"): one, // the id of the tag object
	} {
		sha, ok, err := r.Resolve(ctx, rev)
		require.NoError(t, err, rev)
		require.True(t, ok, rev)
		require.Equal(t, want, sha, rev)
	}
	for _, rev := range []string{
		"", one[:6], "HEAD", "main~1", "main^", "main@{1}", "@{-1}", "@", "-all", "--all", "--output=/tmp/x", "main..light", "^main", ":/one",
		"no-such", "a-tree", "blob", tree, "light:f", "refs/heads", "a b", "main\x00", strings.Repeat("a", 300), "0000000", strings.Repeat("0", 40),
		"refs/holdfast/seen/" + one, "../../etc/passwd",
	} {
		sha, ok, err := r.Resolve(ctx, rev)
		require.NoError(t, err, rev)
		require.False(t, ok, "%q gave %s", rev, sha)
	}
}

func TestCommit(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	one := s.commit("one")
	two := s.commit("Stop the leak\nof handles\n\nFixes #12\n\nHoldfast-Item: 2026-10-outage/3\n\xff")
	huge := s.commit("big\n\n" + strings.Repeat("0123456789\n", 100_000))
	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))

	c, ok, err := r.Commit(ctx, strings.ToUpper(two))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, two, c.SHA)
	require.Equal(t, []string{one}, c.Parents)
	require.Equal(t, "alice", c.AuthorName)
	require.Equal(t, "Stop the leak of handles", c.Subject)
	require.Contains(t, c.Message, "\n\nHoldfast-Item: 2026-10-outage/3\n")
	require.Equal(t, 30*time.Second, c.CommitTime.Sub(c.AuthorTime))
	require.Equal(t, s.git("", "log", "-1", "--format=%at", two), itoa(int(c.AuthorTime.Unix())))

	c, ok, err = r.Commit(ctx, huge)
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, c.Message, maxMessage)

	for _, none := range []string{strings.Repeat("ab", 20), "main", "--all", one[:10]} {
		_, ok, err = r.Commit(ctx, none)
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestEnsureFindsACommitOnNoBranch(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.commit("base")
	s.git("", "switch", "-q", "-c", "pull")
	head := s.commit("head of a pull request")
	s.git("", "update-ref", "refs/pull/1/head", head)
	s.git("", "switch", "-q", "main")
	s.git("", "branch", "-D", "pull")
	blob := s.git("data", "hash-object", "-w", "--stdin")
	pushed := s.commit("pushed later")

	for name, url := range map[string]string{"file": s.url(), "http": s.serve(nil)} {
		t.Run(name, func(t *testing.T) {
			m := open(t, Limits{})
			r := m.Repo("acme/checkout", fixed(Remote{URL: url}))
			gone := strings.Repeat("ab", 20)
			missing, err := r.Ensure(ctx, base, head, gone, pushed, "main", blob, gone)
			require.NoError(t, err)
			require.Equal(t, []string{gone, "main", blob}, missing)
			require.Equal(t, Yes, contains(t, r, head, base))
			require.Equal(t, No, contains(t, r, pushed, head))
			require.NotContains(t, r.refs, seen+blob)

			// It survives the process, and being fetched over.
			require.NoError(t, r.Sync(ctx))
			r = openIn(t, m.dir, Limits{}).Repo("acme/checkout", fixed(Remote{URL: url}))
			require.Equal(t, Yes, contains(t, r, head, base))
		})
	}
}

func TestEnsureRemembersAMissForAMinute(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.commit("base")
	m := open(t, Limits{})
	asked := 0
	r := m.Repo("acme/checkout", func(context.Context) (Remote, error) { asked++; return Remote{URL: s.url()}, nil })
	gone := strings.Repeat("ab", 20)
	ensure := func() int {
		t.Helper()
		before := asked
		missing, err := r.Ensure(ctx, gone)
		require.NoError(t, err)
		require.Equal(t, []string{gone}, missing)
		return asked - before
	}
	require.Positive(t, ensure())
	require.Zero(t, ensure())
	m.clock.pass(59 * time.Second)
	require.Zero(t, ensure())
	m.clock.pass(2 * time.Second)
	require.Positive(t, ensure())
}

func TestDefaultBranch(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.commit("one")
	s.git("", "branch", "trunk")
	s.git("", "symbolic-ref", "HEAD", "refs/heads/trunk")
	m := open(t, Limits{})
	r := m.Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	_, err := r.DefaultBranch(ctx)
	require.ErrorIs(t, err, ErrUnknown)
	branch := func() string {
		t.Helper()
		require.NoError(t, r.Sync(ctx))
		b, err := r.DefaultBranch(ctx)
		require.NoError(t, err)
		return b
	}
	require.Equal(t, "trunk", branch())
	s.git("", "symbolic-ref", "HEAD", "refs/heads/main")
	require.Equal(t, "trunk", branch(), "it is not asked for at every turn")
	m.clock.pass(time.Hour)
	require.Equal(t, "main", branch())
	s.git("", "branch", "-m", "main", "master")
	require.Equal(t, "master", branch(), "the one we knew is gone")
	s.git("", "symbolic-ref", "HEAD", "refs/heads/gone")
	s.git("", "branch", "-D", "master")
	s.git("", "branch", "-m", "trunk", "only")
	require.Equal(t, "only", branch())
}

func TestPathWithSpaces(t *testing.T) {
	s := newSource(t)
	one := s.commit("one")
	moved := filepath.Join(filepath.Dir(s.dir), "a b%20c")
	require.NoError(t, os.Rename(s.dir, moved))
	for _, url := range []string{moved, "file://" + strings.ReplaceAll(strings.ReplaceAll(moved, "%", "%25"), " ", "%20")} {
		r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: url}))
		require.NoError(t, r.Sync(context.Background()), url)
		require.Equal(t, Yes, contains(t, r, one, one))
	}
}

func TestEmptyAndShallowRemotes(t *testing.T) {
	ctx := context.Background()
	empty := newSource(t)
	r := open(t, Limits{}).Repo("acme/empty", fixed(Remote{URL: empty.url()}))
	require.NoError(t, r.Sync(ctx))
	_, err := r.DefaultBranch(ctx)
	require.ErrorIs(t, err, ErrUnknown)
	first := empty.commit("no longer empty")
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Yes, contains(t, r, first, first))

	full := newSource(t)
	old := full.commit("old")
	full.git("", "tag", "old")
	full.commit("middle")
	edge := full.commit("edge")
	tip := full.commit("tip")
	shallow := newSource(t)
	shallow.git("", "fetch", "-q", "--depth=2", full.url(), "main:refs/heads/got")
	shallow.git("", "fetch", "-q", "--depth=1", full.url(), "refs/tags/old:refs/tags/old")
	r = open(t, Limits{}).Repo("acme/shallow", fixed(Remote{URL: shallow.url()}))
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Yes, contains(t, r, tip, edge))
	require.Equal(t, No, contains(t, r, edge, tip))
	require.Equal(t, Unknown, contains(t, r, tip, old), "what is cut off may contain it")
	_, err = r.Behind(ctx, old, tip)
	require.ErrorIs(t, err, ErrUnknown)

	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Unknown, contains(t, r, tip, old))
	shallow.git("", "fetch", "-q", "--unshallow", full.url(), "main:refs/heads/got")
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Yes, contains(t, r, tip, old))
	n, err := r.Behind(ctx, old, tip)
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func TestMirrorHoldsCommitsOnly(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	s.commit("one")
	s.commit("two")
	for name, url := range map[string]string{"file": s.url(), "http": s.serve(nil)} {
		t.Run(name, func(t *testing.T) {
			if name == "http" {
				s.git("", "config", "uploadpack.allowFilter", "true")
			}
			r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: url}))
			require.NoError(t, r.Sync(ctx))
			require.Equal(t, "commit\ncommit", objects(t, r))
		})
	}
}

func TestRemotesThatCannotFilter(t *testing.T) {
	ctx := context.Background()
	for name, config := range map[string]string{"it ignores the wish": "uploadpack.allowFilter=false", "it refuses": "uploadpackfilter.tree.allow=false"} {
		t.Run(name, func(t *testing.T) {
			s := newSource(t)
			one := s.commit("one")
			two := s.commit("two")
			s.git("", "config", "uploadpack.allowFilter", "true")
			key, value, _ := strings.Cut(config, "=")
			s.git("", "config", key, value)
			r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.serve(nil)}))
			require.NoError(t, r.Sync(ctx))
			require.Equal(t, Yes, contains(t, r, two, one))
			require.Contains(t, objects(t, r), "blob", "else this test shows nothing")
			three := s.commit("three")
			require.NoError(t, r.Sync(ctx))
			require.Equal(t, Yes, contains(t, r, three, one))
		})
	}
}
