package containment

import (
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	// largestTie is the largest group that ties its commits together: a
	// larger one shares something that says little (an empty patch, a
	// release commit made by a bot every night).
	largestTie = 8
	// largestHint is the same for the weaker likeness.
	largestHint = 6
	// maxBranch bounds how many commits of one pull request are looked at.
	maxBranch = 1000
	// maxRefs bounds how many commits one message may name.
	maxRefs = 64
)

// Index is a graph with what is known of its commits, and answers where a
// change is contained. Commits are only ever added. Any number of goroutines
// may ask at the same time, but not while one adds.
type Index struct {
	Graph
	seed maphash.Seed

	facts   []fact // position → what is known of the commit
	triples chains // author, author time and subject
	likes   chains // author and subject
	titles  chains // subject
	pulls   chains // number of the pull request
	patches chains // stable patch id
	titled  map[numbered][]int32
	names   map[int32][]int // position → numbers that its title has beside its own

	picked  map[int32][]string // what a message says it was picked from
	refs    []ref              // cherry-picks whose origin is not known yet
	origins links              // cherry-pick → origins, and back
	reverts []revert           // in the order in which they came
	shorts  []int32            // positions by id, for cut ids
	news    []int32            // of what something was learned, in that order
	sum     sum                // of what was learned, in whatever order
	headed  map[headed]bool    // what the heads of pull requests showed

	settling sync.Mutex // held by the one who works out what was named
	mu       sync.Mutex // guards what is worked out while asked
	settled  bool       // reverts and refs are worked out
	against  map[int32][]int32
	revertAt map[int32]int // position → its place among the reverts
	sets     map[int32]*ancestors
	setSize  int
	counts   map[[2]int32]int // from, not → how many commits only the first has
}

// fact is the small part of a commit that is kept beside the graph.
type fact struct {
	told     bool // zero: the commit is known only as a parent
	short    bool // the subject is too short to be a hint
	merge    bool
	pullOnly bool
	patch    bool   // the patch id is known, be it that there is none
	triple   uint64 // key of author, author time and subject; 0: not known
}

// ref is a commit that a message names, by a whole or cut id.
type ref struct {
	from int32
	id   string
}

// NewIndex gives an empty index.
func NewIndex() *Index {
	return &Index{
		seed: maphash.MakeSeed(), origins: links{}, picked: map[int32][]string{}, headed: map[headed]bool{},
		titled: map[numbered][]int32{}, names: map[int32][]int{},
	}
}

// Add puts commits into the index. One that is there already is left alone,
// save that it may come to a branch which only a pull request had before. An
// id that is not 40 or 64 hex digits is an error, and nothing of this call is
// added.
func (x *Index) Add(commits ...Commit) error {
	filled := x.filled
	if err := x.Graph.Add(commits...); err != nil {
		return err
	}
	if x.filled != filled {
		x.sets, x.setSize, x.counts = nil, 0, nil // what was missing came: sets may be larger now
	}
	for _, c := range commits {
		x.learn(c)
	}
	x.settled = false
	return nil
}

// learn files the facts of one commit under what they may be looked up by.
func (x *Index) learn(c Commit) {
	at, ok := x.find(c.SHA)
	if !ok {
		return
	}
	for int(at) >= len(x.facts) {
		x.facts = append(x.facts, fact{})
	}
	f := &x.facts[at]
	subject := normal(c.Subject)
	switch {
	case f.told && (!f.pullOnly || c.PullOnly):
		return
	case f.told: // it was merged since
		f.pullOnly = false
		x.sum.take(sumPulled, c.SHA)
		x.sum.add(sumLanded, c.SHA)
		x.news = append(x.news, at)
		x.learnAuthor(at, c, subject)
		return
	}
	x.news = append(x.news, at)
	if c.PullOnly {
		x.sum.add(sumPulled, c.SHA)
	} else {
		x.sum.add(sumLanded, c.SHA)
	}
	if c.Truncated {
		x.sum.add(sumCut, c.SHA)
	}
	f.told, f.merge, f.pullOnly, f.short = true, len(c.Parents) > 1, c.PullOnly, !longEnough(subject)
	if c.Author != "" && subject != "" {
		f.triple = x.key(c.Author, strconv.FormatInt(c.AuthorTime, 10), subject)
	}
	if !f.pullOnly {
		x.learnAuthor(at, c, subject)
	}
	if subject != "" {
		x.titles.put(x.key(subject), at)
	}
	if c.PullRequest > 0 {
		x.pulls.put(uint64(c.PullRequest), at)
	}
	x.learnNumbers(at, c)
	if c.Patch != "" {
		x.putPatch(at, c.Patch)
		x.sum.add(sumPatch, c.SHA, c.Patch)
	}
	if len(c.Trailers) > 0 {
		x.picked[at] = bounded(c.Trailers)
	}
	for _, t := range slices.Concat(bounded(c.Trailers), bounded(c.Heads)) {
		x.refs = append(x.refs, ref{from: at, id: lower(t)})
	}
	if len(c.Reverts) > 0 {
		x.reverts = append(x.reverts, revert{at: at, says: bounded(c.Reverts)})
	}
}

// learnAuthor files a commit under its author. The commits of pull requests
// that only their own branch has are left out. That two merges are by one
// author with one title is no hint.
func (x *Index) learnAuthor(at int32, c Commit, subject string) {
	f := &x.facts[at]
	if f.triple == 0 {
		return
	}
	x.triples.put(f.triple, at)
	if !f.merge {
		x.likes.put(x.key(c.Author, subject), at)
	}
}

