package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/store/redisserver"
)

const (
	// maxSocketPath keeps the path of the socket below the 108 bytes (with the
	// closing zero) that the kernel takes; 104 on BSD systems.
	maxSocketPath = 103
	// lockPatience is how long we wait for the directory. A predecessor that
	// was killed leaves a server that needs a moment to close its files.
	lockPatience = 3 * time.Second
	// startPatience is how long the server may take until it answers at all.
	startPatience = 10 * time.Second
	stopPatience  = 10 * time.Second
)

// private is the redis-server that this process runs for itself.
type private struct {
	dir    string // absolute
	socket string
	tmp    string // directory of the socket, where dir is too long a path
	lock   *os.File
	log    *slog.Logger
	client *redis.Client

	quit   chan struct{}
	ended  chan struct{}
	once   sync.Once
	endErr error
}

func openPrivate(ctx context.Context, dataDir string, log *slog.Logger) (*Store, error) {
	dir, err := filepath.Abs(filepath.Join(dataDir, "redis"))
	if err != nil {
		return nil, fmt.Errorf("private store: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("private store: making its directory (data_dir must be writable): %w", err)
	}
	p := &private{dir: dir, log: log, quit: make(chan struct{}), ended: make(chan struct{})}
	if p.lock, err = lockDir(ctx, dir); err != nil {
		return nil, err
	}
	if err := p.place(); err != nil {
		p.release()
		return nil, err
	}
	proc, err := p.start(ctx)
	if err != nil {
		p.release()
		if errors.Is(err, redisserver.ErrNotInstalled) {
			return nil, errors.New("no redis.url is configured, and the private store needs the program redis-server, which is not in PATH. " +
				"Either install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), " +
				"or set redis.url to a Redis of 6.2 or newer, or start with --ephemeral, which keeps everything in memory and loses it at the end")
		}
		return nil, fmt.Errorf("private store in %s: %w", dir, err)
	}
	o := &redis.Options{Network: "unix", Addr: p.socket}
	defaults(o)
	p.client = redis.NewClient(o)
	go p.supervise(proc) //nolint:gosec // it outlives the call that started it, until end
	return &Store{Client: p.client, Kind: KindPrivate, Where: "private redis-server in " + dir, end: p.close}, nil
}

// lockDir makes this process the only one that uses the directory: two servers
// on one append-only file destroy it. The server inherits the lock, so one
// that outlives a killed parent for a moment still holds it.
func lockDir(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("private store: %w", err)
	}
	for deadline := time.Now().Add(lockPatience); !tryLock(f); {
		if ctx.Err() != nil || time.Now().After(deadline) {
			owner, _ := io.ReadAll(io.LimitReader(f, 20))
			f.Close()
			who := "another process"
			if s := strings.TrimSpace(string(owner)); s != "" {
				who = fmt.Sprintf("another process (%q)", s)
			}
			return nil, fmt.Errorf("%s uses the private store in %s: end it, or give this one another data_dir or a redis.url", who, dir)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "pid %d\n", os.Getpid()), 0)
	}
	return f, nil
}

// place finds a path for the socket that the kernel takes.
func (p *private) place() error {
	p.socket = filepath.Join(p.dir, "redis.sock")
	if len(p.socket) <= maxSocketPath {
		return nil
	}
	tmp, err := os.MkdirTemp("", "holdfast-")
	if err != nil {
		return fmt.Errorf("private store: a short path for its socket: %w", err)
	}
	p.tmp, p.socket = tmp, filepath.Join(tmp, "redis.sock")
	if len(p.socket) > maxSocketPath {
		return fmt.Errorf("private store: the paths of data_dir and of the temporary directory (%s) are too long for a socket: shorten one of them", tmp)
	}
	return nil
}

func (p *private) start(ctx context.Context) (*redisserver.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	return redisserver.Start(ctx, redisserver.Config{
		Socket: p.socket,
		Files:  []*os.File{p.lock},
		Log:    func(line string) { p.log.Debug("redis-server", "message", line) },
		Args: []string{
			"--dir", p.dir,
			"--appendonly", "yes", "--appendfsync", "always", "--save", "",
			"--maxmemory", "0", "--maxmemory-policy", "noeviction",
		},
	})
}

// supervise starts the server again when it dies under us. Clients meanwhile
// get errors, as from any Redis that is away.
func (p *private) supervise(proc *redisserver.Process) {
	defer close(p.ended)
	pause := 100 * time.Millisecond
	for {
		if proc != nil {
			up := time.Now()
			select {
			case <-p.quit:
				proc.Stop(stopPatience)
				return
			case <-proc.Done():
			}
			p.log.Error("the private redis-server died; starting it again", "err", proc.Err())
			if time.Since(up) > time.Minute {
				pause = 100 * time.Millisecond
			}
		}
		select {
		case <-p.quit:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
		var err error
		if proc, err = p.start(context.Background()); err != nil {
			p.log.Error("starting the private redis-server again; will keep trying", "err", err)
			proc = nil
		}
	}
}

func (p *private) close() error {
	p.once.Do(func() {
		p.endErr = p.client.Close()
		close(p.quit)
		<-p.ended
		p.release()
	})
	return p.endErr
}

func (p *private) release() {
	p.lock.Close()
	if p.tmp != "" {
		os.RemoveAll(p.tmp)
	}
}
