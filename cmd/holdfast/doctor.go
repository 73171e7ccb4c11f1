package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/trackers"
)

func newDoctorCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Try everything that the server needs, and say what to do",
		Long: `Have the server try each tracker, permission, webhook and transition that its
configuration needs, and say what to do about what fails. It changes nothing on
any tracker. It exits with 1 if something is broken; warnings do not count.`,
		Example: `  holdfast doctor
  holdfast doctor -o json | jq '.findings[] | select(.ok | not)'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ok, findings, err := e.client().Doctor(cmd.Context())
			if err != nil {
				return err
			}
			if e.output == "json" {
				err = e.json(map[string]any{"ok": ok, "findings": findings})
			} else {
				err = e.table([]string{"result", "subject", "found", "to do"}, findingRows(findings))
			}
			if err == nil && !ok {
				return errors.New("something is broken: see what is marked FAIL")
			}
			return err
		},
	}
}

// findingRows puts what is broken first.
func findingRows(findings []trackers.Finding) [][]string {
	rank := func(f trackers.Finding) int {
		switch {
		case f.Warning:
			return 1
		case f.OK:
			return 2
		}
		return 0
	}
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b trackers.Finding) int { return rank(a) - rank(b) })
	rows := make([][]string, len(sorted))
	for i, f := range sorted {
		rows[i] = []string{[]string{"FAIL", "warning", "ok"}[rank(f)], f.Subject, f.Detail, f.Remedy}
	}
	return rows
}
