package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
	"github.com/holdfast-dev/holdfast/internal/transfer"
	"github.com/holdfast-dev/holdfast/trackers"
)

// story leaves items in every state behind: shipped, regressed and shipped
// again, reopened, soaking in a brake, waived, and open with a pending claim.
func (w *world) story() {
	w.t.Helper()
	w.filed(line{Title: "Time out calls", Priority: "P1"}, line{Title: "Alert on a full pool"}, line{Title: "Write a runbook"}, line{Title: "Rotate the credentials"},
		line{Title: "Retry refunds", Service: "payments"})
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "Time out calls", "Fixes #1")
	w.reopened(1)
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.pass(time.Minute)
	w.deploy("prod-eu", base)
	w.pass(31 * time.Minute)
	w.reopened(1) // regressed
	w.pass(time.Minute)
	w.close(2)
	w.reopened(2) // closed without a fix
	w.comment(3, "alice", "/holdfast waive 7d not worth it now")
	w.settle()
	w.close(3)
	w.settle()
	w.merge(checkout, "Rotate them", "Refs #4")
	w.settle()
}

// everything is what the API tells of all items, of all deployments, and of
// what is live.
func (w *world) everything() map[string]any {
	w.t.Helper()
	out := map[string]any{}
	for _, path := range []string{"/api/v1/items?limit=500", "/api/v1/deployments?limit=500", "/api/v1/pause", "/api/v1/reopenings"} {
		a := w.call("GET", path, aliceToken, "")
		require.Equal(w.t, 200, a.status, a.text)
		var v any
		a.json(w.t, &v)
		out[path] = v
	}
	for _, it := range out["/api/v1/items?limit=500"].(map[string]any)["items"].([]any) {
		id := it.(map[string]any)["id"].(string)
		var d map[string]any
		w.call("GET", "/api/v1/items/"+id, aliceToken, "").json(w.t, &d)
		out[id] = d
	}
	return out
}

// moveTo starts the installation again on another, empty store. The old one
// runs no more.
func (w *world) moveTo(change func(config string) string) {
	w.t.Helper()
	w.halt()
	old := fmt.Sprintf("redis://%s/%d", w.redis.Options().Addr, w.redis.Options().DB)
	fresh := fmt.Sprintf("redis://%s/%d", redisAddr, nextNumber.Add(1))
	require.Contains(w.t, w.config, old)
	w.config = strings.Replace(w.config, old, fresh, 1)
	if change != nil {
		w.config = change(w.config)
	}
	w.redis = redisClient(w.t, fresh)
	port, err := storetest.FreePort()
	require.NoError(w.t, err)
	address := "127.0.0.1:" + port
	w.config = strings.ReplaceAll(w.config, strings.TrimPrefix(w.url, "http://"), address)
	w.url = "http://" + address
	w.api = api.NewClient(w.url, aliceToken)
	w.run()
	w.settle()
}

func (w *world) export(secrets bool) []byte {
	w.t.Helper()
	var file bytes.Buffer
	require.NoError(w.t, w.api.Export(w.t.Context(), secrets, &file))
	found, err := transfer.Check(bytes.NewReader(file.Bytes()))
	require.NoError(w.t, err)
	require.Empty(w.t, found.Problems)
	return file.Bytes()
}

// withoutTheMove takes out of a ledger what an import itself adds: that it
// happened, and that the item was judged anew.
func withoutTheMove(t *testing.T, before, after map[string]any) {
	t.Helper()
	for id, v := range after {
		item, ok := v.(map[string]any)
		if !ok || item["ledger"] == nil {
			continue
		}
		old := before[id].(map[string]any)["ledger"].([]any)
		now := item["ledger"].([]any)
		require.Equal(t, old, now[:len(old)], "the ledger of %s", id)
		var names []string
		for _, e := range now[len(old):] {
			// A sweep tells of pull requests that are known, too.
			if name := e.(map[string]any)["name"].(string); name != string(domain.ChangeLinked) {
				names = append(names, name)
			}
		}
		require.Equal(t, []string{string(domain.Restored), string(domain.VerdictReached)}, names, id)
		item["ledger"] = old
	}
}

