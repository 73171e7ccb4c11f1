package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// process is a program that is killed and started again. Each start appends to
// the same log.
type process struct {
	name string
	args []string
	dir  string
	log  string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return nil
	}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of %s: %w", p.name, err)
	}
	defer out.Close() // the child has its own
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.dir, out, out, childAttributes()
	started, done := make(chan error), make(chan struct{})
	go func() {
		// The signal that ends it with us is sent when the thread ends that
		// started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed, mostly
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.cmd, p.done = cmd, done
	return nil
}

// revive starts it again when it has ended without us, and tells so.
func (p *process) revive() (bool, error) {
	p.mu.Lock()
	ended := false
	if p.cmd != nil {
		select {
		case <-p.done:
			p.cmd, ended = nil, true
		default:
		}
	}
	p.mu.Unlock()
	if !ended {
		return false, nil
	}
	return true, p.start()
}

// kill ends it as a power cut does, and waits until it is gone.
func (p *process) kill() { p.end(syscall.SIGKILL) }

func (p *process) end(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig) // it may have ended by itself
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	p.cmd = nil
}

func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(sig) // it may have ended by itself
	}
}

// freePort finds a port that nobody listens on. It lies below the ports that
// systems give to outgoing connections, so that what is killed and started
// again finds it free.
func freePort(ctx context.Context) (string, error) {
	for {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return "", fmt.Errorf("looking for a free port: %w", err)
		}
	}
}

// poll asks until it is so, the time is over or ctx ends.
func poll(ctx context.Context, patience, every time.Duration, so func() bool) error {
	deadline := time.Now().Add(patience)
	for !so() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return errors.New("not within " + patience.String())
		}
		time.Sleep(every)
	}
	return nil
}
