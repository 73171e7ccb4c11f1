package report

import (
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/policy"
)

// blockKind is what a block of a document is.
type blockKind int

const (
	heading blockKind = iota
	paragraph
	list
	table
	chart
	fold // what follows is detail: a channel may put it into a thread
)

// block is one part of a document, before any channel's markup.
type block struct {
	kind   blockKind
	level  int      // of a heading, from 1
	spans  []span   // of a heading or paragraph
	items  [][]span // of a list
	header []string // of a table
	rows   [][][]span
	points []Point // of a chart
}

// span is a piece of text with one look. Its text is data: each renderer
// escapes it in its own way.
type span struct {
	text string
	link string
	bold bool
	code bool
}

func plain(format string, a ...any) span {
	if len(a) == 0 {
		return span{text: format}
	}
	return span{text: fmt.Sprintf(format, a...)}
}

func linked(c Count) span { return span{text: fmt.Sprint(c.N), link: c.Link} }

func para(s ...span) block { return block{kind: paragraph, spans: s} }
func head(level int, format string, a ...any) block {
	return block{kind: heading, level: level, spans: []span{plain(format, a...)}}
}

// Digest is what one message holds: a row for each team of Overview, then a
// section for each of Reports. All are of the same week.
type Digest struct {
	Overview []Report
	Reports  []Report
}

// Of is the digest of these reports, without an overview.
func Of(reports ...Report) Digest { return Digest{Reports: reports} }

// Week is the week that the digest is about.
func (d Digest) Week() string {
	for _, r := range append(d.Reports[:len(d.Reports):len(d.Reports)], d.Overview...) {
		return r.Week
	}
	return ""
}

// Title is the subject of the message.
func (d Digest) Title() string {
	var teams []string
	for _, r := range d.Reports {
		teams = append(teams, firstOf(r.Team, "all teams"))
	}
	if len(teams) == 0 || len(d.Overview) > 0 {
		teams = []string{"all teams"}
	}
	return fmt.Sprintf("Postmortem actions, week %s: %s", d.Week(), oneLine(strings.Join(teams, ", ")))
}

// overview is one row for each team.
func overview(reports []Report) []block {
	t := block{kind: table, header: []string{"team", "open", "overdue", "to decide", "reopened", "shipped", "regressed"}}
	for _, r := range reports {
		over := []span{linked(r.Overdue)}
		if d := r.Overdue.N - r.OverdueBefore; d != 0 {
			over = append(over, plain(" (%+d)", d))
		}
		t.rows = append(t.rows, [][]span{{plain("%s", r.Team)}, {linked(r.Open)}, over, {linked(r.Decide.Count)}, {linked(r.Reopened)}, {linked(r.Shipped)}, {linked(r.Regressed)}})
	}
	return []block{t, para(plain("Behind overdue: the change since last week. A fix counts as shipped when production contains it."))}
}

// document is what a lead reads: a section for each report.
func document(d Digest) []block {
	reports := d.Reports
	out := []block{head(1, "%s", d.Title())}
	if len(d.Overview) > 0 {
		out = append(out, overview(d.Overview)...)
	}
	if len(reports) == 0 {
		return out
	}
	for _, r := range reports {
		level := 2
		if len(reports) > 1 || len(d.Overview) > 0 {
			out = append(out, head(2, "Team %s", r.Team))
			level = 3
		}
		out = append(out, brief(r, level)...)
	}
	out = append(out, block{kind: fold})
	for _, r := range reports {
		level := 2
		if len(reports) > 1 || len(d.Overview) > 0 {
			out = append(out, head(2, "Team %s in detail", r.Team))
			level = 3
		}
		out = append(out, detail(r, level)...)
	}
	b := block{kind: list}
	told := map[string]bool{} // sections differ at most in their period
	for _, r := range reports {
		for _, s := range r.About {
			if !told[s] {
				told[s] = true
				b.items = append(b.items, []span{plain("%s", s)})
			}
		}
	}
	return append(out, head(2, "How this is made"), b)
}

// brief is what a lead acts on.
func brief(r Report, level int) []block {
	out := []block{para(span{text: r.Sentence, bold: true}), head(level, "Decide now")}
	if len(r.Decide.Lines) == 0 {
		return append(out, para(plain("Nothing needs a decision.")))
	}
	b := block{kind: list}
	for _, l := range r.Decide.Lines {
		b.items = append(b.items, decideLine(l))
	}
	out = append(out, b)
	if more := r.Decide.N - len(r.Decide.Lines); more > 0 {
		out = append(out, para(span{text: fmt.Sprintf("%d more need a decision: the whole list", more), link: r.Decide.Link}))
	}
	return out
}

