package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

func newParseCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "parse FILE…",
		Short: "Print what a postmortem would file",
		Long: `Read postmortems and print the action items found in them, as they stand in the
document: what it does not say is empty, null in JSON. It needs no server, no
configuration and no network. - reads from standard input.

JSON is one object for one file and an array for several; it can be edited and
filed with holdfast file.`,
		Example: `  holdfast parse postmortem.md
  holdfast parse -o json postmortem.md > items.json
  cat postmortem.md | holdfast parse -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			docs := make([]parsedDocument, len(args))
			for i, name := range args {
				doc, err := e.parse(name)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				for _, n := range doc.Notes {
					e.note("%s: %s", name, n)
				}
				if len(doc.Items) == 0 && len(doc.Notes) == 0 {
					e.note("%s: no action items found", name)
				}
				docs[i] = parsed(doc)
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
	ID       string            `json:"id,omitempty"`
	Title    string            `json:"title,omitempty"`
	Date     string            `json:"date,omitempty"`
	Severity string            `json:"severity,omitempty"`
	Services []string          `json:"services,omitempty"`
	Source   string            `json:"source,omitempty"`
	Items    []postmortem.Item `json:"items"`
}

func parsed(d postmortem.Document) parsedDocument {
	p := parsedDocument{ID: d.ID, Title: d.Title, Date: d.Date, Severity: d.Severity, Services: d.Services, Source: d.Source, Items: d.Items}
	if p.Items == nil {
		p.Items = []postmortem.Item{}
	}
	return p
}

func (e *env) parse(name string) (postmortem.Document, error) {
	body, err := e.readDocument(name)
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
	for _, d := range docs {
		for _, it := range d.Items {
			done := ""
			if it.Done {
				done = "done"
			}
			due := textOf(it.Due)
			if due == "" {
				due = textOf(it.DueWritten)
			}
			rows = append(rows, []string{strconv.Itoa(it.Line), textOf(it.Priority), textOf(it.Type), textOf(it.Owner), due, textOf(it.Service), done, textOf(it.Ticket), it.Title})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return e.table([]string{"line", "priority", "type", "owner", "due", "service", "done", "ticket", "title"}, rows)
}
