package reconcile

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

const (
	retentionSubject = "retention/all"
	retentionEvery   = 24 * time.Hour
	retentionPage    = 200
	retentionTime    = 10 * time.Second // of one look; the next goes on from there
	// eventsFor is how long raw events are kept, where retention is longer:
	// what followed from them is in the ledgers.
	eventsFor = 30 * 24 * time.Hour
)

// Retention is the subject under which what is finished is cut down. It is
// touched at the start.
func Retention() string { return retentionSubject }

// retain cuts down what has been finished for longer than the retention: the
// ledgers of items to their summaries, old events and deployments to what is
// still asked for. It goes on where the last look ended.
func (r *Reconciler) retain(ctx context.Context) (time.Time, error) {
	keep := r.Setup().Retention
	if keep <= 0 {
		return time.Time{}, nil
	}
	now := r.now()
	end := now.Add(retentionTime)
	if err := r.ledger.TrimEvents(ctx, now.Add(-min(keep, eventsFor))); err != nil {
		return time.Time{}, err
	}
	done, err := r.retainItems(ctx, now.Add(-keep), end)
	if err != nil {
		return time.Time{}, err
	}
	if done {
		if done, err = r.retainDeployments(ctx, now.Add(-keep), end); err != nil {
			return time.Time{}, err
		}
	}
	if !done {
		return r.now().Add(time.Second), nil
	}
	return r.now().Add(retentionEvery), nil
}

// retainItems archives finished items to which nothing was added since before.
func (r *Reconciler) retainItems(ctx context.Context, before, end time.Time) (done bool, err error) {
	const mark = "retention/items"
	after, err := r.ledger.Meta(ctx, mark)
	if err != nil {
		return false, err
	}
	for {
		ids, err := r.ledger.ItemIDs(ctx, after, retentionPage)
		if errors.Is(err, ledger.ErrNotFound) { // the item at which it ended is gone
			ids, err = r.ledger.ItemIDs(ctx, "", retentionPage)
		}
		if err != nil {
			return false, err
		}
		if len(ids) == 0 {
			return true, r.ledger.SetMeta(ctx, mark, "", time.Minute)
		}
		journals, err := r.ledger.Journals(ctx, ids, r.now())
		if err != nil {
			return false, err
		}
		for _, j := range journals {
			if j.LastAt.Before(before) && j.Snapshot.ArchivedAt.Before(j.LastAt) && r.finished(j.Snapshot) {
				if err := r.archive(ctx, j.Snapshot.Spec.ID, before); err != nil {
					return false, err
				}
			}
		}
		after = ids[len(ids)-1]
		if err := r.ledger.SetMeta(ctx, mark, after, 0); err != nil {
			return false, err
		}
		if r.now().After(end) {
			return false, nil
		}
	}
}

// finished reports whether an item needs no look any more, unless somebody
// does something to its ticket.
func (r *Reconciler) finished(st domain.State) bool {
	if st.Spec.ID == "" || len(st.Open) > 0 || len(st.Hints) > 0 || st.Brake != "" || st.UpdateOwed {
		return false
	}
	switch t := st.Ticket; {
	case st.Lost, t == nil && st.Spec.Done, st.Final:
		return true
	case t == nil || !t.Closed || st.AcceptedAt.IsZero():
		return false
	}
	if w := st.Waiver; w != nil && r.now().Before(w.ExpiresAt) {
		return false
	}
	return r.now().After(st.AcceptedAt.Add(r.Setup().Rules(st.Spec.Team, st.Spec.Priority).Watch))
}

