package domain

import "time"

// State is an item as its ledger tells it: the fold of all its entries. The
// store keeps it as a snapshot; Applied says how many entries it contains.
type State struct {
	Spec    ItemSpec  `json:"spec"`
	FiledAt time.Time `json:"filed_at"`
	Removed bool      `json:"removed,omitempty"` // the document no longer has it

	Ticket   *Ticket   `json:"ticket,omitempty"` // nil while filing
	TicketAt time.Time `json:"ticket_at,omitzero"`
	Lost     bool      `json:"lost,omitempty"`
	Adopted  bool      `json:"adopted,omitempty"`
	Final    bool      `json:"final,omitempty"` // closed when adopted: nothing to do until somebody opens it
	Refused  []string  `json:"refused,omitempty"`
	PastRefs []Ref     `json:"past_refs,omitempty"`

	Changes  []Change `json:"changes,omitempty"`
	Rejected []string `json:"rejected,omitempty"` // keys of changes that a person took off
	// Persons ever assigned to or owning the item; none of them may approve.
	Owners []string `json:"owners,omitempty"`

	Waiver      *Waiver      `json:"waiver,omitempty"`
	Attestation *Attestation `json:"attestation,omitempty"`

	// PersonFields are the fields that a person changed on the ticket: title,
	// owner, due. They are not written back.
	PersonFields map[string]bool `json:"person_fields,omitempty"`

	ClosedAt       time.Time     `json:"closed_at,omitzero"`        // of the close that is being judged
	CloseSeenAt    time.Time     `json:"close_seen_at,omitzero"`    // when we learned of it
	AcceptedAt     time.Time     `json:"accepted_at,omitzero"`      // zero: not accepted since the last close
	VerifiedAt     time.Time     `json:"verified_at,omitzero"`      // of the present verified verdict
	EverAccepted   bool          `json:"ever_accepted,omitempty"`   //
	LastAcceptedAt time.Time     `json:"last_accepted_at,omitzero"` // kept over reopenings
	UnknownSince   time.Time     `json:"unknown_since,omitzero"`    //
	UnknownSpent   time.Duration `json:"unknown_spent,omitempty"`   // of unknown_timeout, while the evidence could be had

	// EvidenceBefore are the keys of the changes that had landed by then, as far
	// as was known, and "attested" where it was vouched for.
	EvidenceBefore []string `json:"evidence_before,omitempty"`

	ReopenedByUs       bool      `json:"reopened_by_us,omitempty"` // Holdfast made the last reopening
	ReopenedAt         time.Time `json:"reopened_at,omitzero"`
	PersonReopenedAt   time.Time `json:"person_reopened_at,omitzero"`   // a person reopened last
	NewerEvidenceSince time.Time `json:"newer_evidence_since,omitzero"` // a person reopened an accepted item: a change must land after this
	Reopened           int       `json:"reopened"`                      // by Holdfast, ever
	ReopenCount        int       `json:"reopen_count"`                  // since it was last set to 0
	ReopenRefusedAt    time.Time `json:"reopen_refused_at,omitzero"`
	CloseRefusedAt     time.Time `json:"close_refused_at,omitzero"`
	EscalatedAt        time.Time `json:"escalated_at,omitzero"`

	// Denied are the kinds of actions that the tracker refused for good when
	// they were last tried, with its words.
	Denied map[ActionKind]string `json:"denied,omitempty"`

	// Hints are deliveries about the ticket that were not answered by reading
	// it back yet.
	Hints []Hint `json:"hints,omitempty"`
	// OurWrites are the tracker's times of our own last state changes, by
	// which their echoes are told from what people do.
	OurWrites        []Write          `json:"our_writes,omitempty"`
	AcceptedVerdict  string           `json:"accepted_verdict,omitempty"`
	AcceptedReceipts map[string]int64 `json:"accepted_receipts,omitempty"` // deployments that were live then, by target
	Withheld         string           `json:"withheld,omitempty"`          // digest of what is not done while paused or not enforced

	Comment         string          `json:"comment,omitempty"`         // id of the one comment
	CommentDigest   string          `json:"comment_digest,omitempty"`  // of its text
	CommentReason   string          `json:"comment_reason,omitempty"`  // of the decision that it tells of
	RegressionTold  bool            `json:"regression_told,omitempty"` // the present regression has its comment
	OurComments     []string        `json:"our_comments,omitempty"`
	Awaiting        bool            `json:"awaiting,omitempty"` // carries the label
	Asked           map[string]bool `json:"asked,omitempty"`    // questions asked on the ticket
	Commands        map[string]bool `json:"commands,omitempty"` // comments whose commands were handled
	PendingComments []string        `json:"pending_comments,omitempty"`
	Requests        []Command       `json:"requests,omitempty"`

	UpdateOwed bool `json:"update_owed,omitempty"` // the ticket does not show yet what the document or a command says
	DueMoved   bool `json:"due_moved,omitempty"`   // a person moved the due date by command

	// Remind is what the owner is to be told on the ticket: the due day, and
	// when that was decided. What was told is in Asked.
	Remind   string    `json:"remind,omitempty"`
	RemindAt time.Time `json:"remind_at,omitzero"`

	Open []Action `json:"open,omitempty"` // intents without an outcome, oldest first

	Brake string `json:"brake,omitempty"` // the group whose reopenings wait for an operator

	Verdict VerdictLine `json:"verdict"` // the last decision

	// ServicesNamed are the services that were named after the filing, by a
	// person or for a duplicate: the answer where a change touches no service.
	ServicesNamed []string `json:"services_named,omitempty"`

	// RestoredBy is the import or rebuild that brought the item here, until it
	// is judged for the first time after it. RebuiltAt is when a rebuild did,
	// and Recall is set until the ticket's past was read for it.
	RestoredBy string    `json:"restored_by,omitempty"`
	RebuiltAt  time.Time `json:"rebuilt_at,omitzero"`
	Recall     bool      `json:"recall,omitempty"`

	// Concerned are the services that its changes concern, as last worked
	// out; the store indexes items by them and by Spec.Services.
	Concerned []string `json:"concerned,omitempty"`
	// Watches are the words under which the store finds the item again: what a
	// deployment, or a commit that comes, must touch to bear on it.
	Watches []string `json:"watches,omitempty"`

	// ArchivedAt is when all but its summary left the ledger.
	ArchivedAt time.Time `json:"archived_at,omitzero"`

	Applied int64 `json:"applied"`
}

// Hint is a delivery about the ticket, with its place in the ledger.
type Hint struct {
	Seq   int64 `json:"seq"`
	Event Event `json:"event"`
}

// Write is a state change that Holdfast made.
type Write struct {
	Closed bool      `json:"closed"`
	At     time.Time `json:"at"` // the tracker's clock
}
