package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/policy"
)

// The causes of items that were brought here instead of filed. Each stands
// before a time, and is also the subject that has the items looked at.
const (
	causeImport  = "import"
	causeRebuild = "rebuild"
)

// restoredKept is how long it is remembered that a restoring was counted.
const restoredKept = 90 * 24 * time.Hour

// ImportCause and RebuildCause name an import or a rebuild that is made now.
func (r *Reconciler) ImportCause() string  { return r.restoringNow(causeImport) }
func (r *Reconciler) RebuildCause() string { return r.restoringNow(causeRebuild) }

func (r *Reconciler) restoringNow(kind string) string {
	return kind + "/" + r.now().UTC().Format("2006-01-02T15:04:05Z")
}

func countedKey(cause string) string { return "counted/" + cause }

// imported has the items of an import looked at anew. Those that it would have
// reopened are counted before the first of them is touched.
func (r *Reconciler) imported(ctx context.Context, id string) error {
	return r.judgeRestored(ctx, causeImport+"/"+id, false)
}

// judgeRestored counts what is brought by a cause and has everything looked
// at. With hold an operator is asked about its reopenings, however few.
func (r *Reconciler) judgeRestored(ctx context.Context, cause string, hold bool) error {
	var ids []string
	if err := r.each(ctx, func(st domain.State) error { ids = append(ids, st.Spec.ID); return nil }); err != nil {
		return err
	}
	if _, err := r.count(ctx, r.newView(r.Setup(), r.now().UTC()), cause, ids); err != nil {
		return err
	}
	if hold {
		if _, err := r.ledger.SetGroup(ctx, cause, groupClear, groupHeld, ""); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
	}
	if err := r.ledger.SetMeta(ctx, countedKey(cause), "1", restoredKept); err != nil {
		return fmt.Errorf("ending the count of %s: %w", cause, err)
	}
	return r.touch(ctx, ids)
}

// restoring says when to look again at an item that was brought here and must
// wait until all that came with it is known; zero: it need not wait.
func (w *work) restoring(ctx context.Context) (time.Time, error) {
	if w.st.RestoredBy == "" {
		return time.Time{}, nil
	}
	done, err := w.r.ledger.Meta(ctx, countedKey(w.st.RestoredBy))
	if err != nil || done != "" {
		return time.Time{}, err
	}
	return w.r.now().Add(2 * time.Second), nil
}

// asked reports whether an operator is asked before this reopening, where many
// come together: always, but for the ticket's own close. The close of a rebuilt
// ticket is not told apart from one that was accepted before the loss.
func asked(st domain.State, ownClose bool) bool {
	return !ownClose || rebuiltClosed(st)
}

// rebuiltClosed reports whether the ticket was closed when a rebuild found it,
// and is since.
func rebuiltClosed(st domain.State) bool {
	return (isRebuild(st.RestoredBy) || isRebuild(st.Verdict.Cause)) && !st.ClosedAt.IsZero() && !st.CloseSeenAt.After(st.RebuiltAt)
}

func isRebuild(cause string) bool { return strings.HasPrefix(cause, causeRebuild+"/") }

// unheard says why a rebuilt ticket is not reopened yet: it was closed before
// the loss, and since then nothing has told what runs. Empty: it may be.
func unheard(st domain.State, reason policy.Reason) string {
	if reason != policy.NoDeploymentHeard || !rebuiltClosed(st) {
		return ""
	}
	return "the store was rebuilt, and no deployment of the service was heard since: report one"
}
