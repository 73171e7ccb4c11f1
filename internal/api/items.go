package api

import (
	"context"
	"fmt"
	"net/http"
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
	page, err := s.backend.Items(ctx, q)
	if err != nil {
		return nil, inQuery(err)
	}
	return &itemsOutput{itemsBody{Items: filledItems(page.Items), NextCursor: Text(page.Next)}}, nil
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
