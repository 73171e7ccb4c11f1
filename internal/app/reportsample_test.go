package app_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/messenger"
	"github.com/holdfast-dev/holdfast/internal/messenger/messengertest"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	reports "github.com/holdfast-dev/holdfast/internal/report"
	"github.com/holdfast-dev/holdfast/internal/report/reporttest"
)

var sampleDir = flag.String("sample", "", "write the report of the generated ledger into this directory, in every form")

// generated is an installation whose ledger was made by the generator: 60 items
// of two teams over ten weeks. It is the evening before the report.
func generated(t *testing.T) *world {
	t.Helper()
	w := prepare(t, scene{})
	w.config = strings.Replace(w.config, "\npeople:", "\n  - {name: search, timezone: Europe/Berlin}\npeople:", 1)
	w.clock.set(time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC))
	w.run() // the store is made known to the configuration
	w.settle()
	w.halt()
	l := ledger.New(w.redis, ledger.Options{Now: w.clock.now})
	defer l.Close()
	made := reporttest.Generate(reporttest.Options{Seed: 47, Items: 60, Per: 5, Weeks: 10, End: w.clock.now().UTC().Truncate(time.Hour), Teams: []string{"shop", "search"}, Hostile: true})
	require.NoError(t, reporttest.Store(t.Context(), l, made, reconcile.Fold))
	w.run()
	w.settle()
	return w
}

func TestTheGeneratedReportSaysWhatTheAPISays(t *testing.T) {
	t.Parallel()
	w := generated(t)
	r := w.weekly("")
	require.Greater(t, r.Open.N, 15)
	require.NotZero(t, r.Overdue.N)
	require.NotZero(t, r.Reopened.N)
	require.NotZero(t, r.Shipped.N)
	require.Equal(t, 10, len(r.Decide.Lines))
	require.Greater(t, r.Decide.N, 10)
	for _, team := range []string{"", "shop", "search"} {
		w.sameOnTheAPI(team)
	}
	w.pass(12 * time.Hour)
	var d reports.Digest
	for _, team := range []string{"shop", "search"} {
		body, err := w.api.Report(t.Context(), team, "2026-W47", "json")
		require.NoError(t, err)
		r, err := reports.FromJSON(body)
		require.NoError(t, err)
		d.Reports = append(d.Reports, r)
	}
	// Every form is taken by what it is for.
	for _, m := range append(reports.Slack(d), reports.SlackWhole(d)) {
		_, err := messengertest.CheckSlack(m.JSON())
		require.NoError(t, err)
	}
	require.Less(t, len(reports.Teams(d, false)), 28<<10)
	server := messengertest.NewMailServer(t)
	mail := messenger.Mail{Host: server.Host, Port: server.Port, From: "Holdfast <holdfast@acme.example>", To: "lead@acme.example", Name: "Payments lead"}
	require.NoError(t, mail.Send(t.Context(), messenger.Message{ID: "sample", Digest: d, At: w.clock.now()}, nil))
	got := server.Mails()[0]
	require.NotContains(t, got.HTML, "<script>")
	require.NotContains(t, got.HTML, "<img src=x")
	if *sampleDir != "" {
		w.writeSample(d, got)
	}
}

// writeSample writes what the sample looks like, for people to look at.
func (w *world) writeSample(d reports.Digest, mail messengertest.Mail) {
	files := map[string][]byte{"mail.eml": mail.Raw, "slack.json": reports.SlackWhole(d).JSON(), "teams.json": reports.Teams(d, false), "two-teams.html": []byte(reports.HTML(d))}
	html := mail.HTML
	for id, png := range mail.Images {
		name := strings.Replace(id, "@holdfast", ".png", 1)
		files[name] = png
		html = strings.ReplaceAll(html, "cid:"+id, name)
	}
	files["mail.html"] = []byte(html)
	files["directors.html"] = []byte(reports.HTML(reports.Digest{Overview: d.Reports}))
	for _, format := range api.ReportFormats {
		body, err := w.api.Report(w.t.Context(), "shop", "2026-W47", format)
		require.NoError(w.t, err)
		files["shop."+format] = body
	}
	require.NoError(w.t, os.MkdirAll(*sampleDir, 0o755))
	for name, text := range files {
		require.NoError(w.t, os.WriteFile(filepath.Join(*sampleDir, name), text, 0o644))
	}
}
