package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// Giving up: what is not so when nothing is planned, and when after that every
// tracker was swept from one end to the other, will not come.
const (
	idleLong  = 15 * time.Second
	idleAhead = 3 * time.Minute
)

// settle waits until both worlds look the same and nothing more happens. It is
// false when they do not before patience ends, or when nothing is left to be
// done and they still differ.
func (r *run) settle(ctx context.Context) bool {
	same := func() bool { return len(differ(r.calm.look(ctx, r.items), r.rough.look(ctx, r.items))) == 0 }
	var idle time.Time
	for end := time.Now().Add(r.o.Settle); time.Now().Before(end) && ctx.Err() == nil; {
		if same() {
			// What comes late must not make a difference: sweeps pass.
			seen := time.Now().Add(3 * time.Second)
			swept := func() bool { return r.calm.sweptAfter(ctx, seen) && r.rough.sweptAfter(ctx, seen) }
			if poll(ctx, time.Until(end), 100*time.Millisecond, swept) != nil {
				return false
			}
			if r.rough.rest(ctx, time.Until(end)) == nil && same() {
				return true
			}
		}
		switch {
		case !r.rough.quiet(ctx, idleAhead) || !r.calm.quiet(ctx, idleAhead):
			idle = time.Time{}
		case idle.IsZero():
			idle = time.Now()
		case r.rough.sweptAfter(ctx, idle.Add(idleLong)) && r.calm.sweptAfter(ctx, idle.Add(idleLong)):
			return false
		}
		nap(ctx, 500*time.Millisecond)
	}
	return false
}

// sweptAfter reports whether each tracker was swept, completely, after at, as
// the service tells it.
func (w *world) sweptAfter(ctx context.Context, at time.Time) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/metrics", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close() // it was only read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return false
	}
	for _, tracker := range []string{"github", "jira"} {
		_, after, _ := strings.Cut(string(text), fmt.Sprintf("holdfast_sweep_age_seconds{tracker=%q} ", tracker))
		line, _, _ := strings.Cut(after, "\n")
		age, err := strconv.ParseFloat(line, 64)
		if err != nil || age < 0 || time.Now().Add(-time.Duration(age*float64(time.Second))).Before(at) {
			return false
		}
	}
	return true
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
		res.add(a, b)
		r.say("%s differs\n  calm  %+v\n  rough %+v", id, a, b)
	}
	broken, err := r.promised.broken(ctx, r.rough)
	if err != nil {
		res.Differences++
		r.say("what the disturbed service has promised can't be compared: %v", err)
	}
	if len(broken) > 0 {
		res.Lost += len(broken)
		r.tellBroken(broken)
	}
	for _, w := range []*world{r.calm, r.rough} {
		r.save(ctx, w)
	}
	return res
}

// add counts what differs in one item by its kind; what is neither lost nor
// doubled is a difference.
func (res *Result) add(a, b view) {
	before := *res
	res.item(a, b)
	if a != b && *res == before {
		res.Differences++
	}
}

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

// tellStruck says how often each kind of fault has struck, and counts them all.
func (r *run) tellStruck() (all int) {
	counts := map[string]int{}
	for _, count := range []func() (sandbox.Faults, map[sandbox.FaultKind]int){r.rough.site.GitHub.Faults, r.rough.site.Jira.Faults} {
		_, kinds := count()
		for k, n := range kinds {
			counts[string(k)] += n
			all += n
		}
	}
	for k, n := range r.rough.blows {
		counts[string(k)] += n
		all += n
	}
	var words []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%s %d", k, counts[k]))
	}
	r.say("struck: %s", strings.Join(words, ", "))
	return all
}
