package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// importHistory makes a repository out of lists of parents, by `git
// fast-import`, and returns the commits' ids.
// branch names the branch of each commit.
func importHistory(t testing.TB, s *source, parents [][]int, branch func(i int) string) []string {
	t.Helper()
	var in strings.Builder
	for i, ps := range parents {
		fmt.Fprintf(&in, "commit refs/heads/%s\nmark :%d\ncommitter a <a@acme.example> %d +0000\ndata 2\nm\n", branch(i), i+1, 1_700_000_000+i%7*100)
		for n, p := range ps {
			word := "merge"
			if n == 0 {
				word = "from"
			}
			fmt.Fprintf(&in, "%s :%d\n", word, p+1)
		}
		in.WriteString("\n")
	}
	in.WriteString("done\n")
	marks := s.dir + ".marks"
	s.git(in.String(), "fast-import", "--quiet", "--done", "--force", "--export-marks="+marks)
	shas := make([]string, len(parents))
	for line := range strings.Lines(readAll(t, marks)) {
		var n int
		var sha string
		if _, err := fmt.Sscanf(line, ":%d %s", &n, &sha); err == nil {
			shas[n-1] = sha
		}
	}
	return shas
}

// The graph agrees with git itself, on histories of any shape, read through a
// mirror.
func TestGraphAgreesWithGit(t *testing.T) {
	ctx := context.Background()
	m := open(t, Limits{})
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		n := rapid.IntRange(2, 30).Draw(rt, "commits")
		parents := make([][]int, n)
		for i := 1; i < n; i++ {
			parents[i] = rapid.SliceOfNDistinct(rapid.IntRange(max(0, i-6), i-1), 0, min(3, i), rapid.ID[int]).Draw(rt, "parents")
		}
		s := newSource(t)
		shas := importHistory(t, s, parents, func(i int) string { return fmt.Sprint("b", i) })
		r := m.Repo(fmt.Sprint("acme/random", round), fixed(Remote{URL: s.url()}))
		require.NoError(rt, r.Sync(ctx))
		for range 6 {
			a := shas[rapid.IntRange(0, n-1).Draw(rt, "a")]
			d := shas[rapid.IntRange(0, n-1).Draw(rt, "d")]
			want := Yes
			if _, err := s.try("", "merge-base", "--is-ancestor", a, d); err != nil {
				want = No
			}
			require.Equal(rt, want, contains(t, r, d, a))
			behind, err := r.Behind(ctx, d, a)
			require.NoError(rt, err)
			require.Equal(rt, s.git("", "rev-list", "--count", d+".."+a), fmt.Sprint(behind))
		}
	})
}

// large is a history of n commits with about a third of merges, the shape that
// pull requests give.
func large(n int) [][]int {
	rng := rand.New(rand.NewPCG(1, 2))
	parents := make([][]int, n)
	main := 0
	for i := 1; i < n; i++ {
		switch rng.IntN(3) {
		case 0: // a topic commit on a recent commit
			parents[i] = []int{max(0, main-rng.IntN(50))}
		case 1:
			parents[i] = []int{main}
			main = i
		default: // merge of the commit before
			parents[i] = []int{main}
			if i-1 != main {
				parents[i] = append(parents[i], i-1)
			}
			main = i
		}
	}
	return parents
}

const largeCommits = 30_000

// What a service pays for a real repository on disk of 30,000 commits: the
// first synchronisation, loading the mirror in a new process, and a
// synchronisation that brings nothing.
func BenchmarkMirror30k(b *testing.B) {
	ctx := context.Background()
	s := newSource(b)
	shas := importHistory(b, s, large(largeCommits), func(int) string { return "main" })
	m := open(b, Limits{})
	remote := fixed(Remote{URL: s.url()})
	b.Run("first", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if err := m.Repo(fmt.Sprint("acme/large", i), remote).Sync(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	require.NoError(b, m.Repo("acme/large", remote).Sync(ctx))
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			r := openIn(b, m.dir, Limits{}).Repo("acme/large", remote)
			if a, err := r.Contains(ctx, shas[len(shas)-1], shas[0]); err != nil || a != Yes {
				b.Fatal(a, err)
			}
		}
	})
	b.Run("nothing new", func(b *testing.B) {
		r := m.Repo("acme/large", remote)
		for b.Loop() {
			if err := r.Sync(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
