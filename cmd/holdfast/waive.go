package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

var durationForm = regexp.MustCompile(`^([0-9]{1,6}[smhdw])+$`)

func newWaiveCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "waive ITEM DURATION REASON",
		Short: "Grant an exception with an end",
		Long: `Waive an item: its ticket may stay closed without a deployment, until the
duration is over. It needs a token whose person is an approver of the item's
team, and neither its owner nor the author of its fix.

Durations are like 30m, 24h, 7d or 4w; policy.waiver_max (90d) is the longest.`,
		Example: `  holdfast waive 2026-11-01-checkout-down/1 4w "the vendor ships the fix in December"`,
		Args:    cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			reason := strings.TrimSpace(strings.Join(args[2:], " "))
			if !durationForm.MatchString(args[1]) {
				return usagef("%q is no duration: want 30m, 24h, 7d or 4w", args[1])
			}
			if reason == "" {
				return usagef("say why in a few words")
			}
			v, err := e.client().Waive(cmd.Context(), args[0], api.WaiverRequest{Duration: args[1], Reason: reason})
			return e.acted(v, err, "Waived %s for %s.", args[0], args[1])
		},
	}
}

func newUnwaiveCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "unwaive ITEM",
		Short: "Take a waiver back",
		Long: `Take the waiver of an item back. If its ticket is closed and the fix is not in
production, the ticket is reopened. It needs a token whose person is an approver.`,
		Example: `  holdfast unwaive 2026-11-01-checkout-down/1`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := e.client().Unwaive(cmd.Context(), args[0])
			return e.acted(v, err, "The waiver of %s is taken back.", args[0])
		},
	}
}

// acted prints an item after something was done to it.
func (e *env) acted(v api.ItemView, err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	if e.output == "json" {
		return e.json(v)
	}
	e.note(format, args...)
	return e.table(itemHeader, itemRows([]api.ItemView{v}))
}
