package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/api/apitest"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"holdfast": func() { os.Exit(mainCode()) }})
}

// TestScripts runs the command line against a served API, one per script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": exitCode},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOLDFAST_URL", apitest.Serve(t, newBackend(), apitest.Tokens()))
			for name, secret := range map[string]string{"ADMIN": apitest.AdminSecret, "OPERATOR": apitest.OperatorSecret, "VIEWER": apitest.ViewerSecret,
				"LEAD": apitest.LeadSecret, "CI": apitest.CISecret} {
				env.Setenv(name, secret)
			}
			env.Setenv("TERM", "xterm")
			return nil
		},
	})
}

// exitCode is the script command `code N ARG…`: holdfast with these arguments
// exits with N.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: code N ARG...")
	}
	got := 0
	if err := ts.Exec("holdfast", args[1:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("running holdfast: %v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("holdfast %s exited with %d, not %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// newBackend has two items: an ordinary one, and one whose text tries to take
// over the terminal.
func newBackend() *apitest.Backend {
	b := &apitest.Backend{
		FilingReads: 1,
		Groups:      []api.ReopeningView{{Cause: "deployment:7", Note: "the rollback of checkout", State: "held", Items: []string{"a/1", "a/2"}, OpenedAt: apitest.Now}},
		Letters: []api.DeadLetterDetail{
			{DeadLetterView: api.DeadLetterView{ID: "0a1b2c", Kind: "subject", Subject: "item/down/1", Reason: "panic: no \x1b[2J", FirstAt: apitest.Now, LastAt: apitest.Now, Count: 4}, Payload: `[{"seq":1}]`},
			{DeadLetterView: api.DeadLetterView{ID: "5d0e00", Kind: "store", Subject: "store", Reason: "it was emptied", Remedy: "restore it", FirstAt: apitest.Now, LastAt: apitest.Now, Count: 1}},
		},
		Findings: []trackers.Finding{{Subject: "github", OK: true, Detail: "the token may write to acme/checkout"},
			{Subject: "jira PAY", Detail: "no transition leads out of Done", Remedy: "set reopen_transition"},
			{Subject: "ledger", Warning: true, Detail: "no deployment was ever heard", Remedy: "connect CI"}},
	}
	pull, landed := 34, apitest.Now.Add(-time.Hour)
	b.Add(api.ItemDetail{ItemView: api.ItemView{ID: "down/1", Postmortem: "down", Title: "Limit the retries", Priority: "P1", Type: domain.Preventative,
		TypeWritten: api.Text("Prevent"), Owner: api.Text("alice"), Team: api.Text("payments"), Services: []string{"checkout"}, Due: api.Text("2026-11-18"), Overdue: true,
		Status: "closed_early", Verdict: "not_verified", Reason: api.Text("not_deployed"), Reopened: 2, CreatedAt: apitest.Now, ClosedAt: &landed,
		Ticket:  &api.TicketView{Ref: "github:acme/checkout#12", URL: "https://github.example/acme/checkout/issues/12", State: "closed"},
		Changes: []api.ChangeView{{Repo: "acme/checkout", SHA: api.Text("aaaaaaaabbbbbbbbcccccccc"), PullRequest: &pull, LandedAt: &landed, Contained: map[string]string{"checkout/prod-eu": "no"}}},
		Live:    map[string]string{"checkout/prod-eu": "ddddddddeeeeeeeeffffffff"}},
		Ledger: []domain.Entry{
			{Seq: 1, At: apitest.Now, Kind: domain.Fact, Name: domain.ItemFiled, Cause: "token filer", Spec: &domain.ItemSpec{Priority: "P1", Type: domain.Preventative, Target: "github:acme/checkout"}},
			{Seq: 2, At: apitest.Now, Kind: domain.Outcome, Name: domain.ActionDone, Action: &domain.Action{Kind: domain.ActReopen, Reason: "not_deployed"}, Note: "closed before its fix was live"},
		},
		Why: []api.Check{{Check: "a change is linked", Result: "pass", Detail: "acme/checkout#34"},
			{Check: "contained in checkout/prod-eu", Result: "fail", Detail: "live is dddddddd", Remedy: "deploy a build that contains it"}}})
	b.Add(api.ItemDetail{ItemView: api.ItemView{ID: "down/2", Postmortem: "down", Title: "Evil \x1b[2J\x1b]0;owned\x07 \u009b31m\u202etxt\ttab\nline", Priority: "P3", Type: domain.Other,
		Status: "open", Verdict: "not_verified", Reason: api.Text("no_linked_change"), CreatedAt: apitest.Now}})
	return b
}

func TestEveryCommandHelps(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.NotEmpty(t, c.Long, c.CommandPath())
		require.Contains(t, c.Example, "holdfast", c.CommandPath())
		require.NotNil(t, c.RunE, "%s would exit with 0 for a typo", c.CommandPath())
		if c.HasParent() {
			require.NotNil(t, c.Args, "%s takes any arguments", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRootCmd(newEnv()))
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain — é 完了 🎉":                  "plain — é 完了 🎉",
		"a\tb\nc\r":                       `a\tb\nc\x0d`,
		"\x1b[31m":                        `\x1b[31m`,
		"\u009b31m\u202e\u2066\ufeff\x7f": `\u009b31m\u202e\u2066\ufeff\x7f`,
		"bad \xff\xfe utf":                `bad \xff\xfe utf`,
		"real \ufffd":                     "real \ufffd",
		"":                                "",
	} {
		require.Equal(t, want, clean(in))
	}
	require.Equal(t, "a\nb\\t", cleanLines("a\nb\t"))
	require.Equal(t, "{\n\"a\":\"\\u009b\\u202e\\u007f\"}", string(cleanJSON([]byte("{\n\"a\":\"\u009b\u202e\x7f\"}"))))
}

// TestReadItemsEnds has a server that gives the same cursor for ever.
func TestReadItemsEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[],"next_cursor":"again"}`))
	}))
	defer server.Close()
	page, err := readItems(t.Context(), api.NewClient(server.URL, ""), api.ItemQuery{})
	require.NoError(t, err)
	require.Empty(t, page.Items)
}

func TestReadItemsReadsAllPages(t *testing.T) {
	b := &apitest.Backend{}
	for i := range 1203 {
		b.Add(api.ItemDetail{ItemView: api.ItemView{ID: fmt.Sprintf("a/%d", i+1), Status: "open"}})
	}
	c := api.NewClient(apitest.Serve(t, b, nil), "")
	for limit, want := range map[int]int{0: 1203, 1: 1, 500: 500, 501: 501, 5000: 1203} {
		page, err := readItems(t.Context(), c, api.ItemQuery{Limit: limit})
		require.NoError(t, err)
		require.Len(t, page.Items, want)
		require.Equal(t, want < 1203, page.Next != "")
	}
}
