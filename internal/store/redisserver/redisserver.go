// Package redisserver runs one redis-server program as a child process. It
// knows how to start it, when it answers, and how to end it; it refuses to
// decide where the data lies or what happens after the child has died, which
// is the caller's business.
package redisserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is the name of the executable that is looked for in PATH.
const Program = "redis-server"

// ErrNotInstalled is returned by Start when Program is not in PATH.
var ErrNotInstalled = errors.New(Program + " is not installed")

// Config says how to run the server.
type Config struct {
	Socket string     // absolute path of the unix socket on which it listens
	Args   []string   // further options, "--name", "value", …
	Files  []*os.File // handed to the child, which keeps them open while it lives
	Log    func(line string)
}

// Process is one running server. Its methods may be called concurrently.
type Process struct {
	socket string
	proc   *os.Process
	done   chan struct{}
	err    error // how it ended; to be read after done is closed
	out    *lines
}

// loadPatience is how long Start waits for a server that is loading its data.
const loadPatience = 2 * time.Second

// Start runs the server and returns when it serves, when it has been loading
// its data for two seconds (clients then get LOADING as an error for a while),
// when it has died, or when ctx ends. The child does not end with ctx; it ends with Stop, with Kill, or, on Linux, with this
// process.
func Start(ctx context.Context, c Config) (*Process, error) {
	path, err := exec.LookPath(Program)
	if err != nil {
		return nil, ErrNotInstalled
	}
	p := &Process{socket: c.Socket, done: make(chan struct{}), out: &lines{log: c.Log}}
	started := make(chan error)
	go p.run(path, c, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	if err := p.ready(ctx); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// run keeps its thread for as long as the child lives: the parent-death signal
// is sent when the thread that forked ends, not when the process does.
func (p *Process) run(path string, c Config, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	args := append([]string{"--port", "0", "--unixsocket", c.Socket, "--unixsocketperm", "700",
		"--daemonize", "no", "--logfile", "", "--loglevel", "warning"}, c.Args...)
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.ExtraFiles = c.Files
	// Its own process group: a Ctrl-C at the terminal must not end the store
	// before we have finished with it.
	cmd.SysProcAttr = childAttributes()
	err := cmd.Start()
	if err == nil {
		p.proc = cmd.Process
	}
	started <- err
	if err != nil {
		return
	}
	p.err = cmd.Wait()
	close(p.done)
}

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the child ended, with the last that it printed. It must be
// called only after Done is closed.
func (p *Process) Err() error {
	what := "exit status 0"
	if p.err != nil {
		what = p.err.Error()
	}
	if tail := p.out.tail(); tail != "" {
		what += "; it last said: " + tail
	}
	return fmt.Errorf("%s ended: %s", Program, what)
}

// PID is the process id of the child.
func (p *Process) PID() int { return p.proc.Pid }

// Stop asks the server to write what it has and to end (SIGTERM, which is its
// SHUTDOWN), waits, and kills it after the given time.
func (p *Process) Stop(patience time.Duration) {
	_ = p.proc.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.Kill()
	}
}

// Kill ends the child at once and waits until it is gone.
func (p *Process) Kill() {
	_ = p.proc.Kill()
	<-p.done
}

func (p *Process) ready(ctx context.Context) error {
	var loading time.Time
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		switch answer := ping(p.socket); {
		case strings.HasPrefix(answer, "-LOADING"):
			if loading.IsZero() {
				loading = time.Now()
			}
			if time.Since(loading) > loadPatience {
				return nil
			}
		case answer != "":
			// An error counts too: a server that wants a password is up.
			return nil
		}
		select {
		case <-p.done:
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to answer on %s: %w", Program, p.socket, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// ping returns the answer of the server on the socket, "" when there is none.
func ping(socket string) string {
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return ""
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return ""
	}
	return line
}

// lines passes the child's output on line by line and remembers the end of it.
type lines struct {
	mu   sync.Mutex
	part []byte
	last []string
	log  func(string)
}

const (
	keptLines = 5
	maxLine   = 1024
)

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range b {
		if c != '\n' {
			if len(l.part) < maxLine {
				l.part = append(l.part, c)
			}
			continue
		}
		if line := strings.TrimSpace(string(l.part)); line != "" {
			l.last = append(l.last, line)
			if len(l.last) > keptLines {
				l.last = l.last[1:]
			}
			if l.log != nil {
				l.log(line)
			}
		}
		l.part = l.part[:0]
	}
	return len(b), nil
}

func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, " / ")
}
