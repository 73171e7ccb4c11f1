package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/transfer"
)

// Export implements api.Backend.
func (b *Backend) Export(ctx context.Context, by api.Actor, secrets bool, to io.Writer) error {
	a := b.app
	// A store that is being filled, or was half filled, is not what there is.
	if half, err := a.ledger.Importing(ctx); err != nil {
		return storeError(err)
	} else if half != "" {
		return api.Conflict{Detail: "an import is under way, or was broken off and must be run again: the store is not whole"}
	}
	counts, err := transfer.Write(ctx, to, a.ledger, transfer.Options{Version: a.o.Version, MarkerKey: a.key, Secrets: secrets, Now: a.o.Now()})
	if errors.Is(err, ledger.ErrDamaged) {
		return api.Conflict{Detail: err.Error() + ". Something else than Holdfast wrote it: give it another name (redis-cli RENAME), and export again; what stood there before is in no export"}
	}
	if err != nil {
		return err
	}
	a.log.Warn("everything that is recorded was exported", "by", by.Name, "items", counts.Items, "with_secrets", secrets)
	return nil
}

// Import implements api.Backend. The file is kept beside the mirrors while it
// is looked at: it is read twice, as nothing of it may be written before the
// whole of it was found to be sound.
func (b *Backend) Import(ctx context.Context, by api.Actor, from io.Reader, dryRun bool) (api.ImportView, error) {
	a := b.app
	file, err := os.CreateTemp(a.dir, "import-*.jsonl")
	if err != nil {
		return api.ImportView{}, fmt.Errorf("keeping the export while it is read: %w", err)
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name()) // it is of no use to anybody
	}()
	found, err := transfer.Check(io.TeeReader(from, file))
	if err != nil {
		return api.ImportView{}, err
	}
	v := api.ImportView{DryRun: dryRun, Schema: found.Schema, Version: found.Version, ExportedAt: found.At, Problems: found.Problems, Warnings: a.importWarnings(found),
		Counts: api.ImportCounts{Postmortems: found.Counts.Postmortems, Items: found.Counts.Items, Entries: found.Counts.Entries, Deployments: found.Counts.Deployments}}
	if !a.gate.one.TryLock() {
		return v, api.Conflict{Detail: "another import is under way"}
	}
	defer a.gate.one.Unlock()
	refused, err := a.fillable(ctx, found)
	if err != nil {
		return v, storeError(err)
	}
	switch {
	case dryRun:
		if refused != "" {
			v.Problems = append(v.Problems, refused)
		}
		return v, nil
	case len(v.Problems) > 0:
		var all []error
		for _, p := range v.Problems {
			all = append(all, api.Invalid{Field: "body", Detail: p})
		}
		return v, errors.Join(all...)
	case refused != "":
		return v, api.Conflict{Detail: refused}
	}
	cause := b.reconciler.ImportCause()
	if err := a.fill(ctx, file, found, cause); err != nil {
		return v, err
	}
	a.log.Warn("an export was imported", "by", by.Name, "items", found.Counts.Items, "exported_at", found.At, "cause", cause)
	v.Cause = api.Text(cause)
	return v, nil
}

// importWarnings are what an operator should know of an export that can be
// imported.
func (a *App) importWarnings(c transfer.Contents) []string {
	var out []string
	if c.Marker != "" && c.Marker != transfer.Fingerprint(a.key) {
		how := "Copy marker.key from the old data_dir (or marker_key from the old configuration) to this server and restart it"
		if c.MarkerKey != "" {
			how = `The file carries it: jq -r 'select(.kind=="marker_key").key' FILE > marker.key, put that into data_dir (or set marker_key), and restart this server`
		}
		out = append(out, "the tickets of this file were marked with another key than this server's: it would not recognise a ticket whose creation was cut off, nor rebuild from the tickets' markers. "+how+
			", best before the import")
	}
	if c.Damaged > 0 {
		out = append(out, fmt.Sprintf("%d records cannot be read; they are carried as they are, and the rest goes on without them (holdfast dead-letters)", c.Damaged))
	}
	if !c.Paused {
		out = append(out, "writing was not paused when this was exported: what the old server did afterwards is not in the file. Make sure that it runs no more")
	}
	return out
}

// fillable says why the store cannot take the file; empty: it can.
func (a *App) fillable(ctx context.Context, c transfer.Contents) (string, error) {
	half, err := a.ledger.Importing(ctx)
	if err != nil {
		return "", err
	}
	switch half {
	case "":
	case c.Digest:
		return "", nil // the same file again
	default:
		return "the import of another file was broken off: run that one again, or empty the store and start anew", nil
	}
	size, err := a.ledger.Size(ctx)
	if err != nil || size.Empty() {
		return "", err
	}
	return fmt.Sprintf("the store is not empty: it holds %d postmortems, %d items and %d deployments, and an import would mix with them. Give the server an empty store (another redis.key_prefix, database or data_dir), restart it, and import there",
		size.Postmortems, size.Items, size.Deployments), nil
}

// importTime bounds the writing of an import; a client that goes away does not
// end it.
const importTime = 2 * time.Hour

// fill puts the file into the store. The gate is shut meanwhile, and stays so
// after an error: half a store must not be worked on. The caller holds gate.one.
func (a *App) fill(ctx context.Context, file io.ReadSeeker, c transfer.Contents, cause string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), importTime)
	defer cancel()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the export again: %w", err)
	}
	a.gate.close()
	err := transfer.Put(ctx, file, a.ledger, c, cause)
	if errors.Is(err, ledger.ErrConflict) {
		a.gate.open() // nothing was written
		return api.Conflict{Detail: "something was written to the store meanwhile: it is not empty any more"}
	}
	if err == nil {
		err = a.ledger.Prepare(ctx, a.o.Version)
	}
	if err != nil {
		a.log.Error("an import broke off", "err", err, "remedy", "run it again with the same file")
		return storeError(fmt.Errorf("the import broke off, and nothing is done until it is run again with the same file: %w", err))
	}
	a.gate.open()
	return storeError(errors.Join(a.ledger.NoteRestored(ctx), a.begin(ctx)))
}
