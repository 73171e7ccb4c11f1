package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestFixedByLinksTheChange(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	fix := w.commit("fix")
	w.deploy("prod-eu", fix)
	w.gh.SetWriter("dave")
	c := w.say(id, "dave", "this one:\n/holdfast fixed-by "+fix[:10])
	require.True(t, w.gh.Liked(w.ref(id), c), "a done command is answered by a reaction")
	st := w.state(id)
	require.Len(t, st.Changes, 1)
	require.Equal(t, fix, st.Changes[0].SHA)
	require.Equal(t, "verified", st.Verdict.Verdict)
	w.say(id, "dave", "/holdfast not-fixed-by "+fix)
	require.Equal(t, "no_linked_change", w.state(id).Verdict.Reason)
}

func TestCommandsAreRefusedWithOneReply(t *testing.T) {
	cases := []struct{ name, who, body, reply string }{
		{"no write permission", "mallory", "/holdfast fixed-by 1234567", "write permission"},
		{"the owner may not waive", "owner-gh", "/holdfast waive 7d we are busy", ""},
		{"a stranger may not waive", "mallory", "/holdfast waive 7d no", "approver"},
		{"a waiver has a longest duration", "lead-gh", "/holdfast waive 200d long", "at most 90d"},
		{"an unknown command", "owner-gh", "/holdfast dance", "dance"},
		{"an unknown service", "owner-gh", "/holdfast service nowhere", "nowhere"},
		{"a commit that is nowhere", "owner-gh", "/holdfast fixed-by 1234567890", "no commit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.file(1)[0]
			comment := w.say(id, c.who, c.body)
			require.False(t, w.gh.Liked(w.ref(id), comment))
			all := w.comments(id)
			require.Len(t, all, 2, "the command and one reply")
			require.Contains(t, all[1].Body, c.reply)
			require.Nil(t, w.state(id).Waiver)
			w.drain()
			require.Len(t, w.comments(id), 2, "a comment acts once")
		})
	}
}

func TestWaiverByAnApproverEndsAndReopens(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.say(id, "lead-gh", "/holdfast waive 7d vendor fixes it next week")
	w.close(id, domain.NotPlanned)
	require.True(t, w.ticket(id).Closed)
	require.Equal(t, "waived", w.status(id))
	w.advance(6 * 24 * time.Hour)
	require.True(t, w.ticket(id).Closed)
	w.advance(25 * time.Hour)
	w.advance(5 * time.Second)
	require.False(t, w.ticket(id).Closed, "the waiver ended")
	require.Equal(t, "waiver_expired", w.state(id).Verdict.Reason)
}

func TestAnApproverWhoWroteTheChangeMayNotApprove(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.setup.Teams["payments"] = Team{Name: "payments", Approvers: []string{"lead-gh", "carol"}}
	w.merge(w.commit("fix"), 7, id) // by carol
	w.say(id, "carol", "/holdfast waive 7d mine")
	require.Nil(t, w.state(id).Waiver)
}

func TestAttestation(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0] // a P1: its owner may not attest
	w.say(id, "owner-gh", "/holdfast attest https://wiki.acme.example/runbook done")
	require.Nil(t, w.state(id).Attestation)
	w.say(id, "lead-gh", "/holdfast attest https://wiki.acme.example/runbook read it")
	require.Equal(t, "verified", w.state(id).Verdict.Verdict)
	w.close(id, domain.Completed)
	require.Equal(t, "done", w.status(id))
}

func TestRaisingIsForMembersLoweringForApprovers(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.say(id, "owner-gh", "/holdfast priority P0")
	require.Equal(t, domain.Priority("P0"), w.state(id).Spec.Priority)
	require.Contains(t, w.ticket(id).Labels, "P0")
	w.say(id, "owner-gh", "/holdfast priority P3")
	require.Equal(t, domain.Priority("P0"), w.state(id).Spec.Priority, "an approver is asked")
	all := w.comments(id)
	require.Contains(t, all[len(all)-1].Body, "waits for an approver")
	w.say(id, "owner-gh", "/holdfast priority P3")
	require.Contains(t, w.comments(id)[len(w.comments(id))-1].Body, "asked already")
	w.say(id, "lead-gh", "/holdfast priority P3")
	require.Equal(t, domain.Priority("P3"), w.state(id).Spec.Priority)
}

func TestEditedQuotedAndCodeAreNoCommands(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	c := w.gh.CommentBy(w.ref(id), "lead-gh", "/holdfast waive 7d edited")
	w.advance(time.Minute)
	w.gh.EditCommentBy(w.ref(id), c, "/holdfast waive 30d edited")
	w.hear(domain.Event{Kind: domain.EventComment, Action: "created", Ticket: w.ref(id), Comment: c, Command: true})
	require.Nil(t, w.state(id).Waiver)
	said := w.comments(id)
	require.Len(t, said, 2, "who edited it is told what to do")
	require.Contains(t, said[1].Body, "write the command again in a new one")
	w.say(id, "lead-gh", "> /holdfast waive 7d quoted")
	w.say(id, "lead-gh", "```\n/holdfast waive 7d code\n```")
	require.Nil(t, w.state(id).Waiver)
	require.Len(t, w.comments(id), 4, "nothing was said to these")
}

func TestWithdrawnOnlyComesBackByUnwaive(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.say(id, "lead-gh", "/holdfast withdraw the service is gone")
	w.close(id, domain.NotPlanned)
	w.advance(365 * 24 * time.Hour)
	require.Equal(t, "waived", w.status(id))
	w.say(id, "lead-gh", "/holdfast unwaive")
	w.advance(time.Minute)
	require.False(t, w.ticket(id).Closed)
}

func TestStatusIsAnsweredForAnybody(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.say(id, "stranger", "/holdfast status")
	all := w.comments(id)
	require.Contains(t, all[len(all)-1].Body, "Not verified.")
}
