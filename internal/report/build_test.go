package report_test

import (
	"encoding/csv"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/messenger/messengertest"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/internal/report"
	"github.com/holdfast-dev/holdfast/internal/report/reporttest"
)

var end = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// clock counts days in UTC.
type clock struct{}

func (clock) Overdue(spec domain.ItemSpec, now time.Time) bool {
	day, err := time.Parse(time.DateOnly, spec.Due)
	return err == nil && !now.Before(day.AddDate(0, 0, 1))
}

func period(t *testing.T, week string) report.Period {
	t.Helper()
	w, err := report.ParseWeek(week)
	require.NoError(t, err)
	return report.Period{Week: w, Location: time.UTC}
}

// items reduces ledgers, each as a whole or cut down to its snapshot where
// nothing happened since the first week that counts.
func items(made reporttest.Ledger, p report.Period, snapshots bool) iter.Seq2[report.Item, error] {
	since := p.Week.Add(-8).End(time.UTC)
	return func(yield func(report.Item, error) bool) {
		for _, pm := range made {
			for _, it := range pm.Items {
				last := it.Entries[len(it.Entries)-1].At
				j := report.NewJournal(domain.State{}, last, it.Entries)
				if snapshots && last.Before(since) {
					j = report.NewJournal(reconcile.Fold(domain.State{}, it.Entries), last, nil)
				}
				if x, ok := report.Reduce(j, p, reconcile.Fold, clock{}); ok && !yield(x, nil) {
					return
				}
			}
		}
	}
}

func build(t *testing.T, made reporttest.Ledger, week string, snapshots bool) report.Report {
	t.Helper()
	p := period(t, week)
	r, err := report.Build(report.Facts{Team: "shop", PublicURL: "https://holdfast.acme.example", Items: items(made, p, snapshots)}, p)
	require.NoError(t, err)
	return r
}

func generate(n int) reporttest.Ledger {
	return reporttest.Generate(reporttest.Options{Seed: 47, Items: n, Per: 5, Weeks: 20, End: end, Teams: []string{"shop"}, Hostile: true})
}

func TestTheSameLedgerGivesTheSameReport(t *testing.T) {
	made := generate(300)
	r := build(t, made, "2026-W47", true)
	require.Equal(t, r, build(t, generate(300), "2026-W47", true))
	require.Equal(t, r, build(t, made, "2026-W47", false), "a snapshot says what its entries say")
	require.NotZero(t, r.Open.N)
	require.NotZero(t, r.Regressed.N)

	// What came later does not change it: the report of an earlier week is the
	// same, whether it is built then or now.
	var then reporttest.Ledger
	before := period(t, "2026-W44").To()
	for _, pm := range made {
		was := pm
		was.Items = nil
		for _, it := range pm.Items {
			n := 0
			for n < len(it.Entries) && it.Entries[n].At.Before(before) {
				n++
			}
			if n > 0 {
				was.Items = append(was.Items, reporttest.Item{ID: it.ID, Entries: it.Entries[:n]})
			}
		}
		then = append(then, was)
	}
	require.Equal(t, build(t, then, "2026-W44", false), build(t, made, "2026-W44", true))
	// And the weeks fit together.
	last := build(t, made, "2026-W46", true)
	require.Equal(t, r.Weeks[6], last.Weeks[7])
	require.Equal(t, r.OverdueBefore, last.Overdue.N)
	for i, c := range r.Flow {
		require.Equal(t, c.Last.N, last.Flow[i].This.N, c.Name)
	}
}

func TestTheNumbersFitTogether(t *testing.T) {
	r := build(t, generate(200), "2026-W47", true)
	all, open, overdue := 0, 0, 0
	for _, s := range r.Standing {
		all += s.N
	}
	require.Equal(t, 200, all)
	for _, row := range r.Table {
		open, overdue = open+row.Total.Open.N, overdue+row.Total.Overdue.N
	}
	require.Equal(t, []int{r.Open.N, r.Overdue.N}, []int{open, overdue})
	require.Equal(t, r.Open.N, len(r.Items))
	require.LessOrEqual(t, len(r.Decide.Lines), 10)
	require.GreaterOrEqual(t, r.Due14.N, r.Due7.N)
	require.Equal(t, report.Point{Week: "2026-W47", Open: r.Open.N, Overdue: r.Overdue.N, Verified: r.Shipped.N}, r.Weeks[7])
	for _, l := range r.Decide.Lines {
		require.NotEmpty(t, l.Why)
		require.NotEmpty(t, l.Next)
	}
	text := strings.ToLower(report.Text(report.Of(r)))
	for _, word := range []string{"failed to", "blame", "worst", "fault"} {
		require.NotContains(t, text, word)
	}
}

