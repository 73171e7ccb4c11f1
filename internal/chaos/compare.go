package chaos

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// Giving up: what is not so after nothing has happened for a while, with
// nothing planned, will not come.
const (
	idleLong  = 30 * time.Second
	idleAhead = 3 * time.Minute
)

// settle waits until both worlds look the same and nothing more happens. It is
// false when they do not before patience ends, or when nothing is left to be
// done and they still differ.
func (r *run) settle(ctx context.Context) bool {
	same := func() bool {
		return len(differ(r.calm.look(ctx, r.items), r.rough.look(ctx, r.items))) == 0 && r.deploymentsMissing(ctx) == 0
	}
	var idle time.Time
	for end := time.Now().Add(r.o.Settle); time.Now().Before(end) && ctx.Err() == nil; {
		if same() {
			// What comes late must not make a difference: two sweeps pass.
			nap(ctx, 5*time.Second)
			if r.rough.rest(ctx, time.Until(end)) == nil && same() {
				return true
			}
		}
		switch {
		case !r.rough.quiet(ctx, idleAhead):
			idle = time.Time{}
		case idle.IsZero():
			idle = time.Now()
		case time.Since(idle) > idleLong:
			return false
		}
		nap(ctx, 500*time.Millisecond)
	}
	return false
}

// compare counts what differs in the end, and says it.
func (r *run) compare(ctx context.Context) Result {
	var res Result
	want, have := r.calm.look(ctx, r.items), r.rough.look(ctx, r.items)
	for _, id := range r.items {
		a, b := want[id], have[id]
		if a == b {
			continue
		}
		before := res
		res.item(a, b)
		if res == before {
			res.Differences++
		}
		r.say("%s differs\n  calm  %+v\n  rough %+v", id, a, b)
	}
	if n := r.deploymentsMissing(ctx); n > 0 {
		res.Lost += n
		r.say("%d accepted deployments are lost", n)
	}
	res.Lost += r.deliveriesLost(ctx)
	for _, w := range []*world{r.calm, r.rough} {
		r.save(ctx, w)
	}
	return res
}

// item counts the differences of one item by their kind.
func (res *Result) item(a, b view) {
	count := func(into *int, n int) { *into += max(n, 0) }
	if a.Tickets > 0 && b.Tickets == 0 || a.Service.Known && !b.Service.Known {
		res.Lost++
		return
	}
	count(&res.Lost, a.Service.Cmds-b.Service.Cmds)
	count(&res.Lost, a.Service.Changes-b.Service.Changes)
	count(&res.Lost, b.Service.OpenIntents-a.Service.OpenIntents)
	count(&res.Doubled, b.Tickets-a.Tickets)
	count(&res.Doubled, b.Comments-a.Comments)
	count(&res.Doubled, b.Reactions-a.Reactions)
	count(&res.Doubled, b.Reopened-a.Reopened)
	count(&res.Doubled, b.ClosedBy-a.ClosedBy)
	count(&res.Doubled, b.Service.DoubleCmds+b.Service.DoubleOutcomes)
}

// deploymentsMissing counts the deployments that the disturbed service
// accepted and does not list.
func (r *run) deploymentsMissing(ctx context.Context) int {
	missing := 0
	for name, n := range r.deployed {
		have, cursor := 0, ""
		for {
			page, err := r.rough.client.Deployments(ctx, api.DeploymentQuery{Service: name, Limit: 100, Cursor: cursor})
			if err != nil {
				break
			}
			have += len(page.Deployments)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		missing += max(n-have, 0)
	}
	return missing
}

// save writes down what the world shows, for whoever looks into a failure.
func (r *run) save(ctx context.Context, w *world) {
	all := map[string]any{}
	for _, id := range r.items {
		if d, err := w.client.Item(ctx, id); err == nil {
			all[id] = d
		}
	}
	for _, s := range services {
		if s.jira == "" {
			all[s.repo] = w.site.GitHub.Issues(s.repo)
		}
	}
	for _, p := range []string{"PAY", "OPS"} {
		all[p] = w.site.Jira.Issues(p)
	}
	_, all["struck by github"] = w.site.GitHub.Faults()
	_, all["struck by jira"] = w.site.Jira.Faults()
	b, err := json.MarshalIndent(all, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, "shown.json"), b, 0o600)
	}
	if err != nil {
		r.say("what the %s world shows was not saved: %v", w.name, err)
	}
}
