// Package app wires Holdfast together: store, ledger, mirrors, trackers,
// reconciler, webhooks and API, in straight lines. It holds no rule of its own.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/webhook"
)

// Options are what an App is made from beside its configuration.
type Options struct {
	Ephemeral bool // keep everything in process, and lose it at the end
	Version   string
	Log       *slog.Logger
	Now       func() time.Time
	// HTTPClient is what the trackers are talked to with; nil: the default.
	HTTPClient *http.Client
	// Listener, when given, is served on instead of listening on the
	// configured address.
	Listener net.Listener
}

// App is one running Holdfast.
type App struct {
	o          Options
	log        *slog.Logger
	cfg        atomic.Pointer[config.Config]
	handler    atomic.Pointer[http.Handler]
	hooks      atomic.Pointer[webhook.Handler]
	store      *store.Store
	ledger     *ledger.Ledger
	reconciler *reconcile.Reconciler
	backend    *Backend
	sender     *sender
	metrics    *metrics
	gate       gate
	dir        string // data_dir, or scratch
	watched    watched
	key        []byte
	scratch    string // removed at the end; ephemeral only
	listener   net.Listener
}

// New makes an App. It opens the store and the mirrors; a Redis that cannot
// be reached is no error, a missing git or redis-server is.
func New(ctx context.Context, cfg *config.Config, o Options) (_ *App, err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := cfg.OpenAPIAllowed(); err != nil {
		return nil, err
	}
	a := &App{o: o, log: o.Log}
	a.cfg.Store(cfg)
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	// The address goes first: a second process on it must touch nothing.
	if a.listener = o.Listener; a.listener == nil {
		if a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen); err != nil {
			return nil, fmt.Errorf("listening on %s: %w; another process may have it, or set listen", cfg.Listen, err)
		}
	}
	dir := cfg.DataDir
	if o.Ephemeral {
		if dir, err = os.MkdirTemp("", "holdfast-"); err != nil {
			return nil, fmt.Errorf("making a directory for the mirrors: %w", err)
		}
		a.scratch = dir
	} else if err = os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making data_dir: %w; set data_dir to a directory that this user may write", err)
	}
	a.dir = dir
	if a.key, err = markerKey(cfg, dir, o.Ephemeral); err != nil {
		return nil, err
	}
	mirrors, err := history.Open(history.Options{Dir: filepath.Join(dir, "mirrors"), Log: o.Log, Now: o.Now})
	if err != nil {
		return nil, err
	}
	a.store, err = store.Open(ctx, store.Options{URL: cfg.Redis.URL.Reveal(), DataDir: dir, Ephemeral: o.Ephemeral, Durability: cfg.Redis.Durability, Log: o.Log})
	if err != nil {
		return nil, err
	}
	if cfg.Redis.Durability == "strict" {
		// Promised durability is checked before the first promise is given, so
		// a store that cannot be asked fails this start.
		check, cancel := context.WithTimeout(ctx, 5*time.Second)
		err = a.store.CheckStrict(check)
		cancel()
		if err != nil {
			return nil, err
		}
	}
	a.ledger = ledger.New(a.store.Client, ledger.Options{Prefix: cfg.Redis.KeyPrefix, Log: o.Log, Now: o.Now, Relax: store.Relax})
	look, cancel := context.WithTimeout(ctx, 5*time.Second)
	err = a.prepare(look)
	cancel()
	if foreign(err) {
		return nil, err
	} // a store that cannot be reached is looked at when it can
	setup, err := a.setup(cfg)
	if err != nil {
		return nil, err
	}
	a.sender = newSender(a)
	a.reconciler = reconcile.New(reconcile.Options{Ledger: a.ledger, Mirrors: mirrors, Setup: setup, Handlers: a.handlers(), Long: a.long(), Log: o.Log, Now: o.Now, Enter: a.gate.enter})
	a.backend = &Backend{app: a, ledger: a.ledger, reconciler: a.reconciler, doctor: a.Doctor, redeliver: a.redeliver, log: o.Log, now: o.Now, building: make(chan struct{}, 1), config: a.cfg.Load,
		defaults: func() filing.Defaults {
			d := a.cfg.Load().Defaults
			return filing.Defaults{Tickets: d.Tickets, Team: d.Team}
		}}
	a.metrics = newMetrics(a)
	h, err := a.routes(cfg)
	if err != nil {
		return nil, err
	}
	a.handler.Store(&h)
	return a, nil
}

