package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

const archive = "acme/postmortems"

// archived is an installation whose postmortems are in a repository, in which
// an old one lies already.
func archived(t *testing.T) *world {
	t.Helper()
	w := prepare(t, scene{rest: `postmortems: [{repo: acme/postmortems, paths: ["incidents/**/*.md"]}]`})
	require.NoError(t, w.gh.CreateRepo(archive))
	w.gh.SetPermission(archive, "alice", "write")
	w.push(map[string]string{"README.md": "# Our postmortems\n", "incidents/2025/old.md": review("An old incident", "2025-01-01", "Fix it for good", "Write it down")})
	w.run()
	w.until("the first look", func() bool {
		return w.redis.Exists(t.Context(), "{holdfast}:meta:documents/github/acme/postmortems/").Val() == 1
	})
	w.settle()
	return w
}

func (w *world) push(files map[string]string) string {
	w.t.Helper()
	sha, err := w.gh.Commit(archive, "main", "alice", "Write it down", files)
	require.NoError(w.t, err)
	return sha
}

// review is a postmortem in Markdown; all items are bob's.
func review(title, date string, items ...string) string {
	text := "# " + title + "\n\nDate: " + date + "\n\n## Action items\n\n"
	for _, i := range items {
		text += "- " + i + " (owner: bob)\n"
	}
	return text
}

func (w *world) items() []api.ItemView {
	w.t.Helper()
	page, err := w.api.Items(w.t.Context(), api.ItemQuery{Limit: 500})
	require.NoError(w.t, err)
	return page.Items
}

func TestDocumentsThatArePushed(t *testing.T) {
	t.Parallel()
	w := archived(t)
	require.Empty(t, w.items(), "what was there before is nobody's wish")
	sha := w.push(map[string]string{"incidents/2026/checkout-down.md": review("Checkout down", "2026-11-01", "Time out calls", "Alert on a full pool"), "notes/other.md": review("No incident", "2026-11-01", "Not looked at")})
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	first := w.item("checkout-down/1")
	require.Equal(t, "Time out calls", first.Title)
	require.Contains(t, w.issue(1).Body+w.issue(2).Body, w.ghURL+"/acme/postmortems/blob/"+sha+"/incidents/2026/checkout-down.md")

	// Edited: the tickets follow, and only the new one is filed.
	w.push(map[string]string{"incidents/2026/checkout-down.md": review("Checkout down", "2026-11-01", "Write the runbook", "Time out all calls", "Alert on a full pool")})
	w.until("the third", func() bool { return len(w.gh.Issues(checkout)) == 3 })
	w.settle()
	require.Equal(t, "Time out all calls", w.item("checkout-down/1").Title)
	require.Equal(t, "Write the runbook", w.item("checkout-down/3").Title)

	// A draft, a document of another name, one without items, an old one that
	// somebody edits.
	w.push(map[string]string{
		"incidents/draft.md":             "---\nstatus: draft\n---\n" + review("Still being written", "2026-11-02", "Not yet"),
		"incidents/2026/login/README.md": review("Login down", "2026-11-03", "Rotate the keys"),
		"incidents/empty.md":             "# Nothing to do\n\nAll was well.\n",
	})
	w.until("the fourth", func() bool { return len(w.gh.Issues(checkout)) == 4 })
	w.settle()
	require.Len(t, w.items(), 4)

	// Renamed and edited at once keeps its id.
	w.remove("incidents/2026/checkout-down.md", map[string]string{"incidents/archive/payments-stood-still.md": review("Checkout down", "2026-11-01", "Write the runbook", "Time out all calls", "Alert on a full pool of workers")})
	w.settle()
	require.Len(t, w.items(), 4)
	require.Equal(t, "Alert on a full pool of workers", w.item("checkout-down/2").Title)

	// Another branch is not read.
	require.NoError(t, w.gh.Branch(archive, "wip", w.gh.Head(archive, "main"), "alice"))
	_, err := w.gh.Commit(archive, "wip", "alice", "Work in progress", map[string]string{"incidents/wip.md": review("In progress", "2026-11-04", "Not yet")})
	require.NoError(t, err)
	w.settle()
	require.Len(t, w.items(), 4)

	// Deleted: told on the tickets, which stay.
	w.remove("incidents/archive/payments-stood-still.md", nil)
	w.until("told", func() bool { return len(w.issue(1).Comments) == 1 })
	w.settle()
	require.Equal(t, "open", w.issue(1).State)
	require.Contains(t, w.issue(2).Comments[0].Body, "no longer names")
}