// PullRequests lists the numbers of the pull requests that some commits landed
// by a squash or a rebase: what these were picked from may stand on their
// heads alone.
func (x *Index) PullRequests(shas []string) []int {
	var out []int
	for _, sha := range shas {
		at, ok := x.find(sha)
		if !ok || x.facts[at].merge || int(at) >= len(x.pulls.keys) || x.pulls.keys[at] == 0 {
			continue
		}
		if n := int(x.pulls.keys[at]); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// LearnHead tells the head of a pull request. Where it was squashed, what its
// own commits say they were picked from counts for the commit that landed it:
// the squash may have dropped these lines. It may be told again, and is where
// the landing commit came after the head.
func (x *Index) LearnHead(pullRequest int, head string) {
	h, ok := x.find(head)
	if !ok || len(x.picked) == 0 {
		return
	}
	var origins []string
	seen := map[int32]bool{h: true}
	for todo := []int32{h}; len(todo) > 0 && len(seen) < maxBranch; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if int(at) >= len(x.facts) || !x.facts[at].pullOnly {
			continue // on a branch: it landed there by itself
		}
		origins = append(origins, x.picked[at]...)
		for _, p := range x.parents(at) {
			if !seen[p] {
				seen[p] = true
				todo = append(todo, p)
			}
		}
	}
	if len(origins) == 0 {
		return
	}
	for _, at := range x.pulls.list(uint64(pullRequest), maxTitles) {
		if f := x.facts[at]; f.merge || f.pullOnly {
			continue
		}
		learned := false
		for _, id := range bounded(origins) {
			told := headed{at, lower(id)}
			if x.headed[told] {
				continue
			}
			x.headed[told], learned = true, true
			x.sum.add(sumHead, x.sha(at), told.origin)
			x.refs = append(x.refs, ref{from: at, id: told.origin})
		}
		if learned {
			x.news = append(x.news, at)
			x.settled = false
		}
	}
}

// headed is that the head of its pull request showed what a commit was picked
// from.
type headed struct {
	landed int32
	origin string
}

// LearnPatch tells the stable patch id of a commit that is in the index; an
// empty one says that its diff is empty, or nothing but noise.
func (x *Index) LearnPatch(sha, patch string) {
	if at, ok := x.find(sha); ok && !x.facts[at].patch {
		x.putPatch(at, patch)
		if patch != "" {
			x.sum.add(sumPatch, lower(sha), patch)
			x.news = append(x.news, at)
			x.settled = false
		}
	}
}

// HasPatch reports whether the patch id of a commit was told.
func (x *Index) HasPatch(sha string) bool {
	at, ok := x.find(sha)
	return ok && x.facts[at].patch
}

func (x *Index) putPatch(at int32, patch string) {
	x.facts[at].patch = true
	if patch != "" {
		x.patches.put(x.key(patch), at)
	}
}

// key is the place of some words in a chain. Two different lists of words have
// the same with a chance of one in 2^64, which nobody outside can steer.
func (x *Index) key(words ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(x.seed)
	for _, w := range words {
		h.WriteString(w)
		h.WriteByte(0)
	}
	return h.Sum64()
}

func bounded[T any](list []T) []T { return list[:min(len(list), maxRefs)] }

// sha is the id of a position.
func (x *Index) sha(at int32) string { return hex.EncodeToString([]byte(x.ids[at])) }

// resolve finds the commit that a message names.
func (x *Index) resolve(id string) (int32, bool) {
	if IsSHA(id) {
		return x.find(id)
	}
	if len(id) < 7 || !IsHex(id) {
		return 0, false
	}
	if x.shorts == nil {
		x.shorts = make([]int32, 0, x.known)
		for at := range x.nodes {
			if x.nodes[at].known {
				x.shorts = append(x.shorts, int32(at))
			}
		}
		slices.SortFunc(x.shorts, func(a, b int32) int { return strings.Compare(x.ids[a], x.ids[b]) })
	}
	first, _ := slices.BinarySearchFunc(x.shorts, id, func(at int32, id string) int { return strings.Compare(x.sha(at), id) })
	var fits []int32
	for _, at := range x.shorts[first:min(first+2, len(x.shorts))] {
		if strings.HasPrefix(x.sha(at), id) {
			fits = append(fits, at)
		}
	}
	if len(fits) != 1 {
		return 0, false
	}
	return fits[0], true
}

// chains keeps lists of positions by a key: the newest of each list in a map,
// and behind each position the one before it.
type chains struct {
	last   map[uint64]int32
	before []int32 // position → the one before it in its list, plus one; 0: none
	keys   []uint64
}

func (c *chains) put(key uint64, at int32) {
	if c.last == nil {
		c.last = map[uint64]int32{}
	}
	for int(at) >= len(c.before) {
		c.before = append(c.before, 0)
		c.keys = append(c.keys, 0)
	}
	if last, ok := c.last[key]; ok {
		c.before[at] = last + 1
	}
	c.keys[at] = key
	c.last[key] = at
}

// of lists the group of a position when it has at most limit members; a
// position that was never put has no group.
func (c *chains) of(at int32, limit int) []int32 {
	if int(at) >= len(c.keys) || c.keys[at] == 0 {
		return nil
	}
	return c.list(c.keys[at], limit)
}

// list lists a group that has at most limit members.
func (c *chains) list(key uint64, limit int) []int32 {
	last, ok := c.last[key]
	if !ok {
		return nil
	}
	var out []int32
	for at := last; ; at = c.before[at] - 1 {
		if len(out) == limit {
			return nil
		}
		out = append(out, at)
		if c.before[at] == 0 {
			return out
		}
	}
}

// links are edges between positions, in both directions.
type links map[int32][]int32

func (l links) tie(a, b int32) {
	if a != b && !slices.Contains(l[a], b) {
		l[a] = append(l[a], b)
		l[b] = append(l[b], a)
	}
}
