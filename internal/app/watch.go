package app

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/store"
)

// watchEvery is how often the store is looked at.
const watchEvery = 5 * time.Second

// emptiedRemedy is what to do about a store that lost what it held.
const emptiedRemedy = "holdfast rebuild restores the items from the trackers' own markers (or restore a backup of Redis); then holdfast dead-letters drop the letter about the store"

// watched is what is known of the store from looking at it.
type watched struct {
	identity string        // of the store, as last seen; only the watching goroutine uses it
	untold   bool          // that it was emptied is still to be told
	alarmed  bool          // the memory alarm was told
	replica  atomic.Bool   // that it is a replica was told
	weak     atomic.Bool   // that it is not as durable as configured was told
	ratio    atomic.Uint64 // bits of a float64, plus one; 0: not looked yet
}

func (w *watched) memory() float64 {
	bits := w.ratio.Load()
	if bits == 0 {
		return -1
	}
	return math.Float64frombits(bits - 1)
}

// watch looks at the store until ctx ends.
func (a *App) watch(ctx context.Context) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			a.look(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// look sees whether the store still holds what it held, and how full it is. A
// store that is away is told by others.
func (a *App) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watchEvery)
	defer cancel()
	if load, err := a.store.Load(ctx); err == nil {
		a.lookAtMemory(load)
	}
	a.lookAtDurability(ctx)
	if err := a.lookAtIdentity(ctx); err != nil && ctx.Err() == nil {
		a.log.Debug("the store could not be looked at", "err", err)
	}
}

func (a *App) lookAtMemory(load store.Load) {
	w := &a.watched
	w.ratio.Store(math.Float64bits(load.Used) + 1)
	if over := load.Used >= store.MemoryAlarm; over != w.alarmed {
		w.alarmed = over
		if over {
			a.log.Error("the store is nearly full: when it is, nothing more can be stored", "used_percent", math.Round(100*load.Used), "limit_bytes", load.Limit,
				"remedy", "raise maxmemory, or lower retention")
		} else {
			a.log.Info("the store has room again", "used_percent", math.Round(100*load.Used))
		}
	}
	if w.replica.Swap(load.Replica) != load.Replica {
		if load.Replica {
			a.log.Error("the store is a read-only replica now: nothing can be stored", "remedy", "let redis.url name the primary, or use redis+sentinel://")
		} else {
			a.log.Info("the store takes writes again")
		}
	}
}

// lookAtIdentity tells when a store that held something is empty: somebody
// emptied it, or it came back without its data. Work goes on with what is left,
// and a ticket that exists already is looked for before one is filed.
func (a *App) lookAtIdentity(ctx context.Context) error {
	if a.store.Kind == store.KindEphemeral {
		return nil
	}
	w := &a.watched
	if w.identity == "" {
		w.identity = a.rememberedStore()
	}
	if w.identity != "" {
		a.ledger.Remember(w.identity)
	}
	id, err := a.ledger.Identity(ctx)
	if err != nil || id != "" && id == w.identity {
		return err
	}
	if id == "" {
		known := w.identity != ""
		if known {
			// First of all: once the store has an identity again, nothing else says so.
			if err := a.ledger.MarkEmptied(ctx); err != nil {
				return err
			}
		}
		var made bool
		// Of several processes one tells.
		if id, made, err = a.ledger.Identify(ctx); err != nil {
			return err
		}
		w.untold = w.untold || known && made
	}
	if w.untold {
		if err := a.emptied(ctx); err != nil {
			return err
		}
		w.untold = false
	}
	w.identity = id
	a.ledger.Remember(id)
	a.rememberStore(id)
	return nil
}

func (a *App) emptied(ctx context.Context) error {
	reason := "the store was emptied, or lost its data: the items, tickets and deployments that it knew are unknown since " + a.o.Now().UTC().Format(time.RFC3339)
	a.log.Error("the store was emptied", "reason", reason, "store", a.store.Where, "remedy", emptiedRemedy)
	return errors.Join(a.ledger.NoteEmptied(ctx, reason), a.prepare(ctx), a.begin(ctx))
}

// notReady says in one line why the store is not ready.
func notReady(err error) string {
	if strings.Contains(err.Error(), "takes no writes") {
		return "the store takes no writes"
	}
	return "the store cannot be reached"
}

// storeNote is what this process remembers of its store outside of it.
type storeNote struct {
	Store    string `json:"store"` // which one
	Prefix   string `json:"prefix"`
	Identity string `json:"identity"`
}

func (a *App) storeFile() string { return filepath.Join(a.dir, "store.json") }

// rememberedStore is the identity of this very store at an earlier start;
// empty where it is another one, or the first start.
func (a *App) rememberedStore() string {
	b, err := os.ReadFile(a.storeFile())
	var n storeNote
	if err != nil || json.Unmarshal(b, &n) != nil || n.Store != a.store.Where || n.Prefix != a.cfg.Load().Redis.KeyPrefix {
		return ""
	}
	return n.Identity
}

func (a *App) rememberStore(id string) {
	b, err := json.Marshal(storeNote{a.store.Where, a.cfg.Load().Redis.KeyPrefix, id})
	if err == nil {
		err = os.WriteFile(a.storeFile(), append(b, '\n'), 0o600)
	}
	if err != nil {
		a.log.Warn("which store this is could not be noted in data_dir", "err", err)
	}
}
