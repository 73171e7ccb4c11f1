package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

func (w *world) adopt(tracker, query string, dry bool) api.AdoptionView {
	w.t.Helper()
	v, err := w.api.Adopt(w.t.Context(), api.AdoptionRequest{Tracker: tracker, Query: query, DryRun: dry})
	require.NoError(w.t, err)
	return v
}

// told is the plan of an adoption in short.
func told(v api.AdoptionView) []string {
	var out []string
	for _, t := range v.Tickets {
		p := ""
		if t.Priority != nil {
			p = *t.Priority
		}
		out = append(out, strings.TrimSpace(t.Action+" "+t.Ticket.Ref.Key()+" "+t.Ticket.State+" "+p+" "+strings.Join(t.Services, ",")))
	}
	return out
}

func TestTicketsOfGitHubAreAdopted(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	for _, title := range []string{"Limit retries", "Alert on a full pool", "Long done", "Nothing of ours"} {
		_, err := w.gh.OpenIssue(checkout, "carol", title, "Written by hand.")
		require.NoError(t, err)
	}
	require.NoError(t, w.gh.Label(checkout, 1, "carol", "postmortem", "P1", "type:prevent"))
	require.NoError(t, w.gh.Label(checkout, 2, "carol", "Postmortem", "service:nowhere"))
	require.NoError(t, w.gh.Label(checkout, 3, "carol", "postmortem"))
	base := w.base()
	w.pass(time.Minute)
	// The third was fixed, and its fix shipped, before Holdfast was asked to look.
	require.NoError(t, w.gh.CloseIssue(checkout, 3, "carol", "completed"))
	pull := w.open(checkout, "", "A pull request with the label", "")
	require.NoError(t, w.gh.Label(checkout, pull, "carol", "postmortem"))
	fix := w.merge(checkout, "Retry three times", "Refs #1")
	w.settle()

	w.silent(func() {
		v := w.adopt("github", "label:postmortem", true)
		require.Equal(t, []string{"adopt acme/checkout#1 open P1 checkout", "adopt acme/checkout#2 open P2", "adopt acme/checkout#3 closed P2 checkout"}, told(v))
		require.Contains(t, v.Tickets[1].Detail, "nowhere")
		require.Contains(t, v.Tickets[2].Detail, "stays closed")
		page, err := w.api.Items(t.Context(), api.ItemQuery{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, page.Items)
	})
	v := w.adopt("github", "label:postmortem", false)
	require.Equal(t, "adopted-github", v.Postmortem)
	w.until("all three", func() bool {
		return w.item("adopted-github/1").Ticket != nil && w.item("adopted-github/2").Ticket != nil && w.item("adopted-github/3").Ticket != nil
	})
	w.pass(time.Minute) // and what was merged before is read
	w.until("the earlier change", func() bool { return len(w.item("adopted-github/1").Changes) == 1 })
	w.settle()
	require.Equal(t, fix, *w.item("adopted-github/1").Changes[0].SHA)
	require.Equal(t, domain.Preventative, w.item("adopted-github/1").Type)
	require.Equal(t, "waived", w.item("adopted-github/3").Status)
	require.Equal(t, "closed", w.issue(3).State)
	require.Equal(t, []string{"postmortem", "P1", "type:prevent"}, w.issue(1).Labels, "nothing is written to it")
	require.Contains(t, w.issue(2).Labels, "needs-service")
	require.NotContains(t, w.issue(2).Labels, "P2")
	require.Equal(t, "Written by hand.", w.issue(1).Body)
	require.Empty(t, w.issue(1).Assignees)

	// The rule holds.
	w.close(1)
	w.reopened(1)
	w.pass(time.Minute)
	w.deploy("prod-eu", fix)
	w.closed(1)
	require.NotEqual(t, base, fix)

	// Again: what is known stays as it is.
	w.silent(func() {
		v = w.adopt("github", "label:postmortem is:issue repo:acme/checkout", false)
		require.Equal(t, []string{"tracked acme/checkout#1 closed", "tracked acme/checkout#2 open", "tracked acme/checkout#3 closed"}, told(v))
	})
	for _, id := range []string{"1", "2", "3"} {
		w.checkLedger("adopted-github/" + id)
	}
}

func TestWhatGitHubIsAskedFor(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	for _, title := range []string{"Retries of the client", "Pool of the client", "Something else"} {
		_, err := w.gh.OpenIssue(checkout, "carol", title, "")
		require.NoError(t, err)
	}
	_, err := w.gh.OpenIssue(payments, "carol", "Retries elsewhere", "") // not a place for tickets
	require.NoError(t, err)
	require.Equal(t, []string{"adopt acme/checkout#1 open P2 checkout", "adopt acme/checkout#2 open P2 checkout"}, told(w.adopt("github", "client in:title", true)))
	require.Equal(t, []string{"adopt acme/checkout#1 open P2 checkout"}, told(w.adopt("github", "Retries", true)))
	refused := func(query, says string) {
		t.Helper()
		w.call("POST", "/api/v1/adoptions?dry_run=true", aliceToken, `{"tracker":"github","query":"`+query+`"}`).problem(t, 422, says)
	}
	refused("is:pr label:x", "pull requests")
	refused("repo:acme/payments label:x", "acme/checkout")
	refused("is:issue", "every issue")
	w.call("POST", "/api/v1/adoptions", aliceToken, `{"tracker":"gitlab","query":"x"}`).problem(t, 422, "github, jira")
	w.call("POST", "/api/v1/adoptions", aliceToken, `{"tracker":"github","query":"x","service":"nope"}`).problem(t, 422, "nope")
	w.call("POST", "/api/v1/adoptions", viewToken, `{"tracker":"github","query":"x"}`).problem(t, 403, "operator")
}

func TestTicketsOfJiraAreAdopted(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	for _, title := range []string{"Limit retries", "Not meant"} {
		_, err := w.jira.OpenIssue("PAY", "account-carol", title, "Written by hand.")
		require.NoError(t, err)
	}
	require.NoError(t, w.jira.Label("PAY-1", "account-carol", "postmortem"))
	v := w.adopt("jira", "labels = postmortem ORDER BY created", true)
	require.Equal(t, []string{"adopt PAY-1 open P2 payments"}, told(v))
	// The project is ours to say, whatever the query does.
	require.Equal(t, []string{"adopt PAY-1 open P2 payments"}, told(w.adopt("jira", "labels = postmortem) OR (labels = postmortem", true)))
	w.call("POST", "/api/v1/adoptions", aliceToken, `{"tracker":"jira","query":"labels === postmortem"}`).problem(t, 422, "query")
	w.adopt("jira", "labels = postmortem", false)
	w.until("it is an item", func() bool { return w.item("adopted-jira/1").Ticket != nil })
	w.settle()
	require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-carol", "Done", "Done"))
	w.until("reopened", func() bool { return w.item("adopted-jira/1").Reopened == 1 })
	w.checkLedger("adopted-jira/1")
}

func TestALabelBringsATicketUnderTheRule(t *testing.T) {
	t.Parallel()
	w := start(t, scene{rest: `adopt:
  - {tracker: github, query: "label:incident"}
  - {tracker: jira, query: "labels = incident"}`})
	for _, title := range []string{"Limit retries", "Alert on a full pool"} {
		_, err := w.gh.OpenIssue(checkout, "carol", title, "")
		require.NoError(t, err)
	}
	key, err := w.jira.OpenIssue("PAY", "account-carol", "Limit refunds", "")
	require.NoError(t, err)
	w.settle()
	require.NoError(t, w.gh.Label(checkout, 1, "carol", "incident"))
	require.NoError(t, w.jira.Label(key, "account-carol", "incident"))
	w.until("both are items", func() bool {
		page, err := w.api.Items(t.Context(), api.ItemQuery{Limit: 10})
		return err == nil && len(page.Items) == 2 && page.Items[0].Ticket != nil && page.Items[1].Ticket != nil
	})
	w.settle()
	w.close(1)
	w.reopened(1)

	// Without its webhook a sweep finds it.
	w.gh.SetWebhook("", "")
	require.NoError(t, w.gh.Label(checkout, 2, "carol", "incident"))
	w.pass(2 * time.Minute)
	w.until("the second one", func() bool {
		page, err := w.api.Items(t.Context(), api.ItemQuery{Postmortem: "adopted-github", Limit: 10})
		return err == nil && len(page.Items) == 2 && page.Items[1].Ticket != nil
	})
	// Taking the label off releases nothing silently.
	require.NoError(t, w.gh.Unlabel(checkout, 2, "carol", "incident"))
	w.pass(2 * time.Minute)
	require.Equal(t, "open", w.item("adopted-github/2").Status)
}

func TestWhatWasMergedBeforeHoldfastRanIsFound(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{})
	for _, title := range []string{"Limit retries", "Alert on a full pool"} {
		_, err := w.gh.OpenIssue(checkout, "carol", title, "")
		require.NoError(t, err)
	}
	require.NoError(t, w.gh.Label(checkout, 1, "carol", "postmortem"))
	require.NoError(t, w.gh.Label(checkout, 2, "carol", "postmortem"))
	pulled := w.merge(checkout, "Retry three times", "Refs #1")
	pushed, err := w.gh.Commit(checkout, "main", "bob", "Warn early\n\nRefs #2", map[string]string{"alert.txt": "x"})
	require.NoError(t, err)
	w.run()
	w.settle()
	w.adopt("github", "label:postmortem", false)
	w.until("both are items", func() bool {
		list := w.items()
		return len(list) == 2 && list[0].Ticket != nil && list[1].Ticket != nil
	})
	w.pass(time.Minute)
	w.until("both changes", func() bool {
		return len(w.item("adopted-github/1").Changes) == 1 && len(w.item("adopted-github/2").Changes) == 1
	})
	require.Equal(t, pulled, *w.item("adopted-github/1").Changes[0].SHA)
	require.Equal(t, pushed, *w.item("adopted-github/2").Changes[0].SHA)
	w.silent(func() { w.adopt("github", "label:postmortem", false) })
	w.checkLedger("adopted-github/1")
}

