package app

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// gate keeps writes away from the store while it is not ready for them: before
// its schema was looked at, and while an import fills it. Whoever writes holds
// it for reading, an import for writing. An import that breaks off leaves it
// shut: half a store must not be worked on.
type gate struct {
	sync.RWMutex
	ready atomic.Bool // the store's schema is ours
	one   sync.Mutex  // one import at a time; it guards shut
	shut  bool
}

// close shuts the gate, if it is not shut already. The caller holds one.
func (g *gate) close() {
	if !g.shut {
		g.Lock()
		g.shut = true
	}
}

// open opens it again. The caller holds one.
func (g *gate) open() {
	if g.shut {
		g.shut = false
		g.Unlock()
	}
}

// enter waits until the gate is open.
func (g *gate) enter(ctx context.Context) (leave func(), ok bool) {
	for !g.TryRLock() {
		select {
		case <-ctx.Done():
			return nil, false
		case <-time.After(100 * time.Millisecond):
		}
	}
	return g.RUnlock, true
}

// guard answers 503 to what would write while the gate is shut. Senders try
// again; what they do not send again is found by the sweep.
func (a *App) guard(c *gin.Context) {
	switch {
	case c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead || c.Request.URL.Path == api.Prefix+api.ImportPath:
		c.Next()
		return
	case !a.gate.ready.Load():
		api.Refuse(c, api.Unavailable{Detail: "the store cannot be reached, or was not looked at yet", After: 2 * time.Second})
		return
	case !a.gate.TryRLock():
		api.Refuse(c, api.Unavailable{Detail: "an import is under way, or was broken off and must be run again", After: 10 * time.Second})
		return
	}
	defer a.gate.RUnlock()
	c.Next()
}

// importRemedy is what to do about an import that was broken off.
const importRemedy = "run holdfast import with the same file again, or empty the store and start anew"

// prepare makes the store ready, once. Its error is ledger.NewerSchema where
// this program must not touch the store. Where an import was broken off, the
// gate stays shut until it is run again.
func (a *App) prepare(ctx context.Context) error {
	if err := a.ledger.Prepare(ctx, a.o.Version); err != nil {
		return err
	}
	half, err := a.ledger.Importing(ctx)
	if err != nil {
		return err
	}
	if half != "" {
		a.gate.one.Lock()
		defer a.gate.one.Unlock()
		a.gate.close()
		a.log.Error("an import was broken off, so the store is not whole: nothing is done until it is", "remedy", importRemedy)
	}
	a.gate.ready.Store(true)
	return nil
}

// foreign reports whether the store is one that this program must not touch.
func foreign(err error) bool {
	var newer ledger.NewerSchema
	return errors.As(err, &newer) || errors.Is(err, ledger.ErrDamaged)
}

// begin makes due what a store that was just found or filled needs at once: a
// look at the configuration, at every tracker, and at what was put aside.
func (a *App) begin(ctx context.Context) error {
	return errors.Join(a.reconciler.Adopt(ctx), a.reconciler.RetryDead(ctx), a.startSweeps(ctx))
}
