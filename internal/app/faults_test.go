package app_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

func post(ending string) func(*http.Request) bool { return trackertest.IsPost(ending) }

func TestTheAnswerToACreationGetsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service, create string
		count           func(w *world) int
	}{
		"github": {"checkout", "/repos/acme/checkout/issues", func(w *world) int { return len(w.gh.Issues(checkout)) }},
		"jira":   {"payments", "/rest/api/2/issue", func(w *world) int { return len(w.jira.Issues("PAY")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{})
			// Made, and the answer lost: the ticket is found again.
			w.faults.LoseAnswer(post(c.create))
			w.filed(line{Title: "One", Service: c.service})
			require.Equal(t, 1, c.count(w))
			require.Equal(t, "open", w.item(incident+"/1").Status)

			// Never made: it is looked for, and made when it is sure to be missing.
			w.faults.LoseRequest(post(c.create))
			w.file(incident, line{Title: "One", Service: c.service}, line{Title: "Two", Service: c.service})
			w.until("a lost creation", func() bool { return w.lost() >= 2 })
			for range 30 {
				w.pass(5 * time.Second)
				if w.item(incident+"/2").Ticket != nil {
					break
				}
			}
			w.settle()
			require.Equal(t, 2, c.count(w), "never two tickets for one item")
			require.NotNil(t, w.item(incident+"/2").Ticket)
			w.checkLedger(incident + "/1")
			w.checkLedger(incident + "/2")
		})
	}
}

// lost is how many creations Holdfast says it does not know the outcome of.
func (w *world) lost() int {
	return bytes.Count([]byte(w.log.tail(1<<20)), []byte("will be looked for"))
}

func TestAnswersToOtherWritesGetLost(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.faults.LoseAnswer(func(r *http.Request) bool { return r.Method == "PATCH" && strings.HasSuffix(r.URL.Path, "/issues/1") })
	w.faults.LoseAnswer(post("/issues/1/comments"))
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.until("all intents resolved", func() bool {
		w.settle()
		return w.item(id).Reopened == 1 && len(w.issue(1).Comments) == 1 && unresolved(w.item(id)) == 0
	})
	w.pass(time.Minute)
	w.faults.LoseAnswer(func(r *http.Request) bool { return r.Method == "PATCH" && strings.HasSuffix(r.URL.Path, "/issues/1") })
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.until("all intents resolved", func() bool { w.settle(); return unresolved(w.item(id)) == 0 && w.item(id).Status == "done" })
	is := w.issue(1)
	require.Equal(t, "closed", is.State)
	require.Len(t, is.Comments, 1)
	require.Contains(t, is.Comments[0].Body, "In production.")
	reopenings := 0
	for _, e := range is.Events {
		if e.Kind == "reopened" {
			reopenings++
		}
	}
	require.Equal(t, 1, reopenings)
	w.checkLedger(id)
}

func TestFieldsThatTheTrackerRefuses(t *testing.T) {
	t.Parallel()
	w := start(t, scene{jira: sandbox.JiraOptions{OffScreen: []string{"duedate", "priority"}}})
	w.gh.SetPermission(checkout, "bob", "none")
	w.filed(line{Title: "Nobody can be assigned"}, line{Title: "No such fields", Service: "payments", Priority: "P1"})
	is := w.issue(1)
	require.Empty(t, is.Assignees)
	require.Contains(t, is.Body, "bob", "it goes into the body")
	require.Subset(t, is.Labels, []string{"P2", "postmortem"}, "the rest is not lost")
	require.True(t, w.refused(incident+"/1", "assignee"))

	j := w.pay(1)
	require.Empty(t, j.Due)
	require.Contains(t, j.Description, "2026-11-29")
	require.Subset(t, j.Labels, []string{"P1", "postmortem"})
	require.Equal(t, "account-bob", j.Assignee)
	require.True(t, w.refused(incident+"/2", "due"))
	w.checkLedger(incident + "/1")
	w.checkLedger(incident + "/2")
}