func decideLine(l Line) []span {
	var why []string
	for _, a := range l.Why {
		why = append(why, attentionText[a])
	}
	s := []span{ticketSpan(l), plain(" %s", l.Title), plain(" (%s)", facts(l))}
	s = append(s, span{text: " " + capital(strings.Join(why, ", ")) + ".", bold: true})
	if t := reasonText[policy.Reason(l.Reason)]; t != "" {
		s = append(s, plain(" %s.", capital(t)))
	}
	if l.Next != "" {
		s = append(s, plain(" Next: "))
		s = append(s, withCode(l.Next)...)
	}
	return s
}

// facts are the properties of an item in one phrase.
func facts(l Line) string {
	parts := []string{string(l.Priority), string(l.Type)}
	if l.Owner != "" {
		parts = append(parts, l.Owner)
	} else {
		parts = append(parts, "no owner")
	}
	pm := l.PostmortemTitle
	if pm == "" {
		pm = l.Postmortem
	}
	if l.PostmortemDate != "" {
		pm += ", " + l.PostmortemDate
	}
	parts = append(parts, "from "+pm, fmt.Sprintf("%d %s old", l.Age, plural(l.Age, "day", "days")))
	if d := dueWords(l); d != "" {
		parts = append(parts, d)
	}
	return strings.Join(parts, " · ")
}

func dueWords(l Line) string {
	switch d := l.DaysOver; {
	case l.Due == "":
		return "no due day"
	case d > 0:
		return fmt.Sprintf("%d %s over", d, plural(d, "day", "days"))
	case d == 0:
		return "due now"
	default:
		return fmt.Sprintf("due in %d %s", -d, plural(-d, "day", "days"))
	}
}

func ticketSpan(l Line) span {
	if l.Ticket == "" {
		return span{text: l.Item, link: l.URL}
	}
	return span{text: l.Ticket.Key(), link: l.URL}
}

