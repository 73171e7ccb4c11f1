package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// ItemPath names an item in a path: its id is <postmortem>/<n>. It is exported
// because huma fills only embedded structs that are.
type ItemPath struct {
	Postmortem string `path:"postmortem" maxLength:"200" doc:"id of the postmortem"`
	N          int    `path:"n" minimum:"1" doc:"number of the item in it"`
}

func (p ItemPath) id() string { return fmt.Sprintf("%s/%d", p.Postmortem, p.N) }

type itemsInput struct {
	Postmortem string   `query:"postmortem" maxLength:"200" doc:"id of a postmortem"`
	Status     []string `query:"status" enum:"filing,lost,waived,done,regressed,soaking,verified,closed_early,awaiting_deployment,open" doc:"several with commas between, as with the other lists"`
	Verdict    []string `query:"verdict" enum:"verified,not_verified,unknown,exempt"`
	Team       []string `query:"team"`
	Service    []string `query:"service"`
	Priority   []string `query:"priority" enum:"P0,P1,P2,P3,P4"`
	Type       []string `query:"type" enum:"preventative,mitigative,other"`
	Owner      string   `query:"owner" maxLength:"200"`
	Overdue    string   `query:"overdue" enum:"true,false"`
	Event      string   `query:"event" enum:"created,merged,closed,reopened,regressed,verified,waived,withdrawn,due_moved" doc:"to which this happened from from to before to, as the weekly report counts it"`
	From       string   `query:"from" format:"date-time" doc:"with event; with attention, since when a reopening counts: default the start of the team's running week"`
	To         string   `query:"to" format:"date-time" doc:"with event; default: now"`
	DueFrom    string   `query:"due_from" format:"date" doc:"due on this day or later"`
	DueTo      string   `query:"due_to" format:"date" doc:"due on this day or earlier"`
	Flaw       string   `query:"flaw" enum:"no_owner,no_due,no_change,refused,lost,vouched_by_owner,fix_older_than_incident" doc:"with this gap in what is known, as the weekly report counts it"`
	Attention  string   `query:"attention" enum:"true,false" doc:"true: only those about which somebody has to decide"`
	Q          string   `query:"q" maxLength:"200" doc:"part of the id, title, owner or ticket"`
	Limit      int      `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor     string   `query:"cursor" maxLength:"500" doc:"next_cursor of the page before"`
}

type itemsBody struct {
	Items      []ItemView `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor" doc:"null on the last page"`
}

type itemsOutput struct{ Body itemsBody }

type itemDetailOutput struct{ Body ItemDetail }

type whyInput struct {
	Item   string `query:"item" maxLength:"300" doc:"<postmortem id>/<n>"`
	Ticket string `query:"ticket" maxLength:"2000" doc:"github:OWNER/REPO#12, jira:PAY-12, the same without the tracker, or an address"`
}

type whyOutput struct{ Body WhyView }

func (s *Server) registerItems() {
	read := need{role: Viewer}
	register(s, operation(http.MethodGet, "/items", "list-items", "Items that match every filter, in order of filing", read), s.listItems)
	register(s, operation(http.MethodGet, "/items/{postmortem}/{n}", "get-item", "One item with its ledger", read), s.getItem)
	register(s, operation(http.MethodGet, "/why", "get-why", "Each check of an item's verdict with its result", read), s.why)
}

func (s *Server) listItems(ctx context.Context, in *itemsInput) (*itemsOutput, error) {
	q := ItemQuery{Postmortem: in.Postmortem, Status: in.Status, Verdict: in.Verdict, Team: in.Team, Service: in.Service,
		Priority: in.Priority, Type: in.Type, Owner: in.Owner, Q: in.Q, Limit: in.Limit, Cursor: in.Cursor}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	if in.Overdue != "" {
		overdue := in.Overdue == "true"
		q.Overdue = &overdue
	}
	var err error
	if q.Report, err = in.report(); err != nil {
		return nil, err
	}
	page, err := s.backend.Items(ctx, q)
	if err != nil {
		return nil, inQuery(err)
	}
	return &itemsOutput{itemsBody{Items: filledItems(page.Items), NextCursor: Text(page.Next)}}, nil
}

// report is the part of the filter that stands behind the numbers of a report.
func (in *itemsInput) report() (report.Filter, error) {
	f := report.Filter{Event: report.Event(in.Event), DueFrom: in.DueFrom, DueTo: in.DueTo, Flaw: in.Flaw, Attention: in.Attention == "true"}
	missing := func(field, detail string) (report.Filter, error) {
		return f, invalidProblem("query", []Invalid{{Field: field, Detail: detail}})
	}
	switch {
	case f.Event == "" && in.To != "", f.Event == "" && !f.Attention && in.From != "":
		return missing("event", "from and to need an event, such as event=verified")
	case f.Event != "" && in.From == "":
		return missing("from", "an event needs from, such as from=2026-11-16T00:00:00Z")
	}
	// huma checked the form.
	f.From, _ = time.Parse(time.RFC3339Nano, in.From)
	f.To, _ = time.Parse(time.RFC3339Nano, in.To)
	return f, nil
}

func (s *Server) getItem(ctx context.Context, in *ItemPath) (*itemDetailOutput, error) {
	d, err := s.backend.Item(ctx, in.id())
	if err != nil {
		return nil, err
	}
	return &itemDetailOutput{d.filled()}, nil
}

func (s *Server) why(ctx context.Context, in *whyInput) (*whyOutput, error) {
	if (in.Item == "") == (in.Ticket == "") {
		return nil, invalidProblem("query", []Invalid{{Field: "item", Detail: "name either an item or a ticket: ?item=<postmortem id>/<n> or ?ticket=github:OWNER/REPO%2312"}})
	}
	find := s.backend.ItemByTicket
	name := in.Ticket
	if in.Item != "" {
		find, name = s.backend.Item, in.Item
	}
	d, err := find(ctx, name)
	if err != nil {
		return nil, inQuery(err)
	}
	d = d.filled()
	return &whyOutput{WhyView{Item: d.ID, Title: d.Title, Ticket: d.Ticket, Status: d.Status,
		Verdict: d.Verdict, Reason: d.Reason, Checks: d.Why}}, nil
}

// inQuery places a backend's Invalid in the query instead of the body.
func inQuery(err error) error {
	if invalid := invalids(err); len(invalid) > 0 {
		return invalidProblem("query", invalid)
	}
	return err
}
