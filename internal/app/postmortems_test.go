package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestThePostmortemIsFiledAgain(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	a, b, c := line{Title: "Time out calls to the provider", Priority: "P1"}, line{Title: "Alert on a full pool"}, line{Title: "Write a runbook"}
	w.filed(a, b, c)
	w.silent(func() {
		v := w.file(incident, a, b, c)
		require.Len(t, v.Items, 3)
	})

	// Reordered, one reworded, one new in front, one raised.
	b.Title, c.Priority = "Alert on a nearly full pool of workers", "P0"
	v := w.file(incident, line{Title: "Rotate the credentials"}, c, b, a)
	require.Equal(t, []string{"/4", "/3", "/2", "/1"}, []string{v.Items[0].ID[len(incident):], v.Items[1].ID[len(incident):], v.Items[2].ID[len(incident):], v.Items[3].ID[len(incident):]})
	w.until("the fourth ticket", func() bool { return len(w.gh.Issues(checkout)) == 4 })
	w.settle()
	require.Equal(t, "Rotate the credentials", w.issue(4).Title)
	require.Equal(t, "Alert on a nearly full pool of workers", w.issue(2).Title)
	require.Contains(t, w.issue(3).Labels, "P0")
	require.NotContains(t, w.issue(3).Labels, "P2")

	// What a person changed on the ticket is theirs.
	w.pass(time.Minute)
	require.NoError(t, w.gh.EditIssue(checkout, 1, "bob", "My own words", ""))
	require.NoError(t, w.gh.Assign(checkout, 1, "bob", "carol"))
	w.settle()
	a.Title, a.Owner = "Time out all calls to the provider", "alice"
	w.file(incident, c, b, a)
	w.settle()
	require.Equal(t, "My own words", w.issue(1).Title)
	require.Equal(t, []string{"carol"}, w.issue(1).Assignees)

	// The fourth is gone from the document; its ticket stays, and its number
	// is not used again.
	d := w.item(incident + "/4")
	require.True(t, slices.ContainsFunc(d.Ledger, func(e domain.Entry) bool { return e.Name == domain.ItemRemoved }))
	require.Equal(t, "open", w.issue(4).State)
	require.Len(t, w.issue(4).Comments, 1)
	require.Contains(t, w.issue(4).Comments[0].Body, "no longer names this action item")
	v = w.file(incident, c, b, a, line{Title: "Something else entirely"})
	require.Equal(t, incident+"/5", v.Items[3].ID)
	w.until("the fifth ticket", func() bool { return len(w.gh.Issues(checkout)) == 5 })
	w.settle()
	require.Len(t, w.gh.Issues(checkout), 5)
	// It comes back as what it was.
	w.silent(func() {
		v = w.file(incident, c, b, a, line{Title: "Something else entirely"}, line{Title: "Rotate the credentials"})
		require.Equal(t, incident+"/4", v.Items[4].ID)
	})
	w.silent(func() { // it is told once, however often it comes and goes
		w.file(incident, c, b, a, line{Title: "Something else entirely"})
	})
	for i := range 5 {
		w.checkLedger(incident + "/" + string(rune('1'+i)))
	}
}

