package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newShowCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "show ITEM",
		Short: "Show one item with its ledger",
		Long: `Show what is known of an action item, and its ledger: everything that was seen,
decided and done for it, in order, with what caused it.`,
		Example: `  holdfast show 2026-11-01-checkout-down/1
  holdfast show 2026-11-01-checkout-down/1 -o json | jq '.ledger[].name'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := e.client().Item(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if e.output == "json" {
				return e.json(d)
			}
			return e.printItem(d)
		},
	}
}

func (e *env) printItem(d api.ItemDetail) error {
	e.facts(d.ItemView)
	if len(d.Changes) > 0 {
		e.say("")
		e.say("Changes")
		for _, c := range d.Changes {
			e.say("  %s", changeLine(c))
		}
	}
	if len(d.Live) > 0 {
		e.say("")
		e.say("Live")
		for _, target := range slices.Sorted(maps.Keys(d.Live)) {
			e.say("  %s  %s", target, short(d.Live[target]))
		}
	}
	e.say("")
	e.say("Ledger")
	for _, entry := range d.Ledger {
		e.say("  %s  %s", when(&entry.At), entryLine(entry))
	}
	return nil
}

// facts prints the fields that have a value.
func (e *env) facts(v api.ItemView) {
	verdict := v.Verdict
	if r := textOf(v.Reason); r != "" {
		verdict += " (" + r + ")"
	}
	due := textOf(v.Due)
	if v.Overdue {
		due += ", overdue"
	}
	kind := string(v.Type)
	if w := textOf(v.TypeWritten); w != "" && w != kind {
		kind += " (written: " + w + ")"
	}
	ticket := ""
	if v.Ticket != nil {
		ticket = v.Ticket.State + ", " + ticketURL(v.Ticket)
	}
	reopened := ""
	if v.Reopened > 0 {
		reopened = strconv.Itoa(v.Reopened) + "× by Holdfast"
	}
	e.say("%s  %s", v.ID, v.Title)
	for _, f := range [][2]string{
		{"status", v.Status}, {"verdict", verdict}, {"ticket", ticket}, {"priority", string(v.Priority)}, {"type", kind},
		{"owner", textOf(v.Owner)}, {"team", textOf(v.Team)}, {"services", strings.Join(v.Services, ", ")}, {"due", due},
		{"reopened", reopened}, {"created", when(&v.CreatedAt)}, {"verified", when(v.VerifiedAt)}, {"closed", when(v.ClosedAt)},
	} {
		if f[1] != "" {
			e.say("  %-9s %s", f[0], f[1])
		}
	}
}

func changeLine(c api.ChangeView) string {
	s := c.Repo
	if c.PullRequest != nil {
		s += "#" + strconv.Itoa(*c.PullRequest)
	}
	if sha := textOf(c.SHA); sha != "" {
		s += " " + short(sha)
	}
	if c.LandedAt == nil {
		s += ", not merged"
	} else {
		s += ", landed " + when(c.LandedAt)
	}
	for _, target := range slices.Sorted(maps.Keys(c.Contained)) {
		s += ", " + target + ": " + c.Contained[target]
	}
	return s
}
