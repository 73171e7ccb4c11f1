package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// fileFlags are the flags of one file command.
type fileFlags struct {
	id, service       string
	dryRun, yes, wait bool
	force, writeBack  bool
	patience          time.Duration
}

func newFileCmd(e *env) *cobra.Command {
	var f fileFlags
	cmd := &cobra.Command{
		Use:   "file FILE…",
		Short: "File a postmortem's action items as tickets",
		Long: `Send postmortems to the server, which makes one ticket for each action item.
First it shows what would be done and asks; -y does not ask. Filing the same
document again updates what changed and files only what is new.

Any form that parse reads can be filed; - reads from standard input. What parse
prints with -o json can be filed as well, also that of several documents.
An item that was reordered, reworded or checked off keeps its ticket; one that
was taken out is told so on its ticket, and nothing is closed. A document that
was renamed keeps its id where its title, day and items tell that it is the
same one. A draft (status: draft in the front matter) files nothing.

With --write-back the links of the tickets are then put into the document, into
the column for tickets or behind the entry of a list; every other byte stays. It
shows the lines that change and asks. Only Markdown is written to.

It waits until each item has its ticket. The server goes on without that: break
it off with ^C, or use --wait=false.`,
		Example: `  holdfast file postmortem.md
  holdfast file --dry-run postmortems/*.md
  holdfast file --write-back postmortem.md
  holdfast file -y --id 2026-11-01-checkout-down - < postmortem.md`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.id != "" && len(args) > 1 {
				return usagef("--id names one postmortem; file several one by one")
			}
			if f.writeBack && (f.dryRun || !f.wait || slices.Contains(args, "-")) {
				return usagef("--write-back needs a file, and tickets that are there: not with --dry-run, --wait=false or standard input")
			}
			asks := !f.dryRun && !f.yes
			if asks && (slices.Contains(args, "-") || !isTerminal(e.in)) {
				return usagef("there is no terminal to confirm at: look at it with --dry-run, then file it with -y")
			}
			return e.file(cmd.Context(), f, args)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.dryRun, "dry-run", false, "only show what would be done")
	fl.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	fl.BoolVar(&f.force, "force", false, "file new items with hints, too, where policy.lint is require")
	fl.StringVar(&f.id, "id", "", "id of the postmortem (default: from the document, else its file name)")
	fl.StringVar(&f.service, "service", "", "service of items that name none")
	fl.BoolVar(&f.wait, "wait", true, "wait until each item has its ticket")
	fl.BoolVar(&f.writeBack, "write-back", false, "write the links of the tickets into the document (Markdown)")
	fl.DurationVar(&f.patience, "patience", 2*time.Minute, "give up waiting after so long without a new ticket")
	return cmd
}

func (e *env) file(ctx context.Context, f fileFlags, files []string) error {
	client := e.client()
	names, requests, err := e.readAll(ctx, f, files)
	if err != nil {
		return err
	}
	// All are previewed before the first is filed: a bad one stops them all.
	previews := make([]api.FiledView, len(requests))
	var bad []error
	for i, r := range requests {
		r.DryRun = true
		v, err := client.File(ctx, r)
		var refused *api.Error
		switch {
		case errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity:
			bad = append(bad, fmt.Errorf("%s: %w", names[i], err))
		case err != nil:
			return fmt.Errorf("%s: %w", names[i], err)
		}
		previews[i] = v
	}
	if err := errors.Join(append(bad, oneIDTwice(names, previews))...); err != nil {
		return err
	}
	if f.dryRun && e.output == "json" {
		return e.json(oneOrAll(previews))
	}
	if err := e.printPlan(names, previews, f.dryRun); err != nil || f.dryRun {
		return err
	}
	if !slices.ContainsFunc(previews, func(v api.FiledView) bool { return len(v.Plan) > 0 }) {
		if e.output == "json" {
			return e.json(oneOrAll(previews))
		}
		return nil // drafts alone; that was said
	}
	if !f.yes {
		if ok, err := e.ask(ctx, "File this?", "nothing was filed"); err != nil || !ok {
			return err
		}
	}
	filed := make([]api.FiledView, len(requests))
	for i, r := range requests {
		r.ID = previews[i].Postmortem // as it was shown
		v, err := client.File(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w%s", names[i], err, filedBefore(names[:i]))
		}
		filed[i] = v
	}
	if f.wait {
		err = e.awaitTickets(ctx, client, filed, f.patience)
	}
	if printErr := e.printFiled(filed); printErr != nil {
		return printErr
	}
	if err == nil && f.writeBack {
		bodies := make([][]byte, len(requests))
		for i, r := range requests {
			bodies[i] = r.Body
		}
		err = e.writeBack(ctx, names, bodies, previews, filed, f.yes)
	}
	return err
}

// oneIDTwice refuses two documents that would be one postmortem: the items of
// the first would be taken for dropped by the second.
func oneIDTwice(names []string, previews []api.FiledView) error {
	first := map[string]string{}
	for i, v := range previews {
		if v.Postmortem == "" {
			continue // refused
		}
		if other, ok := first[v.Postmortem]; ok {
			return fmt.Errorf("%s and %s would both be the postmortem %s: give one an id of its own (id in the front matter), or file it alone with --id", other, names[i], v.Postmortem)
		}
		first[v.Postmortem] = names[i]
	}
	return nil
}

func filedBefore(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "\nFiled before that: " + strings.Join(names, ", ") + ". Filing them again makes no second ticket."
}

// printPlan shows what would be done. It is the result of a dry run, and
// beside the result otherwise.
func (e *env) printPlan(names []string, previews []api.FiledView, result bool) error {
	beside := *e
	if !result {
		beside.out = e.errOut
	}
	var rows [][]string
	for i, p := range previews {
		for _, w := range p.Warnings {
			e.note("warning: %s: %s", names[i], w)
		}
		heading := "Hints"
		if len(previews) > 1 {
			heading += " for " + names[i]
		}
		e.printPlanHints(heading, p)
		for _, l := range p.Plan {
			rows = append(rows, []string{l.Item, l.Action, string(l.Priority), string(l.Type), textOf(l.Owner), textOf(l.Due), l.Title, l.Target, l.Detail})
		}
	}
	return beside.table([]string{"item", "action", "priority", "type", "owner", "due", "title", "target", "note"}, rows)
}

// ask asks at the terminal; only a clear yes is one. Else it says that nothing
// was done, in the words of otherwise.
func (e *env) ask(ctx context.Context, question, otherwise string) (bool, error) {
	fmt.Fprintf(e.errOut, "%s [y/N] ", question)
	line, err := bufio.NewReader(interruptible{ctx, e.in}).ReadString('\n')
	if err != nil && line == "" {
		if errors.Is(err, errInterrupted) {
			fmt.Fprintln(e.errOut) // ^C stands there
		}
		return false, fmt.Errorf("%s: no answer: %w", otherwise, err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	e.note("%s.", strings.ToUpper(otherwise[:1])+otherwise[1:])
	return false, nil
}

func (e *env) printFiled(filed []api.FiledView) error {
	if e.output == "json" {
		return e.json(oneOrAll(filed))
	}
	var rows [][]string
	for _, v := range filed {
		for _, it := range v.Items {
			rows = append(rows, []string{it.ID, it.Status, it.Title, ticketURL(it.Ticket)})
		}
	}
	return e.table([]string{"item", "status", "title", "ticket"}, rows)
}

// oneOrAll is the value itself where there is one, else all of them.
func oneOrAll[T any](values []T) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}
