package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newRebuildCmd(e *env) *cobra.Command {
	var r api.RebuildRequest
	var yes bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Restore items from their tickets, after the store was lost",
		Long: `Restore items from the markers that Holdfast put into their tickets, after the
store was lost and there is no backup and no export. It reads the tickets of all
configured repositories and projects, their comments, and what was merged,
pushed and deployed. It makes no ticket, and what the store knows it leaves
alone, so it may be run again.

A marker counts when it was made with this server's marker key, in a ticket of
our own account. What has no ticket is not restored: approvals given through
the API, weekly reports, items marked done before they were filed.

A ticket found closed is not reopened before a deployment of its service was
heard. If more than policy.max_reopens would be, an operator decides: holdfast
reopenings. It shows what it found and asks; -y does not ask. It needs a token
with the role admin.`,
		Example: `  holdfast rebuild --dry-run
  holdfast rebuild
  holdfast rebuild --tracker jira -y`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !r.DryRun && !yes && !isTerminal(e.in) {
				return usagef("there is no terminal to confirm at: look at it with --dry-run, then rebuild with -y")
			}
			return e.rebuild(cmd.Context(), r, yes)
		},
	}
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "only show what would be restored")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().StringVar(&r.Tracker, "tracker", "", "only this tracker (default: all)")
	return cmd
}

func (e *env) rebuild(ctx context.Context, r api.RebuildRequest, yes bool) error {
	client := e.client()
	if !r.DryRun && !yes {
		preview := r
		preview.DryRun = true
		v, err := client.Rebuild(ctx, preview)
		if err != nil {
			return err
		}
		if err := e.printRebuild(v, false); err != nil {
			return err
		}
		if len(v.Items) == 0 {
			return nil
		}
		if ok, err := e.agreed(ctx, "Restore these?", "Nothing was restored."); err != nil || !ok {
			return err
		}
	}
	v, err := client.Rebuild(ctx, r)
	if err != nil {
		return err
	}
	if e.output == "json" {
		return e.json(v)
	}
	if err := e.printRebuild(v, true); err != nil || r.DryRun {
		return err
	}
	e.note("Restored. What was merged and deployed is being read again; then every item is judged. What waits for you shows in: holdfast reopenings")
	return nil
}

// printRebuild shows what was found. It is the result, or beside it.
func (e *env) printRebuild(v api.RebuildView, result bool) error {
	for _, w := range v.Warnings {
		e.note("warning: %s", w)
	}
	beside := *e
	if !result {
		beside.out = e.errOut
	}
	var rows [][]string
	for _, it := range v.Items {
		rows = append(rows, []string{it.Item, it.Action, it.State, it.Title, it.Ticket, textOf(it.Note)})
	}
	for _, s := range v.Skipped {
		rows = append(rows, []string{s.Item, "skip", "", "", s.Ticket, s.Why})
	}
	if len(rows) == 0 {
		e.note("No ticket with a marker was found.")
		return nil
	}
	return beside.table([]string{"item", "action", "state", "title", "ticket", "note"}, rows)
}
