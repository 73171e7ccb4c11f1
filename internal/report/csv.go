package report

import (
	"encoding/csv"
	"fmt"
	"strings"
)

var csvHeader = []string{"section", "item", "title", "ticket", "url", "priority", "type", "owner", "team", "status", "verdict", "reason", "postmortem", "postmortem_date", "due", "days_over", "age_days", "next", "count"}

// CSV renders reports for a spreadsheet: a row for each number, then one for
// each item in a list. No cell can be taken for a formula.
func CSV(d Digest) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = csvCell(c)
		}
		_ = w.Write(cells) // a strings.Builder takes everything
	}
	row(csvHeader...)
	for _, r := range append(d.Reports[:len(d.Reports):len(d.Reports)], d.Overview...) {
		for _, n := range r.numbers() {
			cells := make([]string, len(csvHeader))
			cells[0], cells[2], cells[4], cells[8], cells[18] = "number", n.Name, n.Link, r.Team, fmt.Sprint(n.N)
			row(cells...)
		}
		for _, s := range []struct {
			name  string
			lines []Line
		}{{"decide_now", r.Decide.Lines}, {"due_in_14_days", r.Due14.Lines}, {"shipped", r.ShippedList.Lines}, {"open", r.Items}} {
			for _, l := range s.lines {
				row(s.name, l.Item, l.Title, string(l.Ticket), l.URL, string(l.Priority), string(l.Type), l.Owner, l.Team, l.Status, l.Verdict, l.Reason, l.Postmortem,
					l.PostmortemDate, l.Due, fmt.Sprint(l.DaysOver), fmt.Sprint(l.Age), l.Next, "")
			}
		}
	}
	w.Flush()
	return b.String()
}

// numbers lists every number of the report that stands for a list of items.
func (r Report) numbers() []Named {
	out := []Named{{"open", r.Open}, {"overdue", r.Overdue}, {"unknown", r.Unknown}, {"decide_now", r.Decide.Count}, {"due_in_7_days", r.Due7.Count}, {"due_in_14_days", r.Due14.Count}}
	for _, n := range r.Standing {
		out = append(out, Named{"status " + n.Name, n.Count})
	}
	for _, row := range r.Table {
		for _, c := range append(row.Cells, row.Total) {
			name := strings.TrimSpace(string(row.Priority) + " " + c.Type)
			out = append(out, Named{"open " + name, c.Open}, Named{"overdue " + name, c.Overdue})
		}
	}
	for _, c := range r.Flow {
		out = append(out, Named{c.Name + " this week", c.This}, Named{c.Name + " last week", c.Last})
	}
	for _, p := range r.Postmortems.List {
		out = append(out, Named{"open of postmortem " + p.ID, p.Open}, Named{"items of postmortem " + p.ID, p.Total})
	}
	for _, q := range r.Quality {
		if len(q.Of) == 0 {
			out = append(out, Named{q.Name, q.Count})
		}
	}
	return out
}

// csvCell takes from a cell what a spreadsheet would run: a leading =, +, -, @
// or tab, blanks before it included.
func csvCell(s string) string {
	s = oneLine(s)
	if t := strings.TrimLeft(s, " \u00a0'\""); t != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(t)[0]) && !isNumber(s) {
		return "'" + s
	}
	return s
}

// isNumber holds for plain negative numbers, which are no formulas.
func isNumber(s string) bool {
	d := strings.TrimPrefix(s, "-")
	return d != "" && strings.Trim(d, "0123456789") == ""
}