// refused reports whether the ledger tells that a field was not taken.
func (w *world) refused(id, field string) bool {
	return slices.ContainsFunc(w.item(id).Ledger, func(e domain.Entry) bool {
		return e.Name == domain.ActionDone && slices.ContainsFunc(e.Action.Refused, func(s string) bool { return strings.HasPrefix(s, field) })
	})
}

func TestAReopeningThatTheTrackerRefuses(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{})
	reopenFields := "reopen_fields: {" + sandbox.ReopenField + ": Not in production yet}"
	with := w.config
	w.config = strings.Replace(w.config, reopenFields, "reopen_fields: {}", 1)
	require.NotEqual(t, with, w.config)
	w.run()
	w.filed(line{Title: "Retry refunds", Service: "payments"})
	id := incident + "/1"
	require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
	w.until("label and comment instead", func() bool {
		return slices.Contains(w.pay(1).Labels, "awaiting-deployment") && len(w.pay(1).Comments) == 1
	})
	w.settle()
	require.True(t, w.pay(1).Closed())
	told := false
	for _, c := range w.item(id).Why {
		told = told || strings.Contains(c.Detail, "refused to reopen")
	}
	require.True(t, told, "why tells it")
	require.Equal(t, 1, w.counter(`holdfast_actions_total{action="refused"} `))
	w.silent(func() { w.pass(time.Hour) })

	// The missing field is configured: tried again at once.
	require.NoError(t, w.app.Reload(t.Context(), w.parse(with)))
	w.until("reopened", func() bool { return !w.pay(1).Closed() })
	w.settle()
	w.checkLedger(id)
}

