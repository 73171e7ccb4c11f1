package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// What people, CI and documents do in these tests, and what is looked at.

// line is an action item of a document.
type line struct {
	Title    string `json:"title"`
	Text     string `json:"text,omitempty"`
	Priority string `json:"priority,omitempty"`
	Type     string `json:"type,omitempty"`
	Owner    string `json:"owner,omitempty"`
	Due      string `json:"due,omitempty"`
	Service  string `json:"service,omitempty"`
	Ticket   string `json:"ticket,omitempty"`
	Done     bool   `json:"done,omitempty"`
}

// incident is the id of the postmortem that most tests file.
const incident = "2026-11-01-checkout-down"

// document is a postmortem in JSON. Items are bob's and of the checkout unless
// they say otherwise.
func document(id string, items ...line) string {
	for i := range items {
		if items[i].Owner == "" {
			items[i].Owner = "bob"
		}
		if items[i].Service == "" {
			items[i].Service = "checkout"
		}
	}
	b, err := json.Marshal(map[string]any{"id": id, "title": "Checkout down", "date": "2026-11-01", "items": items})
	if err != nil {
		panic(err) // plain values
	}
	return string(b)
}

func (w *world) file(id string, items ...line) api.FiledView {
	w.t.Helper()
	v, err := w.api.File(w.t.Context(), api.FileRequest{ContentType: api.JSONType, Body: []byte(document(id, items...))})
	require.NoError(w.t, err)
	return v
}

// filed files items and waits for their tickets. Tickets are made side by
// side, in any order; so that the n-th item has the n-th ticket, the document
// grows by one item at a time.
func (w *world) filed(items ...line) {
	w.t.Helper()
	for n := range items {
		v := w.file(incident, items[:n+1]...)
		w.until("the ticket", func() bool { return w.item(v.Items[n].ID).Ticket != nil })
	}
	w.settle()
}

// one is an item whose ticket is acme/checkout#1.
func (w *world) one() string {
	w.t.Helper()
	w.filed(line{Title: "Time out calls to the payment provider", Priority: "P1", Type: "preventative"})
	return incident + "/1"
}

func (w *world) item(id string) api.ItemDetail {
	w.t.Helper()
	v, err := w.api.Item(w.t.Context(), id)
	require.NoError(w.t, err)
	return v
}

func (w *world) issue(n int) sandbox.Issue {
	w.t.Helper()
	is, ok := w.gh.Issue(checkout, n)
	require.True(w.t, ok, "%s#%d", checkout, n)
	return is
}

func (w *world) pay(n int) sandbox.JiraIssue {
	w.t.Helper()
	is, ok := w.jira.Issue(fmt.Sprintf("PAY-%d", n))
	require.True(w.t, ok, "PAY-%d", n)
	return is
}

// reopened waits until acme/checkout#n is open again, labelled and explained.
func (w *world) reopened(n int) sandbox.Issue {
	w.t.Helper()
	w.until(fmt.Sprintf("#%d reopened", n), func() bool {
		is := w.issue(n)
		return is.State == "open" && len(is.Comments) > 0 && slices.Contains(is.Labels, "awaiting-deployment")
	})
	w.settle()
	return w.issue(n)
}

// closed waits until acme/checkout#n is closed and stays so.
func (w *world) closed(n int) sandbox.Issue {
	w.t.Helper()
	w.until(fmt.Sprintf("#%d closed", n), func() bool { return w.issue(n).State == "closed" })
	w.settle()
	is := w.issue(n)
	require.Equal(w.t, "closed", is.State)
	return is
}

func (w *world) close(n int) {
	w.t.Helper()
	require.NoError(w.t, w.gh.CloseIssue(checkout, n, "bob", ""))
}

func (w *world) comment(n int, who, text string) int64 {
	w.t.Helper()
	id, err := w.gh.CommentOn(checkout, n, who, text)
	require.NoError(w.t, err)
	return id
}

