package api

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/report"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Backend is what the handlers ask of the rest of Holdfast. Every method may
// be called concurrently. Errors that a client can do something about are one
// of NotFound, Invalid, Forbidden, Conflict and Unavailable; all others are
// logged and answered with a bare 500.
type Backend interface {
	Mover

	// FilePostmortem parses a document and records its items. With DryRun it
	// records nothing and says in Plan what it would do.
	FilePostmortem(ctx context.Context, by Actor, r FileRequest) (FileResult, error)

	// Adopt brings existing tickets under the rule, each once. With DryRun it
	// records nothing and says what it would do.
	Adopt(ctx context.Context, by Actor, r AdoptionRequest) (AdoptionResult, error)

	// Items lists items that match every filter, in order of filing.
	Items(ctx context.Context, q ItemQuery) (ItemPage, error)
	Item(ctx context.Context, id string) (ItemDetail, error)
	// ItemByTicket finds the item of a ticket, named by its reference
	// (github:OWNER/REPO#12, jira:PAY-12), that reference without the
	// tracker's name, or its address in a browser.
	ItemByTicket(ctx context.Context, ticket string) (ItemDetail, error)

	// Waive, Unwaive and Attest refuse an actor whose Person is not allowed
	// to approve for this item, whatever the actor's role.
	Waive(ctx context.Context, by Actor, item string, w WaiverRequest) (ItemView, error)
	Unwaive(ctx context.Context, by Actor, item string) (ItemView, error)
	Attest(ctx context.Context, by Actor, item string, a AttestationRequest) (ItemView, error)
	LinkChange(ctx context.Context, by Actor, item string, c ChangeRef) (ItemView, error)
	// Retry makes the item due at once, with what failed tried again.
	Retry(ctx context.Context, by Actor, item string) (ItemView, error)

	// ResolveService gives the configured name of a service named by name or
	// alias, and false where there is none.
	ResolveService(name string) (string, bool)
	Deploy(ctx context.Context, by Actor, d DeploymentReport) (DeployResult, error)
	// WhatIf tells what a deployment would do, and does nothing.
	WhatIf(ctx context.Context, d DeploymentReport) (WhatIfView, DeployResult, error)
	Deployments(ctx context.Context, q DeploymentQuery) (DeploymentPage, error)
	// DeploymentByID returns every report with this id, newest first. One id
	// may have been used for several services and environments.
	DeploymentByID(ctx context.Context, id string) ([]DeploymentDetail, error)

	// WeeklyReport builds the report of a team, or of all where team is empty,
	// for an ISO week; empty: the last complete one.
	WeeklyReport(ctx context.Context, team, week string) (report.Report, error)
	// Deliveries lists who gets the report of a week; empty: the last complete
	// one.
	Deliveries(ctx context.Context, week string) (string, []DeliveryView, error)

	PauseState(ctx context.Context) (PauseView, error)
	Pause(ctx context.Context, by Actor) (PauseView, error)
	Resume(ctx context.Context, by Actor) (PauseView, error)

	// Reopenings lists the groups of reopenings that wait for an operator.
	Reopenings(ctx context.Context) ([]ReopeningView, error)
	ConfirmReopenings(ctx context.Context, by Actor, cause string) (ReopeningView, error)
	DropReopenings(ctx context.Context, by Actor, cause string) (ReopeningView, error)

	DeadLetterBackend

	// Doctor tries everything that Holdfast needs; it may take many seconds.
	Doctor(ctx context.Context) ([]trackers.Finding, error)
}

// FileRequest is a postmortem to be filed.
type FileRequest struct {
	ID          string // wanted id; empty: from the document
	Service     string // service of items that name none; empty: from the document
	Name        string // base name of the file, empty when unknown
	Source      string // address of the document; empty: its name. Not for clients
	DryRun      bool
	Force       bool   // file although policy.lint: require refuses it
	ContentType string // text/markdown, text/html or application/json
	Body        []byte // at most MaxPostmortemBytes; the backend may keep it
}

// FileResult is what became of a postmortem.
type FileResult struct {
	Postmortem string // id
	Items      []ItemView
	Plan       []PlanLine // with DryRun
	Refused    int        // with DryRun: hints for which it would not be filed
	Warnings   []string   // e.g. a service that is not configured
}

// ItemQuery filters items. Empty fields do not filter; several values of one
// field are alternatives.
type ItemQuery struct {
	Postmortem string
	Status     []string
	Verdict    []string
	Team       []string
	Service    []string
	Priority   []string
	Type       []string
	Owner      string
	Overdue    *bool
	Report     report.Filter // what stands behind a number of the weekly report
	Q          string        // part of the id, title, owner or ticket, without regard to case
	Limit      int           // 1 to MaxPage
	Cursor     string        // opaque, from the last page; "" for the first
}

// ItemPage is one page of items.
type ItemPage struct {
	Items []ItemView
	Next  string // cursor of the next page, empty on the last
}

// WaiverRequest asks for an approved exception.
type WaiverRequest struct {
	Duration string // as in the configuration: 30m, 24h, 7d, 4w
	Reason   string
}

// AttestationRequest is evidence for work that is no code.
type AttestationRequest struct {
	URL  string
	Note string
}

// DeploymentReport is what a sender says of a deployment. Service is the
// configured name where the service is known.
type DeploymentReport struct {
	ID          string
	Service     string
	Environment string
	SHA         string // lower case hex, 7 to 64 digits, or empty
	Version     string
	Status      domain.DeploymentStatus
	Percent     int
	FinishedAt  time.Time // zero: at its receipt
	URL         string
	Fixes       []domain.DeploymentFix
}

// DeployOutcome says what a report was.
type DeployOutcome int

// The outcomes of a report.
const (
	DeployNew      DeployOutcome = iota
	DeployRepeated               // heard before; nothing happened
	DeployConflict               // the id is taken by another commit; nothing happened
)

// DeployResult is the answer to a report.
type DeployResult struct {
	Outcome    DeployOutcome
	ID         string // the sender's, or one that was made
	Production bool
	Warnings   []string
	Detail     string // with DeployConflict: what is recorded under this id
}

// DeploymentQuery filters deployments.
type DeploymentQuery struct {
	Service     string
	Environment string
	Limit       int
	Cursor      string
}

// DeploymentPage is one page of deployments, newest first.
type DeploymentPage struct {
	Deployments []DeploymentView
	Next        string
}
