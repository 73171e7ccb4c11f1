// Package domain holds the nouns of Holdfast: plain structs and string enums
// that every other package shares. It has no behaviour beyond what a noun
// knows about itself, no interfaces, and no imports outside the standard
// library. Verdicts live in policy, wire formats in the adapter that reads
// them.
package domain

import "time"

// Priority is P0 (most urgent) to P4.
type Priority string

// Priorities lists the valid priorities, most urgent first.
var Priorities = []Priority{"P0", "P1", "P2", "P3", "P4"}

// DefaultPriority is given to an item whose document names none.
const DefaultPriority Priority = "P2"

// Valid reports whether p is one of P0 to P4.
func (p Priority) Valid() bool { return len(p) == 2 && p[0] == 'P' && p[1] >= '0' && p[1] <= '4' }

// Above reports whether p is more urgent than q.
func (p Priority) Above(q Priority) bool { return p < q }

// Type says what an action item does about the incident.
type Type string

// The three types; a document's own word is kept beside it.
const (
	Preventative Type = "preventative"
	Mitigative   Type = "mitigative"
	Other        Type = "other"
)

// Valid reports whether t is one of the three types.
func (t Type) Valid() bool { return t == Preventative || t == Mitigative || t == Other }

// Postmortem is one incident review document.
type Postmortem struct {
	ID       string    `json:"id"`             // slug, unique
	Title    string    `json:"title"`          //
	Date     string    `json:"date,omitempty"` // YYYY-MM-DD, empty when the document is silent
	Severity string    `json:"severity,omitempty"`
	Services []string  `json:"services,omitempty"` // affected services, as configured names
	Source   string    `json:"source,omitempty"`   // link or file name of the document
	FiledAt  time.Time `json:"filed_at"`
	NextN    int       `json:"next_n"` // number that the next new item gets; never goes down
}

// ItemSpec is what a document (or a person) says of an action item. It is
// what becomes a ticket.
type ItemSpec struct {
	ID           string   `json:"id"` // <postmortem id>/<n>
	Postmortem   string   `json:"postmortem"`
	N            int      `json:"n"`
	Title        string   `json:"title"`
	Text         string   `json:"text,omitempty"` // longer text below the title
	Priority     Priority `json:"priority"`
	Type         Type     `json:"type"`
	TypeWritten  string   `json:"type_written,omitempty"`
	Owner        string   `json:"owner,omitempty"`    // as written in the document
	Team         string   `json:"team,omitempty"`     // configured team
	Services     []string `json:"services,omitempty"` // configured services whose production must have the fix
	Due          string   `json:"due,omitempty"`      // YYYY-MM-DD, end of that day in the team's time zone
	Done         bool     `json:"done,omitempty"`     // the document marks it done
	Target       string   `json:"target"`             // where its ticket goes: github:OWNER/REPO or jira:KEY
	AdoptRef     Ref      `json:"adopt_ref,omitempty"`
	Adoption     bool     `json:"adoption,omitempty"` // the ticket was there first, and no document names it
	Source       string   `json:"source,omitempty"`
	IncidentDate string   `json:"incident_date,omitempty"`
	PMTitle      string   `json:"pm_title,omitempty"`
	NeedsService bool     `json:"needs_service,omitempty"` // the document named a service we do not know
	SeenBefore   []Seen   `json:"seen_before,omitempty"`   // similar earlier items, as known when it was filed
}

// Ticket is the state of an item's ticket as the tracker tells it.
type Ticket struct {
	Ref         Ref         `json:"ref"`
	NativeID    string      `json:"native_id,omitempty"` // immutable id: Jira issue id, GitHub node or database id
	URL         string      `json:"url,omitempty"`
	Closed      bool        `json:"closed"`
	CloseReason CloseReason `json:"close_reason,omitempty"` // only when closed
	ClosedAt    time.Time   `json:"closed_at,omitzero"`     // tracker's clock, when it tells
	UpdatedAt   time.Time   `json:"updated_at,omitzero"`    // tracker's clock
	Title       string      `json:"title,omitempty"`
	Body        string      `json:"-"`
	Labels      []string    `json:"labels,omitempty"`
	Assignees   []string    `json:"assignees,omitempty"` // logins or account ids
	Author      string      `json:"author,omitempty"`
	Due         string      `json:"due,omitempty"`
	DuplicateOf Ref         `json:"duplicate_of,omitempty"`
	Locked      bool        `json:"locked,omitempty"` // not everybody may comment
	// Refused names the fields that the tracker did not take in the edit that
	// returned this ticket, "name: reason".
	Refused []string `json:"-"`
}

// State is the word the API uses: "open" or "closed".
func (t Ticket) State() string {
	if t.Closed {
		return "closed"
	}
	return "open"
}

// CloseReason is why a ticket was closed, in Holdfast's words.
type CloseReason string

// The close reasons of GitHub, to which Jira's resolutions are mapped.
const (
	Completed  CloseReason = "completed"
	NotPlanned CloseReason = "not_planned"
	Duplicate  CloseReason = "duplicate"
)