func TestMovingHouse(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.story()
	require.Equal(t, 200, w.call("POST", "/api/v1/pause", aliceToken, "").status)
	before := w.everything()
	file := w.export(false)
	require.NotContains(t, string(file), botToken)
	require.NotContains(t, string(file), `"kind":"marker_key"`)

	w.moveTo(nil)
	v, err := w.api.Import(t.Context(), bytes.NewReader(file), true)
	require.NoError(t, err)
	require.Empty(t, v.Problems)
	require.Empty(t, v.Warnings, "it was paused, and the key is the same")
	require.Equal(t, int64(5), v.Counts.Items)
	require.Equal(t, int64(1), v.Counts.Postmortems)
	require.Empty(t, w.everything()["/api/v1/items?limit=500"].(map[string]any)["items"], "a dry run writes nothing")

	w.silent(func() {
		v, err = w.api.Import(t.Context(), bytes.NewReader(file), false)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(*v.Cause, "import/"), *v.Cause)
		w.settle()
	})
	after := w.everything()
	withoutTheMove(t, before, after)
	require.Equal(t, before, after)

	w.silent(func() {
		require.Equal(t, 200, w.call("POST", "/api/v1/resume", aliceToken, "").status)
		w.settle()
	})
	// A delivery that the old house has heard does nothing in the new one.
	w.silent(func() {
		d := w.lastDelivery(w.gh.Deliveries(), "issues", "closed")
		d.URL = w.url + "/webhooks/github"
		require.Equal(t, 202, w.replay(d, string(d.Body)).status)
	})
	// The same document makes no second ticket, and a new item goes on counting.
	n := len(w.gh.Issues(checkout))
	got := w.file(incident, line{Title: "Time out calls", Priority: "P1"}, line{Title: "Alert on a full pool"}, line{Title: "Write a runbook"}, line{Title: "Rotate the credentials"},
		line{Title: "Retry refunds", Service: "payments"}, line{Title: "One more"})
	require.Equal(t, incident+"/6", got.Items[5].ID)
	w.until("one more ticket", func() bool { return len(w.gh.Issues(checkout)) == n+1 })
	w.settle()
	require.Len(t, w.gh.Issues(checkout), n+1)

	// Life goes on: what was reopened before the move closes itself, in its one
	// comment.
	comments := len(w.issue(2).Comments)
	fix := w.merge(checkout, "Alert on a full pool", "Refs #2")
	w.deploy("prod-eu", fix)
	w.closed(2)
	w.closed(1)
	require.Len(t, w.issue(2).Comments, comments)
	// The next deployment has a number of its own.
	page, err := w.api.Deployments(t.Context(), api.DeploymentQuery{Limit: 100})
	require.NoError(t, err)
	require.Len(t, page.Deployments, len(before["/api/v1/deployments?limit=500"].(map[string]any)["deployments"].([]any))+1)
	// And what was closed too early is still reopened.
	w.pass(time.Minute)
	w.close(4)
	w.settle()
	require.Equal(t, "closed", w.issue(4).State, "its change shipped with the last deployment")
	require.Equal(t, "done", w.item(incident+"/4").Status)
	for i := 1; i <= 5; i++ {
		w.checkLedger(fmt.Sprintf("%s/%d", incident, i))
	}
}

func TestImportIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Time out calls"}, line{Title: "Alert on a full pool"})
	w.deploy("prod-eu", w.commit(checkout, "Something"))
	w.settle()
	file := w.export(true)
	post := func(body, path string) answer {
		return w.call("POST", "/api/v1/import"+path, aliceToken, body, "Content-Type: application/x-ndjson")
	}
	post(string(file), "").problem(t, 409, "it holds 1 postmortems, 2 items and 1 deployments")
	require.Equal(t, 403, w.call("GET", "/api/v1/export", viewToken, "").status)
	require.Equal(t, 403, w.call("POST", "/api/v1/import", viewToken, string(file), "Content-Type: application/x-ndjson").status)
	require.Equal(t, 415, w.call("POST", "/api/v1/import", aliceToken, string(file)).status)

	w.moveTo(func(config string) string {
		return strings.Replace(config, "data_dir: ", `marker_key: "another-key-that-is-long-enough-0123456789"`+"\ndata_dir: ", 1)
	})
	rows := strings.Split(strings.TrimSuffix(string(file), "\n"), "\n")
	join := func(rows []string) string { return strings.Join(rows, "\n") + "\n" }
	post("", "").problem(t, 422, "empty")
	post("{}\n", "").problem(t, 422, "its first line is no header")
	post(join(rows[:len(rows)-1]), "").problem(t, 422, "the file was cut off")
	post(string(file[:len(file)*2/3]), "").problem(t, 422, "cannot be read")
	post(join(rows)+"{}\n", "").problem(t, 422, "something follows the end")
	entry := slices.IndexFunc(rows, func(s string) bool { return strings.HasPrefix(s, `{"kind":"entry"`) })
	post(join(slices.Delete(slices.Clone(rows), entry, entry+1)), "").problem(t, 422, "the ledger has a gap")
	changed := slices.Clone(rows)
	changed[entry] = strings.Replace(changed[entry], "Time out calls", "Time out all calls", 1)
	require.NotEqual(t, rows[entry], changed[entry])
	post(join(changed), "").problem(t, 422, "its digest is not that of its lines")
	post(strings.Replace(string(file), `"schema":1`, `"schema":2`, 1), "").problem(t, 422, "this one knows schemas up to 1")
	post(strings.Replace(string(file), `"holdfast_export":1`, `"holdfast_export":2`, 1), "").problem(t, 422, "this one reads formats up to 1")
	require.Empty(t, w.everything()["/api/v1/items?limit=500"].(map[string]any)["items"], "nothing half done")

	a := post(string(file), "?dry_run=true")
	var v api.ImportView
	a.json(t, &v)
	require.Len(t, v.Warnings, 2)
	require.Contains(t, v.Warnings[0], "marked with another key than this server's")
	require.Contains(t, v.Warnings[0], "The file carries it")
	require.Contains(t, v.Warnings[1], "writing was not paused")
	require.Equal(t, 200, post(string(file), "").status)
	w.settle()
	require.Len(t, w.gh.Issues(checkout), 2)
	post(string(file), "").problem(t, 409, "the store is not empty")
}

