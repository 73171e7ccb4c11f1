// Package trackertest is for tests: an in-memory tracker that behaves like the
// real ones, the contract suite that every adapter passes, a transport that
// loses requests and answers on demand, and one that judges requests by
// GitHub's own description of its API. The fake knows nothing of HTTP; what
// depends on wire formats is tested against the adapters.
package trackertest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Account is who the fake writes as.
const Account = "holdfast-bot"

// Fake is a tracker and code host in memory. Its further methods do what
// people do, and make calls fail. It is safe for concurrent use.
type Fake struct {
	name, kind string
	now        func() time.Time

	mu         sync.Mutex
	last       map[string]int // newest number by target
	tickets    map[domain.Ref]*ticket
	moved      map[domain.Ref]domain.Ref
	lastID     int
	writers    map[string]bool
	assignable map[string]bool // nil: everybody
	refused    map[string]string
	noReopen   bool
	repos      map[string]trackers.Repository
	changes    map[string]trackers.Change
	closers    map[domain.Ref][]domain.Change
	deployed   map[string][]domain.Deployment // by repository
	touched    map[string]time.Time           // when a change or deployment was last set
	failures   []failure
	calls      []Call
	findings   []trackers.Finding
}

type ticket struct {
	domain.Ticket
	created  time.Time
	deleted  bool
	comments []*trackers.Comment
	liked    map[string]bool
}

// Call is one call that the fake answered or failed.
type Call struct {
	Op  string // the method's name
	Ref domain.Ref
	Err error
}

var (
	_ trackers.Tracker     = (*Fake)(nil)
	_ trackers.CodeHost    = (*Fake)(nil)
	_ trackers.Sweeper     = (*Fake)(nil)
	_ trackers.CodeSweeper = (*Fake)(nil)
)

// NewFake is an empty tracker. kind is "github" or "jira" and decides the form
// of references and whether comments have reactions. A nil now is time.Now.
func NewFake(name, kind string, now func() time.Time) *Fake {
	if now == nil {
		now = time.Now
	}
	return &Fake{
		name: name, kind: kind, now: now, last: map[string]int{}, tickets: map[domain.Ref]*ticket{}, moved: map[domain.Ref]domain.Ref{},
		writers: map[string]bool{}, refused: map[string]string{}, repos: map[string]trackers.Repository{},
		changes: map[string]trackers.Change{}, closers: map[domain.Ref][]domain.Change{},
		deployed: map[string][]domain.Deployment{}, touched: map[string]time.Time{},
	}
}

// Name is the name given to NewFake.
func (f *Fake) Name() string { return f.name }

// Kind is the kind given to NewFake.
func (f *Fake) Kind() string { return f.kind }

// begin locks, notes the call and takes a failure meant for it. The function
// it returns must be deferred: it unlocks, and turns a success into the error
// of a failure that comes after the effect.
func (f *Fake) begin(ctx context.Context, op string, ref domain.Ref, err *error) (end func(), fail bool) {
	f.mu.Lock()
	var fl *failure
	if e := ctx.Err(); e != nil {
		*err = f.errorf(op, ref, trackers.Transient, "%w", e)
	} else if i := slices.IndexFunc(f.failures, func(x failure) bool { return x.op == "" || x.op == op }); i >= 0 {
		fl = &f.failures[i]
		if !fl.after {
			*err = fl.error(op, ref)
		}
		x := *fl
		fl = &x
		if !x.always {
			f.failures = slices.Delete(f.failures, i, i+1)
		}
	}
	return func() {
		if fl != nil && fl.after && *err == nil {
			*err = fl.error(op, ref)
		}
		f.calls = append(f.calls, Call{op, ref, *err})
		f.mu.Unlock()
	}, *err != nil
}

func (f *Fake) errorf(op string, ref domain.Ref, class trackers.Class, format string, args ...any) error {
	return &trackers.Error{Op: op, Ref: ref, Class: class, Err: fmt.Errorf(format, args...)}
}

// get finds a ticket by its reference, following a move.
func (f *Fake) get(op string, ref domain.Ref) (*ticket, error) {
	if _, err := domain.ParseRef(string(ref)); err != nil || ref.Tracker() != f.name || strings.Contains(string(ref), "..") {
		return nil, f.errorf(op, ref, trackers.Invalid, "this is no ticket of %s", f.name)
	}
	if to, ok := f.moved[ref]; ok {
		ref = to
	}
	tk := f.tickets[ref]
	switch {
	case tk == nil:
		return nil, f.errorf(op, ref, trackers.NotFound, "there is no such ticket")
	case tk.deleted && f.kind == "github":
		return nil, f.errorf(op, ref, trackers.Gone, "the ticket was deleted")
	case tk.deleted:
		return nil, f.errorf(op, ref, trackers.NotFound, "there is no such ticket")
	}
	return tk, nil
}

func (t *ticket) copy() domain.Ticket {
	out := t.Ticket
	out.Labels, out.Assignees = append([]string{}, t.Labels...), append([]string{}, t.Assignees...)
	return out
}

func (f *Fake) newTicket(target, author string) *ticket {
	f.last[target]++
	n := f.last[target]
	ref := domain.JiraRef(f.name, target+"-"+strconv.Itoa(n))
	if f.kind == "github" {
		ref = domain.GitHubRef(f.name, target, n)
	}
	f.lastID++
	now := f.now().UTC()
	tk := &ticket{created: now, liked: map[string]bool{}, Ticket: domain.Ticket{
		Ref: ref, NativeID: strconv.Itoa(f.lastID), URL: "https://tracker.example/" + ref.Key(), Author: author, UpdatedAt: now,
	}}
	f.tickets[ref] = tk
	return tk
}