// archive cuts one ledger down, if it still may be. Somebody else at work on
// the item, or something new in it, leaves it for another day.
func (r *Reconciler) archive(ctx context.Context, id string, before time.Time) error {
	l, ok, err := r.ledger.ClaimSubject(ctx, "item/"+id, leaseTime)
	if err != nil || !ok {
		return err
	}
	defer func() {
		if err := r.ledger.Done(ctx, l, time.Time{}); err != nil && !errors.Is(err, ledger.ErrLeaseLost) {
			r.log.Info("the lease will run out", "subject", l.Subject, "err", err)
		}
	}()
	st, err := r.load(ctx, id)
	if err != nil {
		return err
	}
	entries, err := r.ledger.Entries(ctx, id)
	if err != nil {
		return err
	}
	if !r.finished(st) || len(entries) == 0 || !entries[len(entries)-1].At.Before(before) || entries[len(entries)-1].Seq != st.Applied {
		return nil
	}
	kept := Summary(entries)
	if !sameStory(Fold(domain.State{}, kept), Fold(domain.State{}, entries)) {
		r.log.Warn("the ledger of an item is kept whole: its summary would tell something else", "item_id", id)
		return nil
	}
	st.ArchivedAt, st.Verdict.Why, st.AcceptedReceipts = r.now().UTC(), nil, nil
	err = r.ledger.Archive(ctx, l, st, kept)
	if errors.Is(err, ledger.ErrConflict) || errors.Is(err, ledger.ErrLeaseLost) {
		return nil
	}
	return err
}

// Summary picks from an item's entries what tells its story: what it is, when
// it was filed, closed, reopened, verified and waived, and why. Deliveries,
// intents, comments and long texts go.
func Summary(entries []domain.Entry) []domain.Entry {
	var out []domain.Entry
	last := len(entries) - 1
	var seen *domain.Ticket
	for i, e := range entries {
		switch e.Name {
		case domain.TicketEvent, domain.CommentSeen, domain.DeploymentHeard, domain.ActionIntended, domain.ActionWithheld, domain.EntryDamaged:
			if i != last { // by the last it is known when the item was touched last
				continue
			}
		case domain.TicketSeen:
			same := seen != nil && seen.Closed == e.Ticket.Closed && seen.Title == e.Ticket.Title && seen.Due == e.Ticket.Due && slices.Equal(seen.Assignees, e.Ticket.Assignees)
			seen = e.Ticket
			if same && i != last {
				continue
			}
		case domain.ActionDone, domain.ActionFailed:
			switch e.Action.Kind {
			case domain.ActCreate, domain.ActReopen, domain.ActClose:
			default:
				if i != last {
					continue
				}
			}
			a := *e.Action
			a.Payload = nil
			e.Action = &a
			if a.Ticket != nil {
				seen = a.Ticket
			}
		case domain.VerdictReached:
			v := *e.Verdict
			v.Why, v.Receipts = nil, nil
			e.Verdict = &v
		case domain.ItemFiled, domain.ItemUpdated:
			spec := *e.Spec
			spec.Text = ""
			e.Spec = &spec
		}
		out = append(out, e)
	}
	return out
}

// sameStory reports whether two states tell the same of what reports and
// people ask for.
func sameStory(a, b domain.State) bool {
	story := func(s domain.State) []any {
		closed := s.Ticket != nil && s.Ticket.Closed
		return []any{s.FiledAt, s.Spec.Title, s.Spec.Priority, s.Spec.Due, s.Lost, s.Final, closed, s.ClosedAt, s.AcceptedAt, s.VerifiedAt, s.ReopenedAt, s.PersonReopenedAt,
			s.Reopened, s.Verdict.Status, s.Verdict.Verdict, s.Verdict.Reason, s.Waiver, s.Attestation, s.Changes}
	}
	return reflect.DeepEqual(story(a), story(b))
}

// retainDeployments forgets old reports of deployments; what is live, and what
// was live in the deployments that a verdict looks back on, stays.
func (r *Reconciler) retainDeployments(ctx context.Context, before, end time.Time) (done bool, err error) {
	const mark = "retention/deployments"
	text, err := r.ledger.Meta(ctx, mark)
	if err != nil {
		return false, err
	}
	from, _ := strconv.ParseInt(text, 10, 64) // none: from the first
	for {
		next, _, err := r.ledger.TrimDeployments(ctx, before, successesKept, from)
		if err != nil {
			return false, fmt.Errorf("forgetting old deployments: %w", err)
		}
		if next == 0 {
			return true, r.ledger.SetMeta(ctx, mark, "", time.Minute)
		}
		from = next
		if err := r.ledger.SetMeta(ctx, mark, strconv.FormatInt(from, 10), 0); err != nil {
			return false, err
		}
		if r.now().After(end) {
			return false, nil
		}
	}
}