// TestImportThatBrokeOff: the process died in the middle of it. Nothing is
// done until it is run again.
func TestImportThatBrokeOff(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.story()
	before := w.everything()
	file := w.export(false)
	w.moveTo(nil)
	found, err := transfer.Check(bytes.NewReader(file))
	require.NoError(t, err)
	w.halt()

	// As far as the process got: some lines of the file.
	half := bytes.SplitAfter(file, []byte("\n"))
	half = half[:len(half)/2]
	l := w.ledgerBeside()
	r, err := l.BeginRestore(t.Context(), found.Digest, "import/x")
	require.NoError(t, err)
	for _, text := range half[1:] {
		require.NoError(t, r.Put(t.Context(), decodeLine(t, text)))
	}
	require.NoError(t, r.Flush(t.Context()))

	w.run()
	w.call("POST", "/api/v1/pause", aliceToken, "").problem(t, 503, "an import is under way, or was broken off")
	w.call("GET", "/api/v1/export", aliceToken, "").problem(t, 409, "the store is not whole")
	told := func() bool {
		_, findings, err := w.api.Doctor(t.Context())
		require.NoError(t, err)
		return slices.ContainsFunc(findings, func(f trackers.Finding) bool {
			return !f.OK && strings.Contains(f.Detail, "an import") && strings.Contains(f.Remedy, "holdfast import")
		})
	}
	require.True(t, told(), "doctor says why nothing is taken")
	other := w.call("POST", "/api/v1/import", aliceToken, strings.Replace(string(file), `"at"`, `"at" `, 1), "Content-Type: application/x-ndjson")
	require.GreaterOrEqual(t, other.status, 409, other.text)
	_, err = w.api.Import(t.Context(), bytes.NewReader(file), false)
	require.NoError(t, err)
	require.False(t, told())
	w.settle()
	after := w.everything()
	withoutTheMove(t, before, after)
	require.Equal(t, before, after)
}

// TestAnImportBringsNoAvalanche: what the old house had accepted is not so by
// the configuration of the new one.
func TestAnImportBringsNoAvalanche(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "max_reopens: 2"})
	w.filed(line{Title: "Time out calls"}, line{Title: "Alert on a full pool"}, line{Title: "Write a runbook"})
	fix := w.merge(checkout, "All of it", "Refs #1, refs #2, refs #3")
	w.deploy("prod-eu", fix)
	for n := 1; n <= 3; n++ {
		w.close(n)
	}
	w.settle()
	require.Equal(t, "done", w.item(incident+"/3").Status)
	file := w.export(false)
	w.moveTo(func(config string) string {
		return strings.Replace(config, "production: [prod-eu], team: shop}\n", "production: [prod-eu, prod-us], team: shop}\n", 1)
	})
	var cause string
	w.silent(func() {
		v, err := w.api.Import(t.Context(), bytes.NewReader(file), false)
		require.NoError(t, err)
		cause = *v.Cause
		w.settle()
	})
	groups, err := w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, cause, groups[0].Cause)
	require.Len(t, groups[0].Items, 3)
	_, err = w.api.ConfirmReopenings(t.Context(), cause)
	require.NoError(t, err)
	for n := 1; n <= 3; n++ {
		w.reopened(n)
	}
}

func decodeLine(t *testing.T, text []byte) (line ledger.Line) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, &line))
	return line
}

// ledgerBeside is a ledger on the store of the installation.
func (w *world) ledgerBeside() *ledger.Ledger {
	l := ledger.New(w.redis, ledger.Options{Now: w.clock.now})
	w.t.Cleanup(l.Close)
	return l
}
