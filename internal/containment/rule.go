package containment

import "slices"

// finding is where one commit of a change stands in a live commit.
type finding struct {
	answer  Answer
	sign    Sign
	carrier int32
	revert  int32
	undone  bool // No, because a revert undid it
	weak    bool // Unknown, because something that is no revert by title says it undid it
}

// Contains says whether a change is contained in a live commit.
func (x *Index) Contains(c Change, live string) Result {
	d, ok := x.find(live)
	if !ok {
		return Result{Answer: Unknown, Reason: NoLive}
	}
	x.prepare()
	if c.Head != "" && lower(c.Head) == lower(live) {
		return Result{Answer: Yes, Reason: Contained, Sign: PullHead, Carrier: lower(live)}
	}
	parts := c.parts()
	classes, reverts := x.classes(append([]string{c.Landed}, parts...))
	landed := x.effective(classes[c.Landed], d, reverts, c.Rebase)
	if landed.answer == Yes {
		return x.yes(landed)
	}
	found := make([]finding, len(parts))
	for i, sha := range parts {
		found[i] = x.effective(classes[sha], d, reverts, false)
	}
	if len(c.Own) > 0 { // what takes back the whole bears on them, too
		classes, reverts = x.classes(slices.Concat([]string{c.Landed}, parts, c.Own))
	}
	own := make([]finding, len(c.Own))
	for i, sha := range c.Own {
		own[i] = x.effective(classes[sha], d, reverts, false)
	}
	return x.conclude(c, d, landed, found, own)
}

// classes gives the class of each of some commits, and the reverts that bear on
// any of them.
func (x *Index) classes(commits []string) (map[string][]member, []revert) {
	classes, all := map[string][]member{}, map[int32]bool{}
	for _, sha := range commits {
		if at, ok := x.find(sha); ok && classes[sha] == nil {
			classes[sha] = x.class(at)
			for _, m := range classes[sha] {
				all[m.at] = true
			}
		}
	}
	return classes, x.revertsOf(all)
}

// effective looks for a carrier of one commit that no revert undid. With
// itself only the commit counts, not what is tied to it.
func (x *Index) effective(class []member, d int32, reverts []revert, itself bool) finding {
	out := finding{answer: No}
	for i, m := range class {
		if itself && i > 0 {
			break
		}
		switch x.below(m.at, d) {
		case No:
			continue
		case Unknown:
			if out.answer == No && !out.undone {
				out = finding{answer: Unknown, sign: m.sign, carrier: m.at}
			}
			continue
		}
		switch r := x.neutralised(m.at, d, reverts); r.answer {
		case No:
			return finding{answer: Yes, sign: m.sign, carrier: m.at}
		case Yes:
			if !out.weak {
				out = finding{answer: No, undone: true, revert: r.revert, carrier: m.at, sign: m.sign}
			}
		default:
			out = finding{answer: Unknown, weak: r.weak, revert: r.revert, carrier: m.at, sign: m.sign}
		}
	}
	return out
}

func (x *Index) yes(f finding) Result {
	return Result{Answer: Yes, Reason: Contained, Sign: f.sign, Carrier: x.sha(f.carrier)}
}

// conclude weighs the commits of a change against each other when its landing
// commit is not there.
func (x *Index) conclude(c Change, d int32, landed finding, parts, own []finding) Result {
	n, byTie, _ := weigh(parts)
	for _, list := range [][]finding{parts, own} {
		if n, _, weakest := weigh(list); n == len(list) && n > 0 {
			r := x.yes(weakest)
			if weakest.sign == Ancestry && !c.Rebase {
				r.Sign = Branch
			}
			return r
		}
	}
	for _, f := range append([]finding{landed}, parts...) {
		if f.undone {
			return Result{Answer: No, Reason: Reverted, UndoneBy: x.sha(f.revert), Carrier: x.sha(f.carrier), Sign: f.sign}
		}
	}
	for _, f := range append([]finding{landed}, parts...) {
		switch {
		case f.weak:
			return Result{Answer: Unknown, Reason: Probable, UndoneBy: x.sha(f.revert), Carrier: x.sha(f.carrier)}
		case f.answer == Unknown:
			return Result{Answer: Unknown, Reason: NoCommits}
		}
	}
	if n > 0 {
		r := Result{Answer: No, Reason: Partial, Found: n, Parts: len(parts)}
		if byTie {
			r.Answer, r.Reason = Unknown, Probable
		}
		return r
	}
	if like, ok := x.hints(c, d); ok {
		return Result{Answer: Unknown, Reason: Probable, Carrier: x.sha(like)}
	}
	if like, ok := x.numberHint(c, d); ok {
		return Result{Answer: Unknown, Reason: Probable, Carrier: x.sha(like), Sign: Number}
	}
	return Result{Answer: No, Reason: Absent}
}