// Addr is the address that is listened on.
func (a *App) Addr() net.Addr { return a.listener.Addr() }

// Ledger gives tests and the demo access to what is recorded.
func (a *App) Ledger() *ledger.Ledger { return a.ledger }

// Run serves and works until ctx ends, then finishes what has begun.
func (a *App) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*a.handler.Load()).ServeHTTP(w, r) }),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 3 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	worker := make(chan error, 1)
	go func() {
		defer end() // nothing is to be served without it
		worker <- a.work(ctx)
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(a.listener) }()
	var err error
	select {
	case err = <-served:
		end()
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err = server.Shutdown(stop)
		cancel()
		if ended := <-served; err == nil {
			err = ended // ErrServerClosed
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(<-worker, err)
}

// work waits for the store, says what is to be known about it, and runs the
// reconciler. Its error is that of a store that this program must not touch.
func (a *App) work(ctx context.Context) error {
	for told := false; ; {
		ping, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := a.ledger.Ping(ping)
		cancel()
		if err == nil {
			if err = a.prepare(ctx); foreign(err) {
				return err
			}
		}
		if err == nil {
			if told {
				a.log.Info("the store can be reached again")
			}
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		if !told {
			a.log.Error("the store cannot be reached; Holdfast keeps trying and answers 503 until then", "err", err, "remedy", storeRemedy(err))
			told = true
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil
		}
	}
	a.look(ctx)
	for _, n := range a.store.Inspect(ctx) {
		a.log.Log(ctx, map[store.Level]slog.Level{store.LevelError: slog.LevelError, store.LevelWarning: slog.LevelWarn}[n.Level], "store", "notice", n.Text)
	}
	for ctx.Err() == nil {
		err := a.begin(ctx)
		if err == nil {
			break
		}
		a.log.Error("reading the store", "err", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	a.sender.stopping = ctx
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { a.watch(ctx) })
	if err := a.reconciler.Run(ctx); err != nil {
		a.log.Error("the reconciler ended", "err", err)
	}
	return nil
}

// startSweeps makes each tracker's sweep due, and the schedule of the reports:
// what was missed while this process did not run is found now.
func (a *App) startSweeps(ctx context.Context) error {
	subjects := []string{scheduleSubject, remindersSubject, reconcile.Retention()}
	for _, t := range a.cfg.Load().Trackers {
		subjects = append(subjects, "sweep/"+t.Name)
	}
	return a.ledger.Touch(ctx, a.o.Now(), subjects...)
}

// Reload puts another configuration in force. What was read at the start
// (listen, redis, data_dir) stays as it is until a restart, and is told.
func (a *App) Reload(ctx context.Context, cfg *config.Config) error {
	if err := cfg.OpenAPIAllowed(); err != nil {
		return err
	}
	old := a.cfg.Load()
	if cfg.Listen != old.Listen || cfg.DataDir != old.DataDir || cfg.Redis.URL.Reveal() != old.Redis.URL.Reveal() || cfg.Redis.KeyPrefix != old.Redis.KeyPrefix {
		a.log.Warn("listen, data_dir and redis are read at the start only: restart to change them")
	}
	setup, err := a.setup(cfg)
	if err != nil {
		return err
	}
	h, err := a.routes(cfg)
	if err != nil {
		return err
	}
	a.cfg.Store(cfg)
	a.handler.Store(&h)
	return errors.Join(a.reconciler.Reload(ctx, setup), a.startSweeps(ctx))
}

// Close ends what New started. Run must have returned.
func (a *App) Close() {
	if a.ledger != nil {
		a.ledger.Close()
	}
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			a.log.Warn("closing the store", "err", err)
		}
	}
	if a.listener != nil {
		_ = a.listener.Close() // closed by Serve already, unless Run never ran
	}
	if a.scratch != "" {
		_ = os.RemoveAll(a.scratch) // a temporary directory
	}
}
