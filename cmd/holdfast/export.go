package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/transfer"
)

func newExportCmd(e *env) *cobra.Command {
	var file string
	var secrets bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write everything that is recorded to a file",
		Long: `Write everything that the server has recorded to a file, to move it to another
store or to keep it: postmortems, items with their whole ledgers, deployments,
what is remembered of deliveries, and what waits. It is text, one JSON value a
line; its last line holds a digest, so that a file that was cut off is noticed.

Tokens and secrets are never in it. The marker key, with which the markers in
tickets were made, is only with --with-secrets: guard such a file like the key.

The server may go on meanwhile. To move house, pause it first: what it does
after the export is not in the file. It needs a token with the role admin.`,
		Example: `  holdfast pause && holdfast export -o holdfast.jsonl
  holdfast export --with-secrets -o holdfast.jsonl
  holdfast export | gzip > holdfast.jsonl.gz`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "-" && isTerminal(e.out) {
				return usagef("the export is not for a terminal: name a file with -o FILE")
			}
			if file == "json" || file == "table" || file == "plain" {
				return usagef("-o names a file here, and an export is always JSON: write -o ./%s for a file of that name", file)
			}
			return e.export(cmd.Context(), file, secrets)
		},
	}
	// It takes the place of the shared flag: here it names a file.
	cmd.Flags().StringVarP(&file, "output", "o", "-", "file to write; - is standard output")
	cmd.Flags().BoolVar(&secrets, "with-secrets", false, "with the marker key")
	return cmd
}

func (e *env) export(ctx context.Context, name string, secrets bool) (err error) {
	to := e.out
	if name != "-" {
		// It takes its name when it is whole; nobody else may read it.
		file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
		if err != nil {
			return fmt.Errorf("making the file: %w", err)
		}
		defer func() {
			_ = file.Close()
			_ = os.Remove(file.Name()) // not there any more where it took its name
		}()
		found, err := e.fetchExport(ctx, file, secrets)
		if err == nil {
			err = errors.Join(file.Sync(), file.Close())
		}
		if err == nil {
			err = os.Rename(file.Name(), name)
		}
		if err != nil {
			return fmt.Errorf("exporting to %s: %w", name, err)
		}
		return e.exported(found, name)
	}
	found, err := e.fetchExport(ctx, to, secrets)
	if err != nil {
		return err
	}
	return e.exported(found, "standard output")
}

// fetchExport copies the export and reads it at the same time: only its end
// tells whether it is whole.
func (e *env) fetchExport(ctx context.Context, to io.Writer, secrets bool) (transfer.Contents, error) {
	r, w := io.Pipe()
	type outcome struct {
		found transfer.Contents
		err   error
	}
	checked := make(chan outcome, 1)
	go func() {
		found, err := transfer.Check(r)
		_, drained := io.Copy(io.Discard, r) // whatever the check has left
		checked <- outcome{found, errors.Join(err, drained)}
	}()
	err := e.client().Export(ctx, secrets, io.MultiWriter(to, w))
	w.Close()
	c := <-checked
	if err = errors.Join(err, c.err); err != nil {
		return c.found, err
	}
	if len(c.found.Problems) > 0 {
		return c.found, fmt.Errorf("what the server sent is not whole; its log says why:\n  - %s", strings.Join(c.found.Problems, "\n  - "))
	}
	return c.found, nil
}

func (e *env) exported(found transfer.Contents, where string) error {
	n := found.Counts
	e.note("Exported to %s: %d postmortems, %d items with %d entries, %d deployments.", where, n.Postmortems, n.Items, n.Entries, n.Deployments)
	if !found.Paused {
		e.note("Writing to trackers is not paused: what the server does from now on is not in the file. To move house: holdfast pause, then export.")
	}
	if found.MarkerKey != "" {
		e.note("The file holds the marker key: guard it.")
	}
	return nil
}
