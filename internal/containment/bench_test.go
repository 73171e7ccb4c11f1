package containment

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

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

func largeGraph(tb testing.TB) (*Graph, []Commit) {
	commits := make([]Commit, largeCommits)
	for i, ps := range large(largeCommits) {
		commits[i].SHA = id(i)
		for _, p := range ps {
			commits[i].Parents = append(commits[i].Parents, id(p))
		}
	}
	g := &Graph{}
	require.NoError(tb, g.Add(commits...))
	return g, commits
}

func BenchmarkGraphAdd30k(b *testing.B) {
	_, commits := largeGraph(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := new(Graph).Add(commits...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAncestor30k(b *testing.B) {
	g, _ := largeGraph(b)
	tip := id(largeCommits - 1)
	for name, age := range map[string]int{"recent": 200, "old": largeCommits - 100} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				g.Ancestor(id(largeCommits-1-age-i%50), tip)
			}
		})
	}
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			if _, err := g.Count(tip, id(largeCommits-500)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
