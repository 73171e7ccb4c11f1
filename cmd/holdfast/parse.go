package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/hints"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

func newParseCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "parse FILE…",
		Short: "Print what a postmortem would file",
		Long: `Read postmortems and print the action items found in them, as they stand in the
document: what it does not say is empty, null in JSON. It needs no server, no
configuration and no network. - reads from standard input.

Beside the result it tells, with the line, which section looked like action
items but gave none and why, and which items will be hard to finish: no owner,
no priority, no due date, vague, not checkable, blaming a person. Each of these
hints is a question about the system, with a rewrite to start from.

JSON is one object for one file and an array for several; it can be edited and
filed with holdfast file. It ends with 0 also where there are no items, and with
1 where a file can't be read; all such files are told at once.`,
		Example: `  holdfast parse postmortem.md
  holdfast parse -o json postmortem.md > items.json
  cat postmortem.md | holdfast parse -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			docs := make([]parsedDocument, len(args))
			var bad []error
			for i, name := range args {
				doc, err := e.parse(cmd.Context(), name)
				if err != nil {
					bad = append(bad, fmt.Errorf("%s: %w", name, err))
					continue
				}
				docs[i] = parsed(name, doc)
			}
			if bad != nil {
				return errors.Join(bad...)
			}
			for _, d := range docs {
				for _, n := range d.notes {
					e.note("%s: %s", d.name, n)
				}
				if len(d.Items) == 0 && len(d.notes) == 0 {
					e.note("%s: no action items found", d.name)
				}
			}
			if e.output == "json" {
				return e.json(oneOrAll(docs))
			}
			return e.printParsed(docs)
		},
	}
}

// parsedDocument is what can be filed as JSON.
type parsedDocument struct {
	ID       string       `json:"id,omitempty"`
	Title    string       `json:"title,omitempty"`
	Date     string       `json:"date,omitempty"`
	Severity string       `json:"severity,omitempty"`
	Services []string     `json:"services,omitempty"`
	Source   string       `json:"source,omitempty"`
	Items    []parsedItem `json:"items"`
	name     string
	notes    []string
}

type parsedItem struct {
	postmortem.Item
	Hints []hints.Hint `json:"hints,omitempty"`
}

func parsed(name string, d postmortem.Document) parsedDocument {
	p := parsedDocument{ID: d.ID, Title: d.Title, Date: d.Date, Severity: d.Severity, Services: d.Services, Source: d.Source, Items: make([]parsedItem, len(d.Items)),
		name: name, notes: d.Notes}
	for i, it := range d.Items {
		p.Items[i] = parsedItem{it, hints.Of(it)}
	}
	return p
}

func (e *env) parse(ctx context.Context, name string) (postmortem.Document, error) {
	body, err := e.readDocument(ctx, name)
	if err != nil {
		return postmortem.Document{}, err
	}
	if name != "-" {
		return postmortem.Parse(name, body)
	}
	if documentType(name, body) == api.JSONType {
		return postmortem.ParseJSON(body)
	}
	return postmortem.Parse("", body)
}

func (e *env) printParsed(docs []parsedDocument) error {
	var rows [][]string
	var items []hinted
	header := []string{"line", "priority", "type", "owner", "due", "service", "done", "ticket", "title"}
	for _, d := range docs {
		for _, it := range d.Items {
			if !it.Done {
				where := "line " + strconv.Itoa(it.Line)
				if len(docs) > 1 {
					where = d.name + " " + where
				}
				items = append(items, hinted{where, it.Title, it.Hints})
			}
			done := ""
			if it.Done {
				done = "done"
			}
			due := textOf(it.Due)
			if due == "" {
				due = textOf(it.DueWritten)
			}
			row := []string{strconv.Itoa(it.Line), textOf(it.Priority), textOf(it.Type), textOf(it.Owner), due, textOf(it.Service), done, textOf(it.Ticket), it.Title}
			if len(docs) > 1 {
				row = append([]string{d.name}, row...)
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if len(docs) > 1 {
		header = append([]string{"file"}, header...)
	}
	err := e.table(header, rows)
	e.printHints("Hints", items)
	return err
}
