package reconcile

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

func TestTheMainJob(t *testing.T) {
	w := newWorld(t)
	base := w.git("rev-parse", "HEAD")
	id := w.file(1)[0]
	tk := w.ticket(id)
	require.Subset(t, tk.Labels, []string{"P1", "preventative", "postmortem"})
	require.Equal(t, []string{"owner-gh"}, tk.Assignees)
	require.Equal(t, "open", w.status(id))

	w.deploy("prod-eu", base)
	w.advance(time.Minute)
	fix := w.commit("Retry the payment")
	w.merge(fix, 7, id)
	require.Equal(t, "awaiting_deployment", w.status(id))
	w.gh.ForgetCalls()

	w.close(id, domain.Completed)
	tk = w.ticket(id)
	require.False(t, tk.Closed, "closed before a deployment with the fix: reopened")
	require.Contains(t, tk.Labels, "awaiting-deployment")
	require.Len(t, w.comments(id), 1)
	require.Contains(t, w.comments(id)[0].Body, "Not in production yet.")
	require.Len(t, w.gh.Calls(), 3, "read back, reopen with the label, comment")
	st := w.state(id)
	require.Equal(t, 1, st.Reopened)

	// The delivery that echoes our own reopening costs nothing and is no person.
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "reopened", Ticket: w.ref(id), Actor: "bob"})
	require.Len(t, w.gh.Calls(), 3)
	require.True(t, w.state(id).ReopenedByUs)

	w.advance(time.Minute)
	w.deploy("staging", fix)
	require.False(t, w.ticket(id).Closed, "staging proves nothing")

	d := w.deploy("prod-eu", fix)
	require.Equal(t, []string{id}, d.Shipped)
	tk = w.ticket(id)
	require.True(t, tk.Closed, "shipped: closed with the proof")
	require.NotContains(t, tk.Labels, "awaiting-deployment")
	require.Len(t, w.comments(id), 1, "the one comment is edited")
	require.Contains(t, w.comments(id)[0].Body, "In production.")
	require.Equal(t, "done", w.status(id))

	w.advance(time.Minute)
	d = w.deploy("prod-eu", base)
	require.Equal(t, []string{id}, d.TookBack)
	require.True(t, w.ticket(id).Closed, "the rollback has its grace")
	require.Equal(t, "regressed", w.status(id))
	w.advance(31 * time.Minute)
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.comments(id), 2, "a regression posts a new comment")
	require.Contains(t, w.comments(id)[1].Body, "rolled back")

	w.deploy("prod-eu", fix)
	require.True(t, w.ticket(id).Closed)
	require.Equal(t, "done", w.status(id))
	require.Len(t, w.comments(id), 2)

	entries, err := w.ledger.Entries(w.ctx, id)
	require.NoError(t, err)
	require.Empty(t, w.state(id).Open, "every intent has its outcome")
	snapshot := w.state(id)
	snapshot.Concerned, snapshot.Watches = nil, nil // derived from the configuration and the repository, not from the ledger
	want, err := json.Marshal(Fold(domain.State{}, entries))
	require.NoError(t, err)
	have, err := json.Marshal(snapshot)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(have), "the snapshot is the fold of the whole ledger")
}

func TestRolledForwardWithinTheGraceStaysSilent(t *testing.T) {
	w := newWorld(t)
	base := w.git("rev-parse", "HEAD")
	id := w.file(1)[0]
	fix := w.commit("fix")
	w.merge(fix, 7, id)
	w.deploy("prod-eu", fix)
	w.close(id, domain.Completed)
	require.Equal(t, "done", w.status(id))
	w.gh.ForgetCalls()
	w.advance(time.Minute)
	w.deploy("prod-eu", base)
	w.advance(10 * time.Minute)
	w.deploy("prod-eu", fix)
	w.advance(time.Hour)
	require.Equal(t, "done", w.status(id))
	require.Empty(t, w.gh.Calls("Edit", "AddComment", "EditComment"))
}

func TestClosedAfterItShippedIsAcceptedSilently(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	fix := w.commit("fix")
	w.merge(fix, 7, id)
	w.deploy("prod-eu", fix)
	require.False(t, w.ticket(id).Closed, "Holdfast closes only what it reopened")
	w.gh.ForgetCalls()
	w.close(id, domain.Completed)
	require.Len(t, w.gh.Calls(), 1, "read back, nothing else")
	require.Equal(t, "done", w.status(id))
}

