package main

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/verdicts"
)

func newVerdictsCmd(e *env) *cobra.Command {
	var history, tags, output string
	cmd := &cobra.Command{
		Use:   "verdicts CASES --history FILE|GITDIR",
		Short: "Replay recorded cases against the engine",
		Long: `Replay a file of cases, one JSON object a line, and print the verdict at each of
its checkpoints. What is contained where is worked out as the service does it,
from a file of commits or from a bare git directory. Closing as not planned or
as a duplicate is allowed, and soak, grace and time-outs are off. Files may be
packed (.gz). It needs no server and no configuration.

Versions are looked up in the tags file; without --tags that is X.tags.json
beside X.commits.jsonl, or the tags of the git directory.`,
		Example: `  holdfast verdicts helm.cases.jsonl.gz --history helm.commits.jsonl.gz -o jsonl
  holdfast verdicts cases.jsonl --history /srv/git/checkout.git`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if history == "" {
				return usagef("--history is missing: give a file of commits or a git directory")
			}
			if output != "jsonl" {
				e.output = output
				if err := e.prepare(); err != nil {
					return err
				}
			}
			cases, err := verdicts.Load(args[0])
			if err != nil {
				return err
			}
			replay := verdicts.ReplayFile
			if info, err := os.Stat(history); err == nil && info.IsDir() {
				replay = verdicts.ReplayGit
			}
			log := slog.New(slog.NewTextHandler(e.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
			lines, err := replay(cmd.Context(), history, tags, cases, log)
			if err != nil {
				return err
			}
			return e.printVerdicts(lines, output)
		},
	}
	cmd.Flags().StringVar(&history, "history", "", "file of commits (.jsonl, .jsonl.gz), or a bare git directory (required)")
	cmd.Flags().StringVar(&tags, "tags", "", "file of tags, an object of tags and commit ids")
	cmd.Flags().StringVarP(&output, "output", "o", "jsonl", "jsonl, json, table or plain")
	return cmd
}

// printVerdicts prints one JSON object a line, or what the other commands
// print.
func (e *env) printVerdicts(lines []verdicts.Line, output string) error {
	switch output {
	case "json":
		return e.json(lines)
	case "table", "plain":
		rows := make([][]string, len(lines))
		for i, l := range lines {
			rows[i] = []string{l.ID, strconv.Itoa(l.After), l.Verdict, l.Reason}
		}
		return e.table([]string{"case", "after", "verdict", "reason"}, rows)
	}
	out := bufio.NewWriter(e.out)
	enc := json.NewEncoder(out)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return out.Flush()
}
