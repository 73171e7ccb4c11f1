package reconcile

import (
	"context"
	"time"
)

// The kinds of subjects that are touched here and handled elsewhere: existing
// tickets that come under the rule, adopt/<tracker>, and repositories of
// postmortems, documents/<tracker>/<repository>.
const (
	adoptions = "adopt"
	documents = "documents"
)

// relearnAfter lets several adoptions be followed by one look at what was
// merged before.
const relearnAfter = 3 * time.Second

// besidePush makes a repository due that was pushed to, where it is one of
// those that hold documents.
func (r *Reconciler) besidePush(ctx context.Context, s *Setup, tracker, repo string) error {
	if s.Beside == nil {
		return nil
	}
	for _, subject := range s.Beside(tracker) {
		if subject == documents+"/"+tracker+"/"+repo {
			return r.ledger.Touch(ctx, r.now(), subject)
		}
	}
	return nil
}
