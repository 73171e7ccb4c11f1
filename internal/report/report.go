// Package report builds the weekly report of a team from its ledger and renders
// it for people and programs. Build is pure: the same facts and the same period
// always give the same report. What came after the period's end counts in the
// next one. The package sends nothing; it knows no channel and no tracker.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Report is the status of one team, or of all, at the end of a week.
type Report struct {
	Team     string `json:"team" doc:"empty: all teams"`
	Week     string `json:"week" example:"2026-W47"`
	Span     Span   `json:"period"`
	Sentence string `json:"summary" doc:"one sentence with the numbers"`

	Open          Count `json:"open" doc:"no verified fix in production yet, and no waiver"`
	Overdue       Count `json:"overdue" doc:"open, and the due day is over"`
	OverdueBefore int   `json:"overdue_last_week"`
	Reopened      Count `json:"reopened" doc:"closed too early this week, and reopened"`
	Shipped       Count `json:"shipped" doc:"verified this week"`
	Regressed     Count `json:"regressed" doc:"no longer in production this week, after it was"`

	Decide Lines `json:"decide_now" doc:"what needs a decision, most urgent first"`

	Table    []PriorityRow `json:"priorities" nullable:"false" doc:"open items by priority and type"`
	Standing []Named       `json:"standing" nullable:"false" doc:"items in each status"`
	Unknown  Count         `json:"unknown" doc:"items whose verdict can't be told right now"`
	Flow     []FlowRow     `json:"flow" nullable:"false" doc:"this week against the week before"`
	Medians  []Median      `json:"days_to_verified" nullable:"false" doc:"median days from the start of the due clock to verified, of what was verified in the week"`
	OnTime   Share         `json:"on_time" doc:"of what was verified in the week, what was so by its due day"`
	Weeks    []Point       `json:"weeks" nullable:"false" doc:"the last eight weeks, oldest first"`

	Due7  Lines `json:"due_in_7_days"`
	Due14 Lines `json:"due_in_14_days" doc:"those of the first 7 days included"`

	Postmortems Remediation `json:"postmortems"`
	Quality     []Quality   `json:"data_quality" nullable:"false"`
	ShippedList Lines       `json:"shipped_items"`
	Credit      string      `json:"credit" doc:"whose work it was: the team's"`
	About       []string    `json:"about" nullable:"false" doc:"how the numbers are made, and how to change the schedule"`

	Items []Line `json:"items" nullable:"false" doc:"open items, most urgent first, at most 1000"`
}

// Span is the period in the team's time zone.
type Span struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to" doc:"what was recorded before this counts"`
	Zone     string    `json:"zone" example:"Europe/Berlin"`
	Complete bool      `json:"complete" doc:"the week is over: the same week always gives the same report"`
}

// Count is a number with the list behind it.
type Count struct {
	N    int    `json:"count"`
	Link string `json:"link" doc:"the items that were counted"`
}

// Named is a count with its name.
type Named struct {
	Name string `json:"name"`
	Count
}

// Lines are the first of some items, and how many there are.
type Lines struct {
	Count
	Lines []Line `json:"items" nullable:"false"`
}

// Line is one item in a list.
type Line struct {
	Item            string          `json:"item"`
	Title           string          `json:"title"`
	Ticket          domain.Ref      `json:"ticket" doc:"empty while it is filed"`
	URL             string          `json:"url"`
	Priority        domain.Priority `json:"priority"`
	Type            domain.Type     `json:"type"`
	Owner           string          `json:"owner"`
	Team            string          `json:"team"`
	Status          string          `json:"status"`
	Verdict         string          `json:"verdict"`
	Reason          string          `json:"reason"`
	Postmortem      string          `json:"postmortem"`
	PostmortemTitle string          `json:"postmortem_title"`
	PostmortemDate  string          `json:"postmortem_date"`
	Due             string          `json:"due"`
	DaysOver        int             `json:"days_over" doc:"days since the due day; negative: days until it. 0 without a due day"`
	Age             int             `json:"age_days" doc:"since the due clock started"`
	Why             []Attention     `json:"why,omitempty" doc:"why it needs a decision"`
	Next            string          `json:"next,omitempty" doc:"what to do next"`
	Days            float64         `json:"days_to_verified,omitempty"`
}

// PriorityRow is one priority of the table.
type PriorityRow struct {
	Priority domain.Priority `json:"priority"`
	Cells    []Cell          `json:"cells" nullable:"false" doc:"preventative, mitigative, other"`
	Total    Cell            `json:"total"`
}

// Cell is one number of the table: open (overdue).
type Cell struct {
	Type    string `json:"type" doc:"empty in the total"`
	Open    Count  `json:"open"`
	Overdue Count  `json:"overdue"`
}

// FlowRow is a number of this week beside that of the week before.
type FlowRow struct {
	Name string `json:"name"`
	Text string `json:"text" doc:"for people"`
	This Count  `json:"this_week"`
	Last Count  `json:"last_week"`
}

// Median is nil where nothing of the priority was verified.
type Median struct {
	Priority domain.Priority `json:"priority"`
	This     *float64        `json:"this_week"`
	Last     *float64        `json:"last_week"`
}

// Share is a part of what was verified.
type Share struct {
	This   int `json:"this_week"`
	OfThis int `json:"this_week_of"`
	Last   int `json:"last_week"`
	OfLast int `json:"last_week_of"`
}

// Point is one week of the line.
type Point struct {
	Week     string `json:"week"`
	Open     int    `json:"open"`
	Overdue  int    `json:"overdue"`
	Verified int    `json:"verified"`
}

// Remediation says what is left of each postmortem.
type Remediation struct {
	Left   int               `json:"not_remediated" doc:"postmortems with open items"`
	Oldest *PostmortemLeft   `json:"oldest,omitempty" doc:"absent: all are remediated"`
	List   []*PostmortemLeft `json:"list" nullable:"false" doc:"oldest first, at most 20"`
}

// PostmortemLeft is what is left of one postmortem.
type PostmortemLeft struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Date  string `json:"date"`
	Open  Count  `json:"open"`
	Total Count  `json:"total"`
}

// Quality is a gap in what is known, or something that did not work.
type Quality struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Count Count  `json:"found"`
	// Of names what is counted, where it is no item.
	Of []string `json:"of,omitempty"`
}

// Row is the report without its lists of items: what a director gets of each
// team. The numbers and the lists behind them stay.
func (r Report) Row() Report {
	none := []Line{}
	r.Items, r.Decide.Lines, r.Due7.Lines, r.Due14.Lines, r.ShippedList.Lines = none, none, none, none, none
	return r
}

// JSON writes the report as the API gives it.
func (r Report) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // the links hold ampersands
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("writing the report of %s: %w", r.Week, err)
	}
	return b.Bytes(), nil
}

// FromJSON reads what JSON wrote.
func FromJSON(b []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("reading a stored report: %w", err)
	}
	return r, nil
}
