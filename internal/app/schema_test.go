package app_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/app"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// TestServeRefusesANewerStore starts on a store that a newer Holdfast wrote.
func TestServeRefusesANewerStore(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{})
	require.NoError(t, w.redis.HSet(t.Context(), "{holdfast}:schema", "version", ledger.Schema+1, "by", "9.0.0").Err())
	a, err := app.New(t.Context(), w.parse(w.config), app.Options{Version: "1.2.3", Now: w.clock.now, HTTPClient: w.http, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		a.Close()
	}
	require.ErrorContains(t, err, "schema 2, written by Holdfast 9.0.0; this is Holdfast 1.2.3")
	keys, err := w.redis.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Equal(t, []string{"{holdfast}:schema"}, keys, "nothing was written to it")
}

// TestStoreThatIsFoundToBeNewerEndsTheProcess: the store came back from a
// fail-over as somebody else's.
func TestStoreThatIsFoundToBeNewerEndsTheProcess(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{})
	a, err := app.New(t.Context(), w.parse(w.config), app.Options{Version: "1.2.3", Now: w.clock.now, HTTPClient: w.http, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer a.Close()
	require.NoError(t, w.redis.HSet(t.Context(), "{holdfast}:schema", "version", ledger.Schema+1, "by", "9.0.0").Err())
	require.ErrorAs(t, a.Run(t.Context()), new(ledger.NewerSchema))
}

func TestFirstStartWritesTheSchema(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	_, err := w.api.File(t.Context(), api.FileRequest{ContentType: api.MarkdownType, Name: "down.md", Body: []byte(markdown)})
	require.NoError(t, err)
	schema, by, err := w.app.Ledger().StoredSchema(t.Context())
	require.NoError(t, err)
	require.Equal(t, ledger.Schema, schema)
	require.Equal(t, "test", by)
}
