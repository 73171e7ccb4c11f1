package containment

import (
	"crypto/sha256"
	bytesof "encoding/binary"
	"encoding/hex"
)

// sum is a digest of what an index was told, the same in whatever order that
// came: the digests of the single facts, added up. It tells whether two
// processes know the same; it is no proof against somebody who makes histories
// to deceive.
type sum [4]uint64

// The kinds of facts that go into a sum.
const (
	sumLanded = "landed" // a commit that a branch or tag has
	sumPulled = "pulled" // a commit that only a pull request has
	sumCut    = "cut"    // a commit whose parents are not told
	sumPatch  = "patch"  // a commit and its patch id
	sumHead   = "head"   // a commit and what the head of its pull request was picked from
)

func (s *sum) add(words ...string) {
	for i, n := range digest(words) {
		s[i] += n
	}
}

func (s *sum) take(words ...string) {
	for i, n := range digest(words) {
		s[i] -= n
	}
}

func digest(words []string) (out sum) {
	var text []byte
	for _, w := range words {
		text = append(append(text, lower(w)...), 0)
	}
	d := sha256.Sum256(text)
	for i := range out {
		out[i] = bytesof.BigEndian.Uint64(d[8*i:])
	}
	return out
}

// Sum is a digest of what was learned so far, in whatever order it came.
func (x *Index) Sum() string {
	var b []byte
	for _, n := range x.sum {
		b = bytesof.BigEndian.AppendUint64(b, n)
	}
	return hex.EncodeToString(b)
}
