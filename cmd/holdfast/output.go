package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// maxColumn is where long text in a table is broken.
const maxColumn = 60

// json prints v, indented.
func (e *env) json(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	_, err := e.out.Write(cleanJSON(b.Bytes()))
	return err
}

// table prints rows: with a header and aligned for people, else one line each
// with tabs between, so that cut and awk can take them apart.
func (e *env) table(header []string, rows [][]string) error {
	if e.output != "table" {
		for _, r := range rows {
			cells := make([]string, len(r))
			for i, c := range r {
				cells[i] = clean(c)
			}
			if _, err := fmt.Fprintln(e.out, strings.Join(cells, "\t")); err != nil {
				return err
			}
		}
		return nil
	}
	t := table.NewWriter()
	t.SetOutputMirror(e.out)
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	head := make(table.Row, len(header))
	configs := make([]table.ColumnConfig, len(header))
	for i, h := range header {
		head[i] = h
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: maxColumn, WidthMaxEnforcer: text.WrapSoft}
		if h == "ticket" || h == "url" { // an address must stay in one piece
			configs[i].WidthMax = 0
		}
	}
	t.AppendHeader(head)
	t.SetColumnConfigs(configs)
	for _, r := range rows {
		row := make(table.Row, len(r))
		for i, c := range r {
			row[i] = paint(clean(c))
		}
		t.AppendRow(row)
	}
	t.Render()
	return nil
}

// paint colours the words that call for a look. Without colours it changes
// nothing.
func paint(word string) string {
	switch word {
	case "regressed", "closed_early", "lost", "not_verified", "fail", "FAIL", "overdue":
		return text.FgRed.Sprint(word)
	case "filing", "soaking", "unknown", "warning", "held":
		return text.FgYellow.Sprint(word)
	case "done", "verified", "pass", "ok":
		return text.FgGreen.Sprint(word)
	}
	return word
}

// note tells the person at the terminal something beside the result.
func (e *env) note(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = clean(s)
		}
	}
	fmt.Fprintf(e.errOut, format+"\n", args...)
}

// say prints a line of the result.
func (e *env) say(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = clean(s)
		}
	}
	fmt.Fprintf(e.out, format+"\n", args...)
}

// text is the value of a field that may be null.
func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// ticketURL is where the ticket can be looked at, else its reference.
func ticketURL(t *api.TicketView) string {
	if t == nil {
		return ""
	}
	return firstOf(t.URL, string(t.Ref))
}

// short is a commit as people write it.
func short(sha string) string {
	if len(sha) > 12 {
		return sha[:12]
	}
	return sha
}

// plural counts things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
