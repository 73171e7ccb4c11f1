package history

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSince(t *testing.T) {
	ctx := context.Background()
	s := newSource(t)
	base := s.commit("base")
	r := open(t, Limits{}).Repo("acme/checkout", fixed(Remote{URL: s.url()}))
	require.NoError(t, r.Sync(ctx))
	head, list, err := r.Since(ctx, "", time.Time{}, 10)
	require.NoError(t, err)
	require.Equal(t, base, head)
	require.Empty(t, list)

	one := s.commit("one")
	s.git("", "switch", "-q", "-c", "topic")
	s.commit("on no default branch")
	s.git("", "switch", "-q", "main")
	two := s.commit("two")
	require.NoError(t, r.Sync(ctx))
	shas := func(old string, after time.Time, limit int) (out []string) {
		got, list, err := r.Since(ctx, old, after, limit)
		require.NoError(t, err)
		require.Equal(t, two, got)
		for _, c := range list {
			out = append(out, c.SHA)
		}
		return out
	}
	require.Equal(t, []string{one, two}, shas(base, time.Time{}, 10))
	require.Equal(t, []string{two}, shas(base, time.Time{}, 1), "the newest of them")
	require.Empty(t, shas(two, time.Time{}, 10))
	require.Empty(t, shas(strings.Repeat("ab", 20), time.Time{}, 10), "a branch that was rewritten")
	require.Equal(t, []string{base, one, two}, shas(strings.Repeat("ab", 20), time.Unix(1e9, 0), 10))
	require.Empty(t, shas("--all", time.Time{}, 10))
}
