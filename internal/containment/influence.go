package containment

import "slices"

// maxGroup bounds the groups that are followed when it is worked out what a
// commit can bear on. It is larger than any tie, so that a group which has
// just grown too large to tie is still found.
const maxGroup = 64

// News counts what was learned so far: commits, heads of pull requests, patch
// ids. It only grows, and is the mark from which Touched tells what is new.
func (x *Index) News() int { return len(x.news) }

// Touched lists the commits of whose changes the answer can differ between
// these live commits, or because of what was learned since a mark: those that
// only some of the live ones have, what is tied to these, and what they take
// back. For every other change the answer is the same in all of them, and the
// same as at the mark. ok is false where that cannot be told: a live commit is
// unknown, or the history has holes.
func (x *Index) Touched(live []string, since int) (shas []string, ok bool) {
	moved, ok := x.moved(live)
	if !ok || since > len(x.news) {
		return nil, false
	}
	x.prepare()
	for at := range x.influence(append(moved, x.news[since:]...)) {
		shas = append(shas, x.sha(at))
	}
	return shas, true
}

// Moved lists the commits that some of these live commits have and others have
// not, and the live ones themselves.
func (x *Index) Moved(live []string) (shas []string, ok bool) {
	moved, ok := x.moved(live)
	for _, at := range moved {
		shas = append(shas, x.sha(at))
	}
	return shas, ok
}

func (x *Index) moved(live []string) (moved []int32, ok bool) {
	var sets []*ancestors
	size := 0
	for _, sha := range live {
		at, known := x.find(sha)
		if !known {
			return nil, false
		}
		s := x.ancestorsOf(at)
		if !s.whole {
			return nil, false
		}
		// A live commit is told itself: it may be the head of a pull request,
		// which counts as long as that very commit runs.
		sets, moved, size = append(sets, s), append(moved, at), max(size, len(s.bits))
	}
	for word := range size {
		some, all := uint64(0), ^uint64(0)
		for _, s := range sets {
			bits := uint64(0)
			if word < len(s.bits) {
				bits = s.bits[word]
			}
			some, all = some|bits, all&bits
		}
		for bit, differ := 0, some&^all; differ != 0; bit, differ = bit+1, differ>>1 {
			if differ&1 != 0 {
				moved = append(moved, int32(word*64+bit))
			}
		}
	}
	return moved, true
}

// influence is all that some commits can bear on: what carries the same change
// (tied in at most maxSteps), what looks like it, and what they take back,
// which is followed from revert to revert.
func (x *Index) influence(seeds []int32) map[int32]int {
	steps := map[int32]int{} // what was reached → in how many ties from a seed, or from what a seed takes back
	for _, at := range seeds {
		steps[at] = 0
		for _, like := range x.numberKin(at) {
			if _, known := steps[like]; !known {
				steps[like] = maxSteps
			}
		}
		if int(at) < len(x.facts) && !x.facts[at].short {
			for _, like := range x.likes.of(at, maxGroup) {
				if _, known := steps[like]; !known {
					steps[like] = maxSteps
				}
			}
		}
	}
	for range maxReverts {
		reached := x.spreadTies(seeds, steps)
		seeds = seeds[:0:0]
		for _, at := range reached {
			i, isRevert := x.revertAt[at]
			if !isRevert {
				continue
			}
			for _, t := range x.reverts[i].targets {
				if far, known := steps[t]; !known || far > 0 {
					steps[t] = 0
					seeds = append(seeds, t)
				}
			}
		}
		if len(seeds) == 0 {
			break
		}
	}
	return steps
}

// spreadTies follows ties from commits that are no step away, notes in how
// many steps each commit is reached, and lists these, the first ones included.
func (x *Index) spreadTies(from []int32, steps map[int32]int) []int32 {
	out := from
	for n := 1; n <= maxSteps && len(from) > 0; n++ {
		var next []int32
		for _, at := range from {
			for _, ties := range [][]int32{x.origins[at], x.patches.of(at, maxGroup), x.triples.of(at, maxGroup)} {
				for _, to := range ties {
					if far, known := steps[to]; !known || far > n {
						steps[to] = n
						next = append(next, to)
					}
				}
			}
		}
		out = append(out[:len(out):len(out)], next...)
		from = next
	}
	return out
}

// Unlearned lists, of some commits, of what they take back and of what is tied
// to them by other signs than the patch, those whose patch ids are not known,
// at most limit. A third commit, which neither a change nor what runs has, may
// be what ties the two.
func (x *Index) Unlearned(shas []string, limit int) []string {
	x.prepare()
	seen := map[int32]bool{}
	var out []string
	add := func(at int32) {
		if !seen[at] && len(out) < limit && int(at) < len(x.facts) && x.facts[at].told && !x.facts[at].patch {
			out = append(out, x.sha(at))
		}
		seen[at] = true
	}
	for _, sha := range shas {
		if at, ok := x.find(sha); ok {
			add(at)
		}
	}
	for _, sha := range shas {
		if at, ok := x.find(sha); ok {
			if i, isRevert := x.revertAt[at]; isRevert {
				for _, t := range x.reverts[i].targets {
					add(t)
				}
			}
			for _, third := range x.thirds(at) {
				add(third)
			}
		}
	}
	return out
}

// TakeBack reports whether some of these commits say that they take something
// back.
func (x *Index) TakeBack(shas []string) bool {
	x.prepare()
	for _, sha := range shas {
		if at, ok := x.find(sha); ok {
			if _, isRevert := x.revertAt[at]; isRevert {
				return true
			}
		}
	}
	return false
}

// Doubts lists the commits whose patch ids are not known and could show that a
// change which a carrier brought to a live commit was taken back there after
// all: a revert above the carrier may name a copy that only its patch ties to
// the change.
func (x *Index) Doubts(c Change, live, carrier string) []string {
	d, ok := x.find(live)
	w, ok2 := x.find(carrier)
	if !ok || !ok2 {
		return nil
	}
	x.prepare()
	var list []int32
	for _, r := range x.reverts {
		if x.nodes[r.at].generation > x.nodes[w].generation && x.below(r.at, d) == Yes && x.below(w, r.at) == Yes {
			list = append(append(list, r.at), r.targets...)
		}
	}
	if len(list) == 0 {
		return nil
	}
	for _, sha := range slices.Concat([]string{c.Landed}, c.parts(), c.Own) {
		if at, ok := x.find(sha); ok {
			for _, m := range x.class(at) {
				list = append(list, m.at)
			}
		}
	}
	var out []string
	seen := map[int32]bool{}
	for _, at := range list {
		if !seen[at] && int(at) < len(x.facts) && x.facts[at].told && !x.facts[at].patch {
			out = append(out, x.sha(at))
		}
		seen[at] = true
	}
	return out
}

// thirds lists what is tied to a commit by a trailer, or by author, time and
// subject, in fewer steps than a class has.
func (x *Index) thirds(at int32) []int32 {
	var out []int32
	seen := map[int32]bool{at: true}
	step := []int32{at}
	for range maxSteps - 1 {
		var next []int32
		for _, from := range step {
			for _, ties := range [][]int32{x.origins[from], x.triples.of(from, largestTie)} {
				for _, to := range ties {
					if !seen[to] {
						seen[to] = true
						next = append(next, to)
					}
				}
			}
		}
		out, step = append(out, next...), next
	}
	return out
}
