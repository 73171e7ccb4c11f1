package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// adoptFlags are the flags of one adopt command.
type adoptFlags struct {
	tracker, query, service string
	dryRun, yes, wait       bool
	patience                time.Duration
}

func newAdoptCmd(e *env) *cobra.Command {
	var f adoptFlags
	cmd := &cobra.Command{
		Use:   "adopt --tracker TRACKER --query QUERY",
		Short: "Bring existing tickets under the rule",
		Long: `Find tickets by a query in the tracker's own language and bring them under the
rule: from then on, one that is closed before its fix is in production is
reopened. First it shows what it found and asks; -y does not ask.

The query is asked only of the repositories or projects that the configuration
files tickets in; pull requests are left out. A ticket that is closed already
stays closed, and counts from when somebody opens it. Nothing is written to a
ticket, but for the label needs-service where no service can be told.

Priority and type come from the ticket's labels (P1, priority:high, type:...) or
its priority field, the service from a label service:NAME, else --service, else
the repository or project. What was merged for a ticket before is looked up.

Asking again adopts only what is new. To have it done all the time, write the
query under adopt in the configuration.`,
		Example: `  holdfast adopt --tracker github --query 'label:postmortem' --dry-run
  holdfast adopt --tracker github --query 'label:postmortem repo:acme/checkout is:open'
  holdfast adopt --tracker jira --query 'labels = postmortem AND statusCategory != Done' -y`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.tracker == "" || strings.TrimSpace(f.query) == "" {
				return usagef("say where and which: --tracker and --query are needed")
			}
			if !f.dryRun && !f.yes && !isTerminal(e.in) {
				return usagef("there is no terminal to confirm at: look at it with --dry-run, then adopt with -y")
			}
			return e.adopt(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.tracker, "tracker", "", "name of the tracker in the configuration")
	fl.StringVar(&f.query, "query", "", "which tickets: GitHub's search syntax, or JQL")
	fl.StringVar(&f.service, "service", "", "service of tickets that name none (default: that of their repository or project)")
	fl.BoolVar(&f.dryRun, "dry-run", false, "only show what would be adopted")
	fl.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	fl.BoolVar(&f.wait, "wait", true, "wait until each ticket was read")
	fl.DurationVar(&f.patience, "patience", 2*time.Minute, "give up waiting after so long without progress")
	return cmd
}

func (e *env) adopt(ctx context.Context, f adoptFlags) error {
	client := e.client()
	r := api.AdoptionRequest{Tracker: f.tracker, Query: f.query, Service: f.service, DryRun: true}
	v, err := client.Adopt(ctx, r)
	if err != nil {
		return err
	}
	if f.dryRun && e.output == "json" {
		return e.json(v)
	}
	if len(v.Tickets) == 0 && e.output != "json" {
		e.note("No ticket matches.")
		return nil
	}
	fresh, err := e.printAdoption(v, f.dryRun)
	if err != nil || f.dryRun {
		return err
	}
	if fresh == 0 && e.output != "json" {
		e.note("All of them are under the rule already.")
		return nil
	}
	if !f.yes {
		ok, err := e.ask(ctx, fmt.Sprintf("Adopt these %d?", fresh), "nothing was adopted")
		if err != nil || !ok {
			return err
		}
	}
	r.DryRun = false
	if v, err = client.Adopt(ctx, r); err != nil {
		return fmt.Errorf("%w\nWhat was adopted before that stays so; asking again goes on from there", err)
	}
	if f.wait && fresh > 0 {
		err = e.awaitTickets(ctx, client, []api.FiledView{adoptedItems(v)}, f.patience)
	}
	if e.output == "json" {
		if printErr := e.json(v); printErr != nil {
			return printErr
		}
		return err
	}
	e.note("Brought %s under the rule.", plural(fresh, "ticket"))
	return err
}

// adoptedItems are the items to wait for.
func adoptedItems(v api.AdoptionView) api.FiledView {
	out := api.FiledView{Postmortem: v.Postmortem}
	for _, t := range v.Tickets {
		if t.Action == "adopt" {
			out.Items = append(out.Items, api.ItemView{ID: t.Item, Status: "filing"})
		}
	}
	return out
}

// printAdoption shows what would be done, and counts what is new. It is the
// result of a dry run, and beside the result otherwise.
func (e *env) printAdoption(v api.AdoptionView, result bool) (fresh int, err error) {
	beside := *e
	if !result {
		beside.out = e.errOut
	}
	for _, w := range v.Warnings {
		e.note("warning: %s", w)
	}
	rows := make([][]string, 0, len(v.Tickets))
	for _, t := range v.Tickets {
		if t.Action == "adopt" {
			fresh++
		}
		rows = append(rows, []string{string(t.Ticket.Ref), t.Action, t.Ticket.State, textOf(t.Priority), textOf(t.Type), strings.Join(t.Services, ","), textOf(t.Owner), t.Title, t.Detail})
	}
	return fresh, beside.table([]string{"ticket", "action", "state", "priority", "type", "services", "owner", "title", "note"}, rows)
}
