package main

import (
	"regexp"

	"github.com/spf13/cobra"
)

// itemForm tells an item's id from the name of a ticket.
var itemForm = regexp.MustCompile(`^[^:#/\s]+/[0-9]+$`)

func newWhyCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "why ITEM|TICKET",
		Short: "Say why an item is, or is not, verified",
		Long: `Print each check of an item's verdict with its result, and what to do about
those that fail. The item is named by its id or by its ticket: a reference, the
tracker's own key, or the address in a browser.`,
		Example: `  holdfast why 2026-11-01-checkout-down/1
  holdfast why github:acme/checkout#12
  holdfast why PAY-12`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			item, ticket := "", args[0]
			if itemForm.MatchString(ticket) {
				item, ticket = ticket, ""
			}
			if item == "" && ticket == "" {
				return usagef("name an item or a ticket")
			}
			w, err := e.client().Why(cmd.Context(), item, ticket)
			if err != nil {
				return err
			}
			if e.output == "json" {
				return e.json(w)
			}
			verdict := w.Verdict
			if r := textOf(w.Reason); r != "" {
				verdict += " (" + r + ")"
			}
			e.say("%s  %s", w.Item, w.Title)
			e.say("%s, status %s", verdict, w.Status)
			if t := ticketURL(w.Ticket); t != "" {
				e.say("%s", t)
			}
			rows := make([][]string, len(w.Checks))
			for i, c := range w.Checks {
				rows[i] = []string{c.Result, c.Check, c.Detail, c.Remedy}
			}
			e.say("")
			return e.table([]string{"result", "check", "found", "to do"}, rows)
		},
	}
}