// weigh counts the commits of a change that are there, and tells whether some
// are there by a tie, and the one with the weakest sign.
func weigh(list []finding) (n int, byTie bool, weakest finding) {
	for _, f := range list {
		if f.answer != Yes {
			continue
		}
		n++
		byTie = byTie || f.sign != Ancestry
		if n == 1 || f.sign.rank() > weakest.sign.rank() {
			weakest = f
		}
	}
	return n, byTie, weakest
}

// hint finds a commit in the live one that has author and subject of one of
// these and nothing else in common with it. What lies on the same line of
// history is not a copy: it is an earlier or later change with the same title.
func (x *Index) hint(sha string, d int32) (int32, bool) {
	at, ok := x.find(sha)
	if !ok {
		return 0, false
	}
	for _, like := range x.alike(at) {
		if x.beside(like, at, d) {
			return like, true
		}
	}
	return 0, false
}

// beside reports whether a live commit has something that may be a copy of a
// commit: it lies on another line of history.
func (x *Index) beside(like, at, d int32) bool {
	return like != at && x.below(like, d) == Yes && x.below(like, at) != Yes && x.below(at, like) != Yes
}

// hints finds the likeness of any commit of a change.
func (x *Index) hints(c Change, d int32) (int32, bool) {
	for _, sha := range append([]string{c.Landed}, c.parts()...) {
		if like, ok := x.hint(sha, d); ok {
			return like, true
		}
	}
	return 0, false
}

// Candidates lists the commits whose patch ids are not known and could show
// that a live commit contains the change after all: the change's own with what
// is tied to it, and what the live commit has and the change does not build
// on, with what is tied to that. At most limit are listed, nearest to the live
// commit first.
func (x *Index) Candidates(c Change, live string, limit int) []string {
	d, ok := x.find(live)
	landed, ok2 := x.find(c.Landed)
	if !ok || !ok2 {
		return nil
	}
	x.prepare()
	base := x.ancestorsOf(landed)
	var own, others []string
	var walked []int32
	seen := newMarks(len(x.nodes))
	seen.mark(d)
	for todo := []int32{d}; len(todo) > 0 && len(others) < limit; {
		at := todo[0]
		todo = todo[1:]
		if base.bits.within(at) || !x.nodes[at].known {
			continue
		}
		walked = append(walked, at)
		if !x.facts[at].patch { // also what only pull requests have: one of them may run
			others = append(others, x.sha(at))
		}
		for _, p := range x.parents(at) {
			if seen.mark(p) {
				todo = append(todo, p)
			}
		}
	}
	if len(walked) == 0 {
		return nil // nothing is there that the change does not build on
	}
	thirds := map[int32]bool{}
	for _, at := range walked {
		for _, third := range x.thirds(at) {
			if len(others) < limit && x.facts[third].told && !x.facts[third].patch && !thirds[third] {
				thirds[third] = true
				others = append(others, x.sha(third))
			}
		}
	}
	listed := map[int32]bool{} // what was seen on the way may not have been listed
	for _, sha := range slices.Concat([]string{c.Landed}, c.parts(), c.Own) {
		at, ok := x.find(sha)
		if !ok {
			continue
		}
		for _, m := range x.class(at) {
			if !x.facts[m.at].patch && !listed[m.at] {
				listed[m.at] = true
				own = append(own, x.sha(m.at))
			}
		}
	}
	return append(own, others...)
}
