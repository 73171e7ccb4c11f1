package domain

import (
	"encoding/json"
	"time"
)

// EntryKind sorts the entries of a ledger.
type EntryKind string

// The four kinds: what was seen, what was concluded, what was about to be
// done, and what came of it.
const (
	Fact     EntryKind = "fact"
	Decided  EntryKind = "decision"
	Intended EntryKind = "intent"
	Outcome  EntryKind = "outcome"
)

// EntryName says which of the fields of an Entry is set.
type EntryName string

// The names of entries, by kind.
const (
	// facts
	ItemFiled         EntryName = "item_filed"         // Spec
	ItemUpdated       EntryName = "item_updated"       // Spec: the document changed
	ItemRemoved       EntryName = "item_removed"       // the document no longer has it
	TicketEvent       EntryName = "ticket_event"       // Event: a hint from a webhook or a sweep
	TicketSeen        EntryName = "ticket_seen"        // Ticket: its state as read back
	TicketClosed      EntryName = "ticket_closed"      // Event: read back as closed, it was open before
	PersonReopened    EntryName = "person_reopened"    // Event: read back as open, and it was not us
	TicketLost        EntryName = "ticket_lost"        // the tracker says it is gone
	TicketMoved       EntryName = "ticket_moved"       // Ticket: it has another reference now
	CommentSeen       EntryName = "comment_seen"       // Event: somebody wrote a comment with a command
	ChangeLinked      EntryName = "change_linked"      // Change
	ChangeWithdrawn   EntryName = "change_withdrawn"   // Change: no longer claims the item
	ChangeRejected    EntryName = "change_rejected"    // Change: a person says it is no fix
	Commanded         EntryName = "command"            // Command: carried out or refused
	Waived            EntryName = "waived"             // Waiver
	Unwaived          EntryName = "unwaived"           //
	Attested          EntryName = "attested"           // Attestation
	ServicesSet       EntryName = "services_set"       // Spec.Services
	DueSet            EntryName = "due_set"            // Spec.Due
	PrioritySet       EntryName = "priority_set"       // Spec.Priority
	TypeSet           EntryName = "type_set"           // Spec.Type
	DeploymentHeard   EntryName = "deployment_heard"   // Deployment: it touches this item
	ReopeningsHeld    EntryName = "reopenings_held"    // Brake: more than max_reopens wait for an operator
	ReopeningsFreed   EntryName = "reopenings_freed"   // Brake: an operator confirmed
	ReopeningsDropped EntryName = "reopenings_dropped" // Brake: an operator dropped them
	ReminderDue       EntryName = "reminder_due"       // Spec.Due: the owner is to be told on the ticket
	EntryDamaged      EntryName = "entry_damaged"      // stands for an entry that cannot be read
	// decisions
	VerdictReached EntryName = "verdict" // Verdict
	// intents and outcomes: Action
	ActionIntended EntryName = "action_intended"
	ActionDone     EntryName = "action_done"
	ActionFailed   EntryName = "action_failed"
	ActionWithheld EntryName = "action_withheld" // paused, enforce: false

	// Facts of an item that was brought here instead of filed.
	Restored EntryName = "restored" // by an import or a rebuild: its cause is import/<time> or rebuild/<time>
	Recalled EntryName = "recalled" // after a rebuild, the ticket's past was read
	Settled  EntryName = "settled"  // found closed for so long that it is final
)

