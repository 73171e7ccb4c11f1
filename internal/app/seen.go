package app

import (
	"context"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/recurrence"
	"github.com/holdfast-dev/holdfast/policy"
)

// maxEarlier bounds the earlier items that new ones are compared with, per
// service; beyond it the last ones count.
const maxEarlier = 2000

// seenBefore adds to the new items of a plan the earlier items of the same
// services that are similar. Items without a service are not compared: there
// is nothing that says what they have in common.
func (b *Backend) seenBefore(ctx context.Context, plan *filing.Plan) error {
	var ids []string
	read := map[string]bool{}
	for _, l := range plan.Lines {
		for _, s := range l.Spec.Services {
			if l.Action != filing.New || read[s] {
				continue
			}
			read[s] = true
			of, err := b.ledger.ItemsOfService(ctx, s)
			if err != nil {
				return storeError(err)
			}
			ids = append(ids, of[max(0, len(of)-maxEarlier):]...)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	states, err := b.ledger.States(ctx, slices.Compact(ids))
	if err != nil {
		return storeError(err)
	}
	slices.SortStableFunc(states, func(x, y domain.State) int { return x.FiledAt.Compare(y.FiledAt) })
	var earlier []recurrence.Item
	for _, st := range states {
		if it, ok := earlierItem(st); ok {
			earlier = append(earlier, it)
		}
	}
	index := recurrence.New(earlier)
	for i := range plan.Lines {
		l := &plan.Lines[i]
		if l.Action != filing.New {
			continue
		}
		l.Spec.SeenBefore = nil
		for _, m := range index.Find(recurrence.Item{ID: l.Spec.ID, Postmortem: l.Spec.Postmortem, Title: l.Spec.Title, Text: l.Spec.Text, Services: l.Spec.Services}) {
			l.Spec.SeenBefore = append(l.Spec.SeenBefore, domain.Seen{Item: m.ID, Title: m.Title, State: m.Fate.Words(), URL: m.URL})
		}
	}
	return nil
}

// earlierItem is an item as it is compared; one whose ticket is lost is not.
func earlierItem(st domain.State) (recurrence.Item, bool) {
	it := recurrence.Item{ID: st.Spec.ID, Postmortem: st.Spec.Postmortem, Title: st.Spec.Title, Text: st.Spec.Text, Services: st.Spec.Services, Fate: recurrence.Open}
	if t := st.Ticket; t != nil {
		it.URL = t.URL
	}
	switch policy.Status(st.Verdict.Status) {
	case policy.StatusLost:
		return it, false
	case policy.StatusDone, policy.StatusVerified, policy.StatusSoaking:
		it.Fate = recurrence.Verified
	case policy.StatusWaived:
		it.Fate = recurrence.Waived
	}
	if st.Spec.Done && st.Ticket == nil {
		it.Fate = recurrence.Done
	}
	return it, true
}
