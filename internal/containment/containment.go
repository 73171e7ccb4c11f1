// Package containment says whether a change is contained in a commit that
// runs somewhere: by ancestry, or carried there by another commit that is
// shown to be the same change (a cherry-pick trailer, an equal patch, the same
// author, author time and subject), and not undone there by a revert.
//
// It is pure: what it knows of commits is handed to it, and it runs nothing,
// reads no clock and calls nobody. It never uses time, versions or branch
// names to decide that something is contained, and it tells a likeness from a
// proof: what only looks like the change is Unknown, never yes or no.
package containment

import (
	"errors"
	"fmt"
	"strings"
)

// Answer is what the commits at hand say to a question. Unknown means that
// they do not settle it; it is never a weak no.
type Answer string

// The three answers, spelled as the API spells them.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// ErrUnknown is returned where a number or a branch is asked for and the
// commits at hand do not tell it.
var ErrUnknown = errors.New("not told by the commits at hand")

// Commit is what the rule looks at in a commit. Only SHA is required; without
// the others it can be found by ancestry alone.
type Commit struct {
	SHA       string   // all digits, lower case
	Parents   []string // the first is the branch that was merged into
	Truncated bool     // it has parents, but the history was cut off here

	Author     string // whatever tells authors apart; empty: not known
	AuthorTime int64  // Unix seconds, whatever the author's clock said
	Subject    string // first line
	// Trailers are the commits that the message names as the origin of a
	// cherry-pick, and Heads those that only the messages on the head of its
	// pull request name. They may be cut to 7 digits and may be unknown.
	Trailers, Heads []string
	Reverts         []Revert
	PullRequest     int    // that it landed; 0: none is named
	Patch           string // stable id of its diff to the first parent; empty: not known
	PullOnly        bool   // only the head of a pull request reaches it
}

// Revert is one thing that a commit's message says it takes back. One of SHA,
// PullRequest and Subject is set.
type Revert struct {
	SHA         string // may be cut to 7 digits
	PullRequest int
	Subject     string // the title that it quotes
	// Strong: the commit is titled as a revert. What is only mentioned (a
	// squash that lists its own steps, a part taken back) is a hint.
	Strong bool
}

// Change is a fix as it landed.
type Change struct {
	Landed string // the merge, squash or pushed commit; the last one of a rebase
	// Parts are the commits of the change: of a merge those of its branch
	// without merges, of a rebase the landed series. Empty means Landed alone.
	Parts []string
	Head  string // head of the pull request; may be empty
	// Own are the commits of a pull request that landed as one commit, where
	// they are known: all of them together are the change, too.
	Own []string
	// Rebase: Landed is only the last of Parts, so by itself it stands for the
	// change only where it is an ancestor.
	Rebase bool
}

// Sign is how a commit was found to carry a change.
type Sign string

// The signs, strongest first.
const (
	Ancestry Sign = "ancestry"
	PullHead Sign = "pr-head"       // the head of the pull request itself runs
	Branch   Sign = "head-ancestry" // all commits of the change, without its merge
	Trailer  Sign = "trailer"
	Patch    Sign = "patch-id"
	Triple   Sign = "author-triple"
	Number   Sign = "number" // the same title with the number of the pull request: a hint, never a proof
)

// Reason refines an answer.
type Reason string

// The reasons: the first belongs to Yes, the next three to No, the others to
// Unknown.
const (
	Contained Reason = "contained"
	Absent    Reason = "absent"
	Reverted  Reason = "reverted"
	Partial   Reason = "partial" // some of its commits, and no sign of the others
	Probable  Reason = "probable_equivalent"
	NoLive    Reason = "revision_unknown"
	NoCommits Reason = "evidence_unavailable" // the history has a hole that matters
	NoPatches Reason = "patches_unavailable"  // the patches that could show it cannot be had
)

// Result answers whether a change is in a live commit, and shows why.
type Result struct {
	Answer Answer
	Reason Reason
	// Sign and Carrier say by what and which commit holds it there (or seems
	// to, with Probable). With several parts it is the weakest of them.
	Sign    Sign
	Carrier string
	// UndoneBy is the revert that took it back, with Reverted; the one that
	// seems to, with Probable.
	UndoneBy string
	// Found of Parts are there, with Partial and a Probable that has no
	// Carrier.
	Found, Parts int
}

// Words tells the evidence as a clause for people: "carried by 1234567890,
// which says that it was cherry-picked from abcdef1234".
func (r Result) Words() string {
	c := short(r.Carrier)
	switch r.Reason {
	case Contained:
		return r.Sign.words(c)
	case Reverted:
		return "undone by the revert " + short(r.UndoneBy)
	case Partial:
		return fmt.Sprintf("only %d of its %d commits are there", r.Found, r.Parts)
	case Probable:
		switch {
		case r.UndoneBy != "":
			return short(r.UndoneBy) + " there says that it takes it back, without being a revert by its title"
		case r.Sign == Number:
			return c + " there has its title and the number of its pull request, but nothing proves that it is the whole change"
		case r.Carrier != "":
			return c + " there has the same author and subject, but nothing proves that it is the same change"
		}
		return fmt.Sprintf("commits there carry %d of its %d commits, and the others were not found", r.Found, r.Parts)
	case NoLive:
		return "the repository does not have that commit"
	case NoCommits:
		return "the commits at hand do not reach far enough back"
	case NoPatches:
		return "the commits there that may be copies of it could not be compared"
	}
	return ""
}

func (s Sign) words(carrier string) string {
	switch s {
	case PullHead:
		return "it runs the head of the pull request itself"
	case Branch:
		return "by ancestry of all its commits, without their merge"
	case Trailer:
		return "carried by " + carrier + " (cherry-pick trailer)"
	case Patch:
		return "carried by " + carrier + " (the same patch)"
	case Triple:
		return "carried by " + carrier + " (same author, author time and subject)"
	}
	return "by ancestry"
}

// short cuts a commit id for people.
func short(sha string) string {
	if len(sha) > 10 {
		return sha[:10]
	}
	return sha
}

// parts are the commits of the change, Landed where none are told.
func (c Change) parts() []string {
	if len(c.Parts) == 0 {
		return []string{c.Landed}
	}
	return c.Parts
}

func lower(s string) string { return strings.ToLower(s) }
