package containment

import (
	"encoding/hex"
	"fmt"
)

// Ancestor reports whether a is an ancestor of d, or d itself. It is Unknown
// when one of the two is not in the graph, or when the way from d to a may
// lead through commits that are missing.
func (g *Graph) Ancestor(a, d string) Answer {
	from, ok := g.find(d)
	if !ok {
		return Unknown
	}
	to, ok := g.find(a)
	if !ok {
		return Unknown
	}
	return g.ancestor(to, from)
}

// ancestor is Ancestor by positions.
func (g *Graph) ancestor(to, from int32) Answer {
	answer := g.walk(from, to)
	// A commit cannot be both before and after another: when a is known to
	// come after d, what is missing below d does not matter.
	if answer == Unknown && g.walk(to, from) == Yes && g.nodes[to].generation != inCircle {
		return No
	}
	return answer
}

// walk follows parents from one commit, looking for another. It visits each
// commit at most once and turns back where the generation says that the
// target can only be above.
func (g *Graph) walk(from, to int32) Answer {
	if from == to {
		return Yes
	}
	floor := g.nodes[to].generation
	seen := newMarks(len(g.nodes))
	seen.mark(from)
	todo := []int32{from}
	answer := No
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n := &g.nodes[at]
		if !n.known || n.truncated {
			answer = Unknown
		}
		if n.generation <= floor && n.generation != inCircle {
			if n.partial {
				answer = Unknown
			}
			continue
		}
		for _, p := range g.parents(at) {
			if p == to {
				return Yes
			}
			if seen.mark(p) {
				todo = append(todo, p)
			}
		}
	}
	if answer == No && g.nodes[from].generation == inCircle {
		return Unknown
	}
	return answer
}

// Count is the number of commits that from contains and not does not: what
// `git rev-list --count not..from` prints. The error is ErrUnknown when one of
// them is not in the graph or commits are missing below them.
func (g *Graph) Count(from, not string) (int, error) {
	f, okF := g.find(from)
	n, okN := g.find(not)
	if !okF || !okN {
		return 0, fmt.Errorf("counting the commits in %.80q and not in %.80q: %w", from, not, ErrUnknown)
	}
	seen := newMarks(len(g.nodes))
	g.spread(n, seen)
	return g.count(f, n, seen)
}

// count is Count by positions; seen is not with all its ancestors.
func (g *Graph) count(f, n int32, seen marks) (int, error) {
	count, whole := g.spread(f, seen)
	// Commits that are missing below `not` alone can only make the number
	// smaller if they lead back to commits of `from`; those missing below
	// `from` can be any number. Either way the number is not known.
	if !whole || (count > 0 && g.nodes[n].partial) {
		return 0, fmt.Errorf("counting the commits in %x and not in %x: %w", g.ids[f], g.ids[n], ErrUnknown)
	}
	return count, nil
}

// spread marks a commit and all its ancestors that are not marked yet, and
// returns how many these were. The second result is false when some are
// missing.
func (g *Graph) spread(from int32, seen marks) (count int, whole bool) {
	whole = true
	if !seen.mark(from) {
		return 0, true
	}
	todo := []int32{from}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if n := &g.nodes[at]; !n.known || n.truncated {
			whole = false
		}
		count++
		for _, p := range g.parents(at) {
			if seen.mark(p) {
				todo = append(todo, p)
			}
		}
	}
	return count, whole
}

// Covered returns a function that reports whether a commit is among the tips
// or their known ancestors. One walk serves all questions.
func (g *Graph) Covered(tips []string) func(sha string) bool {
	seen := newMarks(len(g.nodes))
	for _, t := range tips {
		if at, ok := g.find(t); ok {
			g.spread(at, seen)
		}
	}
	return func(sha string) bool {
		at, ok := g.find(sha)
		return ok && seen.has(at)
	}
}

// marks is a set of positions, one bit each.
type marks []uint64

func newMarks(n int) marks { return make(marks, (n+63)/64) }

func (m marks) has(at int32) bool { return m[at/64]&(1<<(at%64)) != 0 }

// within is has for a position that may have come after the set was made.
func (m marks) within(at int32) bool { return int(at)/64 < len(m) && m.has(at) }

// mark adds a position and reports whether it was new.
func (m marks) mark(at int32) bool {
	if m.has(at) {
		return false
	}
	m[at/64] |= 1 << (at % 64)
	return true
}

// FirstParent is the first parent of a commit, empty where it has none or is
// not known.
func (g *Graph) FirstParent(sha string) string {
	at, ok := g.find(sha)
	if !ok || g.nodes[at].count == 0 {
		return ""
	}
	return hex.EncodeToString([]byte(g.ids[g.parents(at)[0]]))
}
