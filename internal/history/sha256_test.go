package history

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A repository with the longer commit ids is mirrored like any other.
func TestLongerCommitIDs(t *testing.T) {
	ctx := context.Background()
	s := &source{t: t, dir: filepath.Join(t.TempDir(), "src"), clock: 1_700_000_000}
	s.git("", "init", "-q", "-b", "main", "--object-format=sha256", s.dir)
	s.write("a.txt", numbers, "base")
	s.git("", "branch", "release")
	fix := s.write("a.txt", strings.Replace(numbers, "5", "five", 1), "fix the rounding")
	require.Len(t, fix, 64)
	s.git("", "switch", "-q", "release")
	before := s.write("b.txt", "other", "something else")
	pick := s.copyOf(fix, "round as one should")
	m := open(t, Limits{})
	r := m.Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	require.Equal(t, Yes, present(t, r, pick, Landing{SHA: fix}).Answer)
	require.Equal(t, No, present(t, r, before, Landing{SHA: fix}).Answer)
	missing, err := r.Ensure(ctx, strings.Repeat("0123", 16))
	require.NoError(t, err)
	require.Len(t, missing, 1)
	again := openIn(t, m.dir, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, again.Sync(ctx))
	require.Equal(t, Yes, present(t, again, pick, Landing{SHA: fix}).Answer)
}
