// Package hints looks at action items before they are filed, and says what
// will make them hard to finish: nobody owns it, nobody can tell when it is
// done, it asks a person to be careful where a system could be made safe.
//
// In the spirit of blameless reviews a hint is a question about the system,
// with a rewrite to start from. It is pure, reads several languages where the
// words are unmistakable, and rather stays silent than nags: what a list of
// phrases can't tell for sure gives no hint.
package hints

import (
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// Kind is what a hint is about.
type Kind string

// The kinds of hints, in the order in which one item lists them.
const (
	NoOwner      Kind = "no_owner"
	NoPriority   Kind = "no_priority"
	NoDue        Kind = "no_due_date"
	Vague        Kind = "vague"           // no system, number or limit says what will be different
	NotCheckable Kind = "not_checkable"   // nothing will show that it is done
	Blame        Kind = "blames_a_person" // asks a person, where a system could be asked
)

// Kinds lists all kinds.
var Kinds = []Kind{NoOwner, NoPriority, NoDue, Vague, NotCheckable, Blame}

// Hint is one thing to think about before an item is filed.
type Hint struct {
	Kind     Kind   `json:"kind" enum:"no_owner,no_priority,no_due_date,vague,not_checkable,blames_a_person" doc:"what it is about"`
	Words    string `json:"words,omitempty" doc:"the words that gave rise to it"`
	Question string `json:"question" doc:"a question about the system"`
	Rewrite  string `json:"rewrite" doc:"a rewrite to start from; capitals stand for what only you know"`
}

// String is the hint on one line.
func (h Hint) String() string {
	words := ""
	if h.Words != "" {
		words = fmt.Sprintf(" (“%s”)", h.Words)
	}
	return fmt.Sprintf("%s%s: %s Try: %s", strings.ReplaceAll(string(h.Kind), "_", " "), words, h.Question, h.Rewrite)
}

// maxRead bounds how much of a title and its text is looked at, in bytes.
const maxRead = 2000

// Of returns the hints on one item, in the order of Kinds. An item that is
// done gets none. Of an item that names its ticket, that ticket may hold what
// the document lacks, so nothing is said about missing fields.
func Of(it postmortem.Item) []Hint {
	if it.Done {
		return nil
	}
	var out []Hint
	if it.Ticket == nil {
		out = missing(it)
	}
	title := strings.TrimSpace(cut(it.Title))
	text := title
	if it.Text != nil {
		text += "\n" + strings.TrimSpace(cut(*it.Text))
	}
	blamed, isBlame := blame(title)
	if h, ok := vague(title, text); ok {
		out = append(out, h)
	} else if h, ok := notCheckable(title, text); ok && !isBlame {
		out = append(out, h)
	}
	if isBlame {
		out = append(out, blamed)
	}
	return out
}

func missing(it postmortem.Item) []Hint {
	var out []Hint
	if it.Owner == nil {
		out = append(out, Hint{Kind: NoOwner, Question: "Which team runs the part of the system that this changes?", Rewrite: "Owner: @HANDLE, or the name of that team"})
	}
	if it.Priority == nil {
		out = append(out, Hint{Kind: NoPriority, Question: "How bad is it if the same happens again before this is done?", Rewrite: "Priority: P1 (P0 to P4; without one it counts as " + defaultPriority + ")"})
	}
	if it.Due == nil {
		h := Hint{Kind: NoDue, Question: "Until when can the system run without this?", Rewrite: "Due: YYYY-MM-DD (without one, the policy's time for its priority)"}
		if it.DueWritten != nil {
			h.Words, h.Question = *it.DueWritten, "Which day is that?"
		}
		out = append(out, h)
	}
	return out
}

const defaultPriority = "P2"

func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxRead)], "") }