// Entry is one line of an item's ledger. Entries are only ever appended.
// Exactly the field that Name calls for is set.
type Entry struct {
	Seq   int64     `json:"seq"` // position, from 1; given by the store
	At    time.Time `json:"at"`
	Kind  EntryKind `json:"kind"`
	Name  EntryName `json:"name"`
	Cause string    `json:"cause,omitempty"` // what led to it: a delivery, a deployment, a person, a timer
	Note  string    `json:"note,omitempty"`  // the same for a human reader, one sentence
	// Upto is set on what was read back: hints up to this entry are answered.
	Upto int64 `json:"upto,omitempty"`

	Spec        *ItemSpec    `json:"spec,omitempty"`
	Event       *Event       `json:"event,omitempty"`
	Ticket      *Ticket      `json:"ticket,omitempty"`
	Change      *Change      `json:"change,omitempty"`
	Command     *Command     `json:"command,omitempty"`
	Waiver      *Waiver      `json:"waiver,omitempty"`
	Attestation *Attestation `json:"attestation,omitempty"`
	Deployment  *Deployment  `json:"deployment,omitempty"`
	Brake       *Brake       `json:"brake,omitempty"`
	Verdict     *VerdictLine `json:"verdict,omitempty"`
	Action      *Action      `json:"action,omitempty"`
}

// Command is a line that started with /holdfast, and what became of it.
type Command struct {
	Comment string `json:"comment"` // id of the comment
	By      string `json:"by"`
	Line    string `json:"line"`
	Refused string `json:"refused,omitempty"` // why, when it was
	Request bool   `json:"request,omitempty"` // it waits for an approver
}

// Brake groups the reopenings that one cause would bring.
type Brake struct {
	Cause string `json:"cause"`
	Count int    `json:"count"`
	By    string `json:"by,omitempty"` // operator who confirmed or dropped
}

// VerdictLine is what was decided, when it differs from the last time.
type VerdictLine struct {
	Verdict  string   `json:"verdict"`
	Reason   string   `json:"reason,omitempty"`
	Status   string   `json:"status"`
	Accepted bool     `json:"accepted,omitempty"`
	Why      []string `json:"why,omitempty"` // the checks in words
	// Contained says per change key and target: yes, no, unknown.
	Contained map[string]map[string]string `json:"contained,omitempty"`
	// Receipts are the deployments that were live when a verified verdict was
	// reached, by target.
	Receipts map[string]int64 `json:"receipts,omitempty"`
	// Cause is what took an accepted item back: deployment/<receipt>,
	// config/<hash>, timer/<minute>, facts/<minute>.
	Cause  string `json:"cause,omitempty"`
	Config string `json:"config,omitempty"` // hash of the configuration it was decided under
}

// ActionKind is something done to a ticket.
type ActionKind string

// The actions.
const (
	ActCreate  ActionKind = "create"
	ActLabel   ActionKind = "label"   // put the awaiting-deployment label on
	ActUnlabel ActionKind = "unlabel" // take it off
	ActReopen  ActionKind = "reopen"
	ActClose   ActionKind = "close"
	ActComment ActionKind = "comment" // write or edit the one comment
	ActAsk     ActionKind = "ask"     // ask once on the ticket
	ActReply   ActionKind = "reply"   // answer a command
	ActReact   ActionKind = "react"
	ActUpdate  ActionKind = "update" // write fields of the document to the ticket
	ActTell    ActionKind = "tell"   // tell the lead
)

// Action is an intent or its outcome. The outcome carries the intent's ID.
type Action struct {
	ID      string     `json:"id"`
	Kind    ActionKind `json:"kind"`
	Reason  string     `json:"reason,omitempty"`
	Trigger string     `json:"trigger,omitempty"` // own close, deployment, timer …
	Key     string     `json:"key,omitempty"`     // what makes it once: comment id, question
	Digest  string     `json:"digest,omitempty"`  // of the text written
	Comment string     `json:"comment,omitempty"` // id of the comment written
	Ticket  *Ticket    `json:"ticket,omitempty"`  // state after the action
	Refused []string   `json:"refused,omitempty"` // fields the tracker did not take
	Error   string     `json:"error,omitempty"`
	Class   string     `json:"class,omitempty"`
	New     bool       `json:"new,omitempty"` // a new comment, not an edit
	// Payload is the text to be written, so that what a crash interrupted is
	// found again, or written as it was meant.
	Payload json.RawMessage `json:"payload,omitempty"`
	At      time.Time       `json:"at,omitzero"`
}
