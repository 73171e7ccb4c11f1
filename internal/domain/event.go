package domain

import "time"

// EventKind is what a delivery is about.
type EventKind string

// The kinds of events that Holdfast records.
const (
	EventTicket     EventKind = "ticket"     // a ticket was opened, closed, reopened, edited, deleted, moved
	EventComment    EventKind = "comment"    // somebody wrote a comment
	EventChange     EventKind = "change"     // a pull request was opened, edited, merged or closed
	EventPush       EventKind = "push"       // commits arrived on a branch
	EventDeployment EventKind = "deployment" // a deployment changed its status
)

// Event is a delivery from a tracker or CI, reduced to what matters. It is a
// hint: whoever acts on it reads the state back first.
type Event struct {
	ID      string    `json:"id"`      // delivery id, unique per tracker; the key for deduplication
	Tracker string    `json:"tracker"` // name of the tracker
	Kind    EventKind `json:"kind"`
	Action  string    `json:"action,omitempty"` // opened closed reopened edited deleted transferred …, in GitHub's words for both trackers
	Actor   string    `json:"actor,omitempty"`  // login or account id
	At      time.Time `json:"at"`               // the tracker's clock where it tells, else receipt

	Repo    string `json:"repo,omitempty"`    // OWNER/NAME, for GitHub
	Ticket  Ref    `json:"ticket,omitempty"`  // EventTicket, EventComment
	NewRef  Ref    `json:"new_ref,omitempty"` // moved or transferred to
	OldRef  Ref    `json:"old_ref,omitempty"` // moved from
	Native  string `json:"native,omitempty"`  // immutable id of the ticket
	Comment string `json:"comment,omitempty"` // id of the comment
	Command bool   `json:"command,omitempty"` // the comment's text mentions /holdfast: worth reading back
	// Assignee is who was assigned, with the action assigned.
	Assignee string `json:"assignee,omitempty"`

	Closed  *bool  `json:"closed,omitempty"`   // state that the event shows
	ToState string `json:"to_state,omitempty"` // Jira: id of the status it moved to

	Branch      string       `json:"branch,omitempty"`         // EventPush: branch name
	DefaultRef  bool         `json:"default_branch,omitempty"` // Branch is the default branch
	Head        string       `json:"head,omitempty"`           // EventPush: new head
	Before      string       `json:"before,omitempty"`         // EventPush: the head until then
	Claims      []Claim      `json:"claims,omitempty"`         // EventChange, EventPush
	Deployments []Deployment `json:"deployments,omitempty"`    // EventDeployment: one per service concerned
}

// Claim says that a change is (part of) the fix of a ticket.
type Claim struct {
	Ticket Ref    `json:"ticket"`
	Change Change `json:"change"`
	// Closing is true for a closing keyword, false for Refs and Part of.
	Closing bool `json:"closing,omitempty"`
	// Item is set instead of Ticket where the text names the item itself
	// (Holdfast-Item: <id>).
	Item string `json:"item,omitempty"`
	// Withdrawn is true when the pull request no longer makes the claim: it
	// was closed unmerged, or its text was edited before the merge.
	Withdrawn bool `json:"withdrawn,omitempty"`
}