func TestAnEmptyLedgerIsReportedToo(t *testing.T) {
	r := build(t, nil, "2026-W47", true)
	require.Equal(t, "Nothing is open. This week nothing was reopened, shipped or lost.", r.Sentence)
	require.Contains(t, report.Text(report.Of(r)), "Nothing needs a decision.")
	_, err := messengertest.CheckSlack(report.SlackWhole(report.Of(r)).JSON())
	require.NoError(t, err)
}

func TestHostileTitlesAreHarmlessInEveryForm(t *testing.T) {
	made := generate(30)
	made[0].Items[0].Entries[0].Spec.Title = "a\u202eb\x1b[31m\r\n# x" + strings.Repeat("<!channel>&*_", 2000)
	r := build(t, made, "2026-W47", true)
	d := report.Digest{Overview: []report.Report{r}, Reports: []report.Report{r, r, r}}
	for _, m := range append(report.Slack(d), report.SlackWhole(d)) {
		_, err := messengertest.CheckSlack(m.JSON())
		require.NoError(t, err)
	}
	require.Less(t, len(report.Teams(d, false)), 28<<10)
	html, md, text := report.HTML(d), report.Markdown(d), report.Text(d)
	for _, bad := range []string{"<script>", "<img", "onerror=alert(1)>", "<!channel>"} {
		require.NotContains(t, html, bad)
	}
	for _, bad := range []string{"<script>", "<!", "@channel", "@everyone", "](http://evil", "https://evil"} {
		require.NotContains(t, md, bad)
	}
	for _, form := range []string{html, md, text} {
		require.NotContains(t, form, "\u202e")
		require.NotContains(t, form, "\x1b")
		require.Less(t, len(form), 600_000)
	}
	for _, link := range strings.Split(html, `href="`)[1:] {
		require.Regexp(t, `^https://(holdfast\.acme|github)\.example/`, link[:40])
	}
}

func TestNoCellOfTheCSVIsAFormula(t *testing.T) {
	made := generate(30)
	for i, bad := range []string{"=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", " =1", "\r=1", "＝1"} {
		made[i/5].Items[i%5].Entries[0].Spec.Title = bad
	}
	rows, err := csv.NewReader(strings.NewReader(report.CSV(report.Of(build(t, made, "2026-W47", true))))).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(rows), 60)
	seen := 0
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "'") {
				seen++
			}
			if cell == "" || strings.Trim(cell, "-0123456789") == "" {
				continue
			}
			require.NotContains(t, "=+-@\t\r＝ ", cell[:1], cell)
		}
	}
	require.NotZero(t, seen)
}

func TestClosesByAMergeAreCountedApart(t *testing.T) {
	at := end.AddDate(0, 0, -3)
	life := func(gap time.Duration) domain.State {
		return domain.State{FiledAt: end.AddDate(0, 0, -30), Changes: []domain.Change{{Repo: "acme/x", SHA: "a", PullRequest: 1, LandedAt: at.Add(-gap)}}}
	}
	entry := []domain.Entry{{At: at, Name: domain.TicketClosed, Event: &domain.Event{At: at}}}
	for gap, want := range map[time.Duration]report.Event{time.Second: report.Merged, time.Hour: report.Closed} {
		st := life(gap)
		require.Equal(t, report.Events{want: true}, report.Happened(entry, &st, end.AddDate(0, 0, -7), end), fmt.Sprint(gap))
	}
}

func TestWaiversThatEndSoonAreTold(t *testing.T) {
	waived := func(ends time.Duration) domain.State {
		return domain.State{Verdict: domain.VerdictLine{Status: "waived", Verdict: "exempt"}, Waiver: &domain.Waiver{ExpiresAt: end.Add(ends)}}
	}
	require.Equal(t, []report.Attention{report.NowWaiverEnds}, report.Attentions(waived(7*24*time.Hour), false, false, end))
	require.Empty(t, report.Attentions(waived(7*24*time.Hour+1), false, false, end))
	require.Empty(t, report.Attentions(domain.State{Verdict: domain.VerdictLine{Status: "waived", Verdict: "exempt"}, Waiver: &domain.Waiver{Withdrawn: true}}, false, false, end))
}
