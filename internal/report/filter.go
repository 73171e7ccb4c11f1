package report

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Filter picks the items behind a number of a report. The zero Filter picks
// all.
type Filter struct {
	Event     Event
	From, To  time.Time // of Event; From also of Attention
	DueFrom   string    // YYYY-MM-DD, with both ends
	DueTo     string
	Flaw      string
	Attention bool
}

// Empty reports whether the filter picks everything.
func (f Filter) Empty() bool { return f == Filter{} }

// Since is from when on the entries of an item are needed: those that are
// younger than every other fact that counts. Zero: none are.
func (f Filter) Since(week time.Time) time.Time {
	switch {
	case f.Event != "":
		return f.From
	case f.Attention && !f.From.IsZero():
		return f.From
	case f.Attention:
		return week
	}
	return time.Time{}
}

// Matches reports whether an item belongs to the list. week is the start of
// the running week, of which Attention speaks without From; st is the item as it stands now.
func (f Filter) Matches(j Journal, st domain.State, fold Fold, clock Clock, week, now time.Time) bool {
	if f.DueFrom != "" && (st.Spec.Due == "" || st.Spec.Due < f.DueFrom) || f.DueTo != "" && (st.Spec.Due == "" || st.Spec.Due > f.DueTo) {
		return false
	}
	if f.Flaw != "" && !slices.Contains(Flaws(st), f.Flaw) {
		return false
	}
	if f.Attention {
		if !f.From.IsZero() {
			week = f.From
		}
		reopened := Happened(j.Entries, &st, week, now.Add(time.Nanosecond))[Reopened]
		if len(Attentions(st, reopened, Open(st) && clock.Overdue(st.Spec, now), now)) == 0 {
			return false
		}
	}
	return f.Event == "" || f.happened(j, st, fold)
}

func (f Filter) happened(j Journal, st domain.State, fold Fold) bool {
	then := &st
	if j.Whole {
		states := make([]State, 1)
		rewind(j.Entries, []time.Time{f.To}, fold, states)
		then = states[0]
	}
	return Happened(j.Entries, then, f.From, f.To)[f.Event]
}