func TestADocumentThatWasRenamed(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	file := func(name, text string) api.FiledView {
		v, err := w.api.File(t.Context(), api.FileRequest{Name: name, ContentType: api.MarkdownType, Body: []byte(text)})
		require.NoError(t, err)
		return v
	}
	const text = "# Checkout down\n\nDate: 2026-11-01\n\n## Action items\n\n- Time out calls (P1, owner: bob)\n- Alert on a full pool (owner: bob)\n"
	require.Equal(t, "first-name", file("first-name.md", text).Postmortem)
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.silent(func() {
		v := file("second-name.md", text)
		require.Equal(t, "first-name", v.Postmortem)
		require.Contains(t, v.Warnings[0], "first-name")
	})
	// Edited as well, and in another place.
	v := file("archive/third-name.md", strings.Replace(text, "- Time out calls (P1, owner: bob)", "- Time out all calls (P1, owner: bob)\n- Write the runbook", 1))
	require.Equal(t, "first-name", v.Postmortem)
	w.until("the third ticket", func() bool { return len(w.gh.Issues(checkout)) == 3 })
	// An incident of another day is another one, whatever its words.
	require.Equal(t, "fourth-name", file("fourth-name.md", strings.Replace(text, "2026-11-01", "2026-11-08", 1)).Postmortem)
	w.until("its own tickets", func() bool { return len(w.gh.Issues(checkout)) == 5 })
	w.settle()
	require.Len(t, w.gh.Issues(checkout), 5)
	require.Equal(t, "Time out all calls", w.item("first-name/1").Title)
}

func TestADraftFilesNothing(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.silent(func() {
		for _, dry := range []bool{true, false} {
			v, err := w.api.File(t.Context(), api.FileRequest{Name: "draft.md", DryRun: dry, ContentType: api.MarkdownType,
				Body: []byte("---\nstatus: draft\n---\n# Checkout down\n\n## Action items\n\n- Time out calls\n")})
			require.NoError(t, err)
			require.Empty(t, v.Items)
			require.Empty(t, v.Plan)
			require.Contains(t, v.Warnings[0], "draft")
		}
	})
}

func TestTwoRequestsForOnePostmortem(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	body := document(incident, line{Title: "One"}, line{Title: "Two"}, line{Title: "Three"})
	codes := make(chan int)
	for range 6 {
		go func() { codes <- w.call("POST", "/api/v1/postmortems", aliceToken, body).status }()
	}
	for range 6 {
		require.Equal(t, 202, <-codes)
	}
	w.until("tickets", func() bool { return len(w.gh.Issues(checkout)) == 3 })
	w.settle()
	require.Len(t, w.gh.Issues(checkout), 3)
}

