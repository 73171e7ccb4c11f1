package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// recalledState folds what a rebuild records of a ticket with this past.
func recalledState(t *testing.T, tk domain.Ticket, past trackers.Past) domain.State {
	t.Helper()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	tk.Ref = "github:acme/checkout#1"
	entries := []domain.Entry{
		{Kind: domain.Fact, Name: domain.ItemFiled, At: now.Add(-1000 * time.Hour), Spec: &domain.ItemSpec{ID: "a/1"}},
		{Kind: domain.Outcome, Name: domain.ActionDone, At: now.Add(-1000 * time.Hour), Action: &domain.Action{Kind: domain.ActCreate, Key: restoredKey, Ticket: &tk}},
		{Kind: domain.Fact, Name: domain.Restored, At: now, Cause: "rebuild/2026-11-20T12:00:00Z"},
	}
	st := Fold(domain.State{}, numbered(domain.State{}, entries))
	require.True(t, st.Recall)
	require.False(t, st.Adopted)
	s := &Setup{Labels: Labels{Awaiting: "awaiting-deployment"}}
	st = Fold(st, numbered(st, remembered(s, st, past, policy.Rules{Watch: 30 * 24 * time.Hour})))
	require.False(t, st.Recall)
	return st
}

func TestWhatATicketsPastTells(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ago := func(h int) time.Time { return now.Add(-time.Duration(h) * time.Hour) }
	said := func(id string, own bool, body string) trackers.Said {
		return trackers.Said{Comment: trackers.Comment{ID: id, Body: body, CreatedAt: ago(5)}, Own: own}
	}
	label := []string{"P1", "awaiting-deployment"}

	st := recalledState(t, domain.Ticket{Labels: label}, trackers.Past{Told: true, Reopenings: []trackers.Reopening{{At: ago(9), Own: true}, {At: ago(7), Own: true}},
		Comments: []trackers.Said{said("1", false, "**Not in production yet.**\n<!-- holdfast:comment -->"), said("2", true, "**Not in production yet.**\n\n<!-- holdfast:comment -->"), said("3", true, "**Not done.**\n<!-- holdfast:reply -->")}})
	require.True(t, st.ReopenedByUs && st.Awaiting)
	require.Equal(t, 2, st.Reopened)
	require.Equal(t, "2", st.Comment, "ours, not one that somebody wrote alike")

	st = recalledState(t, domain.Ticket{Labels: label}, trackers.Past{Told: true, Reopenings: []trackers.Reopening{{At: ago(9), Own: true}, {At: ago(7), By: "bob"}}})
	require.False(t, st.ReopenedByUs, "a person reopened it last")
	require.Equal(t, ago(7), st.PersonReopenedAt)
	require.Equal(t, 1, st.Reopened)

	jira := trackers.Past{Comments: []trackers.Said{said("7", true, "*Not in production yet.*\n\nmore"), said("8", true, "*Done.*")}}
	st = recalledState(t, domain.Ticket{Labels: label}, jira)
	require.True(t, st.ReopenedByUs, "nobody tells, but it is as we leave it")
	require.Equal(t, "7", st.Comment)
	st = recalledState(t, domain.Ticket{}, jira)
	require.False(t, st.ReopenedByUs || st.Awaiting, "without the label it is not")

	st = recalledState(t, domain.Ticket{Labels: label}, trackers.Past{Comments: []trackers.Said{said("4", true, "**A question before this can be judged.**\n\nThe fix touches no configured service."),
		said("5", true, "**Reopened 3 times.**"), said("6", false, "/holdfast waive 7d later")}})
	require.True(t, st.Asked[string(policy.NoServiceConcerned)])
	require.False(t, st.EscalatedAt.IsZero())
	require.Equal(t, []string{"6"}, st.PendingComments)

	st = recalledState(t, domain.Ticket{Closed: true, ClosedAt: ago(24)}, trackers.Past{})
	require.Equal(t, ago(24), st.ClosedAt)
	require.False(t, st.Final)
	require.True(t, rebuiltClosed(st))
	require.NotEmpty(t, unheard(st, policy.NoDeploymentHeard))
	require.Empty(t, unheard(st, policy.NotDeployed))
	st = recalledState(t, domain.Ticket{Closed: true, ClosedAt: ago(24 * 31)}, trackers.Past{})
	require.True(t, st.Final, "closed for longer than accepted items are watched")
	st = recalledState(t, domain.Ticket{Closed: true, ClosedAt: ago(24 * 31), Labels: label}, trackers.Past{})
	require.False(t, st.Final, "the label says that it was not accepted")

	// A close after the rebuild is the ticket's own.
	st = recalledState(t, domain.Ticket{Closed: true, ClosedAt: ago(24)}, trackers.Past{})
	later := now.Add(time.Hour)
	st = Fold(st, numbered(st, []domain.Entry{{At: later, Name: domain.PersonReopened, Event: &domain.Event{At: later}}, {At: later, Name: domain.TicketClosed, Event: &domain.Event{At: later}}}))
	require.False(t, rebuiltClosed(st))
}

func TestTheSpecIsReadFromTheTicket(t *testing.T) {
	s := &Setup{Services: []domain.Service{{Name: "checkout", Team: "payments"}}}
	c := candidate{pm: "2026-11-01-down", n: 3}
	c.Marker.Item = "2026-11-01-down/3"
	c.Ticket = domain.Ticket{Ref: "github:acme/checkout#12", Title: " Time  out ", Labels: []string{"P0", "mitigative", "postmortem"}}
	c.Body = trackers.Body{Text: "Why.", Table: [][2]string{{"Postmortem", "Checkout (down) (2026-11-01-down)"}, {"Document", "https://acme.example/1"}, {"Incident date", "2026-11-01"}, {"Priority", "P1"},
		{"Type", "preventative (Prevent)"}, {"Owner", "Bob"}, {"Due", "2026-12-01"}, {"Services", "checkout, gone"}}}
	spec, note := s.specOf(c, "platform")
	require.Equal(t, domain.ItemSpec{ID: "2026-11-01-down/3", Postmortem: "2026-11-01-down", N: 3, Title: "Time out", Text: "Why.", Priority: "P0", Type: "mitigative", Owner: "Bob", Team: "payments",
		Services: []string{"checkout"}, Due: "2026-12-01", Target: "github:acme/checkout", Source: "https://acme.example/1", IncidentDate: "2026-11-01", PMTitle: "Checkout (down)"}, spec, "labels follow what changed, the table does not")
	require.Contains(t, note, "gone")

	c.Ticket.Labels = []string{"P1", "P3"} // which of them is meant?
	spec, _ = s.specOf(c, "platform")
	require.Equal(t, domain.Priority("P1"), spec.Priority)
	require.Equal(t, domain.Preventative, spec.Type)
	require.Equal(t, "Prevent", spec.TypeWritten)

	c.Body = trackers.Body{}
	c.Ticket.Labels = nil
	spec, note = s.specOf(c, "platform")
	require.Equal(t, domain.DefaultPriority, spec.Priority)
	require.Equal(t, domain.Other, spec.Type)
	require.Equal(t, "platform", spec.Team)
	require.Contains(t, note, "its text was changed")
}
