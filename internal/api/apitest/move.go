package apitest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// emptyExport is a sound export that holds nothing.
var emptyExport = func() string {
	head := `{"kind":"header","holdfast_export":1,"schema":1,"version":"1.2.3","at":"2026-11-20T12:00:00Z"}` + "\n"
	return fmt.Sprintf("%s{\"kind\":\"end\",\"lines\":1,\"sha256\":\"%x\"}\n", head, sha256.Sum256([]byte(head)))
}()

// Export writes Exported, or a sound export that holds nothing.
func (b *Backend) Export(_ context.Context, _ api.Actor, secrets bool, to io.Writer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return b.Fail
	}
	text := b.Exported
	if text == "" {
		text = emptyExport
	}
	if secrets {
		text += "secrets\n"
	}
	_, err := io.WriteString(to, text)
	return err
}

// Import keeps what it is sent in Imported, unless it is a dry run.
func (b *Backend) Import(_ context.Context, _ api.Actor, from io.Reader, dryRun bool) (api.ImportView, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return api.ImportView{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !dryRun {
		b.Imported = string(text)
	}
	return api.ImportView{DryRun: dryRun, Schema: 1, ExportedAt: Now}, nil
}

// Rebuild finds one ticket and skips another.
func (b *Backend) Rebuild(_ context.Context, _ api.Actor, r api.RebuildRequest) (api.RebuildView, error) {
	return api.RebuildView{DryRun: r.DryRun,
		Items:   []api.RebuiltView{{Item: "a/1", Ticket: "github:acme/checkout#1", State: "open", Title: "Item", Action: "restore"}},
		Skipped: []api.SkippedView{{Ticket: "github:acme/checkout#2", Item: "a/2", Why: "another account made it"}}}, nil
}
