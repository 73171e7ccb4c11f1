package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newDeadLettersCmd(e *env) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error {
		letters, err := e.client().DeadLetters(cmd.Context())
		if err != nil {
			return err
		}
		if e.output == "json" {
			if letters == nil {
				letters = []api.DeadLetterView{}
			}
			return e.json(map[string]any{"dead_letters": letters})
		}
		if len(letters) == 0 {
			e.note("No dead letters.")
			return nil
		}
		rows := make([][]string, len(letters))
		for i, d := range letters {
			rows[i] = []string{d.ID, d.Kind, d.Subject, strconv.FormatInt(d.Count, 10), when(&d.FirstAt), when(&d.LastAt), d.Reason, d.Remedy}
		}
		return e.table([]string{"id", "kind", "subject", "count", "first", "last", "reason", "remedy"}, rows)
	}
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List and decide what could not be processed",
		Long: `What cannot be processed is put aside with its reason, so that it holds up nothing
else: work that fails again and again although nothing is away, a stored record
that cannot be read, an event that the store refuses. A subject is tried on, ever
more seldom, and leaves the list when it works. Without a subcommand the list is
printed.`,
		Example: `  holdfast dead-letters
  holdfast dead-letters show 1f2e3d4c5b6a
  holdfast dead-letters replay --all`,
		Args: noArgs,
		RunE: list,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Short:   "List them",
		Long:    `List what could not be processed, the newest first.`,
		Example: `  holdfast dead-letters list -o json`,
		Args:    noArgs,
		RunE:    list,
	}, &cobra.Command{
		Use:     "show ID",
		Short:   "Show one with what it holds",
		Long:    `Show one dead letter with its reason and what it holds.`,
		Example: `  holdfast dead-letters show 1f2e3d4c5b6a`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := e.client().DeadLetter(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if e.output == "json" {
				return e.json(d)
			}
			e.printLetter(d)
			return nil
		},
	}, newReplayLettersCmd(e), &cobra.Command{
		Use:   "drop ID",
		Short: "Forget one",
		Long: `Forget a dead letter. Work on its subject is given up until something new is heard
of it. It needs a token with the role admin.`,
		Example: `  holdfast dead-letters drop 1f2e3d4c5b6a`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := e.client().DropDeadLetter(cmd.Context(), args[0]); err != nil {
				return err
			}
			if e.output == "json" {
				return e.json(map[string]any{"dropped": args[0]})
			}
			e.say("Dropped.")
			return nil
		},
	})
	return cmd
}

func newReplayLettersCmd(e *env) *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use:   "replay ID | --all",
		Short: "Process one, or all, again",
		Long: `Process again what a dead letter holds, for example after its cause was mended. The
letter leaves the list; what fails again comes back. It needs a token with the
role operator.`,
		Example: `  holdfast dead-letters replay 1f2e3d4c5b6a
  holdfast dead-letters replay --all`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return usagef("name one dead letter, or say --all")
			}
			v, err := e.client().ReplayDeadLetter(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			if e.output == "json" {
				return e.json(v)
			}
			e.say("Replayed: %d.", len(v.Replayed))
			if len(v.Kept) > 0 {
				return fmt.Errorf("%d cannot be replayed and stay: %s", len(v.Kept), strings.Join(v.Kept, " "))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	return cmd
}

func (e *env) printLetter(d api.DeadLetterDetail) {
	e.say("%s  %s", d.ID, d.Subject)
	for _, f := range [][2]string{{"kind", d.Kind}, {"reason", d.Reason}, {"remedy", d.Remedy}, {"count", strconv.FormatInt(d.Count, 10)}, {"first", when(&d.FirstAt)}, {"last", when(&d.LastAt)}} {
		e.say("  %-9s %s", f[0], f[1])
	}
	if d.Payload == "" {
		return
	}
	e.say("")
	e.say("Payload")
	text := d.Payload
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		if b, err := json.MarshalIndent(v, "  ", "  "); err == nil {
			text = string(b)
		}
	}
	for line := range strings.Lines(text) {
		e.say("  %s", strings.TrimRight(line, "\r\n"))
	}
	if d.Cut {
		e.say("  … (cut)")
	}
}
