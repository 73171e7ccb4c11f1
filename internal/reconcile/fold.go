package reconcile

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// echoSlack is how far apart the tracker's time of our own write and the time
// in the delivery that echoes it may be: trackers round to seconds, and render
// the delivery a moment later.
const echoSlack = 2 * time.Second

// Fold applies ledger entries to a state and returns it. It is pure, and the
// same whether an item is folded from its first entry or from a snapshot.
func Fold(st domain.State, entries []domain.Entry) domain.State {
	// The snapshot's maps and slices belong to the caller.
	st.Asked, st.Commands, st.PersonFields = cloneMap(st.Asked), cloneMap(st.Commands), cloneMap(st.PersonFields)
	st.Changes, st.Hints, st.Open = slices.Clone(st.Changes), slices.Clone(st.Hints), slices.Clone(st.Open)
	for _, e := range entries {
		if e.Seq <= st.Applied {
			continue
		}
		fold(&st, e)
		st.Applied = e.Seq
	}
	return st
}

func cloneMap(m map[string]bool) map[string]bool {
	c := make(map[string]bool, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func fold(st *domain.State, e domain.Entry) {
	switch e.Name {
	case domain.ItemFiled:
		st.Spec = *e.Spec
		if st.FiledAt.IsZero() {
			st.FiledAt = e.At
		}
		for _, o := range ownersOf(e.Spec.Owner) {
			addOwner(st, o)
		}
	case domain.ItemUpdated:
		foldUpdate(st, *e.Spec)
	case domain.ItemRemoved:
		st.Removed = true

	case domain.TicketEvent:
		addOwner(st, e.Event.Assignee)
		if !echo(*st, *e.Event) && !stale(*st, *e.Event) {
			st.Hints = append(st.Hints, domain.Hint{Seq: e.Seq, Event: *e.Event})
		}
	case domain.TicketSeen:
		foldSeen(st, *e.Ticket, e.At)
		st.Hints = slices.DeleteFunc(st.Hints, func(h domain.Hint) bool { return h.Seq <= e.Upto })
	case domain.TicketClosed:
		st.ClosedAt, st.CloseSeenAt = e.Event.At, e.At
		st.AcceptedAt, st.AcceptedVerdict = time.Time{}, ""
		st.UnknownSince, st.UnknownSpent = time.Time{}, 0
		st.Final = false
	case domain.PersonReopened:
		if !st.AcceptedAt.IsZero() {
			st.NewerEvidenceSince, st.EvidenceBefore = e.Event.At, evidence(*st)
		}
		st.AcceptedAt, st.AcceptedVerdict, st.Final = time.Time{}, "", false
		st.ReopenedByUs, st.PersonReopenedAt = false, e.Event.At
	case domain.TicketLost:
		st.Lost = true
		st.Hints = slices.DeleteFunc(st.Hints, func(h domain.Hint) bool { return h.Seq <= e.Upto })
	case domain.TicketMoved:
		foldMoved(st, *e.Ticket)

	case domain.CommentSeen:
		if id := e.Event.Comment; !st.Commands[id] && !slices.Contains(st.PendingComments, id) && !slices.Contains(st.OurComments, id) {
			st.PendingComments = append(slices.Clone(st.PendingComments), id)
		}
	case domain.Commanded:
		st.Commands[e.Command.Comment] = true
		st.PendingComments = without(st.PendingComments, e.Command.Comment)
		if e.Command.Request {
			st.Requests = append(slices.Clone(st.Requests), *e.Command)
		}

	case domain.ChangeLinked:
		foldLinked(st, *e.Change, e.At)
	case domain.ChangeWithdrawn:
		st.Changes = slices.DeleteFunc(st.Changes, func(c domain.Change) bool {
			// What has landed stays a claim; only an open one can be taken back.
			return c.Key() == e.Change.Key() && c.Open
		})
	case domain.ChangeRejected:
		st.Rejected = append(without(st.Rejected, e.Change.Key()), e.Change.Key())

	case domain.Waived:
		st.Waiver = e.Waiver
		peace(st)
	case domain.Unwaived:
		st.Waiver = nil
		if st.AcceptedVerdict == string(policy.Exempt) {
			st.AcceptedVerdict = "" // what it was accepted for is gone, however long ago
		}
	case domain.Attested:
		st.Attestation, st.EvidenceBefore = e.Attestation, without(st.EvidenceBefore, attestedKey)
		peace(st)
	case domain.ServicesSet:
		st.Spec.Services, st.ServicesNamed, st.UpdateOwed = e.Spec.Services, e.Spec.Services, true
		st.Spec.NeedsService = st.Spec.NeedsService && len(e.Spec.Services) == 0
	case domain.DueSet:
		st.Spec.Due, st.UpdateOwed, st.DueMoved = e.Spec.Due, true, true
	case domain.PrioritySet:
		st.Spec.Priority, st.UpdateOwed = e.Spec.Priority, true
		if e.Spec.Due != "" {
			st.Spec.Due = e.Spec.Due
		}
	case domain.ReminderDue:
		st.Remind, st.RemindAt = e.Spec.Due, e.At
	case domain.TypeSet:
		st.Spec.Type, st.Spec.TypeWritten, st.UpdateOwed = e.Spec.Type, "", true

	case domain.Restored:
		st.RestoredBy = e.Cause
		if isRebuild(e.Cause) {
			st.RebuiltAt, st.Recall = e.At, true
		}
	case domain.Recalled:
		st.Recall = false
	case domain.Settled:
		st.Final = true

	case domain.ReopeningsHeld:
		st.Brake = e.Brake.Cause
	case domain.ReopeningsFreed, domain.ReopeningsDropped:
		st.Brake = ""

	case domain.VerdictReached:
		foldVerdict(st, *e.Verdict, e.At)
	case domain.ActionIntended:
		st.Open = append(st.Open, *e.Action)
	case domain.ActionDone, domain.ActionFailed, domain.ActionWithheld:
		foldOutcome(st, e)
	}
}

// attestedKey stands for the attestation among the keys of changes.
const attestedKey = "attested"

// evidence lists what speaks for an item at this moment.
func evidence(st domain.State) []string {
	var out []string
	for _, c := range st.Changes {
		if c.SHA != "" {
			out = append(out, c.Key())
		}
	}
	if st.Attestation != nil {
		out = append(out, attestedKey)
	}
	return out
}

// foldUpdate takes over what the document says now. What a person changed on
// the ticket is theirs.
func foldUpdate(st *domain.State, spec domain.ItemSpec) {
	if st.PersonFields["due"] || st.DueMoved {
		spec.Due = st.Spec.Due
	}
	for _, o := range ownersOf(spec.Owner) {
		addOwner(st, o)
	}
	st.Spec, st.Removed, st.UpdateOwed = spec, false, true
}

// foldMoved takes over where a ticket is now. What else changed is compared
// with what was known, as at any reading.
func foldMoved(st *domain.State, now domain.Ticket) {
	if st.Ticket == nil {
		st.Ticket = &now
		return
	}
	t := *st.Ticket
	if t.Ref != now.Ref {
		st.PastRefs = append(slices.Clone(st.PastRefs), t.Ref)
	}
	t.Ref, t.URL, t.NativeID = now.Ref, now.URL, now.NativeID
	st.Ticket = &t
}

func foldSeen(st *domain.State, t domain.Ticket, at time.Time) {
	if prev := st.Ticket; prev != nil {
		if prev.Title != "" && t.Title != prev.Title {
			st.PersonFields["title"] = true
		}
		if prev.Assignees != nil && !slices.Equal(prev.Assignees, t.Assignees) {
			st.PersonFields["owner"] = true
		}
		if prev.Due != "" && t.Due != prev.Due {
			st.PersonFields["due"] = true
		}
	}
	for _, a := range t.Assignees {
		addOwner(st, a)
	}
	st.Ticket, st.TicketAt, st.Lost = &t, at, false
}

// foldLinked adds a change, or brings it up to date.
func foldLinked(st *domain.State, c domain.Change, at time.Time) {
	if c.ClaimedAt.IsZero() {
		c.ClaimedAt = at
	}
	// Naming a change again takes an earlier rejection back, when a person
	// does so.
	if c.How == domain.ClaimFixedBy {
		st.Rejected = without(st.Rejected, c.Key())
	}
	for i, old := range st.Changes {
		if old.Key() != c.Key() {
			continue
		}
		if old.SHA != "" && c.SHA == "" {
			return // late news of an open pull request that has landed since
		}
		if old.SHA == "" && c.SHA != "" {
			peace(st)
		}
		c.ClaimedAt = old.ClaimedAt
		if old.How == domain.ClaimFixedBy {
			c.How, c.By = old.How, old.By
		}
		st.Changes[i] = c
		return
	}
	st.Changes = append(st.Changes, c)
	peace(st)
}

func foldVerdict(st *domain.State, v domain.VerdictLine, at time.Time) {
	verified := v.Verdict == string(policy.Verified)
	ticking := func(v domain.VerdictLine) bool {
		return v.Verdict == string(policy.Unknown) && v.Reason != string(policy.EvidenceUnavailable)
	}
	// The clock of unknown_timeout runs only while the evidence could be had.
	if ticking(st.Verdict) && !ticking(v) && !st.UnknownSince.IsZero() {
		st.UnknownSpent += at.Sub(st.UnknownSince)
		st.UnknownSince = time.Time{}
	}
	if ticking(v) && st.UnknownSince.IsZero() {
		st.UnknownSince = at
	}
	if v.Verdict != string(policy.Unknown) {
		st.UnknownSpent = 0
	}
	switch {
	case verified && st.VerifiedAt.IsZero():
		st.VerifiedAt = at
	case !verified && v.Verdict != string(policy.Unknown):
		st.VerifiedAt = time.Time{}
	}
	if v.Accepted && st.AcceptedAt.IsZero() {
		accept(st, at, verified)
	}
	if !st.AcceptedAt.IsZero() && (verified || v.Verdict == string(policy.Exempt)) {
		st.AcceptedVerdict, st.AcceptedReceipts = v.Verdict, v.Receipts
		st.RegressionTold = false
	}
	st.RestoredBy = ""
	if v.Cause == "" {
		st.Brake = "" // nothing is to be reopened any more
	}
	st.Verdict = v
}

// accept notes that the close of the ticket stands.
func accept(st *domain.State, at time.Time, verified bool) {
	st.AcceptedAt, st.LastAcceptedAt, st.EverAccepted = at, at, true
	peace(st)
	if verified { // a waiver only sets it aside until it ends
		st.NewerEvidenceSince = time.Time{}
	}
}

// acceptOwn accepts a close that Holdfast made, for the verdict that it was
// made for. It does so by the outcome of the close alone: the comment with the
// proof may take long, and what takes the proof away meanwhile is a regression
// of an accepted item, not a close that came too early.
func acceptOwn(st *domain.State, at time.Time) {
	v := st.Verdict
	verified := v.Verdict == string(policy.Verified)
	if !st.AcceptedAt.IsZero() || !verified && v.Verdict != string(policy.Exempt) {
		return
	}
	accept(st, at, verified)
	st.AcceptedVerdict, st.AcceptedReceipts = v.Verdict, v.Receipts
	st.RegressionTold = false
}

func foldOutcome(st *domain.State, e domain.Entry) {
	a := *e.Action
	st.Open = slices.DeleteFunc(st.Open, func(o domain.Action) bool { return o.ID == a.ID })
	switch e.Name {
	case domain.ActionWithheld:
		st.Withheld = a.Digest
		return
	case domain.ActionFailed:
		if a.Kind == domain.ActCreate && a.Key == adopted {
			st.Spec.AdoptRef = "" // it gets a ticket of its own
		}
		foldRefused(st, a, e.At)
		return
	}
	st.Withheld = ""
	if _, was := st.Denied[a.Kind]; was {
		st.Denied = maps.Clone(st.Denied)
		delete(st.Denied, a.Kind)
	}
	wasClosed := st.Ticket != nil && st.Ticket.Closed
	if a.Ticket != nil {
		if st.Ticket == nil {
			st.TicketAt = e.At
		}
		t := *a.Ticket
		st.Ticket = &t
	}
	// A delivery may have overtaken the record of what it echoes.
	defer func() {
		st.Hints = slices.DeleteFunc(st.Hints, func(h domain.Hint) bool { return echo(*st, h.Event) || stale(*st, h.Event) })
	}()
	switch a.Kind {
	case domain.ActCreate:
		st.Refused = append(st.Refused, a.Refused...)
		st.Adopted = a.Key == adopted
		st.UpdateOwed = st.UpdateOwed || st.Spec.Adoption && st.Spec.NeedsService && !a.Ticket.Closed
		st.Final = st.Adopted && a.Ticket.Closed
		for _, p := range a.Ticket.Assignees {
			addOwner(st, p)
		}
	case domain.ActLabel:
		st.Awaiting = true
	case domain.ActUnlabel:
		st.Awaiting = false
	case domain.ActReopen:
		st.Awaiting, st.ReopenedByUs, st.ReopenedAt = true, true, e.At
		st.Reopened++
		st.ReopenCount++
		st.AcceptedAt, st.AcceptedVerdict, st.ReopenRefusedAt = time.Time{}, "", time.Time{}
		st.UnknownSince, st.UnknownSpent = time.Time{}, 0
		wrote(st, false, a.At)
	case domain.ActClose:
		st.Awaiting = false
		if !wasClosed {
			st.ClosedAt, st.CloseSeenAt = a.At, e.At
		}
		st.CloseRefusedAt = time.Time{}
		wrote(st, true, a.At)
		acceptOwn(st, e.At)
	case domain.ActComment:
		st.Comment, st.CommentDigest, st.CommentReason = a.Comment, a.Digest, a.Reason
		st.RegressionTold = st.RegressionTold || a.New
		ourComment(st, a.Comment)
	case domain.ActAsk:
		st.Asked[a.Key] = true
		ourComment(st, a.Comment)
	case domain.ActReply:
		ourComment(st, a.Comment)
	case domain.ActUpdate:
		st.UpdateOwed = false
	case domain.ActTell:
		st.EscalatedAt = e.At
	}
}

// foldRefused remembers what the tracker refuses for good, so that it is not
// asked for the same at every look.
func foldRefused(st *domain.State, a domain.Action, at time.Time) {
	switch trackers.Class(a.Class) {
	case trackers.Invalid, trackers.Denied, trackers.NotFound, trackers.Gone:
	default:
		return
	}
	if st.Denied = maps.Clone(st.Denied); st.Denied == nil {
		st.Denied = map[domain.ActionKind]string{}
	}
	st.Denied[a.Kind] = a.Error
	switch a.Kind {
	case domain.ActReopen:
		st.ReopenRefusedAt = at
	case domain.ActClose:
		st.CloseRefusedAt = at
	case domain.ActLabel, domain.ActUnlabel:
		st.Awaiting = a.Kind == domain.ActLabel
	case domain.ActComment:
		st.CommentDigest, st.CommentReason = a.Digest, a.Reason
	case domain.ActAsk:
		st.Asked[a.Key] = true
	case domain.ActTell:
		st.EscalatedAt = at
	}
}

// echo reports whether the delivery only repeats what we did ourselves. It is
// told by the recorded write, never by the account. A delivery that tells of
// another state than the one we know is none: somebody was quick after us, or
// the record of our write is still on its way.
func echo(st domain.State, ev domain.Event) bool {
	if ev.Action != "closed" && ev.Action != "reopened" {
		return false
	}
	if st.Ticket != nil && st.Ticket.Closed != (ev.Action == "closed") {
		return false
	}
	// Only the newest write can be echoed: after a later one, the same word
	// means that somebody acted. Reading the ticket back tells.
	n := len(st.OurWrites)
	if n == 0 {
		return false
	}
	w := st.OurWrites[n-1]
	return w.Closed == (ev.Action == "closed") && ev.At.Sub(w.At).Abs() <= echoSlack
}

// stale reports whether the delivery tells nothing that was not read or written
// since. Closing and reopening are never stale: who did it matters later.
func stale(st domain.State, ev domain.Event) bool {
	switch ev.Action {
	case "opened":
		return st.Ticket != nil
	case "assigned":
		// The echo of our own assignment; the second is the tracker's unit.
		return st.Ticket != nil && !ev.At.After(st.Ticket.UpdatedAt) && slices.Contains(st.Ticket.Assignees, ev.Assignee)
	case "edited", "unassigned", "labeled", "unlabeled":
		return st.Ticket != nil && ev.At.Before(st.Ticket.UpdatedAt)
	}
	return false
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}

// peace ends the count of reopenings.
func peace(st *domain.State) { st.ReopenCount, st.EscalatedAt = 0, time.Time{} }

func addOwner(st *domain.State, who string) {
	if who != "" && !slices.Contains(st.Owners, who) {
		st.Owners = append(slices.Clone(st.Owners), who)
	}
}

// maxOurWrites bounds what is remembered of our own writes: their echoes come
// within seconds, or within days when a tracker delivers again.
const maxOurWrites = 8

func wrote(st *domain.State, closed bool, at time.Time) {
	w := append(slices.Clone(st.OurWrites), domain.Write{Closed: closed, At: at})
	st.OurWrites = w[max(0, len(w)-maxOurWrites):]
}

func ourComment(st *domain.State, id string) {
	if id != "" && !slices.Contains(st.OurComments, id) {
		st.OurComments = append(slices.Clone(st.OurComments), id)
	}
}