func TestPeopleWin(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	fix := w.commit("fix")
	w.merge(fix, 7, id)
	w.deploy("prod-eu", fix)
	w.close(id, domain.Completed)
	w.advance(time.Minute)
	w.reopen(id)
	require.Equal(t, "reopened_by_person", w.state(id).Verdict.Reason)
	w.advance(time.Minute)
	w.deploy("prod-eu", fix)
	require.False(t, w.ticket(id).Closed, "what a person reopened last is never closed")
	w.close(id, domain.Completed)
	require.False(t, w.ticket(id).Closed, "the earlier change does not count any more")
	w.advance(time.Minute)
	second := w.commit("better fix")
	w.merge(second, 8, id)
	w.deploy("prod-eu", second)
	require.True(t, w.ticket(id).Closed, "newer evidence shipped, and Holdfast had reopened it")
}

func TestAPersonUsingOurTokenIsAPerson(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.close(id, domain.Completed)
	require.False(t, w.ticket(id).Closed)
	w.advance(time.Minute)
	w.gh.CloseBy(w.ref(id), domain.Completed)
	w.gh.ReopenBy(w.ref(id))
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "reopened", Ticket: w.ref(id), Actor: "holdfast"})
	require.False(t, w.state(id).ReopenedByUs, "no intent of ours fits that reopening")
}

func TestNoWar(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	for range 3 {
		w.advance(time.Minute)
		w.close(id, domain.Completed)
		require.False(t, w.ticket(id).Closed)
	}
	require.Len(t, w.comments(id), 2, "the lead is told once")
	require.Contains(t, w.comments(id)[1].Body, "@lead-gh")
	w.advance(time.Minute)
	w.close(id, domain.Completed)
	require.True(t, w.ticket(id).Closed, "the fourth waits a minute")
	w.advance(time.Minute)
	require.False(t, w.ticket(id).Closed)
	w.advance(time.Minute)
	w.close(id, domain.Completed)
	w.advance(time.Minute)
	require.True(t, w.ticket(id).Closed, "the fifth waits two")
	w.advance(time.Minute)
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.comments(id), 2)
}

func TestNoAvalanche(t *testing.T) {
	w := newWorld(t)
	w.set.MaxReopens = 3
	base := w.git("rev-parse", "HEAD")
	ids := w.file(5)
	fix := w.commit("fix")
	w.merge(fix, 7, ids...)
	w.deploy("prod-eu", fix)
	for _, id := range ids {
		w.close(id, domain.Completed)
	}
	w.advance(time.Minute)
	w.deploy("prod-eu", base)
	w.advance(2 * time.Hour)
	for _, id := range ids {
		require.True(t, w.ticket(id).Closed, "none is reopened before an operator confirms")
	}
	groups, err := w.r.Reopenings(w.ctx)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Len(t, groups[0].Items, 5)

	// A ticket's own close is never delayed by it.
	own := w.file(1)[0]
	w.close(own, domain.Completed)
	require.False(t, w.ticket(own).Closed)

	_, err = w.r.DecideReopenings(w.ctx, groups[0].Cause, true, "ops")
	require.NoError(t, err)
	w.drain()
	for _, id := range ids {
		require.False(t, w.ticket(id).Closed)
	}
}

func TestDroppedReopeningsStayClosedForThatCause(t *testing.T) {
	w := newWorld(t)
	w.set.MaxReopens = 1
	base := w.git("rev-parse", "HEAD")
	ids := w.file(2)
	fix := w.commit("fix")
	w.merge(fix, 7, ids...)
	w.deploy("prod-eu", fix)
	for _, id := range ids {
		w.close(id, domain.Completed)
	}
	w.advance(time.Minute)
	w.deploy("prod-eu", base)
	w.advance(time.Hour)
	groups, err := w.r.Reopenings(w.ctx)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	_, err = w.r.DecideReopenings(w.ctx, groups[0].Cause, false, "ops")
	require.NoError(t, err)
	w.advance(time.Hour)
	require.True(t, w.ticket(ids[0]).Closed)
	require.Equal(t, "regressed", w.status(ids[0]))
	// Shipped and rolled back once more: another cause, counted anew.
	w.deploy("prod-eu", fix)
	w.advance(time.Minute)
	w.set.MaxReopens = 20
	w.deploy("prod-eu", base)
	w.advance(time.Hour)
	require.False(t, w.ticket(ids[0]).Closed)
}

