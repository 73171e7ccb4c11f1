// Package policy decides. Decide(rules, facts) is a pure function: it reads no
// clock, calls nobody and keeps nothing, so the same facts always give the
// same decision, and a decision can be replayed and explained years later.
// What the facts are, and how a decision is carried out, is the business of
// reconcile.
package policy

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Verdict answers: is the fix in production?
type Verdict string

// The four verdicts.
const (
	Verified    Verdict = "verified"
	NotVerified Verdict = "not_verified"
	Unknown     Verdict = "unknown"
	Exempt      Verdict = "exempt"
)

// Reason says why an item is not verified, or why it cannot be told.
type Reason string

// The reasons of NotVerified, in the order in which the first that fits is
// given.
const (
	NotPlannedWithoutWaiver Reason = "not_planned_without_waiver"
	ReopenedByPerson        Reason = "reopened_by_person"
	NotMerged               Reason = "not_merged"
	WaiverExpired           Reason = "waiver_expired"
	NoLinkedChange          Reason = "no_linked_change"
	NoDeploymentHeard       Reason = "no_deployment_heard"
	Reverted                Reason = "reverted"
	RolledBack              Reason = "rolled_back"
	Canary                  Reason = "canary"
	PartiallyDeployed       Reason = "partially_deployed"
	NotDeployed             Reason = "not_deployed"
	Soaking                 Reason = "soaking"
)

// The reasons of Unknown, in the same way.
const (
	NoServiceConcerned  Reason = "no_service_concerned"
	ProbableEquivalent  Reason = "probable_equivalent"
	RevisionUnknown     Reason = "revision_unknown"
	EvidenceUnavailable Reason = "evidence_unavailable"
)

// reasonOrder ranks the reasons: a lower rank is given first.
var reasonOrder = func() map[Reason]int {
	m := map[Reason]int{}
	for i, r := range []Reason{
		NotPlannedWithoutWaiver, ReopenedByPerson, NotMerged, WaiverExpired, NoLinkedChange, NoDeploymentHeard, Reverted, RolledBack,
		Canary, PartiallyDeployed, NotDeployed, Soaking, NoServiceConcerned, ProbableEquivalent, RevisionUnknown, EvidenceUnavailable,
	} {
		m[r] = i
	}
	return m
}()

// Status is where an item stands, in one word.
type Status string

// The statuses, in the order in which the first that fits is given.
const (
	StatusFiling      Status = "filing"
	StatusLost        Status = "lost"
	StatusWaived      Status = "waived"
	StatusDone        Status = "done"
	StatusRegressed   Status = "regressed"
	StatusSoaking     Status = "soaking"
	StatusVerified    Status = "verified"
	StatusClosedEarly Status = "closed_early"
	StatusAwaiting    Status = "awaiting_deployment"
	StatusOpen        Status = "open"
)

// Statuses lists all statuses in their order.
var Statuses = []Status{StatusFiling, StatusLost, StatusWaived, StatusDone, StatusRegressed, StatusSoaking, StatusVerified, StatusClosedEarly, StatusAwaiting, StatusOpen}

// CloseWhenVerified says which tickets Holdfast closes itself.
type CloseWhenVerified string

// The settings of close_when_verified.
const (
	CloseClosedEarly CloseWhenVerified = "closed_early" // those that it reopened itself
	CloseAlways      CloseWhenVerified = "always"       // every verified one, save what a person reopened last
	CloseNever       CloseWhenVerified = "never"        // none: it only says so
)

// Rules is the policy that applies to one item: its team's, for its priority.
type Rules struct {
	Grace             time.Duration // how long an early close may stand
	RollbackGrace     time.Duration
	Soak              time.Duration
	CloseWhenVerified CloseWhenVerified
	Watch             time.Duration // from the acceptance; after it the item is final
	UnknownTimeout    time.Duration
	EscalateAfter     int
	BackoffFirst      time.Duration
	BackoffMax        time.Duration
	NotPlannedAllowed bool
	EnforceSince      time.Time // closed before: never reopened
}

