package ledger

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrepareGivesAnEmptyStoreTheSchema(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		require.NoError(t, e.Prepare(e.ctx, "1.2.3"))
		schema, by, err := e.StoredSchema(e.ctx)
		require.NoError(t, err)
		require.Equal(t, Schema, schema)
		require.Equal(t, "1.2.3", by)
		require.NoError(t, e.Prepare(e.ctx, "1.2.4"), "again")
		_, by, err = e.StoredSchema(e.ctx)
		require.NoError(t, err)
		require.Equal(t, "1.2.3", by, "who wrote the layout stays told")
	})
}

func TestPrepareRefusesANewerStore(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		require.NoError(t, e.db.HSet(e.ctx, e.keys.schema(), "version", Schema+1, "by", "9.0.0").Err())
		err := e.Prepare(e.ctx, "1.2.3")
		var newer NewerSchema
		require.ErrorAs(t, err, &newer)
		require.ErrorContains(t, err, "schema 2, written by Holdfast 9.0.0")
		require.ErrorContains(t, err, "this is Holdfast 1.2.3, which knows schemas up to 1")
		require.ErrorContains(t, err, "Start Holdfast 9.0.0 or newer again")
		schema, _, err := e.StoredSchema(e.ctx)
		require.NoError(t, err)
		require.Equal(t, Schema+1, schema, "it was not touched")
	})
}

func TestPrepareRefusesAStoreWhoseSchemaIsNoNumber(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		require.NoError(t, e.db.HSet(e.ctx, e.keys.schema(), "version", "soup").Err())
		err := e.Prepare(e.ctx, "1.2.3")
		require.ErrorIs(t, err, ErrDamaged)
		require.ErrorContains(t, err, `the schema of the store is "soup"`)
	})
}

// TestMigrationRunsOnce is not parallel: it adds a migration of its own.
func TestMigrationRunsOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		const old = -1 // a schema before the first
		var mu sync.Mutex
		runs, fail := 0, true
		migrations[old] = func(context.Context, *Ledger) error {
			mu.Lock()
			defer mu.Unlock()
			if fail {
				fail = false
				return errors.New("the disk is full")
			}
			runs++
			return nil
		}
		defer delete(migrations, old)
		require.NoError(t, e.db.HSet(e.ctx, e.keys.schema(), "version", old).Err())
		require.ErrorContains(t, e.Prepare(e.ctx, "1.2.3"), "migrating the store from schema -1 to 0: the disk is full")

		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { require.NoError(t, e.Prepare(e.ctx, "1.2.3")) })
		}
		all.Wait()
		require.Equal(t, 1, runs)
		schema, by, err := e.StoredSchema(e.ctx)
		require.NoError(t, err)
		require.Equal(t, Schema, schema)
		require.Equal(t, "1.2.3", by)

		require.NoError(t, e.db.HSet(e.ctx, e.keys.schema(), "version", -7).Err())
		require.ErrorContains(t, e.Prepare(e.ctx, "1.2.3"), "there is no way from that")
	})
}