func TestUnknownCommitIsHeldThenReopened(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.merge(w.commit("fix"), 7, id)
	w.deploy("prod-eu", "1234567890123456789012345678901234567890")
	w.close(id, domain.Completed)
	require.True(t, w.ticket(id).Closed)
	require.Contains(t, w.ticket(id).Labels, "awaiting-deployment")
	require.Equal(t, "revision_unknown", w.state(id).Verdict.Reason)
	w.advance(71 * time.Hour)
	require.True(t, w.ticket(id).Closed)
	w.advance(2 * time.Hour)
	w.advance(10 * time.Second)
	require.False(t, w.ticket(id).Closed)
}

func TestEnforceFalseRecordsAndDoesNothing(t *testing.T) {
	w := newWorld(t)
	w.set.Enforce = false
	id := w.file(1)[0]
	w.close(id, domain.Completed)
	require.True(t, w.ticket(id).Closed)
	require.Empty(t, w.gh.Calls("Edit", "AddComment"))
	require.Contains(t, w.state(id).Withheld, "reopen")
}

func TestPauseAndResume(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	require.NoError(t, w.ledger.SetPaused(w.ctx, true, "ops"))
	w.close(id, domain.Completed)
	require.True(t, w.ticket(id).Closed)
	late := w.file(1)[0]
	require.Nil(t, w.state(late).Ticket)
	require.NoError(t, w.r.Resume(w.ctx, "ops"))
	w.drain()
	require.False(t, w.ticket(id).Closed)
	require.NotNil(t, w.state(late).Ticket)
}

func TestNeverTwoTickets(t *testing.T) {
	t.Run("the answer is lost after the ticket was made", func(t *testing.T) {
		w := newWorld(t)
		w.gh.FailAfter("Create", trackers.Uncertain)
		id := w.file(1)[0]
		w.advance(3 * time.Second)
		require.NotNil(t, w.state(id).Ticket)
		require.Len(t, w.gh.Tickets(repoName), 1)
	})
	t.Run("the request is lost before", func(t *testing.T) {
		w := newWorld(t)
		w.gh.FailNext("Create", trackers.Uncertain)
		id := w.file(1)[0]
		for range 6 {
			w.advance(10 * time.Second)
		}
		require.NotNil(t, w.state(id).Ticket)
		require.Len(t, w.gh.Tickets(repoName), 1)
	})
}

func TestInterruptedActionsAreResumed(t *testing.T) {
	for _, op := range []string{"Edit", "AddComment"} {
		t.Run(op+" took effect, its answer was lost", func(t *testing.T) {
			w := newWorld(t)
			id := w.file(1)[0]
			w.gh.FailAfter(op, trackers.Transient)
			w.close(id, domain.Completed)
			for range 5 {
				w.advance(2 * time.Second)
			}
			require.False(t, w.ticket(id).Closed)
			require.Len(t, w.comments(id), 1)
			require.Equal(t, 1, w.state(id).Reopened)
			require.True(t, w.state(id).ReopenedByUs)
			require.Empty(t, w.state(id).Open)
		})
		t.Run(op+" did not take effect", func(t *testing.T) {
			w := newWorld(t)
			id := w.file(1)[0]
			w.gh.FailNext(op, trackers.Transient)
			w.close(id, domain.Completed)
			for range 5 {
				w.advance(2 * time.Second)
			}
			require.False(t, w.ticket(id).Closed)
			require.Len(t, w.comments(id), 1)
			require.Equal(t, 1, w.state(id).Reopened)
		})
	}
}

