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
// it for reading, an import for writing.
type gate struct {
	sync.RWMutex
	ready atomic.Bool // the store's schema is ours
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
		api.Refuse(c, api.Unavailable{Detail: "an import is under way: try again when it is done", After: 10 * time.Second})
		return
	}
	defer a.gate.RUnlock()
	c.Next()
}

// prepare makes the store ready, once. Its error is ledger.NewerSchema where
// this program must not touch the store.
func (a *App) prepare(ctx context.Context) error {
	err := a.ledger.Prepare(ctx, a.o.Version)
	if err == nil {
		a.gate.ready.Store(true)
	}
	return err
}

// foreign reports whether the store is one that this program must not touch.
func foreign(err error) bool {
	var newer ledger.NewerSchema
	return errors.As(err, &newer)
}
