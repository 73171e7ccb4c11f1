package app

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/internal/report"
)

// asReported keeps of the given states those that a number of the weekly report
// counts. Where that depends on what happened, the ledgers are read.
func (b *Backend) asReported(ctx context.Context, s *reconcile.Setup, f report.Filter, states []domain.State) ([]domain.State, error) {
	if f.Empty() || len(states) == 0 {
		return states, nil
	}
	now := b.now()
	if f.Event != "" && f.To.IsZero() {
		f.To = now.Add(time.Nanosecond)
	}
	var ids []string
	byID := map[string]domain.State{}
	oldest := now // the week of no team began earlier
	for _, st := range states {
		ids = append(ids, st.Spec.ID)
		byID[st.Spec.ID] = st
		if w := b.weekStart(s, st.Spec.Team, now); w.Before(oldest) {
			oldest = w
		}
	}
	since := f.Since(oldest)
	if since.IsZero() {
		since = now.AddDate(1, 0, 0) // no entries are needed
	}
	journals, err := reportStore{b.ledger}.ReadJournals(ctx, ids, since)
	if err != nil {
		return nil, storeError(err)
	}
	var out []domain.State
	for _, j := range journals {
		id := j.Snapshot.Spec.ID
		if id == "" && len(j.Entries) > 0 && j.Entries[0].Spec != nil { // not looked at yet
			id = j.Entries[0].Spec.ID
		}
		st, ok := byID[id]
		if ok && f.Matches(j, st, reconcile.Fold, s, b.weekStart(s, st.Spec.Team, now), now) {
			out = append(out, st)
		}
	}
	return out, nil
}

// weekStart is when the running week began for a team.
func (b *Backend) weekStart(s *reconcile.Setup, team string, now time.Time) time.Time {
	p, err := b.period(s, team, "")
	if err != nil {
		return now
	}
	return report.WeekOf(now, p.Location).Start(p.Location)
}
