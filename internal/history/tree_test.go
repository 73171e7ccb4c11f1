package history

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesOfACommit(t *testing.T) {
	s := newSource(t)
	write := func(files string) string {
		s.git(files, "fast-import", "--quiet", "--force")
		return s.git("", "rev-parse", "main")
	}
	const who = "committer alice <alice@acme.example> 1700000000 +0000\ndata 1\nx\n"
	first := write("commit refs/heads/main\n" + who + "M 100644 inline docs/a b.md\ndata 3\nab\n\nM 120000 inline docs/link.md\ndata 1\na\nM 100755 inline run.sh\ndata 2\nrs\n")
	second := write("commit refs/heads/main\n" + who + "from refs/heads/main^0\nM 100644 inline docs/a b.md\ndata 4\nabc\n\nD run.sh\n")
	r := open(t, Limits{}).Repo("acme/postmortems", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(t.Context()))
	name, head, err := r.Head(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []string{"main", second}, []string{name, head})
	_, none, err := r.Head(t.Context(), "no-such-branch")
	require.NoError(t, err)
	require.Empty(t, none)

	old, err := r.Tree(t.Context(), first)
	require.NoError(t, err)
	now, err := r.Tree(t.Context(), second)
	require.NoError(t, err)
	require.Len(t, old, 2, "links are no documents")
	require.Len(t, now, 1)
	require.NotEqual(t, old["docs/a b.md"], now["docs/a b.md"])
	bodies, err := r.Contents(t.Context(), []string{old["docs/a b.md"], now["docs/a b.md"], old["run.sh"]}, 3)
	require.NoError(t, err)
	require.Equal(t, "ab\n", string(bodies[old["docs/a b.md"]]))
	require.NotContains(t, bodies, now["docs/a b.md"], "larger than was asked for")
	base, err := r.MergeBase(t.Context(), first, second)
	require.NoError(t, err)
	require.Equal(t, first, base)
	_, err = r.Tree(t.Context(), "main")
	require.Error(t, err)
}
