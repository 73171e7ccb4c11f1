package reconcile

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// The kinds of subjects that are touched here and handled elsewhere: existing
// tickets that come under the rule, adopt/<tracker>, and repositories of
// postmortems, documents/<tracker>/<repository>, pull requests to these,
// preview/<pull request>, and those of them that nobody has looked at,
// previews/<tracker>/<repository>.
const (
	adoptions = "adopt"
	documents = "documents"
	preview   = "preview"
	previews  = "previews"
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

// Mirror is the mirror of a repository on a tracker, whether or not it is a
// service's.
func (r *Reconciler) Mirror(tracker, repo string) *history.Repo {
	for _, svc := range r.Setup().ServicesOf(repo) {
		if svc.Tracker == tracker {
			return r.mirror(svc)
		}
	}
	return r.mirror(domain.Service{Name: repo, Tracker: tracker, Repo: repo})
}

// Within reports whether a file fits one of the globs. A glob that names a
// directory stands for all that is below it; ** stands for any number of
// directories.
func Within(globs []string, file string) bool { return within(globs, file) }
