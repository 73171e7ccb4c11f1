package containment

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// id makes a commit id of a number.
func id(n int) string { return fmt.Sprintf("%040x", n+1) }

func graphOf(t *testing.T, parents map[int][]int, truncated ...int) *Graph {
	t.Helper()
	g := &Graph{}
	cut := map[int]bool{}
	for _, n := range truncated {
		cut[n] = true
	}
	for n, ps := range parents { // in whatever order the map gives
		c := Commit{SHA: id(n), Truncated: cut[n]}
		for _, p := range ps {
			c.Parents = append(c.Parents, id(p))
		}
		require.NoError(t, g.Add(c))
	}
	return g
}

func TestAncestor(t *testing.T) {
	cases := []struct {
		name      string
		parents   map[int][]int
		truncated []int
		a, d      int
		want      Answer
	}{
		{"a commit contains itself", map[int][]int{1: nil}, nil, 1, 1, Yes},
		{"a parent is contained", map[int][]int{1: nil, 2: {1}}, nil, 1, 2, Yes},
		{"a child is not", map[int][]int{1: nil, 2: {1}}, nil, 2, 1, No},
		{"a sibling is not", map[int][]int{1: nil, 2: {1}, 3: {1}}, nil, 2, 3, No},
		{"the second parent of a merge is contained", map[int][]int{1: nil, 2: {1}, 3: {1}, 4: {3, 2}}, nil, 2, 4, Yes},
		{"the third parent of an octopus is contained", map[int][]int{1: nil, 2: {1}, 3: {1}, 4: {1}, 5: {2, 3, 4}}, nil, 4, 5, Yes},
		{"histories without a common root", map[int][]int{1: nil, 2: nil}, nil, 1, 2, No},
		{"an unknown change", map[int][]int{1: nil}, nil, 9, 1, Unknown},
		{"an unknown live commit", map[int][]int{1: nil}, nil, 1, 9, Unknown},
		{"known only as a parent", map[int][]int{2: {1}}, nil, 1, 2, Unknown},
		{"the way may lead through a missing parent", map[int][]int{1: nil, 3: {2}}, nil, 1, 3, Unknown},
		{"a way around the missing parent", map[int][]int{1: nil, 3: {2, 1}}, nil, 1, 3, Yes},
		{"cut off below the live commit", map[int][]int{1: nil, 3: nil}, []int{3}, 1, 3, Unknown},
		{"cut off, but the change comes after the live commit", map[int][]int{1: nil, 2: {1}}, []int{1}, 2, 1, No},
		{"cut off only below the change", map[int][]int{1: nil, 2: nil, 3: {2}}, []int{1}, 1, 3, No},
		{"its own parent", map[int][]int{1: {1}, 2: nil}, nil, 2, 1, Unknown},
		{"parents in a circle", map[int][]int{1: {2}, 2: {3}, 3: {1}, 4: {3}, 5: nil}, nil, 5, 4, Unknown},
		{"above a circle, yet on a way", map[int][]int{1: {2}, 2: {1}, 3: {2, 4}, 4: nil}, nil, 4, 3, Yes},
		{"both in one circle", map[int][]int{1: {2}, 2: {3}, 3: {1}}, nil, 1, 2, Yes},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := graphOf(t, c.parents, c.truncated...)
			require.Equal(t, c.want, g.Ancestor(id(c.a), id(c.d)))
		})
	}
}

func TestGraphRefusesWhatIsNoCommitID(t *testing.T) {
	g := &Graph{}
	for _, c := range []Commit{{SHA: ""}, {SHA: "main"}, {SHA: id(1)[:39]}, {SHA: id(1), Parents: []string{"--all"}}, {SHA: "g" + id(1)[1:]}} {
		require.Error(t, g.Add(Commit{SHA: id(7)}, c))
	}
	require.Zero(t, g.Len(), "a refused call adds nothing")
	require.Equal(t, Unknown, g.Ancestor("--all", "--all"))
}

func TestGraphTakesLongIDsAndBothCases(t *testing.T) {
	long := id(0xabc) + "0123456789abcdef01234567"
	g := &Graph{}
	require.NoError(t, g.Add(Commit{SHA: long}, Commit{SHA: id(0xabcdef)}))
	require.True(t, g.Has(long))
	require.True(t, g.Has("0000000000000000000000000000000000ABCDF0"))
}

func TestPrefix(t *testing.T) {
	g := &Graph{}
	require.NoError(t, g.Add(
		Commit{SHA: "abcdef1234567890abcdef1234567890abcdef12", Parents: []string{"fedcba9876543210fedcba9876543210fedcba98"}},
		Commit{SHA: "abcdef1994567890abcdef1234567890abcdef12"}))
	sha, ok := g.Prefix("ABCDEF12")
	require.True(t, ok)
	require.Equal(t, "abcdef1234567890abcdef1234567890abcdef12", sha)
	sha, ok = g.Prefix("abcdef199")
	require.True(t, ok)
	require.Equal(t, "abcdef1994567890abcdef1234567890abcdef12", sha)
	for _, none := range []string{"abcdef1", "fedcba98", "0000000", "xyz", ""} {
		_, ok = g.Prefix(none)
		require.False(t, ok, none)
	}
}

func TestCountIsUnknownOverMissingCommits(t *testing.T) {
	g := graphOf(t, map[int][]int{1: nil, 2: {1}, 3: {2}, 4: {9}, 5: {1}})
	n, err := g.Count(id(3), id(1))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = g.Count(id(1), id(3))
	require.NoError(t, err)
	require.Zero(t, n)
	for _, pair := range [][2]int{{4, 1}, {1, 4}, {8, 1}, {1, 8}} {
		_, err = g.Count(id(pair[0]), id(pair[1]))
		require.ErrorIs(t, err, ErrUnknown)
	}
}

// What the graph says while commits are missing must agree with what is true
// once they are there, whatever is missing and in whatever order the rest came.
func TestMissingCommitsNeverMakeAWrongAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 25).Draw(t, "commits")
		all := make([]Commit, n)
		reach := make([]map[int]bool, n) // the slow, obvious way
		for i := range n {
			reach[i] = map[int]bool{i: true}
			all[i].SHA = id(i)
			if i == 0 {
				continue
			}
			for _, p := range rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, min(3, i), rapid.ID[int]).Draw(t, "parents") {
				all[i].Parents = append(all[i].Parents, id(p))
				for r := range reach[p] {
					reach[i][r] = true
				}
			}
		}
		var g Graph
		order := rapid.Permutation(all).Draw(t, "order")
		given := rapid.IntRange(0, n).Draw(t, "given")
		cut := rapid.IntRange(0, given).Draw(t, "cut")
		for i, c := range order[:given] {
			if i < cut && len(c.Parents) > 0 {
				c.Parents, c.Truncated = nil, true
			}
			if err := g.Add(c); err != nil {
				t.Fatal(err)
			}
		}
		for d := range n {
			for a := range n {
				want := No
				if reach[d][a] {
					want = Yes
				}
				got := g.Ancestor(id(a), id(d))
				whole := given == n && cut == 0
				if got != want && (got != Unknown || whole) {
					t.Fatalf("%d in %d: got %s, truth %s (given %d of %d, cut %d)", a, d, got, want, given, n, cut)
				}
				if count, err := g.Count(id(d), id(a)); err == nil {
					truth := 0
					for r := range reach[d] {
						if !reach[a][r] {
							truth++
						}
					}
					if count != truth {
						t.Fatalf("count %d..%d: got %d, truth %d", a, d, count, truth)
					}
				} else if whole {
					t.Fatal(err)
				}
			}
		}
	})
}
