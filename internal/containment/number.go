package containment

import "strings"

// Who picks a squashed commit by way of a pull request often keeps its title
// with its number: "Fix it (#12)" becomes "Fix it (#12) (#30)", or "Fix it
// (cherry-pick #12 for 1.2) (#30)". Where no sign shows that it is the same
// change, the title and the number are a hint.

// numbered is a title that names a pull request.
type numbered struct {
	number int
	title  uint64
}

// learnNumbers files a commit under the pull requests that its title names
// beside the one that landed it.
func (x *Index) learnNumbers(at int32, c Commit) {
	// Most titles have one number, that of the pull request that landed it.
	if n := strings.Count(c.Subject, "#"); n == 0 || n == 1 && c.PullRequest > 0 {
		return
	}
	title := x.title(at)
	if x.facts[at].merge || title == 0 {
		return
	}
	for _, n := range numbers(c.Subject) {
		if n != c.PullRequest {
			x.names[at] = append(x.names[at], n)
			key := numbered{n, title}
			x.titled[key] = append(x.titled[key], at)
		}
	}
}

// title is the key of a commit's title; 0: it has none.
func (x *Index) title(at int32) uint64 {
	if int(at) >= len(x.titles.keys) {
		return 0
	}
	return x.titles.keys[at]
}

// numbersOf lists the pull requests that a commit landed, or names in its
// title.
func (x *Index) numbersOf(at int32) []int {
	out := x.names[at]
	if int(at) < len(x.pulls.keys) && x.pulls.keys[at] != 0 {
		out = append(out[:len(out):len(out)], int(x.pulls.keys[at]))
	}
	return out
}

// numberHint finds a commit in the live one that has the title of a change and
// the number of its pull request.
func (x *Index) numberHint(c Change, d int32) (int32, bool) {
	landed, ok := x.find(c.Landed)
	if !ok {
		return 0, false
	}
	for _, sha := range append([]string{c.Landed}, c.parts()...) {
		at, ok := x.find(sha)
		if !ok || x.title(at) == 0 {
			continue
		}
		for _, n := range x.numbersOf(landed) {
			for _, like := range x.titled[numbered{n, x.title(at)}] {
				if x.beside(like, at, d) {
					return like, true
				}
			}
			for _, like := range x.pulls.list(uint64(n), maxTitles) {
				if x.title(like) == x.title(at) && !x.facts[like].merge && !x.facts[like].pullOnly && x.beside(like, at, d) {
					return like, true
				}
			}
		}
	}
	return 0, false
}

// numberKin lists what numberHint may find for a commit, or whose it may be.
func (x *Index) numberKin(at int32) []int32 {
	var out []int32
	for _, n := range x.numbersOf(at) {
		out = append(append(out, x.titled[numbered{n, x.title(at)}]...), x.pulls.list(uint64(n), maxTitles)...)
	}
	return out
}
