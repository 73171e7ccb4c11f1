package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newReopeningsCmd(e *env) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error {
		groups, err := e.client().Reopenings(cmd.Context())
		if err != nil {
			return err
		}
		if e.output == "json" {
			if groups == nil {
				groups = []api.ReopeningView{}
			}
			return e.json(map[string]any{"reopenings": groups})
		}
		if len(groups) == 0 {
			e.note("No reopenings wait.")
			return nil
		}
		rows := make([][]string, len(groups))
		for i, g := range groups {
			rows[i] = []string{g.Cause, g.State, strconv.Itoa(len(g.Items)), when(&g.OpenedAt), g.Note, strings.Join(g.Items, " ")}
		}
		return e.table([]string{"cause", "state", "tickets", "since", "note", "items"}, rows)
	}
	cmd := &cobra.Command{
		Use:   "reopenings",
		Short: "List and decide reopenings that wait for an operator",
		Long: `One cause, such as a deployment or a change of the configuration, that would
reopen more tickets than policy.max_reopens reopens none of them until somebody
decides. Without a subcommand the list is printed.`,
		Example: `  holdfast reopenings
  holdfast reopenings confirm deployment/1234
  holdfast reopenings drop deployment/1234`,
		Args: noArgs,
		RunE: list,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Short:   "List them",
		Long:    `List the groups of reopenings that wait, each with its cause.`,
		Example: `  holdfast reopenings list -o json`,
		Args:    noArgs,
		RunE:    list,
	}, &cobra.Command{
		Use:     "confirm CAUSE",
		Short:   "Reopen the tickets of a cause",
		Long:    `Let the reopenings of a cause happen. It needs a token with the role admin.`,
		Example: `  holdfast reopenings confirm deployment/1234`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := e.client().ConfirmReopenings(cmd.Context(), args[0])
			return e.decided(g, err, "Confirmed: %d tickets are being reopened.")
		},
	}, &cobra.Command{
		Use:   "drop CAUSE",
		Short: "Leave the tickets of a cause closed",
		Long: `Leave the tickets closed, for this cause alone: another cause may still reopen
them. It needs a token with the role admin.`,
		Example: `  holdfast reopenings drop deployment/1234`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := e.client().DropReopenings(cmd.Context(), args[0])
			return e.decided(g, err, "Dropped: %d tickets stay closed.")
		},
	})
	return cmd
}

func (e *env) decided(g api.ReopeningView, err error, format string) error {
	if err != nil {
		return err
	}
	if e.output == "json" {
		return e.json(g)
	}
	e.say(format, len(g.Items))
	return nil
}