func TestRefusedReopeningIsLabelledAndTold(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.gh.RefuseReopening(true)
	w.close(id, domain.Completed)
	require.True(t, w.ticket(id).Closed)
	require.Contains(t, w.ticket(id).Labels, "awaiting-deployment")
	require.Len(t, w.comments(id), 1)
	n := len(w.gh.Calls("Edit"))
	w.advance(time.Hour)
	require.Len(t, w.gh.Calls("Edit"), n, "not tried again at once")
	w.gh.RefuseReopening(false)
	w.advance(24 * time.Hour)
	require.False(t, w.ticket(id).Closed, "tried once a day")
}

func TestTheDocumentChangesTheTicketButNotWhatAPersonChanged(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	spec := w.state(id).Spec
	spec.Title, spec.Priority = "Another title", "P0"
	update := domain.Entry{At: w.now(), Kind: domain.Fact, Name: domain.ItemUpdated, Spec: &spec}
	require.NoError(t, w.ledger.Append(w.ctx, id, true, update))
	w.drain()
	require.Equal(t, "Another title", w.ticket(id).Title)
	require.Contains(t, w.ticket(id).Labels, "P0")
	require.NotContains(t, w.ticket(id).Labels, "P1")

	w.gh.SetTitle(w.ref(id), "A person's title")
	again := spec
	again.Title = "A third title"
	require.NoError(t, w.ledger.Append(w.ctx, id, true, domain.Entry{At: w.now(), Kind: domain.Fact, Name: domain.ItemUpdated, Spec: &again}))
	w.drain()
	require.Equal(t, "A person's title", w.ticket(id).Title)
}

func TestADeletedTicketIsLost(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	ref := w.ref(id)
	w.gh.DeleteBy(ref)
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "deleted", Ticket: ref})
	require.Equal(t, "lost", w.status(id))
}

func TestTheTrackersOwnClosingCommitCounts(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	fix := w.commit("fix")
	w.deploy("prod-eu", fix)
	w.gh.SetClosers(w.ref(id), domain.Change{Repo: repoName, SHA: fix, How: domain.ClaimTracker})
	w.close(id, domain.Completed) // the push that names it was never delivered
	require.Equal(t, "done", w.status(id))
}

func TestADuplicatePassesItsDutyOn(t *testing.T) {
	w := newWorld(t)
	w.setup.Services = append(w.setup.Services, domain.Service{Name: "payments", Repo: "acme/payments", Production: []domain.Environment{{Name: "prod"}}})
	ids := w.file(2)
	original, dup := ids[0], ids[1]
	spec := w.state(dup).Spec
	spec.Services, spec.Due = []string{"payments"}, "2026-11-20"
	require.NoError(t, w.ledger.Append(w.ctx, dup, true, domain.Entry{At: w.now(), Kind: domain.Fact, Name: domain.ItemUpdated, Spec: &spec}))
	w.drain()
	w.gh.CloseAsDuplicate(w.ref(dup), w.ref(original))
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "closed", Ticket: w.ref(dup)})
	require.Equal(t, "waived", w.status(dup))
	require.Equal(t, []string{"checkout", "payments"}, w.state(original).Spec.Services)
	require.Equal(t, "2026-11-20", w.state(original).Spec.Due)

	w.advance(time.Minute)
	ref := w.ref(original)
	w.gh.DeleteBy(ref)
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "deleted", Ticket: ref})
	w.advance(10 * time.Second)
	require.False(t, w.ticket(dup).Closed, "nobody carries the duty any more")
}

func TestWhatCannotBeAdoptedGetsATicketOfItsOwn(t *testing.T) {
	w := newWorld(t)
	id := "pm9/1"
	lease, _, err := w.ledger.ClaimSubject(w.ctx, "postmortem/pm9", time.Minute)
	require.NoError(t, err)
	spec := domain.ItemSpec{ID: id, Postmortem: "pm9", N: 1, Title: "x", Priority: "P1", Type: domain.Other, Target: "github:" + repoName, AdoptRef: "github:" + repoName + "#77", Team: "payments"}
	require.NoError(t, w.ledger.File(w.ctx, lease, domain.Postmortem{ID: "pm9", NextN: 2}, map[string][]domain.Entry{id: {{At: w.now(), Kind: domain.Fact, Name: domain.ItemFiled, Spec: &spec}}}))
	w.drain()
	require.NotNil(t, w.state(id).Ticket)
	require.False(t, w.state(id).Adopted)
}