func TestTheTrackerIsAway(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	for range 3 {
		w.faults.LoseRequest(func(r *http.Request) bool { return r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/issues/1") })
	}
	w.merge(checkout, "The fix", "Fixes #1")
	w.until("tried and failed", func() bool { return w.counter("holdfast_attempts_failed_total ") > 0 })
	for range 20 {
		w.pass(2 * time.Second)
		if w.issue(1).State == "open" {
			break
		}
	}
	w.reopened(1)
	w.checkLedger(id)
}

func TestTheStoreIsAwayAtTheStart(t *testing.T) {
	t.Parallel()
	port, err := storetest.FreePort()
	require.NoError(t, err)
	server := storetest.NewServer(t, "--port", port, "--bind", "127.0.0.1")
	server.Kill()
	w := prepare(t, scene{redisURL: "redis://127.0.0.1:" + port + "/0"})
	w.run()
	require.Equal(t, 200, w.call("GET", "/livez", "", "").status)
	require.Equal(t, 503, w.call("GET", "/readyz", "", "").status)
	w.call("GET", "/api/v1/items", aliceToken, "").problem(t, 503, "store")
	w.call("POST", "/api/v1/postmortems", aliceToken, document(incident, line{Title: "One"})).problem(t, 503, "store")
	w.call("POST", "/api/v1/deployments", ciToken, `{"service":"checkout","environment":"prod-eu","sha":"0123456789"}`).problem(t, 503, "store")
	n, err := w.gh.OpenIssue(checkout, "carol", "Something", "")
	require.NoError(t, err)
	require.NoError(t, w.gh.Flush(t.Context()))
	d := w.lastDelivery(w.gh.Deliveries(), "issues", "opened")
	require.Equal(t, 503, d.Status, "the sender is told to come again")
	a := w.replay(d, string(d.Body))
	a.problem(t, 503, "")
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, "holdfast_store_up 0")

	server.Start()
	w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	a = w.replay(d, string(d.Body))
	require.Contains(t, []int{200, 202}, a.status, a.text)
	w.file(incident, line{Title: "Time out calls"})
	w.until("the ticket", func() bool { return w.item(incident+"/1").Ticket != nil })
	w.settle()
	w.pass(time.Minute)
	w.close(n + 1)
	w.reopened(n + 1)

	// And once more in the middle of the work.
	w.settle()
	server.Kill()
	require.Equal(t, 503, w.call("GET", "/readyz", "", "").status)
	w.close(n + 1)
	require.NoError(t, w.gh.Flush(t.Context()))
	d = w.lastDelivery(w.gh.Deliveries(), "issues", "closed")
	require.Equal(t, 503, d.Status)
	server.Start()
	w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	require.NoError(t, w.gh.Redeliver(d.ID))
	w.until("reopened", func() bool { return w.item(incident+"/1").Reopened == 2 })
	w.settle()
	w.checkLedger(incident + "/1")
}

func TestWhatIsUnderWayIsFinishedAtTheEnd(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.merge(checkout, "The fix", "Fixes #1")
	require.NoError(t, w.gh.Flush(t.Context())) // acknowledged, perhaps not acted on
	w.halt()
	w.run()
	w.reopened(1)
	require.Equal(t, 1, w.item(id).Reopened)
	w.checkLedger(id)
}

func TestATicketIsClosedBeforeItsFilingIsRecorded(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.meanwhile.Store(&interlude{post("/repos/acme/checkout/issues"), func() {
		w.close(1)
		require.NoError(t, w.gh.Flush(t.Context()))
	}})
	id := w.one()
	w.pass(6 * time.Minute) // the next sweep
	w.reopened(1)
	require.Equal(t, 1, w.item(id).Reopened)
	w.checkLedger(id)
}

func TestAReopeningIsUndoneBeforeItIsRecorded(t *testing.T) {
	t.Parallel()
	patch := func(r *http.Request) bool { return r.Method == "PATCH" && strings.HasSuffix(r.URL.Path, "/issues/1") }
	for name, lost := range map[string]bool{"answered": false, "answer lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{})
			id := w.one()
			w.base()
			w.pass(time.Minute)
			if lost {
				w.faults.LoseAnswer(patch)
			}
			w.meanwhile.Store(&interlude{patch, func() {
				w.close(1)
				require.NoError(t, w.gh.Flush(t.Context()))
			}})
			w.close(1)
			w.until("both closes undone", func() bool {
				w.settle()
				d := w.item(id)
				return w.issue(1).State == "open" && d.Reopened == 2 && unresolved(d) == 0
			})
			require.Len(t, w.issue(1).Comments, 1)
			for _, e := range w.item(id).Ledger {
				require.NotEqual(t, domain.PersonReopened, e.Name, "Holdfast takes nothing of its own for a person's")
			}
			w.checkLedger(id)
		})
	}
}

func TestTheRepositoryIsAway(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.gitAway.Store(true)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.until("held with the label", func() bool { return slices.Contains(w.issue(1).Labels, "awaiting-deployment") })
	w.settle()
	require.Equal(t, "closed", w.issue(1).State)
	require.Equal(t, "unknown", w.item(id).Verdict)
	require.Equal(t, "evidence_unavailable", *w.item(id).Reason)
	w.pass(100 * time.Hour)
	w.settle()
	require.Equal(t, "closed", w.issue(1).State, "the clock of unknown_timeout stands still")

	// It comes back, and no delivery tells of that.
	w.gitAway.Store(false)
	w.pass(2 * time.Minute)
	w.reopened(1)
	require.Equal(t, "not_deployed", *w.item(id).Reason)

	// A deployment that comes while it is away is looked up later.
	w.gitAway.Store(true)
	require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: w.commit(checkout, "Later")}).status)
	w.settle()
	require.Equal(t, "unknown", w.item(id).Verdict)
	require.Equal(t, "open", w.issue(1).State)
	w.gitAway.Store(false)
	w.pass(2 * time.Minute)
	w.closed(1)
	require.Contains(t, w.issue(1).Comments[0].Body, fix[:10])
	w.checkLedger(id)
}
