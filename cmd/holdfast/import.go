package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newImportCmd(e *env) *cobra.Command {
	var dryRun, yes bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put an export into an empty store",
		Long: `Put a file that holdfast export wrote into the store of a server that has
recorded nothing yet. The whole file is looked at first, and nothing is written
unless it is sound. A file that gzip has made (.gz) is unpacked on the way. An import that was broken off is run again with the same
file; the server does nothing else until then.

Afterwards every item is looked at anew. Where that would reopen more tickets
than policy.max_reopens, none is reopened until holdfast reopenings confirm.

It shows what the file holds and asks; -y does not ask. It needs a token with
the role admin.`,
		Example: `  holdfast import --dry-run holdfast.jsonl
  holdfast import holdfast.jsonl
  holdfast import -y holdfast.jsonl && holdfast resume`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !dryRun && !yes && !isTerminal(e.in) {
				return usagef("there is no terminal to confirm at: look at it with --dry-run, then import it with -y")
			}
			return e.importFile(cmd.Context(), args[0], dryRun, yes)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what the file holds, and whether it can be imported")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (e *env) importFile(ctx context.Context, name string, dryRun, yes bool) error {
	if !yes || dryRun {
		v, err := e.sendImport(ctx, name, true)
		if err != nil {
			return err
		}
		if dryRun && e.output == "json" {
			err = e.json(v)
		} else {
			err = e.printImport(v, dryRun)
		}
		if len(v.Problems) > 0 {
			return errors.Join(err, fmt.Errorf("%s cannot be imported:\n  - %s", name, strings.Join(v.Problems, "\n  - ")))
		}
		if err != nil || dryRun {
			return err
		}
		if ok, err := e.agreed(ctx, "Import this?", "Nothing was imported."); err != nil || !ok {
			return err
		}
	}
	v, err := e.sendImport(ctx, name, false)
	if err != nil {
		return err
	}
	if e.output == "json" {
		return e.json(v)
	}
	if yes {
		if err := e.printImport(v, true); err != nil {
			return err
		}
	}
	e.note("Imported. Every item is looked at anew now; what waits for you shows in: holdfast reopenings")
	if state, err := e.client().PauseState(ctx); err == nil && state.Paused {
		e.note("Writing to trackers is paused, as it was at the export. Go on with: holdfast resume")
	}
	return nil
}

func (e *env) sendImport(ctx context.Context, name string, dryRun bool) (api.ImportView, error) {
	file, err := os.Open(name)
	if err != nil {
		return api.ImportView{}, fmt.Errorf("reading the export: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return api.ImportView{}, fmt.Errorf("%s is a directory: name the file that holdfast export wrote", name)
	}
	from, err := unpacked(file)
	if err != nil {
		return api.ImportView{}, fmt.Errorf("reading %s: %w", name, err)
	}
	v, err := e.client().Import(ctx, from, dryRun)
	if err != nil {
		err = fmt.Errorf("importing %s: %w", name, err)
	}
	return v, err
}

// unpacked reads a file, also one that gzip has made.
func unpacked(file io.Reader) (io.Reader, error) {
	in := bufio.NewReader(file)
	if head, err := in.Peek(2); err != nil || !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return in, nil //nolint:nilerr // a file that short is told by the server
	}
	return gzip.NewReader(in)
}

// printImport shows what a file holds. It is the result of a dry run, and
// beside the result otherwise.
func (e *env) printImport(v api.ImportView, result bool) error {
	for _, w := range v.Warnings {
		e.note("warning: %s", w)
	}
	beside := *e
	if !result {
		beside.out = e.errOut
	}
	n := func(i int64) string { return strconv.FormatInt(i, 10) }
	return beside.table([]string{"exported", "by", "schema", "postmortems", "items", "entries", "deployments"}, [][]string{{when(&v.ExportedAt), v.Version, strconv.Itoa(v.Schema),
		n(v.Counts.Postmortems), n(v.Counts.Items), n(v.Counts.Entries), n(v.Counts.Deployments)}})
}

// agreed asks at the terminal; only a clear yes is one. no is said otherwise.
func (e *env) agreed(ctx context.Context, question, no string) (bool, error) {
	fmt.Fprintf(e.errOut, "%s [y/N] ", question)
	line, err := bufio.NewReader(interruptible{ctx, e.in}).ReadString('\n')
	if err != nil && line == "" {
		return false, fmt.Errorf("%s There was no answer: %w", no, err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	e.note("%s", no)
	return false, nil
}
