package verdicts

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/containment"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// Replay gives the verdict at each checkpoint of the cases, in their order.
func Replay(ctx context.Context, h *History, cases []Case) ([]Line, error) {
	h.learnOwn(cases)
	results := make([][]Line, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				results[i] = h.replay(&cases[i])
			}
		})
	}
	var err error
	for i := range cases {
		if err = ctx.Err(); err != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	return slices.Concat(results...), err
}

// learnOwn looks up the commits of pull requests that landed as one.
func (h *History) learnOwn(cases []Case) {
	for _, c := range cases {
		for i := range c.Fixes {
			if f := &c.Fixes[i]; len(f.Commits) <= 1 {
				f.own = h.Own(f.change())
			}
		}
	}
}

// story is what was delivered of a case so far.
type story struct {
	closed  bool
	reason  domain.CloseReason
	landed  map[string]bool
	heard   bool
	targets map[string]*running
}

// running is what one target runs.
type running struct {
	domain.Target
	live    *domain.Deployment
	id      number
	known   bool
	canary  *domain.Deployment
	history []string // what ran there before, where it is known
}

func (h *History) replay(c *Case) []Line {
	s := &story{landed: map[string]bool{}, targets: map[string]*running{}}
	for _, t := range c.Targets {
		s.targets[t.Name] = &running{Target: domain.Target{Service: production, Environment: t.Name}}
	}
	asked := c.checkpoints()
	var out []Line
	for i, e := range c.Events {
		h.deliver(s, e)
		until := e.Seq
		if i+1 < len(c.Events) {
			until = c.Events[i+1].Seq - 1
		}
		for _, after := range asked {
			if after >= e.Seq && (after <= until || i+1 == len(c.Events)) {
				d := policy.Decide(rules, h.facts(c, s))
				out = append(out, Line{ID: c.ID, After: after, Verdict: string(d.Verdict), Reason: string(d.Reason)})
			}
		}
	}
	return out
}

// deliver takes in one event.
func (h *History) deliver(s *story, e Event) {
	switch e.Type {
	case "merge":
		s.landed[strings.ToLower(e.SHA)] = true
	case "close":
		s.closed, s.reason = true, domain.CloseReason(e.Reason)
	case "reopen":
		s.closed, s.reason = false, ""
	case "deploy":
		s.heard = true
		if t := s.targets[e.Target]; t != nil && (e.State == "success" || e.State == "") {
			h.deploy(t, e)
		}
	}
}

// deploy moves a target to what a successful deployment put there, unless it
// is older than what the target has.
func (h *History) deploy(t *running, e Event) {
	d := &domain.Deployment{SHA: strings.ToLower(e.SHA), Version: e.Ref, Percent: 100, FinishedAt: time.Unix(e.At, 0).UTC()}
	if e.Percent != nil {
		d.Percent = *e.Percent
	}
	if d.SHA == "" {
		d.SHA = h.tag(e.Ref)
	}
	if t.live != nil && (d.FinishedAt.Before(t.live.FinishedAt) || d.FinishedAt.Equal(t.live.FinishedAt) && e.ID.below(t.id)) {
		return
	}
	if d.Percent < 100 {
		t.canary = d
		return
	}
	if t.live != nil && t.known {
		t.history = append(t.history, t.live.SHA)
	}
	t.live, t.id, t.canary = d, e.ID, nil
	t.known = d.SHA != "" && h.Has(d.SHA)
}

// tag resolves a version as the service does: as it stands, or with the v that
// releases usually get.
func (h *History) tag(ref string) string {
	if sha, ok := h.Tags[ref]; ok {
		return strings.ToLower(sha)
	}
	if ref != "" && ref[0] >= '0' && ref[0] <= '9' {
		return strings.ToLower(h.Tags["v"+ref])
	}
	return ""
}

// production stands for all services of a case: its policy counts targets, of
// whatever service they are.
const production = "production"

// rules leave out all that has to do with time, and give leave to close as not
// planned.
var rules = policy.Rules{NotPlannedAllowed: true, CloseWhenVerified: policy.CloseClosedEarly}

// facts are what the policy decides from.
func (h *History) facts(c *Case, s *story) policy.Facts {
	f := policy.Facts{Now: time.Unix(0, 0), Filed: true, Closed: s.closed, CloseReason: s.reason, DuplicateOK: true}
	service := policy.Service{Name: production, Require: c.require, Heard: s.heard}
	needed := map[string]bool{}
	for _, fix := range c.Fixes {
		if !s.landed[strings.ToLower(fix.Landed)] {
			continue
		}
		pc := policy.Change{Change: domain.Change{Repo: production, SHA: strings.ToLower(fix.Landed)}, Presence: map[domain.Target]policy.Presence{}}
		for _, t := range c.Targets {
			run := s.targets[t.Name]
			if !h.concerns(c, fix, t) {
				pc.Presence[run.Target] = policy.Presence{Contained: policy.Yes, Evidence: "it does not concern this service"}
				continue
			}
			needed[t.Name], pc.Services = true, []string{production}
			pc.Presence[run.Target] = h.presence(fix.change(), run)
		}
		f.Changes = append(f.Changes, pc)
	}
	for _, t := range c.Targets {
		if run := s.targets[t.Name]; needed[t.Name] {
			service.Targets = append(service.Targets, policy.Target{Target: run.Target, Live: run.live, Known: run.known, Canary: run.canary})
		}
	}
	f.Services = []policy.Service{service}
	return f
}

// concerns reports whether a fix has to run in a target.
func (h *History) concerns(c *Case, fix Fix, t Target) bool {
	if len(c.Services) == 0 {
		return true
	}
	for _, path := range h.Paths[strings.ToLower(fix.Landed)] {
		if slices.ContainsFunc(c.Services[t.Service], func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
			return true
		}
	}
	return false
}

func (h *History) presence(c containment.Change, t *running) policy.Presence {
	if t.live == nil || !t.known {
		p := policy.Presence{Contained: policy.No, Behind: -1}
		p.InCanary = t.canary != nil && h.ask(c, t.canary.SHA).Answer == containment.Yes
		return p
	}
	p := Presence(h.ask(c, t.live.SHA))
	if p.Contained == policy.No {
		p.InCanary = t.canary != nil && h.ask(c, t.canary.SHA).Answer == containment.Yes
		p.Was = slices.ContainsFunc(t.history, func(sha string) bool { return h.ask(c, sha).Answer == containment.Yes })
	}
	return p
}

// Presence puts a finding into the words of the policy.
func Presence(r containment.Result) policy.Presence {
	p := policy.Presence{Contained: policy.Answer(r.Answer), Behind: -1, Evidence: r.Words(), Reverted: r.Reason == containment.Reverted, Partly: r.Reason == containment.Partial}
	switch r.Reason {
	case containment.Probable:
		p.Reason = policy.ProbableEquivalent
	case containment.NoLive:
		p.Reason = policy.RevisionUnknown
	case containment.NoCommits, containment.NoPatches:
		p.Reason = policy.EvidenceUnavailable
	}
	return p
}
