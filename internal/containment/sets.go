package containment

// maxSets bounds the memory of ancestor sets, in bytes.
const maxSets = 64 << 20

// ancestors is a commit with all its ancestors.
type ancestors struct {
	of    int32
	bits  marks
	whole bool // nothing is missing below it
}

// below reports whether a commit is an ancestor of another, or the same.
func (x *Index) below(a, d int32) Answer {
	s := x.ancestorsOf(d)
	switch {
	case s.bits.within(a):
		return Yes
	case s.whole:
		return No
	}
	return x.ancestor(a, d)
}

// ancestorsOf gives the set of one commit. Sets are kept, since all questions
// about a deployment are about the same commit.
func (x *Index) ancestorsOf(d int32) *ancestors {
	x.mu.Lock()
	s := x.sets[d]
	x.mu.Unlock()
	if s != nil {
		return s
	}
	s = &ancestors{of: d, bits: newMarks(len(x.nodes))}
	_, s.whole = x.spread(d, s.bits)
	s.whole = s.whole && x.nodes[d].generation != inCircle
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.setSize += 8 * len(s.bits); x.setSize > maxSets || x.sets == nil {
		x.sets, x.setSize = map[int32]*ancestors{}, 8*len(s.bits)
	}
	x.sets[d] = s
	return s
}

// maxCounts bounds how many counts are kept.
const maxCounts = 1 << 16

// Count is that of the graph. Many items ask about one live commit, and often
// about the same change, so what it contains is walked once, and what was
// counted is kept.
func (x *Index) Count(from, not string) (int, error) {
	f, okF := x.find(from)
	n, okN := x.find(not)
	if !okF || !okN {
		return x.Graph.Count(from, not)
	}
	key := [2]int32{f, n}
	x.mu.Lock()
	count, counted := x.counts[key]
	x.mu.Unlock()
	if counted {
		return count, nil
	}
	seen := newMarks(len(x.nodes))
	copy(seen, x.ancestorsOf(n).bits)
	count, err := x.count(f, n, seen)
	if err != nil {
		return 0, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.counts) >= maxCounts || x.counts == nil {
		x.counts = map[[2]int32]int{}
	}
	x.counts[key] = count
	return count, nil
}
