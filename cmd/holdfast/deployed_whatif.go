package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// whatIfResult is what deployed --what-if prints with -o json.
type whatIfResult struct {
	api.WhatIfView
	Production bool     `json:"production"`
	Warnings   []string `json:"warnings"`
}

// whatIf asks what the deployment would do, and reports nothing.
func (e *env) whatIf(ctx context.Context, f deployedFlags) error {
	v, answer, err := e.client().WhatIf(ctx, f.report)
	if err != nil {
		return fmt.Errorf("asking what this deployment would do: %w", err)
	}
	if e.output == "json" {
		return e.json(whatIfResult{WhatIfView: v, Production: answer.Production, Warnings: answer.Warnings})
	}
	for _, w := range answer.Warnings {
		e.note("warning: %s", w)
	}
	if e.output == "table" {
		e.say("If %s were deployed to %s/%s (nothing was recorded):", firstOf(short(value(v.SHA)), f.report.Version), f.report.Service, f.report.Environment)
	}
	if len(v.Shipped)+len(v.TookBack) == 0 && answer.Production {
		e.note("It would ship and take back no action item.")
	}
	var rows [][]string
	for _, group := range []struct {
		word  string
		items []api.WhatIfItem
	}{{"would ship", v.Shipped}, {"would take back", v.TookBack}, {"would change", v.Others}} {
		for _, it := range group.items {
			rows = append(rows, []string{group.word, it.ID, standing(it.Status, it.Reason), standing(it.Then.Status, it.Then.Reason), ticketThen(it.Then), it.Title, ticketURL(it.Ticket)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return e.table([]string{"", "item", "now", "then", "its ticket", "title", "ticket"}, rows)
}

// standing is a status with the reason for it.
func standing(status string, reason *string) string {
	if reason == nil {
		return status
	}
	return status + " (" + *reason + ")"
}

// ticketThen says what would be done to a ticket.
func ticketThen(t api.WhatIfThen) string {
	switch {
	case t.Ticket == nil:
		return "stays as it is"
	case t.ReopensAt != nil:
		return *t.Ticket + " after " + t.ReopensAt.UTC().Format(time.RFC3339)
	}
	return *t.Ticket
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