// remove deletes a file, and adds others in the same commit.
func (w *world) remove(file string, add map[string]string) {
	w.t.Helper()
	files := map[string]string{file: sandbox.Removed}
	for k, v := range add {
		files[k] = v
	}
	w.push(files)
}

func TestPushesThatNoWebhookTold(t *testing.T) {
	t.Parallel()
	w := archived(t)
	w.gh.SetWebhook("", "")
	w.push(map[string]string{"incidents/checkout-down.md": review("Checkout down", "2026-11-01", "Time out calls")})
	w.push(map[string]string{"incidents/login-down.md": review("Login down", "2026-11-02", "Rotate the keys")})
	w.pass(2 * time.Minute)
	w.until("both", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	w.silent(func() { w.pass(2 * time.Minute) })
}

func TestTheFirstPushIsHeardBeforeTheFirstLook(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{rest: `postmortems: [{repo: acme/postmortems}]`})
	require.NoError(t, w.gh.CreateRepo(archive))
	w.gh.SetPermission(archive, "alice", "write")
	w.push(map[string]string{"old.md": review("An old incident", "2025-01-01", "Fix it for good")})
	w.run()
	// No waiting: the look may see the push, or the push come before it.
	w.push(map[string]string{"checkout-down.md": review("Checkout down", "2026-11-01", "Time out calls")})
	w.until("its ticket", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	w.settle()
	require.Len(t, w.items(), 1)
	require.Equal(t, "checkout-down/1", w.items()[0].ID)
}

func TestAnArchiveThatIsMovedIn(t *testing.T) {
	t.Parallel()
	w := archived(t)
	files := map[string]string{}
	for i := range 25 {
		files[fmt.Sprintf("incidents/old/%d.md", i)] = review(fmt.Sprintf("Incident %d", i), "2025-02-03", fmt.Sprintf("Mend part %d", i))
	}
	w.push(files)
	w.settle()
	require.Empty(t, w.items())
	require.Contains(t, w.doctor(), "25 new documents came at once")
	// The next one is filed again.
	w.push(map[string]string{"incidents/checkout-down.md": review("Checkout down", "2026-11-01", "Time out calls")})
	w.until("its ticket", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	require.NotContains(t, w.doctor(), "25 new documents")
}

func (w *world) doctor() string {
	w.t.Helper()
	_, findings, err := w.api.Doctor(w.t.Context())
	require.NoError(w.t, err)
	var out []string
	for _, f := range findings {
		out = append(out, f.Subject+": "+f.Detail)
	}
	return strings.Join(out, "\n")
}

func TestDocumentsThatCannotBeFiledAreTold(t *testing.T) {
	t.Parallel()
	w := archived(t)
	w.push(map[string]string{"incidents/a.md": "---\nid: one\n---\n" + review("Checkout down", "2026-11-01", "Time out calls"),
		"incidents/b.md": "---\nid: one\n---\n" + review("Login down", "2026-11-02", "Rotate the keys"), "incidents/c.md": "\x00\x01\x02"})
	w.until("one of them", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	w.settle()
	told := w.doctor()
	require.Contains(t, told, "incidents/b.md: the id one is that of incidents/a.md")
	require.Contains(t, told, "incidents/c.md")
	w.push(map[string]string{"incidents/b.md": "---\nid: two\n---\n" + review("Login down", "2026-11-02", "Rotate the keys"), "incidents/c.md": sandbox.Removed})
	w.until("the other", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	told = w.doctor()
	require.NotContains(t, told, "incidents/b.md")
	require.NotContains(t, told, "incidents/c.md")
}

func TestDocumentsOfAHostWithoutGit(t *testing.T) {
	t.Parallel()
	w := archived(t)
	w.gitAway.Store(true)
	w.push(map[string]string{"incidents/checkout down.md": review("Checkout down", "2026-11-01", "Time out calls")})
	w.until("its ticket", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	var asked []string
	for _, r := range w.gh.Requests() {
		if r.Method == http.MethodGet && strings.Contains(r.Path, archive+"/contents") {
			asked = append(asked, r.Path)
		}
	}
	require.NotEmpty(t, asked)
}

func TestAPullRequestShowsWhatItFiles(t *testing.T) {
	t.Parallel()
	w := archived(t)
	n, err := w.gh.OpenPull(archive, sandbox.PullRequest{Title: "Review of the outage", Actor: "alice", Branch: "review",
		Commits: []sandbox.Commit{{Message: "Write it down", Files: map[string]string{"incidents/checkout-down.md": review("Checkout down", "2026-11-01", "Time out calls @bob", "Alert on a full pool")}}}})
	require.NoError(t, err)
	comments := func() []sandbox.Comment {
		is, _ := w.gh.Issue(archive, n)
		return is.Comments
	}
	w.until("the preview", func() bool { return len(comments()) == 1 })
	w.settle()
	require.Contains(t, comments()[0].Body, "What merging this files")
	require.Contains(t, comments()[0].Body, "Alert on a full pool")
	require.Contains(t, comments()[0].Body, "`checkout-down`")
	require.NotContains(t, comments()[0].Body, "@bob", "nobody is notified")
	require.Empty(t, w.items(), "nothing is filed before the merge")

	// One comment, brought up to date.
	_, err = w.gh.Commit(archive, "review", "alice", "More", map[string]string{"incidents/checkout-down.md": review("Checkout down", "2026-11-01", "Time out calls", "Write the runbook")})
	require.NoError(t, err)
	w.until("the new preview", func() bool { return strings.Contains(comments()[0].Body, "Write the runbook") })
	w.settle()
	require.Len(t, comments(), 1)
	require.NotContains(t, comments()[0].Body, "full pool")

	_, err = w.gh.MergePull(archive, n, "alice", "merge")
	require.NoError(t, err)
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	require.Len(t, comments(), 1)

	// Nothing to file, nothing to say; and a draft of a document says that it is one.
	other, err := w.gh.OpenPull(archive, sandbox.PullRequest{Title: "Typo", Actor: "alice", Branch: "typo", Commits: []sandbox.Commit{{Message: "Typo", Files: map[string]string{"README.md": "# Our reviews\n"}}}})
	require.NoError(t, err)
	w.settle()
	is, _ := w.gh.Issue(archive, other)
	require.Empty(t, is.Comments)
}

// asked counts the calls to the stand-in for GitHub whose path ends so.
func (w *world) asked(method, end string) (n int) {
	for _, c := range w.gh.Requests() {
		if c.Method == method && strings.HasSuffix(c.Path, end) {
			n++
		}
	}
	return n
}

func TestPullRequestsThatNoWebhookTold(t *testing.T) {
	t.Parallel()
	w := archived(t)
	w.gh.SetWebhook("", "")
	file := func(items ...string) map[string]string {
		return map[string]string{"incidents/checkout-down.md": review("Checkout down", "2026-11-01", items...)}
	}
	n, err := w.gh.OpenPull(archive, sandbox.PullRequest{Title: "Review of the outage", Actor: "alice", Branch: "review", Commits: []sandbox.Commit{{Message: "Write it down", Files: file("Time out calls")}}})
	require.NoError(t, err)
	typo, err := w.gh.OpenPull(archive, sandbox.PullRequest{Title: "Typo", Actor: "alice", Branch: "typo", Commits: []sandbox.Commit{{Message: "Typo", Files: map[string]string{"README.md": "# Our reviews\n"}}}})
	require.NoError(t, err)
	comments := func(n int) []sandbox.Comment {
		is, _ := w.gh.Issue(archive, n)
		return is.Comments
	}
	w.pass(2 * time.Minute)
	w.until("the preview", func() bool { return len(comments(n)) == 1 })
	w.settle()
	require.Contains(t, comments(n)[0].Body, "Time out calls")
	looks := w.asked("GET", fmt.Sprintf("/pulls/%d", n)) + w.asked("GET", fmt.Sprintf("/pulls/%d", typo))
	lists := w.asked("GET", archive+"/pulls")
	w.silent(func() { w.pass(2 * time.Minute) })
	w.until("the next sweep", func() bool { return w.asked("GET", archive+"/pulls") > lists })
	w.settle()
	require.Equal(t, looks, w.asked("GET", fmt.Sprintf("/pulls/%d", n))+w.asked("GET", fmt.Sprintf("/pulls/%d", typo)), "each state is looked at once")

	_, err = w.gh.Commit(archive, "review", "alice", "More", file("Time out calls", "Write the runbook"))
	require.NoError(t, err)
	w.pass(2 * time.Minute)
	w.until("the new preview", func() bool { return strings.Contains(comments(n)[0].Body, "Write the runbook") })
	w.settle()
	require.Len(t, comments(n), 1)
	require.Empty(t, comments(typo))
}

func TestWhoPushesIsToldWhyNothingWasFiled(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{policy: "lint: require", rest: `postmortems: [{repo: acme/postmortems, paths: ["incidents/**/*.md"]}]`})
	require.NoError(t, w.gh.CreateRepo(archive))
	w.gh.SetPermission(archive, "alice", "write")
	w.push(map[string]string{"README.md": "# Our postmortems\n"})
	w.run()
	w.until("the first look", func() bool {
		return w.redis.Exists(t.Context(), "{holdfast}:meta:documents/github/acme/postmortems/").Val() == 1
	})
	w.settle()

	// Before the merge, the preview says it with every hint.
	n, err := w.gh.OpenPull(archive, sandbox.PullRequest{Title: "Review of the outage", Actor: "alice", Branch: "review",
		Commits: []sandbox.Commit{{Message: "Write it down", Files: map[string]string{"incidents/checkout-down.md": vagueReport}}}})
	require.NoError(t, err)
	preview := func() string {
		is, _ := w.gh.Issue(archive, n)
		if len(is.Comments) == 0 {
			return ""
		}
		return is.Comments[0].Body
	}
	w.until("the preview", func() bool { return preview() != "" })
	require.Contains(t, preview(), "will not be filed as it stands")
	require.Contains(t, preview(), "vague (“")
	require.NotContains(t, preview(), "--force", "who merges has no such choice")
	_, err = w.gh.MergePull(archive, n, "alice", "merge")
	require.NoError(t, err)
	// Afterwards it is said where the document was talked about.
	comments := func() []sandbox.Comment {
		is, _ := w.gh.Issue(archive, n)
		return is.Comments
	}
	w.until("the comment", func() bool { return len(comments()) == 2 })
	w.settle()
	require.Empty(t, w.items())
	notFiled := func(body string) {
		t.Helper()
		require.Contains(t, body, "This postmortem was not filed.")
		require.Contains(t, body, "`incidents/checkout-down.md`")
		require.Contains(t, body, "line 8, “Improve monitoring”: vague")
		require.NotContains(t, body, "@bob", "nobody else is notified")
	}
	notFiled(comments()[1].Body)

	// Of a push, on its commit.
	pushed := w.push(map[string]string{"incidents/checkout-down.md": vagueReport + "\n"})
	w.until("the comment on the commit", func() bool { return len(w.gh.CommitComments(archive, pushed)) == 1 })
	w.settle()
	require.Empty(t, w.items())
	notFiled(w.gh.CommitComments(archive, pushed)[0].Body)

	// Another push says nothing again; the corrected document is filed.
	w.push(map[string]string{"incidents/other.md": "# Nothing to do\n"})
	w.settle()
	require.Len(t, w.gh.CommitComments(archive, pushed), 1)
	sha := w.push(map[string]string{"incidents/checkout-down.md": strings.Replace(vagueReport, "Improve monitoring", "Alert when refused cards pass 1 %", 1)})
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	require.Empty(t, w.gh.CommitComments(archive, sha))
}