// Facts is all that a decision depends on.
type Facts struct {
	Now time.Time

	Filed       bool // it has a ticket
	NoTicket    bool // the document marked it done when first filed: no ticket is wanted
	Lost        bool
	Final       bool // closed when it was adopted
	Closed      bool
	CloseReason domain.CloseReason
	ClosedAt    time.Time // tracker's clock
	CloseSeenAt time.Time // ours; grace runs from the earlier of the two
	DuplicateOK bool      // the original is tracked and still stands

	Services []Service // every service that the item may concern, with its environments
	Changes  []Change  // those that count
	OpenPull string    // an open pull request that holds the item back, as a word for people

	Waived         bool // a waiver stands now
	WaiverExpires  time.Time
	WaiverLapsed   bool // there was one, and it ended
	Attested       bool
	AttestedAt     time.Time
	AttestedBefore bool // it was vouched for before a person reopened the accepted item
	WaivedAt       time.Time

	AcceptedAt         time.Time // zero: not accepted since the last close
	AcceptedVerdict    Verdict   // what it was accepted as
	EverAccepted       bool
	ReopenedByUs       bool      // Holdfast made the last reopening
	PersonReopenedLast bool      // a person made the last reopening
	NewerEvidenceSince time.Time // a person reopened it when it was accepted
	ReopenCount        int       // reopenings since the count was last set to 0
	ReopenRefusedAt    time.Time // the tracker refused the last one
	EscalatedAt        time.Time
	UnknownSince       time.Time     // of the present close
	UnknownSpent       time.Duration // of the time-out, before UnknownTicks
	UnknownTicks       time.Time     // since when the clock runs; zero: it stands still
	Asked              map[string]bool
	Awaiting           bool // it carries the label
	HasComment         bool
	CommentReason      Reason    // what the comment on the ticket says
	RegressionTold     bool      // a new comment tells of the present regression
	CloseRefusedAt     time.Time // the tracker refused our last close
}

// Service is a service that the item may have to be deployed in.
type Service struct {
	Name    string
	Repo    string
	Require int  // environments that must have the item; 0: all of them
	Heard   bool // some deployment of it was ever reported
	Targets []Target
}

// Target is one production environment of a service, and what runs there.
type Target struct {
	domain.Target
	Live   *domain.Deployment // newest success; nil: none heard
	Known  bool               // its commit is known to the mirror
	Canary *domain.Deployment // newer than Live, below 100 percent
}

// Change is one change of the item, and where it is.
type Change struct {
	domain.Change
	// Services are the names of the services that it concerns; none: nobody
	// can say where it must be deployed.
	Services []string
	Presence map[domain.Target]Presence
	Flags    []string // what people should know of it, a clause each
	// Before is true for what had landed, as far as was known, when a person
	// reopened the accepted item: no newer evidence, whatever the clocks of two
	// trackers say.
	Before bool
}

// Answer is a three-valued yes.
type Answer string

// The three answers.
const (
	Yes   Answer = "yes"
	No    Answer = "no"
	Maybe Answer = "unknown"
)

// Presence says whether a change is contained in what runs in one target.
type Presence struct {
	Contained Answer
	Reverted  bool      // No, because a revert undid it there
	Partly    bool      // No, yet some of its commits are there
	Was       bool      // No, yet an earlier live revision contained it
	LostAt    time.Time // with Was: when the deployment that took it back was received
	InCanary  bool      // No, yet the canary contains it
	Reason    Reason    // with Maybe
	Since     time.Time // with Yes: since when every live revision contained it
	Behind    int       // with No: commits that the live revision lacks; -1: not counted
	Evidence  string    // by which sign, for people
}

// Trigger is what brings a reopening.
type Trigger string

// The triggers. Only the ticket's own close is never held by the brake.
const (
	OwnClose   Trigger = "own_close"
	Regression Trigger = "regression" // a deployment, a revert, a change of facts or of the configuration
	Timer      Trigger = "timer"      // a waiver or unknown_timeout ran out
)

// Act is one thing to be done on the ticket.
type Act string

// The acts, in the order in which they are carried out.
const (
	ActLabel   Act = "label"   // awaiting-deployment on
	ActReopen  Act = "reopen"  // with the label
	ActClose   Act = "close"   // without the label
	ActUnlabel Act = "unlabel" // awaiting-deployment off
	ActSay     Act = "say"     // write or edit the one comment
	ActSayNew  Act = "say_new" // a new one: a regression
	ActAsk     Act = "ask"     // ask once, about Decision.Reason
	ActTell    Act = "tell"    // tell the lead: it was reopened too often
)

// Decision is what Decide concludes.
type Decision struct {
	Verdict Verdict
	Reason  Reason
	Status  Status
	// Accept: the close stands, record it.
	Accept bool
	Acts   []Act
	// WillReopen is true when the item is to be reopened, now or when a grace
	// ends, if nothing changes. The brake counts these.
	WillReopen bool
	Trigger    Trigger
	Regressed  bool // WillReopen of an accepted item
	// TimedOut: unknown for so long that it is treated as not verified.
	TimedOut    bool
	LookAgainAt time.Time // zero: only when something happens
	Checks      []Check
}

// Check is one step of the verdict with its evidence, for `why`.
type Check struct {
	Name   string `json:"name"`
	Result string `json:"result"` // yes, no, unknown, waiting
	Text   string `json:"text"`
}

// Does reports whether the decision contains the act.
func (d Decision) Does(a Act) bool {
	for _, x := range d.Acts {
		if x == a {
			return true
		}
	}
	return false
}
