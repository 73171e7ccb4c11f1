package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Schema is the version of the store's layout that this program writes. It
// grows when an older program could no longer make sense of what is stored, or
// would damage it; a migration then brings an older store up to it.
const Schema = 1

// migrations[n] turns a store of schema n into one of schema n+1. A migration
// may be interrupted and run again, so each step of it must be repeatable.
// Schema 0 is a store that was written before the version was kept; its layout
// is that of 1.
var migrations = map[int]func(ctx context.Context, l *Ledger) error{
	0: func(context.Context, *Ledger) error { return nil },
}

// migrating is how long one process may take for one migration before another
// one tries.
const migrating = 10 * time.Minute

// NewerSchema is the error of a store that was written by a newer Holdfast.
type NewerSchema struct {
	Stored int    // its schema
	By     string // version of the Holdfast that wrote it
	Known  int    // the newest schema that this program knows
	Ours   string // version of this program
}

func (e NewerSchema) Error() string {
	return fmt.Sprintf("the store has schema %d, written by Holdfast %s; this is Holdfast %s, which knows schemas up to %d and would damage it. "+
		"Start Holdfast %s or newer again, or give this one another store (redis.url, redis.key_prefix), or a backup from before the upgrade",
		e.Stored, orUnknown(e.By), orUnknown(e.Ours), e.Known, orUnknown(e.By))
}

func orUnknown(version string) string {
	if version == "" {
		return "(unknown version)"
	}
	return version
}

// StoredSchema reads the store's schema and which version of Holdfast wrote
// it; 0 where none is kept, as in an empty store.
func (l *Ledger) StoredSchema(ctx context.Context) (schema int, by string, err error) {
	h, err := l.db.HGetAll(ctx, l.keys.schema()).Result()
	if err != nil {
		return 0, "", fmt.Errorf("reading the schema of the store: %w", err)
	}
	if len(h) == 0 {
		return 0, "", nil
	}
	schema, err = strconv.Atoi(h["version"])
	if err != nil {
		return 0, "", fmt.Errorf("%w: the schema of the store is %q, which is no version; give Holdfast another store (redis.url, redis.key_prefix), or a backup of this one", ErrDamaged, cut(h["version"]))
	}
	return schema, h["by"], nil
}

// Prepare makes the store ready for this program: an empty one gets the
// present schema, an older one is migrated, and a newer one is refused with
// NewerSchema. version is this program's, for that message. It may be
// repeated, and called by several processes at once: one of them migrates, the
// others wait.
func (l *Ledger) Prepare(ctx context.Context, version string) error {
	for {
		stored, by, err := l.StoredSchema(ctx)
		switch {
		case err != nil:
			return err
		case stored > Schema:
			return NewerSchema{Stored: stored, By: by, Known: Schema, Ours: version}
		case stored == Schema:
			return nil
		}
		done, err := l.migrate(ctx, stored, version)
		if err != nil {
			return err
		}
		if !done {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return fmt.Errorf("waiting for another process that migrates the store: %w", ctx.Err())
			}
		}
	}
}

// setSchemaScript notes a migration.
//
//	KEYS: schema, lock   ARGV: from, to, by, token
//	Result: 1, or 0 where another process was there first
var setSchemaScript = redis.NewScript(`
local have = redis.call('HGET', KEYS[1], 'version') or '0'
if have ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'by', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`)

// migrate takes one step; false: another process is at it.
func (l *Ledger) migrate(ctx context.Context, from int, version string) (bool, error) {
	step, ok := migrations[from]
	if !ok {
		return false, fmt.Errorf("the store has schema %d, and there is no way from that to %d: export it with the version that wrote it, or restore a backup", from, Schema)
	}
	token := randomToken()
	mine, err := l.db.SetNX(ctx, l.keys.migration(), token, migrating).Result()
	if err != nil {
		return false, fmt.Errorf("migrating the store from schema %d: %w", from, err)
	}
	if !mine {
		return false, nil
	}
	// Another process may have finished between our question and our lock.
	if now, _, err := l.StoredSchema(ctx); err != nil || now != from {
		return false, errors.Join(err, l.db.Del(ctx, l.keys.migration()).Err())
	}
	if err := step(ctx, l); err != nil {
		err = fmt.Errorf("migrating the store from schema %d to %d: %w", from, from+1, err)
		return false, errors.Join(err, l.db.Del(context.WithoutCancel(ctx), l.keys.migration()).Err())
	}
	n, err := l.run(ctx, setSchemaScript, []string{l.keys.schema(), l.keys.migration()}, from, from+1, version, token).Int()
	if err != nil {
		return false, fmt.Errorf("migrating the store from schema %d: %w", from, err)
	}
	if n == 1 && from > 0 {
		l.log.Info("the store was migrated", "from", from, "to", from+1)
	}
	return n == 1, nil
}