// Create makes a ticket. Fields named by Refuse, and assignees that are not
// assignable, are left out.
func (f *Fake) Create(ctx context.Context, d trackers.Draft) (out trackers.Created, err error) {
	end, fail := f.begin(ctx, "Create", "", &err)
	defer end()
	if fail {
		return out, err
	}
	if d.Target == "" || d.Marker.Item == "" || len(d.Marker.MAC) != 64 {
		return out, f.errorf("Create", "", trackers.Invalid, "a target and a marker are needed")
	}
	tk := f.newTicket(d.Target, Account)
	tk.Title, tk.Labels = oneLine(d.Title, 255), slices.Clone(d.Labels)
	body := d.Body
	refuse := func(field, value, why string) {
		out.Refused = append(out.Refused, field+": "+why)
		body.Failed = append(slices.Clone(body.Failed), field+" "+value+" – "+why)
	}
	if why, no := f.refused["labels"]; no {
		refuse("labels", strings.Join(d.Labels, ", "), why)
		tk.Labels = nil
	}
	switch why, no := f.refused["assignee"]; {
	case d.Assignee == "":
	case no:
		refuse("assignee", d.Assignee, why)
	case f.assignable != nil && !f.assignable[d.Assignee]:
		refuse("assignee", d.Assignee, "not assignable")
	default:
		tk.Assignees = []string{d.Assignee}
	}
	if f.kind == "jira" {
		tk.Due = d.Due
		if why, no := f.refused["duedate"]; no && d.Due != "" {
			refuse("duedate", d.Due, why)
			tk.Due = ""
		}
	}
	tk.Body = renderBody(body, d.Marker)
	out.Ticket = tk.copy()
	return out, nil
}

// Find looks through all tickets of the target that the fake's account made.
func (f *Fake) Find(ctx context.Context, target string, m trackers.Marker, since time.Time) (out domain.Ticket, found bool, err error) {
	end, fail := f.begin(ctx, "Find", "", &err)
	defer end()
	if fail {
		return out, false, err
	}
	for ref, tk := range f.tickets {
		if ref.Project() == target && !tk.deleted && tk.Author == Account && !tk.created.Before(since.Add(-5*time.Minute)) &&
			strings.HasSuffix(tk.Body, markerLine(m)) {
			return tk.copy(), true, nil
		}
	}
	return out, false, nil
}

// Ticket reads a ticket; a moved one comes back with its new reference.
func (f *Fake) Ticket(ctx context.Context, ref domain.Ref) (out domain.Ticket, err error) {
	end, fail := f.begin(ctx, "Ticket", ref, &err)
	defer end()
	if fail {
		return out, err
	}
	tk, err := f.get("Ticket", ref)
	if err != nil {
		return out, err
	}
	return tk.copy(), nil
}

// Edit changes a ticket.
func (f *Fake) Edit(ctx context.Context, t domain.Ticket, e trackers.Edit) (out domain.Ticket, err error) {
	end, fail := f.begin(ctx, "Edit", t.Ref, &err)
	defer end()
	if fail {
		return t, err
	}
	tk, err := f.get("Edit", t.Ref)
	if err != nil {
		return t, err
	}
	if e.State == trackers.StateOpen && tk.Closed && f.noReopen {
		return t, f.errorf("Edit", t.Ref, trackers.Invalid, "the workflow offers no way back")
	}
	if e.Title != nil {
		tk.Title = oneLine(*e.Title, 255)
	}
	if e.Body != nil {
		tk.Body = *e.Body
	}
	if e.Due != nil && f.kind == "jira" {
		tk.Due = *e.Due
	}
	if e.Assignee != nil {
		if *e.Assignee != "" && f.assignable != nil && !f.assignable[*e.Assignee] {
			return t, f.errorf("Edit", t.Ref, trackers.Invalid, "%s is not assignable", *e.Assignee)
		}
		tk.Assignees = slices.DeleteFunc([]string{*e.Assignee}, func(s string) bool { return s == "" })
	}
	for _, l := range e.AddLabels {
		if !slices.Contains(tk.Labels, l) {
			tk.Labels = append(tk.Labels, l)
		}
	}
	tk.Labels = slices.DeleteFunc(tk.Labels, func(l string) bool { return slices.Contains(e.RemoveLabels, l) && !slices.Contains(e.AddLabels, l) })
	switch {
	case e.State == trackers.StateOpen && tk.Closed:
		f.open(tk)
	case e.State == trackers.StateClosed && !tk.Closed:
		f.close(tk, e.CloseReason)
	}
	tk.UpdatedAt = f.now().UTC()
	return tk.copy(), nil
}

func (f *Fake) open(tk *ticket) {
	tk.Closed, tk.CloseReason, tk.ClosedAt, tk.DuplicateOf = false, "", time.Time{}, ""
	tk.UpdatedAt = f.now().UTC()
}

func (f *Fake) close(tk *ticket, why domain.CloseReason) {
	if why == "" {
		why = domain.Completed
	}
	now := f.now().UTC()
	tk.Closed, tk.CloseReason, tk.ClosedAt, tk.UpdatedAt = true, why, now, now
}

// Check returns what SetFindings set, else one line that all is well.
func (f *Fake) Check(context.Context, []string) []trackers.Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.findings != nil {
		return slices.Clone(f.findings)
	}
	return []trackers.Finding{{Subject: f.name, OK: true, Detail: "a tracker in memory"}}
}