// Change is a merged pull request or a pushed commit that is (part of) the
// fix of an item.
type Change struct {
	Repo        string    `json:"repo"`                   // OWNER/NAME
	SHA         string    `json:"sha,omitempty"`          // landing commit; empty while a pull request is open
	PullRequest int       `json:"pull_request,omitempty"` // 0 for a pushed commit
	Head        string    `json:"head,omitempty"`         // head commit of the pull request
	Base        string    `json:"base,omitempty"`         // branch it landed on
	DefaultBase bool      `json:"default_base,omitempty"` // Base is the repository's default branch
	Open        bool      `json:"open,omitempty"`         // pull request neither merged nor closed
	LandedAt    time.Time `json:"landed_at,omitzero"`     // merge time; commit time of a pushed commit
	OpenedAt    time.Time `json:"opened_at,omitzero"`
	Checked     bool      `json:"checked,omitempty"`   // of an open one: read back, and its author may write
	ClaimedAt   time.Time `json:"claimed_at,omitzero"` // when we learned of the claim
	How         ClaimHow  `json:"how"`
	By          string    `json:"by,omitempty"`     // who linked it by hand
	Author      string    `json:"author,omitempty"` // login of the change's author
	URL         string    `json:"url,omitempty"`
	Title       string    `json:"title,omitempty"` // first line
}

// Key identifies a change within an item: the pull request where there is
// one, else the commit.
func (c Change) Key() string {
	if c.PullRequest != 0 {
		return c.Repo + "#" + itoa(c.PullRequest)
	}
	return c.Repo + "@" + c.SHA
}

// ClaimHow is how a change came to be linked to an item.
type ClaimHow string

// The ways a change can be linked.
const (
	ClaimPullRequest ClaimHow = "pull_request" // keyword, title or branch of a pull request
	ClaimCommit      ClaimHow = "commit"       // keyword in a pushed commit
	ClaimFixedBy     ClaimHow = "fixed_by"     // a person named it
	ClaimDeployment  ClaimHow = "deployment"   // "fixes" in a deployment
	ClaimTracker     ClaimHow = "tracker"      // the tracker's own closing link
)

// DeploymentStatus is the state that a deployment sender reports.
type DeploymentStatus string

// The statuses of a deployment; only Success moves the live revision.
const (
	Queued     DeploymentStatus = "queued"
	InProgress DeploymentStatus = "in_progress"
	Success    DeploymentStatus = "success"
	Failure    DeploymentStatus = "failure"
	Inactive   DeploymentStatus = "inactive"
)

// DeploymentStatuses lists the valid statuses.
var DeploymentStatuses = []DeploymentStatus{Queued, InProgress, Success, Failure, Inactive}

// Deployment is one report that a commit was, or is being, put into one
// environment of one service.
type Deployment struct {
	ID          string           `json:"id"` // sender's id, or one we made
	Service     string           `json:"service"`
	Environment string           `json:"environment"`
	SHA         string           `json:"sha,omitempty"` // full commit SHA, resolved from Version where only that came; empty while unresolved
	Version     string           `json:"version,omitempty"`
	Status      DeploymentStatus `json:"status"`
	Percent     int              `json:"percent"` // share of traffic, 1 to 100
	FinishedAt  time.Time        `json:"finished_at"`
	ReceivedAt  time.Time        `json:"received_at"`
	URL         string           `json:"url,omitempty"`
	Source      string           `json:"source,omitempty"` // token or delivery that told it
	Production  bool             `json:"production"`
	Fixes       []DeploymentFix  `json:"fixes,omitempty"`
	Receipt     int64            `json:"receipt"` // order of receipt, from the store
	Shipped     []string         `json:"shipped,omitempty"`
	TookBack    []string         `json:"took_back,omitempty"`
	Handled     bool             `json:"handled"` // its items have been looked at
}

// DeploymentFix is a claim inside a deployment: this change fixes that item.
type DeploymentFix struct {
	Item   string `json:"item"`
	Change string `json:"change"`
}

// Target is one environment of one service.
type Target struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
}

// String is the form the API uses as a key: service/environment.
func (t Target) String() string { return t.Service + "/" + t.Environment }

// Service is something that is deployed from a repository.
type Service struct {
	Name       string
	Aliases    []string
	Tracker    string // name of the GitHub tracker that holds Repo
	Repo       string // OWNER/NAME
	GitURL     string // what to mirror; empty: the repository's clone URL
	Paths      []string
	Tickets    string // github:OWNER/REPO or jira:KEY
	Production []Environment
	Require    int // environments that must have the fix; 0 means all
	Team       string
}

// Environment is a production environment of a service.
type Environment struct {
	Name              string
	GitHubEnvironment string // environment name on GitHub; empty: Name
}

// Person joins the names that one human has in documents and trackers.
type Person struct {
	Name, Email, GitHub, Jira string
}

// Waiver is an approved exception with an end.
type Waiver struct {
	Approver  string    `json:"approver"`
	Reason    string    `json:"reason"`
	GrantedAt time.Time `json:"granted_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero: never (withdrawn)
	Withdrawn bool      `json:"withdrawn,omitempty"`
}

// Attestation is evidence for work that is no code.
type Attestation struct {
	By   string    `json:"by"`
	URL  string    `json:"url"`
	Note string    `json:"note,omitempty"`
	At   time.Time `json:"at"`
	Self bool      `json:"self,omitempty"` // the owner vouched for it
}
