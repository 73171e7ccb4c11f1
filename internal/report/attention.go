package report

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// Attention is a reason why somebody has to decide about an item.
type Attention string

// The reasons, in the order in which they are told.
const (
	NowReopened     Attention = "reopened"
	NowOverdue      Attention = "overdue" // of P0 and P1
	NowRegressed    Attention = "regressed"
	NowWaiverEnds   Attention = "waiver_ends"
	NowEscalated    Attention = "escalated"
	NowUnverifiable Attention = "unverifiable"
)

var attentionOrder = []Attention{NowReopened, NowOverdue, NowRegressed, NowWaiverEnds, NowEscalated, NowUnverifiable}

// waiverSoon is how long before a waiver's end it is told.
const waiverSoon = 7 * 24 * time.Hour

// Attentions lists why somebody has to decide about an item now; none: nobody
// has to. reopened says whether Holdfast reopened it within the week.
func Attentions(st domain.State, reopened, overdue bool, now time.Time) []Attention {
	var out []Attention
	add := func(a Attention, yes bool) {
		if yes {
			out = append(out, a)
		}
	}
	open := Open(st)
	w := st.Waiver
	add(NowReopened, open && reopened)
	add(NowOverdue, overdue && (st.Spec.Priority == "P0" || st.Spec.Priority == "P1"))
	add(NowRegressed, statusOf(st) == string(policy.StatusRegressed))
	add(NowWaiverEnds, w != nil && !w.ExpiresAt.IsZero() && now.Before(w.ExpiresAt) && !now.Add(waiverSoon).Before(w.ExpiresAt))
	add(NowEscalated, open && !st.EscalatedAt.IsZero())
	add(NowUnverifiable, verdictOf(st) == string(policy.Unknown) || open && policy.Reason(st.Verdict.Reason) == policy.NoDeploymentHeard)
	return out
}

// nextStep says in one sentence what to do next.
func nextStep(st domain.State, why []Attention) string {
	if slices.Contains(why, NowWaiverEnds) && !slices.Contains(why, NowRegressed) {
		return "Ship the fix before the waiver ends, or ask an approver for another one: `/holdfast waive 4w REASON`."
	}
	if s, ok := steps[policy.Reason(st.Verdict.Reason)]; ok {
		return s
	}
	if verdictOf(st) == string(policy.Verified) {
		return "Nothing: the fix is in production."
	}
	return "Agree with the owner on the next step."
}

var steps = map[policy.Reason]string{
	policy.NotPlannedWithoutWaiver: "Do it, or let an approver waive it: `/holdfast waive 4w REASON`.",
	policy.ReopenedByPerson:        "Ask who reopened it what is missing, and land a further change.",
	policy.NotMerged:               "Merge and deploy the open pull request.",
	policy.WaiverExpired:           "Fix it, or ask an approver for another waiver: `/holdfast waive 4w REASON`.",
	policy.NoLinkedChange:          "Agree on a date, `/holdfast due YYYY-MM-DD REASON`, or name the fix, `/holdfast fixed-by PULL-REQUEST`.",
	policy.NoDeploymentHeard:       "Let CI report its deployments: `holdfast deployed`.",
	policy.Reverted:                "Land the fix again, and deploy it.",
	policy.RolledBack:              "Roll forward to a build that contains the fix.",
	policy.Canary:                  "Finish the roll-out.",
	policy.PartiallyDeployed:       "Deploy the rest.",
	policy.NotDeployed:             "Deploy the fix; the ticket then closes itself.",
	policy.Soaking:                 "Wait: it is live, and settles.",
	policy.NoServiceConcerned:      "Say which service it belongs to: `/holdfast service NAME`.",
	policy.ProbableEquivalent:      "Say which commit is the fix: `/holdfast fixed-by COMMIT`.",
	policy.RevisionUnknown:         "Let CI report the commit that it deploys, with its full SHA.",
	policy.EvidenceUnavailable:     "Check the mirror of the repository: `holdfast doctor`.",
}

// The flaws that are counted.
const (
	flawOwner   = "no_owner"
	flawDue     = "no_due"
	flawChange  = "no_change"
	flawRefused = "refused"
	flawLost    = "lost"
	flawVouched = "vouched_by_owner"
	flawOlder   = "fix_older_than_incident"
)

var flawOrder = []string{flawOwner, flawDue, flawChange, flawRefused, flawLost, flawVouched, flawOlder}

// flawText is what stands behind the number, of one and of many.
var flawText = map[string][2]string{
	flawOwner:   {"open item without an owner", "open items without an owner"},
	flawDue:     {"open item without a due day", "open items without a due day"},
	flawChange:  {"open item without a linked change", "open items without a linked change"},
	flawRefused: {"ticket that the tracker did not let Holdfast reopen, close or fill in", "tickets that the tracker did not let Holdfast reopen, close or fill in"},
	flawLost:    {"ticket that is gone from the tracker", "tickets that are gone from the tracker"},
	flawVouched: {"item that its own owner vouched for", "items that their own owner vouched for"},
	flawOlder:   {"item whose fix is older than the incident", "items whose fix is older than the incident"},
}

// FlawNames lists what Flaws may return.
func FlawNames() []string { return slices.Clone(flawOrder) }

// Flaws lists the gaps in what is known of an item.
func Flaws(st domain.State) []string {
	var out []string
	add := func(f string, yes bool) {
		if yes {
			out = append(out, f)
		}
	}
	open := Open(st)
	add(flawOwner, open && st.Spec.Owner == "" && (st.Ticket == nil || len(st.Ticket.Assignees) == 0))
	add(flawDue, open && st.Spec.Due == "")
	add(flawChange, open && st.Attestation == nil && !slices.ContainsFunc(st.Changes, func(c domain.Change) bool { return !slices.Contains(st.Rejected, c.Key()) }))
	add(flawRefused, !st.ReopenRefusedAt.IsZero() || !st.CloseRefusedAt.IsZero() || len(st.Refused) > 0)
	add(flawLost, st.Lost)
	add(flawVouched, st.Attestation != nil && st.Attestation.Self)
	add(flawOlder, slices.ContainsFunc(st.Changes, func(c domain.Change) bool {
		day, err := time.Parse(time.DateOnly, st.Spec.IncidentDate)
		return err == nil && !c.LandedAt.IsZero() && c.LandedAt.Before(day)
	}))
	return out
}
