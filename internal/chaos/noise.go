package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// noise closes and reopens tickets that are no items, in the rough world alone,
// so that deliveries come at every moment: what is accepted while the store or
// the service is dying must be there afterwards.
func (r *run) noise(ctx context.Context, rng *rand.Rand) error {
	const who = "carol"
	w := r.rough
	numbers, keys, closed := map[string]int{}, map[string]string{}, map[string]bool{}
	for _, s := range services {
		n, err := w.site.GitHub.OpenIssue(s.repo, who, "Unrelated", "Nothing to do with any postmortem.")
		if err != nil {
			return fmt.Errorf("making noise: %w", err)
		}
		numbers[s.repo] = n
	}
	for _, p := range []string{"PAY", "OPS"} {
		key, err := w.site.Jira.OpenIssue(p, account(who), "Unrelated", "Nothing to do with any postmortem.")
		if err != nil {
			return fmt.Errorf("making noise: %w", err)
		}
		keys[p] = key
	}
	for nap(ctx, time.Duration(50+rng.IntN(200))*time.Millisecond) {
		at := services[rng.IntN(len(services))].repo
		if rng.IntN(3) == 0 {
			at = []string{"PAY", "OPS"}[rng.IntN(2)]
		}
		var err error
		switch key, number := keys[at], numbers[at]; {
		case key != "" && closed[at]:
			err = w.site.Jira.TransitionIssue(key, account(who), "Reopen", "none")
		case key != "":
			err = w.site.Jira.TransitionIssue(key, account(who), "Done", "Done")
		case closed[at]:
			err = w.site.GitHub.ReopenIssue(at, number, who)
		default:
			err = w.site.GitHub.CloseIssue(at, number, who, "completed")
		}
		if err != nil {
			return fmt.Errorf("making noise: %w", err)
		}
		closed[at] = !closed[at]
		r.events.Add(1)
	}
	return nil
}
