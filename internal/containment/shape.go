package containment

// maxParts bounds the commits that one change is taken apart into. A merge of
// more is a branch of a whole release; it counts as one.
const maxParts = 500

// Shape tells how a change landed from what the history shows: as a merge of
// its commits, as a rebase of them (the landed series has author, author time
// and subject of the pull request's own), or as one commit. The head may be
// empty or unknown; then a rebase cannot be told from a squash.
func (x *Index) Shape(landed, head string) Change {
	c := Change{Landed: lower(landed), Head: lower(head)}
	at, ok := x.find(landed)
	if !ok {
		return c
	}
	parents := x.parents(at)
	switch {
	case len(parents) > 1:
		for _, p := range x.own(parents[1:], parents[0]) {
			c.Parts = append(c.Parts, x.sha(p))
		}
	case len(parents) == 1 && c.Head != "" && c.Head != c.Landed:
		if h, ok := x.find(head); ok {
			if series := x.series(at, x.own([]int32{h}, parents[0])); len(series) > 0 {
				c.Rebase, c.Parts = true, series
			}
		}
		c.Own = x.Own(c)
	}
	return c
}

// Own lists the commits of a pull request, newest first, that landed as one
// commit. It lists none where its head is not known, or is not from before it
// landed, and none where one of them landed by a pull request of its own: then
// it brings together what other changes did elsewhere.
func (x *Index) Own(c Change) []string {
	at, ok := x.find(c.Landed)
	head, ok2 := x.find(c.Head)
	if !ok || !ok2 || at == head || c.Rebase || len(x.parents(at)) != 1 || x.below(at, head) != No {
		return nil
	}
	var out []string
	for _, o := range x.own([]int32{head}, x.parents(at)[0]) {
		if !x.facts[o].pullOnly && int(o) < len(x.pulls.keys) && x.pulls.keys[o] != 0 {
			return nil
		}
		out = append(out, x.sha(o))
	}
	return out
}

// own lists the commits, merges left out, that some tips have and a base has
// not, newest first; none when there are too many.
func (x *Index) own(tips []int32, base int32) []int32 {
	below := x.ancestorsOf(base)
	seen := newMarks(len(x.nodes))
	var out []int32
	todo := append([]int32(nil), tips...)
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if below.bits.within(at) || !x.nodes[at].known || !seen.mark(at) {
			continue
		}
		ps := x.parents(at)
		if len(ps) < 2 {
			if out = append(out, at); len(out) > maxParts {
				return nil
			}
		}
		todo = append(todo, ps...)
	}
	return out
}

// series walks down from a landed commit beside the commits of its pull
// request, newest first, and lists the landed copies if all have one.
func (x *Index) series(landed int32, own []int32) []string {
	// Its base may have moved on since: only the pull request's order counts.
	var out []string
	for _, o := range own {
		f := x.facts[o]
		if !x.nodes[landed].known || f.triple == 0 || x.facts[landed].triple != f.triple || x.facts[landed].merge {
			return nil
		}
		out = append(out, x.sha(landed))
		ps := x.parents(landed)
		if len(ps) != 1 {
			return whole(out, len(own))
		}
		landed = ps[0]
	}
	return whole(out, len(own))
}

func whole(list []string, n int) []string {
	if len(list) != n {
		return nil
	}
	return list
}
