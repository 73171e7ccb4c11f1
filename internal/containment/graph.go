package containment

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Graph is a set of commits and their parents in memory, about 120 bytes a
// commit. Commits are only ever added. Any number of goroutines may ask at the
// same time, but not while one adds. The zero value is an empty graph.
//
// It takes commits in any order, and parents that never come: a walk that
// could have gone on through a missing parent answers Unknown. Parents that
// form a circle (no real history can) make the answers there Unknown too, and
// hang nothing.
type Graph struct {
	index  map[string]int32 // binary id → position
	ids    []string         // position → binary id
	nodes  []node
	pool   []int32 // parents of all commits, one after the other
	known  int     // nodes that are commits, not just somebody's parent
	stale  bool    // generations and the partial marks must be worked out again
	filled int     // placeholders that turned out to be commits later
}

// node is one commit. generation is one more than the largest of its parents,
// so an ancestor's is always smaller: the walk turns back there.
type node struct {
	first, count uint32 // its parents in the pool
	generation   uint32
	known        bool // false: only seen as a parent
	truncated    bool // has parents that nobody told
	partial      bool // some ancestor, or itself, is unknown or truncated
}

// inCircle is the generation of commits in, or above, a circle of parents.
const inCircle = math.MaxUint32

// Add puts commits into the graph. One that is there already is left alone. An
// id that is not 40 or 64 hex digits is an error, and nothing of this call is
// added. It is cheapest with parents before children; any other order costs
// one pass over the whole graph a call.
func (g *Graph) Add(commits ...Commit) error {
	for _, c := range commits {
		if !IsSHA(c.SHA) {
			return fmt.Errorf("adding a commit: %.80q is no commit id", c.SHA)
		}
		for _, p := range c.Parents {
			if !IsSHA(p) {
				return fmt.Errorf("adding commit %s: its parent %.80q is no commit id", c.SHA, p)
			}
		}
	}
	if g.index == nil {
		g.index = make(map[string]int32, len(commits))
	}
	for _, c := range commits {
		g.add(c)
	}
	if g.stale {
		g.settle()
	}
	return nil
}

func (g *Graph) add(c Commit) {
	at := g.intern(c.SHA)
	if g.nodes[at].known {
		return
	}
	first := uint32(len(g.pool))
	for _, p := range c.Parents {
		g.pool = append(g.pool, g.intern(p))
	}
	// Taken after intern, which may move the slice.
	n := &g.nodes[at]
	if n.generation != 0 {
		g.stale = true // was a placeholder: its children were judged without it
		g.filled++
	}
	n.first, n.count, n.known, n.truncated = first, uint32(len(c.Parents)), true, c.Truncated
	g.known++
	g.rate(at)
	if slices.Contains(g.parents(at), at) {
		g.stale = true // its own parent: the one circle that arrives whole
	}
}

// intern gives an id its position; a new one is a placeholder without a
// generation until a child counts on it.
func (g *Graph) intern(sha string) int32 {
	key := binary(sha)
	if at, ok := g.index[key]; ok {
		return at
	}
	at := int32(len(g.nodes))
	g.index[key] = at
	g.ids = append(g.ids, key)
	g.nodes = append(g.nodes, node{partial: true})
	return at
}

// rate works out generation and partial of one commit from its parents.
func (g *Graph) rate(at int32) {
	n := &g.nodes[at]
	n.generation, n.partial = 1, n.truncated
	for _, p := range g.parents(at) {
		pn := &g.nodes[p]
		if pn.generation == 0 {
			pn.generation = 1 // a placeholder that a child now counts on
		}
		n.partial = n.partial || pn.partial
		if pn.generation == inCircle {
			n.generation = inCircle
		} else if n.generation != inCircle {
			n.generation = max(n.generation, pn.generation+1)
		}
	}
}

// settle works out all generations again: parents first, without recursion,
// since a history is deeper than any stack.
func (g *Graph) settle() {
	const (
		fresh = iota
		open  // on the path that is being followed
		done
	)
	state := make([]uint8, len(g.nodes))
	type step struct {
		at   int32
		next uint32
	}
	var path []step
	for start := range g.nodes {
		if state[start] != fresh {
			continue
		}
		path = append(path[:0], step{at: int32(start)})
		state[start] = open
		for len(path) > 0 {
			top := &path[len(path)-1]
			if ps := g.parents(top.at); int(top.next) < len(ps) {
				p := ps[top.next]
				top.next++
				if state[p] == fresh {
					state[p] = open
					path = append(path, step{at: p})
				}
				continue
			}
			g.settleOne(top.at, func(p int32) bool { return state[p] == open })
			state[top.at] = done
			path = path[:len(path)-1]
		}
	}
	g.stale = false
}

func (g *Graph) settleOne(at int32, open func(int32) bool) {
	n := &g.nodes[at]
	if !n.known {
		n.generation, n.partial = 1, true
		return
	}
	for _, p := range g.parents(at) {
		if open(p) { // a parent that is still waiting for this commit: a circle
			n.generation, n.partial = inCircle, true
			return
		}
	}
	g.rate(at)
}

func (g *Graph) parents(at int32) []int32 {
	n := &g.nodes[at]
	return g.pool[n.first : n.first+n.count]
}

// find returns the position of a commit that is known.
func (g *Graph) find(sha string) (int32, bool) {
	if !IsSHA(sha) {
		return 0, false
	}
	at, ok := g.index[binary(sha)]
	return at, ok && g.nodes[at].known
}

// Len is the number of commits.
func (g *Graph) Len() int { return g.known }

// Has reports whether the graph holds this commit itself, not merely a child
// that names it.
func (g *Graph) Has(sha string) bool { _, ok := g.find(sha); return ok }

// Prefix returns the one commit whose id starts with these hex digits. The
// result is false when there is none or more than one.
func (g *Graph) Prefix(digits string) (sha string, ok bool) {
	digits = strings.ToLower(digits)
	whole, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil || digits == "" {
		return "", false
	}
	for at, id := range g.ids {
		if !g.nodes[at].known || !strings.HasPrefix(id, string(whole)) {
			continue
		}
		full := hex.EncodeToString([]byte(id))
		if !strings.HasPrefix(full, digits) {
			continue
		}
		if ok {
			return "", false
		}
		sha, ok = full, true
	}
	return sha, ok
}

// IsSHA reports whether s is a whole commit id: 40 or 64 hex digits.
func IsSHA(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	return IsHex(s)
}

// IsHex reports whether s is made of hex digits, at least one.
func IsHex(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return s != ""
}

// binary packs a checked id, half as long as its digits.
func binary(sha string) string {
	var b [32]byte
	n, _ := hex.Decode(b[:], []byte(sha)) // IsSHA has been asked
	return string(b[:n])
}

// Check says what is wrong with a graph that ought to be whole: a parent that
// is missing, or parents in a circle.
func (g *Graph) Check() error {
	for at := range g.nodes {
		n := &g.nodes[at]
		if !n.known {
			continue
		}
		for _, p := range g.parents(int32(at)) {
			if !g.nodes[p].known {
				return fmt.Errorf("commit %x has the parent %x, which is missing: give a history with all parents", g.ids[at], g.ids[p])
			}
		}
		if n.generation == inCircle {
			return fmt.Errorf("commit %x is in, or above, a circle of parents, which no real history has", g.ids[at])
		}
	}
	return nil
}
