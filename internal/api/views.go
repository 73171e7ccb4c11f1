package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/hints"
)

// ItemView is an action item as the API shows it. Fields that have no value
// are null, lists and maps are never null.
type ItemView struct {
	ID          string            `json:"id" doc:"<postmortem id>/<n>" example:"2026-11-01-checkout-down/1"`
	Postmortem  string            `json:"postmortem" doc:"id of the postmortem"`
	Title       string            `json:"title"`
	Priority    domain.Priority   `json:"priority" enum:"P0,P1,P2,P3,P4"`
	Type        domain.Type       `json:"type" enum:"preventative,mitigative,other"`
	TypeWritten *string           `json:"type_written" doc:"the document's own word for the type"`
	Owner       *string           `json:"owner"`
	Team        *string           `json:"team"`
	Services    []string          `json:"services" nullable:"false" doc:"services whose production must have the fix"`
	Due         *string           `json:"due" format:"date" doc:"end of this day in the team's time zone"`
	Overdue     bool              `json:"overdue"`
	Status      string            `json:"status" enum:"filing,lost,waived,done,regressed,soaking,verified,closed_early,awaiting_deployment,open"`
	Verdict     string            `json:"verdict" enum:"verified,not_verified,unknown,exempt"`
	Reason      *string           `json:"reason" doc:"why it is not verified or unknown"`
	Ticket      *TicketView       `json:"ticket" doc:"null until the ticket is made"`
	Changes     []ChangeView      `json:"changes" nullable:"false"`
	Live        map[string]string `json:"live" doc:"service/environment to the commit that is live there"`
	Reopened    int               `json:"reopened" doc:"how often Holdfast reopened the ticket"`
	CreatedAt   time.Time         `json:"created_at"`
	VerifiedAt  *time.Time        `json:"verified_at"`
	ClosedAt    *time.Time        `json:"closed_at"`
	Hints       []hints.Hint      `json:"hints,omitempty" doc:"of a new item, in the answer to its filing only"`
}

// TicketView is the ticket of an item.
type TicketView struct {
	Ref   domain.Ref `json:"ref" example:"github:acme/checkout#12"`
	URL   string     `json:"url"`
	State string     `json:"state" enum:"open,closed"`
}

// ChangeView is a change linked to an item. Contained maps
// service/environment to "yes", "no" or "unknown".
type ChangeView struct {
	Repo        string            `json:"repo"`
	SHA         *string           `json:"sha" doc:"commit by which it landed; null while the pull request is open"`
	PullRequest *int              `json:"pull_request"`
	LandedAt    *time.Time        `json:"landed_at"`
	Contained   map[string]string `json:"contained" doc:"service/environment to yes, no or unknown"`
}

// ItemDetail is an item with its ledger and the checks of its verdict.
type ItemDetail struct {
	ItemView
	Ledger []domain.Entry `json:"ledger" nullable:"false" doc:"everything seen, decided and done, in order"`
	Why    []Check        `json:"why" nullable:"false" doc:"the checks of the verdict, in order"`
}

// Check is one step of a verdict.
type Check struct {
	Check  string `json:"check" doc:"what was looked at"`
	Result string `json:"result" enum:"pass,fail,unknown,info"`
	Detail string `json:"detail" doc:"what was found"`
	Remedy string `json:"remedy,omitempty" doc:"what to do about it"`
}

// WhyView answers why an item has its verdict.
type WhyView struct {
	Item    string      `json:"item"`
	Title   string      `json:"title"`
	Ticket  *TicketView `json:"ticket"`
	Status  string      `json:"status"`
	Verdict string      `json:"verdict"`
	Reason  *string     `json:"reason"`
	Checks  []Check     `json:"checks" nullable:"false"`
}

// PlanLine is what filing would do with one item.
type PlanLine struct {
	Item     string          `json:"item" doc:"id that the item has or would get"`
	Title    string          `json:"title"`
	Action   string          `json:"action" enum:"file,update,adopt,tracked,unchanged,done,remove" doc:"file: a new ticket; update: the ticket exists, the document changed; adopt: the ticket that the document names; tracked: that ticket is an item already; done: marked done, no ticket; remove: the document no longer has it"`
	Target   string          `json:"target" doc:"where the ticket goes, or the ticket that there is"`
	Priority domain.Priority `json:"priority"`
	Type     domain.Type     `json:"type"`
	Owner    *string         `json:"owner"`
	Due      *string         `json:"due"`
	Services []string        `json:"services" nullable:"false"`
	Detail   string          `json:"detail,omitempty" doc:"anything worth knowing before it is filed"`
	Line     int             `json:"line,omitempty" doc:"where it stands in the document"`
	// Hints and SeenBefore are of new items only.
	Hints      []hints.Hint  `json:"hints,omitempty" doc:"what will make it hard to finish, each with a rewrite to start from"`
	SeenBefore []domain.Seen `json:"seen_before,omitempty" doc:"earlier items for the same services with a similar text, at most five"`
}

