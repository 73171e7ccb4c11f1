package containment

import (
	"fmt"
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

// One verdict pass of a deployment: every open item is asked whether its change
// is in the new commit. Patches are known, as after the first pass; a third of
// the changes is on a release line that the live commit is not on.
func BenchmarkPass(b *testing.B) {
	x := NewIndex()
	var commits []Commit
	for i, ps := range large(largeCommits) {
		c := Commit{SHA: id(i), Author: fmt.Sprint("a", i%300), AuthorTime: int64(i), Subject: fmt.Sprint("a change with the number ", i), Patch: fmt.Sprint(i)}
		for _, p := range ps {
			c.Parents = append(c.Parents, id(p))
		}
		if i%200 == 150 {
			c.Reverts = []Revert{{SHA: id(i - 7), Strong: true}}
		}
		commits = append(commits, c)
	}
	require.NoError(b, x.Add(commits...))
	for _, items := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprint(items, " items"), func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				live := id(largeCommits - 1 - n%200)
				for i := range items {
					x.Contains(Change{Landed: id(largeCommits - 1 - i%20_000)}, live)
				}
			}
		})
	}
}