// commit pushes a commit to the default branch.
func (w *world) commit(repo, message string) string {
	w.t.Helper()
	sha, err := w.gh.Commit(repo, "main", "carol", message, map[string]string{name(message): message})
	require.NoError(w.t, err)
	return sha
}

// merge opens a pull request and merges it as one commit.
func (w *world) merge(repo, title, body string) string {
	w.t.Helper()
	return w.mergeInto(repo, "", title, body)
}

func (w *world) mergeInto(repo, base, title, body string) string {
	w.t.Helper()
	n := w.open(repo, base, title, body)
	sha, err := w.gh.MergePull(repo, n, "bob", "squash")
	require.NoError(w.t, err)
	return sha
}

func (w *world) open(repo, base, title, body string) int {
	w.t.Helper()
	n, err := w.gh.OpenPull(repo, sandbox.PullRequest{Actor: "bob", Branch: "b" + name(title+body+base), Base: base, Title: title, Body: body,
		Commits: []sandbox.Commit{{Message: title, Files: map[string]string{name(title + body): title}}}})
	require.NoError(w.t, err)
	return n
}

// name makes a file or branch name from a text.
func name(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// report is what CI sends; zero fields are left out.
type report struct {
	ID          string           `json:"id,omitempty"`
	Service     string           `json:"service,omitempty"`
	Environment string           `json:"environment,omitempty"`
	SHA         string           `json:"sha,omitempty"`
	Version     string           `json:"version,omitempty"`
	Status      string           `json:"status,omitempty"`
	Percent     int              `json:"percent,omitempty"`
	FinishedAt  string           `json:"finished_at,omitempty"`
	Fixes       []map[string]any `json:"fixes,omitempty"`
}

func (w *world) report(r report) answer {
	w.t.Helper()
	b, err := json.Marshal(r)
	require.NoError(w.t, err)
	return w.call("POST", "/api/v1/deployments", ciToken, string(b))
}

// deploy reports a success and waits until it has been looked at.
func (w *world) deploy(environment, sha string) api.DeployedView {
	w.t.Helper()
	a := w.report(report{Service: "checkout", Environment: environment, SHA: sha})
	require.Equal(w.t, 202, a.status, a.text)
	var v api.DeployedView
	a.json(w.t, &v)
	w.settle()
	return v
}

// base puts a commit without any fix into production, so that a deployment was
// heard.
func (w *world) base() string {
	w.t.Helper()
	sha := w.commit(checkout, "Release notes")
	w.deploy("prod-eu", sha)
	return sha
}

func (w *world) at(ahead time.Duration) string {
	return w.clock.now().Add(ahead).UTC().Format(time.RFC3339)
}

// checkLedger holds an item's ledger against what must always be so: numbered
// without gaps, every intent with one outcome, and everything with its cause.
func (w *world) checkLedger(id string) {
	w.t.Helper()
	// What is seen on the ticket may be a moment ahead of its record.
	w.until("every intent has its outcome", func() bool { return unresolved(w.item(id)) == 0 })
	checkLedger(w.t, w.item(id))
}

type fataler interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

func checkLedger(t fataler, d api.ItemDetail) {
	t.Helper()
	open := map[string]bool{}
	for i, e := range d.Ledger {
		require.Equal(t, int64(i+1), e.Seq, "%s: the ledger has a gap", d.ID)
		require.NotEmpty(t, e.Cause, "%s: entry %d (%s) names no cause", d.ID, e.Seq, e.Name)
		require.False(t, e.At.IsZero(), "%s: entry %d (%s) has no time", d.ID, e.Seq, e.Name)
		switch e.Name {
		case domain.ActionIntended:
			open[e.Action.ID] = true
		case domain.ActionDone, domain.ActionFailed:
			delete(open, e.Action.ID)
		}
	}
	require.Empty(t, open, "%s: intents without an outcome", d.ID)
}
