package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/report"
)

func newReportCmd(e *env) *cobra.Command {
	var week, team, format string
	var preview bool
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Print the weekly report",
		Long: `Print the weekly report of a team, or of all: what needs a decision, what is
open and overdue, what was closed too early, shipped or lost, and what is due.

The week is an ISO week in the team's time zone; without --week it is the last
complete one. The running week gives what is known so far. Nothing is sent.
With --preview it also says who gets the report of that week, over which
channel and when, and what became of it.`,
		Example: `  holdfast report
  holdfast report --team payments --week 2026-W47
  holdfast report --format html > report.html
  holdfast report --preview`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if e.output == "json" && !cmd.Flags().Changed("format") {
				format = "json"
			}
			if !slices.Contains(api.ReportFormats, format) {
				return usagef("--format %q is unknown: want text, md, html, json or csv", format)
			}
			if week != "" {
				if _, err := report.ParseWeek(week); err != nil {
					return usageError{err}
				}
			}
			body, err := e.client().Report(cmd.Context(), team, week, format)
			if err != nil {
				return err
			}
			if !preview {
				return e.printReport(body, format)
			}
			return e.preview(cmd, body, week, format)
		},
	}
	f := cmd.Flags()
	f.StringVar(&week, "week", "", "ISO week such as 2026-W47 (default: the last complete one)")
	f.StringVar(&team, "team", "", "only this team (default: all together)")
	f.StringVar(&format, "format", "text", "text, md, html, json or csv")
	f.BoolVar(&preview, "preview", false, "also say who gets it, how and when; nothing is sent")
	return cmd
}

// printReport writes a report that the server rendered. Its text forms hold no
// control characters; JSON is written as this program always does.
func (e *env) printReport(body []byte, format string) error {
	if format == "json" {
		return e.json(json.RawMessage(body))
	}
	_, err := e.out.Write(body)
	return err
}

func (e *env) preview(cmd *cobra.Command, body []byte, week, format string) error {
	of, list, err := e.client().Deliveries(cmd.Context(), week)
	if err != nil {
		return err
	}
	if format == "json" {
		if list == nil {
			list = []api.DeliveryView{}
		}
		return e.json(map[string]any{"week": of, "deliveries": list, "report": json.RawMessage(body)})
	}
	if len(list) == 0 {
		e.note("Nobody gets the report of %s: give a team leads with an address and reports.smtp, or a channel under teams[].notify.", of)
	}
	rows := make([][]string, len(list))
	for i, d := range list {
		rows[i] = []string{d.Channel, d.To, d.Kind, strings.Join(d.Teams, " "), when(&d.At), d.State, d.Error}
	}
	if len(list) > 0 {
		if err := e.table([]string{"channel", "to", "kind", "teams", "at", "state", "error"}, rows); err != nil {
			return err
		}
		e.say("")
	}
	return e.printReport(body, format)
}