// FiledView is the answer to a filed postmortem.
type FiledView struct {
	Postmortem string     `json:"postmortem" doc:"id of the postmortem"`
	Items      []ItemView `json:"items" nullable:"false"`
	DryRun     bool       `json:"dry_run,omitempty"`
	Plan       []PlanLine `json:"plan,omitempty" doc:"with dry_run: what would be done"`
	Warnings   []string   `json:"warnings,omitempty"`
}

// DeploymentView is a deployment as it was reported.
type DeploymentView struct {
	ID          string                  `json:"id"`
	Service     string                  `json:"service"`
	Environment string                  `json:"environment"`
	SHA         *string                 `json:"sha" doc:"null until the version is resolved"`
	Version     *string                 `json:"version"`
	Status      domain.DeploymentStatus `json:"status" enum:"queued,in_progress,success,failure,inactive"`
	Percent     int                     `json:"percent"`
	FinishedAt  time.Time               `json:"finished_at"`
	ReceivedAt  time.Time               `json:"received_at"`
	URL         *string                 `json:"url" doc:"address that the sender gave"`
	Source      string                  `json:"source" doc:"who told it"`
	Production  bool                    `json:"production"`
	Handled     bool                    `json:"handled" doc:"its items have been looked at"`
}

// DeploymentDetail is a deployment with the items that it moved.
type DeploymentDetail struct {
	DeploymentView
	Shipped  []ItemView `json:"shipped" nullable:"false"`
	TookBack []ItemView `json:"took_back" nullable:"false"`
}

// DeployedView is the answer to a reported deployment.
type DeployedView struct {
	ID         string   `json:"id"`
	URL        string   `json:"url" doc:"where this deployment can be read"`
	Production bool     `json:"production" doc:"this environment counts"`
	Warnings   []string `json:"warnings" nullable:"false"`
}

// PauseView says whether writing to trackers is stopped.
type PauseView struct {
	Paused bool       `json:"paused"`
	By     *string    `json:"by"`
	Since  *time.Time `json:"since"`
}

// ReopeningView is a group of reopenings with one cause.
type ReopeningView struct {
	Cause     string     `json:"cause"`
	Note      string     `json:"note" doc:"the cause for a human reader"`
	State     string     `json:"state" enum:"counting,clear,held,confirmed,dropped"`
	Items     []string   `json:"items" nullable:"false"`
	OpenedAt  time.Time  `json:"opened_at"`
	DecidedAt *time.Time `json:"decided_at"`
	By        *string    `json:"by"`
}

// VersionView says what answers.
type VersionView struct {
	Version string `json:"version"`
}

// Text is a pointer to s, nil when s is empty: for fields that are null
// without a value.
func Text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Time is t in UTC, nil when t is zero.
func Time(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// TransformSchema says in OpenAPI what a pointer to a struct can't: the
// ticket is an object or null.
func (ItemView) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return nullableTicket(s)
}

// TransformSchema does the same for the ticket of a why answer.
func (WhyView) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return nullableTicket(s)
}

func nullableTicket(s *huma.Schema) *huma.Schema {
	if t := s.Properties["ticket"]; t != nil && t.Ref != "" {
		s.Properties["ticket"] = &huma.Schema{
			Description: t.Description,
			AnyOf:       []*huma.Schema{{Ref: t.Ref}, {Type: "null"}},
		}
	}
	return s
}

// filled replaces nil lists and maps, so that they are never null.
func (v ItemView) filled() ItemView {
	v.Services = list(v.Services)
	v.Changes = append(make([]ChangeView, 0, len(v.Changes)), v.Changes...)
	for i, c := range v.Changes {
		v.Changes[i].Contained = dict(c.Contained)
	}
	v.Live = dict(v.Live)
	v.CreatedAt = v.CreatedAt.UTC()
	return v
}

func (d ItemDetail) filled() ItemDetail {
	d.ItemView = d.ItemView.filled()
	d.Ledger, d.Why = list(d.Ledger), list(d.Why)
	return d
}

func (d DeploymentDetail) filled() DeploymentDetail {
	d.DeploymentView = d.DeploymentView.filled()
	d.Shipped, d.TookBack = filledItems(d.Shipped), filledItems(d.TookBack)
	return d
}

func (v DeploymentView) filled() DeploymentView {
	v.FinishedAt, v.ReceivedAt = v.FinishedAt.UTC(), v.ReceivedAt.UTC()
	return v
}

func filledItems(in []ItemView) []ItemView {
	out := make([]ItemView, len(in))
	for i, v := range in {
		out[i] = v.filled()
	}
	return out
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func dict(in map[string]string) map[string]string {
	if in == nil {
		return map[string]string{}
	}
	return in
}
