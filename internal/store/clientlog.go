package store

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// clientLog passes the messages of go-redis to the newest store's logger. That
// client has one logger for the whole program.
type clientLog struct {
	to atomic.Pointer[slog.Logger]
}

var (
	clientLogger clientLog
	installLog   sync.Once
)

// Printf implements the logger of go-redis. Its messages repeat what the
// commands return as errors, hence debug.
func (l *clientLog) Printf(ctx context.Context, format string, v ...any) {
	if log := l.to.Load(); log.Enabled(ctx, slog.LevelDebug) {
		log.DebugContext(ctx, "redis client", "message", fmt.Sprintf(format, v...))
	}
}

func routeClientLog(log *slog.Logger) {
	clientLogger.to.Store(log)
	installLog.Do(func() { redis.SetLogger(&clientLogger) })
}
