package containment

import "slices"

const (
	// maxReverts is how deep reverts of reverts are followed.
	maxReverts = 32
	// maxTitles bounds how many commits with one title are looked at.
	maxTitles = 1000
)

// revert is a commit that says it takes something back.
type revert struct {
	at      int32
	says    []Revert
	targets []int32 // what that is among the commits that are known
	strong  bool
}

// prepare works out what cherry-picks and reverts name. It is called when
// asked, after commits came: a commit that was named may be among them.
func (x *Index) prepare() {
	x.mu.Lock()
	done := x.settled
	x.mu.Unlock()
	if done {
		return
	}
	x.settling.Lock()
	defer x.settling.Unlock()
	x.mu.Lock()
	done = x.settled
	x.mu.Unlock()
	if done {
		return
	}
	x.shorts = nil
	x.refs = slices.DeleteFunc(x.refs, func(r ref) bool {
		to, ok := x.resolve(r.id)
		if ok {
			x.origins.tie(r.from, to)
		}
		return ok
	})
	for i := range x.reverts {
		r := &x.reverts[i]
		r.targets, r.strong = x.named(r.at, r.says)
	}
	// What a revert means may hang on what its copies mean.
	own := make([][]int32, len(x.reverts))
	at := map[int32]int{}
	for i, r := range x.reverts {
		own[i], at[r.at] = r.targets, i
	}
	x.against, x.revertAt = map[int32][]int32{}, at
	for i := range x.reverts {
		r := &x.reverts[i]
		if len(r.targets) == 0 {
			for _, m := range x.class(r.at)[1:] {
				if j, ok := at[m.at]; ok {
					r.targets = append(r.targets, own[j]...)
				}
			}
		}
		for _, t := range r.targets {
			if !slices.Contains(x.against[t], int32(i)) {
				x.against[t] = append(x.against[t], int32(i))
			}
		}
	}
	x.mu.Lock()
	x.settled = true
	x.mu.Unlock()
}

// named finds what a revert names: the commits by id that are known, else the
// newest commit below it that landed the pull request, else the newest below
// it with the title.
func (x *Index) named(at int32, says []Revert) (targets []int32, strong bool) {
	for _, s := range says {
		strong = strong || s.Strong
		if to, ok := x.resolve(lower(s.SHA)); ok && to != at {
			targets = append(targets, to)
		}
	}
	if len(targets) > 0 {
		return targets, strong
	}
	for _, s := range says {
		if s.PullRequest > 0 {
			if to, ok := x.newestBelow(at, x.pulls.list(uint64(s.PullRequest), maxTitles)); ok {
				targets = append(targets, to)
			}
		}
	}
	if len(targets) > 0 {
		return targets, strong
	}
	for _, s := range says {
		if title := normal(s.Subject); title != "" {
			if to, ok := x.newestBelow(at, x.titles.list(x.key(title), maxTitles)); ok {
				targets = append(targets, to)
			}
		}
	}
	return targets, strong
}

// newestBelow picks the candidate that is an ancestor of a commit and of which
// the longest history leads there.
func (x *Index) newestBelow(at int32, candidates []int32) (best int32, ok bool) {
	for _, c := range candidates {
		if c == at || x.below(c, at) != Yes {
			continue
		}
		if !ok || x.nodes[c].generation > x.nodes[best].generation ||
			x.nodes[c].generation == x.nodes[best].generation && x.ids[c] > x.ids[best] {
			best, ok = c, true
		}
	}
	return best, ok
}

// live reports whether a revert is in force in a commit: it is an ancestor,
// and no revert of it that is in force there sits above it.
func (x *Index) live(r, d int32, depth int) Answer {
	in := x.below(r, d)
	if in != Yes || depth == maxReverts {
		return in
	}
	answer := Yes
	for _, m := range x.class(r) {
		for _, i := range x.against[m.at] {
			rr := x.reverts[i]
			if rr.at == r || !rr.strong || x.below(r, rr.at) != Yes {
				continue
			}
			switch x.live(rr.at, d, depth+1) {
			case Yes:
				return No
			case Unknown:
				answer = Unknown
			}
		}
	}
	return answer
}

// reversal is what the reverts of a change do to one of its carriers.
type reversal struct {
	revert int32
	answer Answer // Yes: neutralised; Unknown: it may be
	weak   bool   // Unknown, because it is not titled as a revert
}

// against lists the reverts that name a member of a class and are no members.
func (x *Index) revertsOf(class map[int32]bool) []revert {
	var out []revert
	for at := range class {
		for _, i := range x.against[at] {
			if r := x.reverts[i]; !class[r.at] && !slices.ContainsFunc(out, func(o revert) bool { return o.at == r.at }) {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b revert) int { return int(a.at) - int(b.at) })
	return out
}

// neutralised reports whether one of these reverts undoes a carrier in a live
// commit.
func (x *Index) neutralised(w, d int32, reverts []revert) reversal {
	out := reversal{answer: No}
	for _, r := range reverts {
		above := x.below(w, r.at)
		if above == No {
			continue
		}
		live := x.live(r.at, d, 0)
		switch {
		case live == No:
		case live == Yes && above == Yes && r.strong:
			return reversal{revert: r.at, answer: Yes}
		case out.answer == No:
			out = reversal{revert: r.at, answer: Unknown, weak: live == Yes && above == Yes}
		}
	}
	return out
}