// Tickets come under the rule by their label first, and the postmortem that
// names them is filed later.
func TestADocumentThatNamesAnAdoptedTicket(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	_, err := w.gh.OpenIssue(checkout, "carol", "Limit the retries of the client", "Written by hand.")
	require.NoError(t, err)
	require.NoError(t, w.gh.Label(checkout, 1, "carol", "postmortem"))
	w.settle()
	w.adopt("github", "label:postmortem", false)
	w.until("adopted", func() bool { return w.item("adopted-github/1").Ticket != nil })
	w.settle()

	doc := "# Down\n\nDate: 2026-11-01\n\n## Action items\n\n- Limit retries of the client (acme/checkout#1)\n- Alert on a full pool\n"
	r := api.FileRequest{Name: "down.md", ContentType: api.MarkdownType, Body: []byte(doc), DryRun: true}
	v, err := w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, []string{"tracked adopted-github/1", "file down/1"}, []string{v.Plan[0].Action + " " + v.Plan[0].Item, v.Plan[1].Action + " " + v.Plan[1].Item})
	require.Equal(t, "github:acme/checkout#1", v.Plan[0].Target)
	r.DryRun = false
	v, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, "adopted-github/1", v.Items[0].ID)
	w.until("the other ticket", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	w.silent(func() {
		v, err = w.api.File(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, v.Items, 2)
	})
	require.Len(t, w.gh.Issues(checkout), 2, "one ticket for each thing to do")
}
