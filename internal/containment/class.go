package containment

import "slices"

// maxSteps is how many ties may lie between a change and what carries it: a
// pick of a pick of the landed copy.
const maxSteps = 3

// member is a commit that carries a change, and the weakest sign on the way
// to it.
type member struct {
	at   int32
	sign Sign
}

// rank orders signs by strength.
func (s Sign) rank() int {
	switch s {
	case Ancestry:
		return 0
	case PullHead:
		return 1
	case Branch:
		return 2
	case Trailer:
		return 3
	case Patch:
		return 4
	case Triple:
		return 5
	case Number:
		return 6
	}
	return 7
}

func weaker(a, b Sign) Sign {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// class is a commit and all that are tied to it, nearest first, the surer
// signs of a step before the others.
func (x *Index) class(at int32) []member {
	out := []member{{at, Ancestry}}
	seen := map[int32]bool{at: true}
	step := out
	for range maxSteps {
		var next []member
		for _, sign := range []Sign{Trailer, Patch, Triple} {
			for _, m := range step {
				for _, n := range x.tied(m.at, sign) {
					if !seen[n] {
						seen[n] = true
						next = append(next, member{n, weaker(m.sign, sign)})
					}
				}
			}
		}
		if len(next) == 0 {
			break
		}
		out = append(out, next...)
		step = next
	}
	return out
}

// tied lists the commits that one sign ties directly to a commit.
func (x *Index) tied(at int32, sign Sign) []int32 {
	switch sign {
	case Trailer:
		return x.origins[at]
	case Patch:
		return x.patches.of(at, largestTie)
	case Triple:
		return x.sameAuthor(at)
	}
	return nil
}

// sameAuthor lists what has author, time and subject of a commit. A merge is
// tied to what was picked from it as one commit, not to other merges: their
// author and time say who merged, and when.
func (x *Index) sameAuthor(at int32) []int32 {
	group := x.triples.of(at, largestTie)
	if !x.facts[at].merge {
		return group
	}
	return slices.DeleteFunc(group, func(other int32) bool { return x.facts[other].merge })
}

// alike lists the commits that have the author and subject of a commit, where
// that is a hint.
func (x *Index) alike(at int32) []int32 {
	if int(at) >= len(x.facts) || x.facts[at].short {
		return nil
	}
	return x.likes.of(at, largestHint)
}
