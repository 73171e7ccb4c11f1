package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func TestAWaiver(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	path := "/api/v1/items/" + id + "/waiver"
	week := `{"duration":"7d","reason":"the provider is replaced next week"}`
	w.call("POST", path, "", week).problem(t, 401, "token")
	w.call("POST", path, viewToken, week).problem(t, 403, "")
	w.call("POST", path, ciToken, week).problem(t, 403, "")
	w.call("POST", path, bobToken, week).problem(t, 403, "approver")
	w.call("POST", path, aliceToken, `{"duration":"400d","reason":"x"}`).problem(t, 403, "at most 90d")
	w.call("POST", path, aliceToken, `{"duration":"soon","reason":"x"}`).problem(t, 422, "duration")
	w.call("POST", path, aliceToken, `{"duration":"7d","reason":" "}`).problem(t, 422, "reason")
	w.call("POST", "/api/v1/items/no-such/1/waiver", aliceToken, week).problem(t, 404, "no-such/1")
	require.Equal(t, "not_verified", w.item(id).Verdict, "none of these waived it")

	a := w.call("POST", path, aliceToken, week)
	require.Equal(t, 201, a.status, a.text)
	var v api.ItemView
	a.json(t, &v)
	require.Equal(t, "exempt", v.Verdict)
	w.silent(func() { w.close(1) })
	require.Equal(t, "waived", w.item(id).Status)

	w.pass(7*24*time.Hour + time.Minute)
	is := w.reopened(1)
	require.Contains(t, is.Comments[0].Body, "The waiver has ended.")
	require.Equal(t, "waiver_expired", *w.item(id).Reason)

	// Ending one takes it back at once.
	w.pass(time.Minute)
	require.Equal(t, 201, w.call("POST", path, aliceToken, week).status)
	w.closed(1) // what Holdfast reopened it closes again
	w.pass(time.Minute)
	require.Less(t, w.call("DELETE", path, aliceToken, "").status, 300)
	w.reopened(1)
	w.checkLedger(id)
}

func TestWhoNeverMayApprove(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Owned by an approver", Owner: "alice"}, line{Title: "Fixed by an approver"}, line{Title: "Once assigned to an approver"})
	waive := func(n string) answer {
		return w.call("POST", "/api/v1/items/"+incident+"/"+n+"/waiver", aliceToken, `{"duration":"1d","reason":"because"}`)
	}
	waive("1").problem(t, 403, "owner")

	n := w.open(checkout, "", "A fix", "Fixes #2")
	require.NoError(t, w.gh.EditIssue(checkout, n, "bob", "A fix by alice", ""))
	sha, err := w.gh.Commit(checkout, "main", "alice", "Another part\n\nRefs #2", map[string]string{"part": "x"})
	require.NoError(t, err)
	w.until("alice's commit linked", func() bool { return len(w.item(incident+"/2").Changes) == 1 })
	require.Equal(t, sha, *w.item(incident + "/2").Changes[0].SHA)
	waive("2").problem(t, 403, "author")

	w.pass(time.Minute)
	require.NoError(t, w.gh.Assign(checkout, 3, "bob", "alice"))
	w.pass(time.Minute)
	require.NoError(t, w.gh.Assign(checkout, 3, "bob", "bob"))
	w.settle()
	waive("3").problem(t, 403, "assignee")
}

func TestAWaiverInAComment(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.comment(1, "bob", "/holdfast waive 7d the provider is replaced")
	w.until("approvers asked", func() bool { return len(w.issue(1).Comments) == 2 })
	w.settle()
	ask := w.issue(1).Comments[1]
	require.Equal(t, "holdfast-bot", ask.Author)
	require.Contains(t, ask.Body, "@alice")
	require.Contains(t, ask.Body, "approver")
	w.comment(1, "bob", "/holdfast waive 8d please")
	w.until("answered", func() bool { return len(w.issue(1).Comments) == 4 })
	w.settle()
	require.NotContains(t, w.issue(1).Comments[3].Body, "@alice", "approvers are asked once")
	require.Equal(t, "not_verified", w.item(id).Verdict)

	w.comment(1, "eve", "/holdfast waive 7d let me")
	w.until("refused", func() bool { return len(w.issue(1).Comments) == 6 })
	w.settle()
	require.Contains(t, w.issue(1).Comments[5].Body, "approver")
	require.NotContains(t, w.issue(1).Comments[5].Body, "@alice", "strangers can't have people called")
	require.Equal(t, "not_verified", w.item(id).Verdict)

	w.comment(1, "alice", "Fine.\n/holdfast waive 7d the provider is replaced")
	w.until("waived", func() bool { return w.item(id).Verdict == "exempt" })
	w.settle()
	w.comment(1, "alice", "/holdfast unwaive")
	w.until("not waived any more", func() bool { return w.item(id).Verdict == "not_verified" })
	w.comment(1, "alice", "/holdfast withdraw nobody needs this any more")
	w.until("withdrawn", func() bool { return w.item(id).Verdict == "exempt" })
	w.pass(200 * 24 * time.Hour)
	w.silent(func() { w.close(1) })
	require.Equal(t, "waived", w.item(id).Status, "a withdrawal has no end")
	w.checkLedger(id)
}

func TestAttestations(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Write the runbook", Priority: "P1"}, line{Title: "Train the people on call", Priority: "P2"}, line{Title: "Code after all", Priority: "P2"})
	link := `{"url":"https://wiki.acme.example/runbook","note":"written"}`
	attest := func(n, token string) answer {
		return w.call("POST", "/api/v1/items/"+incident+"/"+n+"/attestation", token, link)
	}
	w.close(1)
	w.close(2)
	w.reopened(1)
	w.reopened(2)
	w.pass(time.Minute)
	w.call("POST", "/api/v1/items/"+incident+"/1/attestation", aliceToken, `{"url":"javascript:alert(1)"}`).problem(t, 422, "url")
	attest("1", bobToken).problem(t, 403, "approver")
	require.Equal(t, 201, attest("1", aliceToken).status)
	is := w.closed(1)
	require.Contains(t, is.Comments[0].Body, "https://wiki.acme.example/runbook")
	require.Equal(t, "verified", w.item(incident+"/1").Verdict)

	require.Equal(t, 201, attest("2", bobToken).status, "P2 is in self_attest")
	w.closed(2)

	// Beside a linked change it replaces nothing.
	w.base()
	w.merge(checkout, "Code", "Refs #3")
	w.settle()
	require.Equal(t, 201, attest("3", aliceToken).status)
	w.close(3)
	w.reopened(3)
	require.Equal(t, "not_deployed", *w.item(incident + "/3").Reason)

	// In a comment.
	w.comment(3, "alice", "/holdfast attest not-a-link")
	w.until("refused", func() bool { return len(w.issue(3).Comments) == 3 })
	require.True(t, strings.HasPrefix(w.issue(3).Comments[2].Body, "**Not done.**"), w.issue(3).Comments[2].Body)
	w.settle()
	for _, n := range []string{"/1", "/2", "/3"} {
		w.checkLedger(incident + n)
	}
}
