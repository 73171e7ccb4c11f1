package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// view is the deployments as one pass over items sees them: each target is
// read once. It is for one goroutine.
type view struct {
	r         *Reconciler
	s         *Setup
	now       time.Time
	successes map[domain.Target][]domain.Deployment
	heard     map[string]bool
	// assume is a deployment that nobody reported: what would be so if it were
	// made now. nil: none.
	assume *domain.Deployment
	// watch, where it is set, lists an item under words before what is live
	// is read.
	watch func(ctx context.Context, words []string) error
}

func (r *Reconciler) newView(s *Setup, now time.Time) *view {
	return &view{r: r, s: s, now: now, successes: map[domain.Target][]domain.Deployment{}, heard: map[string]bool{}}
}

// of gives the newest successes of targets, newest first.
func (v *view) of(ctx context.Context, targets []domain.Target) (map[domain.Target][]domain.Deployment, error) {
	var ask []domain.Target
	for _, t := range targets {
		if _, ok := v.successes[t]; !ok && !slices.Contains(ask, t) {
			ask = append(ask, t)
		}
	}
	if len(ask) > 0 {
		found, err := v.r.ledger.Successes(ctx, ask, successesKept)
		if err != nil {
			return nil, fmt.Errorf("reading the deployments: %w", err)
		}
		for _, t := range ask {
			list := found[t]
			if a := v.assume; a != nil && t.Service == a.Service && t.Environment == a.Environment {
				list = append([]domain.Deployment{*a}, list...)
			}
			v.successes[t] = list
		}
	}
	return v.successes, nil
}

// wasHeard reports whether any deployment of a service was ever reported.
func (v *view) wasHeard(ctx context.Context, service string) (bool, error) {
	if h, ok := v.heard[service]; ok {
		return h, nil
	}
	h, err := v.r.heard(ctx, service)
	if err == nil {
		v.heard[service] = h
	}
	return h, err
}

// again forgets what was read.
func (v *view) again() {
	v.successes, v.heard = map[domain.Target][]domain.Deployment{}, map[string]bool{}
}

const (
	// maxWords is of how many commits a change may be made for each of them to
	// be watched by itself.
	maxWords = 100

	wordOpen = "open/" // + service: some change of the item is not in all that runs
	wordSoak = "soak/" // + service: its rules ask for a soak
	wordBare = "bare/" // + service: the patches of some change of the item were not looked at yet
	wordWide = "wide/" // + repository: a change of more than maxWords commits
)

// wordDuplicate is that of the items whose ticket is closed as a duplicate of
// another one.
func wordDuplicate(of domain.Ref) string { return "duplicate/" + strings.ToLower(string(of)) }

func wordSHA(repo, sha string) string { return "sha/" + strings.ToLower(repo+"/"+sha) }

// words are those under which an item is found when commits are deployed, taken
// back or learned of; without wordOpen, which hangs on the verdict.
func (v *view) words(ctx context.Context, st domain.State, changes []policy.Change) []string {
	var out []string
	soak := v.s.Rules(st.Spec.Team, st.Spec.Priority).Soak > 0
	for _, c := range changes {
		for _, name := range c.Services {
			if soak {
				out = append(out, wordSoak+name)
			}
		}
		if len(c.Services) == 0 {
			continue
		}
		svc, ok := v.s.Service(c.Services[0])
		if !ok {
			continue
		}
		commits, err := v.r.mirror(svc).CommitsOf(ctx, landing(c.Change))
		if err != nil {
			v.r.log.Debug("an item is watched by the landing of a change alone", "item_id", st.Spec.ID, "change", c.Key(), "err", err)
			commits = []string{c.SHA}
		}
		if len(commits) > maxWords {
			out = append(out, wordWide+strings.ToLower(c.Repo))
			continue
		}
		if !v.r.mirror(svc).Compared(ctx, commits) {
			for _, name := range c.Services {
				out = append(out, wordBare+name)
			}
		}
		for _, sha := range commits {
			out = append(out, wordSHA(c.Repo, sha))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
