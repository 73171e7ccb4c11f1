package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// AdoptionRequest asks to bring existing tickets under the rule.
type AdoptionRequest struct {
	Tracker string // configured name
	Query   string // in the tracker's own language
	Service string // of tickets that name none; empty: as their place tells
	DryRun  bool
}

// AdoptionResult is what became of it, or with DryRun what would.
type AdoptionResult struct {
	Postmortem string // id under which the adopted tickets are items
	Tickets    []AdoptedTicket
	Warnings   []string
}

// AdoptedTicket is one ticket that matched.
type AdoptedTicket struct {
	Item     string     `json:"item" doc:"id of the item that it is, or becomes"`
	Ticket   TicketView `json:"ticket"`
	Title    string     `json:"title"`
	Action   string     `json:"action" enum:"adopt,tracked" doc:"tracked: it is an item already, and nothing happens"`
	Priority *string    `json:"priority" doc:"from its field or label; null for a tracked one"`
	Type     *string    `json:"type"`
	Owner    *string    `json:"owner"`
	Services []string   `json:"services" nullable:"false"`
	Detail   string     `json:"detail,omitempty" doc:"anything worth knowing before"`
}

// AdoptionView is the answer to an adoption.
type AdoptionView struct {
	Postmortem string          `json:"postmortem" doc:"id under which the adopted tickets are items"`
	Tickets    []AdoptedTicket `json:"tickets" nullable:"false"`
	DryRun     bool            `json:"dry_run,omitempty"`
	Warnings   []string        `json:"warnings,omitempty"`
}

type adoptionBody struct {
	Tracker string  `json:"tracker" minLength:"1" maxLength:"100" doc:"name of the tracker in the configuration" example:"github"`
	Query   string  `json:"query" minLength:"1" maxLength:"2000" doc:"in the tracker's own language; it is asked only of the repositories or projects that tickets are configured for" example:"label:postmortem"`
	Service *string `json:"service,omitempty" nullable:"true" maxLength:"200" doc:"service of tickets that name none; default: that of their repository or project"`
}

type adoptionInput struct {
	DryRun bool `query:"dry_run" doc:"record nothing, say what would be done"`
	Body   adoptionBody
}

type adoptionOutput struct {
	Status int
	Body   AdoptionView
}

func (s *Server) registerAdoptions() {
	op := operation(http.MethodPost, "/adoptions", "adopt-tickets",
		"Bring existing tickets under the rule; those already closed stay closed. With dry_run nothing is recorded", need{role: Operator})
	op.DefaultStatus = http.StatusAccepted
	register(s, op, func(ctx context.Context, in *adoptionInput) (*adoptionOutput, error) {
		r, err := s.backend.Adopt(ctx, ActorOf(ctx), AdoptionRequest{Tracker: strings.TrimSpace(in.Body.Tracker), Query: strings.TrimSpace(in.Body.Query),
			Service: strings.TrimSpace(value(in.Body.Service)), DryRun: in.DryRun})
		if err != nil {
			return nil, err
		}
		out := &adoptionOutput{Status: http.StatusAccepted, Body: AdoptionView{Postmortem: r.Postmortem, Tickets: list(r.Tickets), DryRun: in.DryRun, Warnings: r.Warnings}}
		for i := range out.Body.Tickets {
			out.Body.Tickets[i].Services = list(out.Body.Tickets[i].Services)
		}
		return out, nil
	})
}

// adoptionTimeout bounds an adoption: the tracker lists every ticket that
// matches before the answer comes.
const adoptionTimeout = 5 * time.Minute

// Adopt brings existing tickets under the rule, or with DryRun asks what that
// would do.
func (c *Client) Adopt(ctx context.Context, r AdoptionRequest) (AdoptionView, error) {
	k := post("/adoptions", adoptionBody{Tracker: r.Tracker, Query: r.Query, Service: Text(r.Service)})
	if r.DryRun {
		k.query = url.Values{"dry_run": {"true"}}
	}
	k.timeout = adoptionTimeout
	return fetch[AdoptionView](ctx, c, k)
}