// withCode makes code spans of what stands between backticks in a text of ours.
func withCode(s string) []span {
	var out []span
	for i, part := range strings.Split(s, "`") {
		if part != "" {
			out = append(out, span{text: part, code: i%2 == 1})
		}
	}
	return out
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// detail is what stands behind the brief.
func detail(r Report, level int) []block {
	var out []block
	add := func(b ...block) { out = append(out, b...) }
	if r.Open.N > 0 {
		add(head(level, "Open by priority and type"), priorityTable(r))
	}
	add(head(level, "Where things stand"), standing(r))
	add(head(level, "This week and last"), flowTable(r), para(medianSpans(r)...), block{kind: chart, points: r.Weeks})
	add(head(level, "Due next"), para(plain("In the next 7 days: "), linked(r.Due7.Count), plain("; in the next 14 days: "), linked(r.Due14.Count), plain(".")))
	if len(r.Due14.Lines) > 0 {
		add(lineList(r.Due14, func(l Line) string { return l.Due + ", " + facts(l) }))
	}
	add(head(level, "By postmortem"))
	add(postmortems(r)...)
	add(head(level, "Gaps in what is known"), quality(r))
	add(head(level, "Shipped this week"), para(plain("%s", r.Credit)))
	if len(r.ShippedList.Lines) > 0 {
		add(lineList(r.ShippedList, func(l Line) string {
			return fmt.Sprintf("%s · %s · from %s · after %.0f days", l.Priority, l.Type, firstOf(l.PostmortemTitle, l.Postmortem), l.Days)
		}))
	}
	return out
}

func lineList(ls Lines, words func(Line) string) block {
	b := block{kind: list}
	for _, l := range ls.Lines {
		b.items = append(b.items, []span{ticketSpan(l), plain(" %s", l.Title), plain(" (%s)", words(l))})
	}
	if more := ls.N - len(ls.Lines); more > 0 {
		b.items = append(b.items, []span{{text: fmt.Sprintf("and %d more", more), link: ls.Link}})
	}
	return b
}

func cellSpans(c Cell) []span {
	if c.Open.N == 0 {
		return []span{plain("–")}
	}
	s := []span{linked(c.Open)}
	if c.Overdue.N > 0 {
		s = append(s, plain(" ("), span{text: fmt.Sprint(c.Overdue.N), link: c.Overdue.Link, bold: true}, plain(")"))
	}
	return s
}

func priorityTable(r Report) block {
	b := block{kind: table, header: []string{"open (overdue)", "preventative", "mitigative", "other", "all"}}
	for _, row := range r.Table {
		cells := [][]span{{plain("%s", string(row.Priority))}}
		for _, c := range row.Cells {
			cells = append(cells, cellSpans(c))
		}
		b.rows = append(b.rows, append(cells, cellSpans(row.Total)))
	}
	return b
}

func standing(r Report) block {
	b := block{kind: table, header: []string{"status", "items"}}
	for _, n := range r.Standing {
		if n.N > 0 {
			b.rows = append(b.rows, [][]span{{plain("%s", statusText[policy.Status(n.Name)])}, {linked(n.Count)}})
		}
	}
	return block{kind: table, header: b.header, rows: append(b.rows, [][]span{{plain("verdict unknown, whatever the status")}, {linked(r.Unknown)}})}
}

func flowTable(r Report) block {
	b := block{kind: table, header: []string{"items", "this week", "last week"}}
	for _, c := range r.Flow {
		b.rows = append(b.rows, [][]span{{plain("%s", c.Text)}, {linked(c.This)}, {linked(c.Last)}})
	}
	share := func(n, of int) string {
		if of == 0 {
			return "–"
		}
		return fmt.Sprintf("%d of %d (%d %%)", n, of, (100*n+of/2)/of)
	}
	b.rows = append(b.rows, [][]span{{plain("Verified by the due day")}, {plain("%s", share(r.OnTime.This, r.OnTime.OfThis))}, {plain("%s", share(r.OnTime.Last, r.OnTime.OfLast))}})
	return b
}

func medianSpans(r Report) []span {
	var parts []string
	number := func(f *float64) string {
		if f == nil {
			return "–"
		}
		return fmt.Sprintf("%.1f", *f)
	}
	for _, m := range r.Medians {
		if m.This != nil || m.Last != nil {
			parts = append(parts, fmt.Sprintf("%s %s (last week %s)", m.Priority, number(m.This), number(m.Last)))
		}
	}
	if len(parts) == 0 {
		return []span{plain("Nothing was verified in these two weeks, so there is no median of the days that it took.")}
	}
	return []span{plain("Median days to verified: %s.", strings.Join(parts, ", "))}
}

func postmortems(r Report) []block {
	pm := r.Postmortems
	if pm.Left == 0 {
		return []block{para(plain("Every postmortem is fully remediated."))}
	}
	b := block{kind: table, header: []string{"postmortem", "date", "left", "of"}}
	for _, p := range pm.List {
		b.rows = append(b.rows, [][]span{{plain("%s", firstOf(p.Title, p.ID))}, {plain("%s", p.Date)}, {linked(p.Open)}, {linked(p.Total)}})
	}
	words := fmt.Sprintf("%d %s not fully remediated; the oldest is %s, of %s.", pm.Left, plural(pm.Left, "postmortem is", "postmortems are"), firstOf(pm.Oldest.Title, pm.Oldest.ID), pm.Oldest.Date)
	if more := pm.Left - len(pm.List); more > 0 {
		words += fmt.Sprintf(" The oldest %d are shown.", len(pm.List))
	}
	return []block{para(plain("%s", words)), b}
}

func quality(r Report) block {
	b := block{kind: list}
	for _, q := range r.Quality {
		if q.Count.N == 0 {
			continue
		}
		s := append([]span{linked(q.Count), plain(" ")}, withCode(q.Text)...)
		if len(q.Of) > 0 {
			s = append(s, plain(": %s", short(strings.Join(q.Of, ", "), 600)))
		}
		b.items = append(b.items, s)
	}
	if len(b.items) == 0 {
		return para(plain("None: every open item has an owner, a due day and a linked change, and every service is heard."))
	}
	return b
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

var attentionText = map[Attention]string{
	NowReopened:     "reopened this week",
	NowOverdue:      "overdue",
	NowRegressed:    "regressed",
	NowWaiverEnds:   "its waiver ends within 7 days",
	NowEscalated:    "escalated after several reopenings",
	NowUnverifiable: "cannot be verified as things are",
}

var statusText = map[policy.Status]string{
	policy.StatusFiling:      "being filed",
	policy.StatusOpen:        "open, no change landed",
	policy.StatusAwaiting:    "merged, awaiting deployment",
	policy.StatusClosedEarly: "closed too early",
	policy.StatusRegressed:   "regressed",
	policy.StatusSoaking:     "live, settling",
	policy.StatusVerified:    "verified, ticket still open",
	policy.StatusDone:        "done",
	policy.StatusWaived:      "waived",
	policy.StatusLost:        "ticket is gone",
}

var reasonText = map[policy.Reason]string{
	policy.NotPlannedWithoutWaiver: "it was closed as not planned, without a waiver",
	policy.ReopenedByPerson:        "a person reopened it, and nothing landed since",
	policy.NotMerged:               "an open pull request claims it",
	policy.WaiverExpired:           "its waiver ended",
	policy.NoLinkedChange:          "no change is linked to it",
	policy.NoDeploymentHeard:       "no deployment of its service was ever heard",
	policy.Reverted:                "the fix was reverted",
	policy.RolledBack:              "the fix was rolled back",
	policy.Canary:                  "only a part of the traffic has the fix",
	policy.PartiallyDeployed:       "some environment or some change is missing",
	policy.NotDeployed:             "the fix is not in production yet",
	policy.Soaking:                 "the fix is live and settles",
	policy.NoServiceConcerned:      "the fix belongs to no known service",
	policy.ProbableEquivalent:      "a commit in production looks like the fix, without proof",
	policy.RevisionUnknown:         "what runs in production is a commit that the repository lacks",
	policy.EvidenceUnavailable:     "the repository can't be read right now",
}