func TestAnItemThatIsDone(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	v := w.file(incident, line{Title: "Done already", Done: true}, line{Title: "Page the right people"})
	w.until("one ticket", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	w.settle()
	require.Nil(t, v.Items[0].Ticket)
	d := w.item(incident + "/1")
	require.Nil(t, d.Ticket)
	require.Equal(t, "exempt", d.Verdict)
	require.Equal(t, "waived", d.Status)
	require.Equal(t, "Page the right people", w.issue(1).Title)

	w.file(incident, line{Title: "Done already"}, line{Title: "Page the right people", Done: true})
	w.until("its ticket", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	require.Equal(t, "open", w.item(incident+"/1").Status)
	require.Equal(t, "Done already", w.issue(2).Title)
	require.Equal(t, "open", w.issue(1).State, "closing the ticket is what counts, not the mark")
	require.Equal(t, "not_verified", w.item(incident+"/2").Verdict)
	w.checkLedger(incident + "/1")
}

func TestTicketsThatTheDocumentNames(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	for _, title := range []string{"An old ticket", "An old ticket, closed", "Named by two"} {
		_, err := w.gh.OpenIssue(checkout, "carol", title, "Written by hand.")
		require.NoError(t, err)
	}
	require.NoError(t, w.gh.CloseIssue(checkout, 2, "carol", "completed"))
	key, err := w.jira.OpenIssue("PAY", "account-carol", "An old issue", "")
	require.NoError(t, err)
	w.file(incident,
		line{Title: "Adopt the open one", Ticket: "#1", Priority: "P1"}, line{Title: "Adopt the closed one", Ticket: w.ghURL + "/acme/checkout/issues/2"},
		line{Title: "First", Ticket: "acme/checkout#3"}, line{Title: "In Jira", Ticket: key, Service: "payments"}, line{Title: "There is no such ticket", Ticket: "#99"})
	w.until("all adopted", func() bool {
		page, err := w.api.Items(t.Context(), api.ItemQuery{Limit: 10})
		return err == nil && len(page.Items) == 5 && !slices.ContainsFunc(page.Items, func(i api.ItemView) bool { return i.Ticket == nil })
	})
	w.settle()
	require.Len(t, w.gh.Issues(checkout), 4, "one ticket for the item whose ticket is not there")
	require.Equal(t, domain.Ref("github:acme/checkout#4"), w.item(incident+"/5").Ticket.Ref)
	require.Equal(t, domain.Ref("jira:PAY-1"), w.item(incident+"/4").Ticket.Ref)
	require.Equal(t, "An old ticket", w.issue(1).Title, "an adopted ticket keeps its words")
	require.Contains(t, w.issue(1).Body, "Written by hand.")

	// The closed one is final until somebody opens it.
	require.Equal(t, "waived", w.item(incident+"/2").Status)
	require.Equal(t, "closed", w.issue(2).State)
	w.base()
	w.pass(time.Minute)
	require.Equal(t, "closed", w.issue(2).State)
	require.NoError(t, w.gh.ReopenIssue(checkout, 2, "carol"))
	w.settle()
	require.Equal(t, "open", w.item(incident+"/2").Status)
	w.pass(time.Minute)
	w.close(2)
	w.reopened(2)

	// The open one is under the rule from the start.
	w.close(1)
	w.reopened(1)

	// A ticket has one item.
	w.file("2026-11-02-other", line{Title: "The same ticket for another item", Ticket: "acme/checkout#3"})
	w.until("a ticket of its own", func() bool { d := w.item("2026-11-02-other/1"); return d.Ticket != nil })
	w.settle()
	require.Equal(t, domain.Ref("github:acme/checkout#5"), w.item("2026-11-02-other/1").Ticket.Ref)
	for i := range 5 {
		w.checkLedger(incident + "/" + string(rune('1'+i)))
	}
	w.checkLedger("2026-11-02-other/1")
}

func TestADryRun(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Known"})
	w.silent(func() {
		body := document(incident, line{Title: "Known", Priority: "P0"}, line{Title: "New"}, line{Title: "Finished", Done: true}, line{Title: "Old", Ticket: "#7"}, line{Title: "Elsewhere", Service: "chekout"})
		a := w.call("POST", "/api/v1/postmortems?dry_run=true", bobToken, body)
		require.Equal(t, 202, a.status, a.text)
		var v api.FiledView
		a.json(t, &v)
		require.True(t, v.DryRun)
		var did []string
		for _, l := range v.Plan {
			did = append(did, l.Action+" "+l.Target)
		}
		require.Equal(t, []string{"update github:acme/checkout#1", "file github:acme/checkout", "done ", "adopt github:acme/checkout#7", "file github:acme/checkout"}, did)
		require.Len(t, v.Warnings, 1)
		require.Contains(t, v.Warnings[0], "chekout")
	})
	page, err := w.api.Items(t.Context(), api.ItemQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, domain.DefaultPriority, page.Items[0].Priority)
}

func TestPostmortemsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	const path = "/api/v1/postmortems"
	w.call("POST", path, viewToken, document("x", line{Title: "One"})).problem(t, 403, "operator")
	w.call("POST", path, aliceToken, `{"id":"x","title":"x","items":[]}`).problem(t, 422, "no action items")
	w.call("POST", path, aliceToken, `{"id":"x","title":"x","itmes":[{"title":"One"}]}`).problem(t, 422, "itmes")
	w.call("POST", path, aliceToken, `{"id":"x","items":[{"title":"One","priority":"P9"}]}`).problem(t, 422, "priority")
	w.call("POST", path, aliceToken, `{"id":`).problem(t, 400, "JSON")
	w.call("POST", path, aliceToken, "# A title\n\nAll went well.\n", "Content-Type: text/markdown").problem(t, 422, "no action items")
	w.call("POST", path, aliceToken, " \n", "Content-Type: text/markdown").problem(t, 422, "empty")
	w.call("POST", path, aliceToken, "x", "Content-Type: application/pdf").problem(t, 415, "text/markdown")
	w.call("POST", path+"?service=chekout", aliceToken, document("x", line{Title: "One"})).problem(t, 422, "checkout")
	w.call("POST", path+"?id=../../etc", aliceToken, document("x", line{Title: "One"})).problem(t, 422, "id")
	w.settle()
	page, err := w.api.Items(t.Context(), api.ItemQuery{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page.Items, "nothing half done")
	require.Empty(t, w.writes())
}

func TestItemsAreListedAndFiltered(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Time out", Priority: "P1", Type: "preventative"}, line{Title: "Alert", Type: "mitigative", Owner: "alice", Due: "2026-11-02"}, line{Title: "Refund", Service: "payments"})
	ids := func(query string) []string {
		var page struct {
			Items []api.ItemView `json:"items"`
			Next  *string        `json:"next_cursor"`
		}
		a := w.call("GET", "/api/v1/items?"+query, viewToken, "")
		require.Equal(t, 200, a.status, a.text)
		a.json(t, &page)
		out := []string{}
		for _, i := range page.Items {
			out = append(out, i.Title)
		}
		if page.Next != nil {
			out = append(out, "more")
		}
		return out
	}
	require.Equal(t, []string{"Time out", "Alert", "Refund"}, ids(""))
	require.Equal(t, []string{"Time out", "more"}, ids("limit=1"))
	require.Equal(t, []string{"Time out"}, ids("priority=P1"))
	require.Equal(t, []string{"Alert"}, ids("type=mitigative"))
	require.Equal(t, []string{"Refund"}, ids("service=payments"))
	require.Equal(t, []string{"Alert"}, ids("owner=alice"))
	require.Equal(t, []string{"Alert"}, ids("overdue=true"))
	require.Equal(t, []string{"Refund"}, ids("q=PAY-1"))
	require.Equal(t, []string{"Time out", "Alert", "Refund"}, ids("status=open&verdict=not_verified&team=shop"))
	require.Equal(t, []string{}, ids("status=done"))
	w.call("GET", "/api/v1/items?limit=0", viewToken, "").problem(t, 422, "limit")
	w.call("GET", "/api/v1/items?cursor=nonsense", viewToken, "").problem(t, 422, "cursor")
}

// "report.md" lies in many a directory: the second is not the first, edited.
func TestTwoDocumentsOfOneFileName(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	file := func(title, date string, items ...string) api.FiledView {
		v, err := w.api.File(t.Context(), api.FileRequest{Name: "report.md", ContentType: api.MarkdownType, Body: []byte(review(title, date, items...))})
		require.NoError(t, err)
		return v
	}
	first := file("A disk died", "2026-11-01", "Replace the disk controller", "Test the restore each week")
	require.Equal(t, "report", first.Postmortem)
	second := file("DNS was down", "2026-11-09", "Lower the TTL to a minute")
	require.Equal(t, "2026-11-09-dns-was-down", second.Postmortem)
	require.Contains(t, second.Warnings[0], "A disk died")
	w.until("all tickets", func() bool { return len(w.gh.Issues(checkout)) == 3 })

	// Each goes on as what it is, edited or not.
	w.silent(func() {
		require.Equal(t, "report", file("A disk died", "2026-11-01", "Replace the disk controller", "Test the restore each week").Postmortem)
	})
	again := file("DNS was down", "2026-11-09", "Lower the TTL to a minute", "Drain nodes before an upgrade")
	require.Equal(t, second.Postmortem, again.Postmortem)
	require.Equal(t, second.Items[0].ID, again.Items[0].ID)
	w.until("the fourth ticket", func() bool { return len(w.gh.Issues(checkout)) == 4 })
	w.settle()
	for n := 1; n <= 4; n++ {
		require.Empty(t, w.issue(n).Comments, "nothing was taken out")
	}
}
