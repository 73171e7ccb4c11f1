package app_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// gate sees every step that the program takes outside of itself: each write to
// the store and each request to a tracker. At one of them it stops the
// program: the step takes effect, its answer does not arrive, and nothing that
// comes later gets through, until the gate is opened again.
//
// A step that had no effect yet is the same as the step before it with its
// effect, as far as whoever comes next can tell: only the process knew.
type gate struct {
	mu     sync.Mutex
	phase  string
	seen   map[step]bool
	order  []step
	at     step          // where to stop; zero: nowhere
	shut   bool          // the step was reached
	hit    chan struct{} // closed when it is
	opened chan struct{} // closed by open
}

// step is the first time that something is done in a phase of the story.
type step struct{ phase, what string }

func (s step) String() string { return s.phase + ": " + s.what }

func newGate(at step) *gate {
	return &gate{seen: map[step]bool{}, at: at, hit: make(chan struct{}), opened: make(chan struct{})}
}

func (g *gate) enter(phase string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase = phase
}

// blocked waits while the gate is shut, and is true when it was: what was to
// come must not come any more.
func (g *gate) blocked() bool {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut {
		<-g.opened
	}
	return shut
}

// took notes that a step took effect, and is true where the program is to be
// stopped.
func (g *gate) took(what string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := step{g.phase, what}
	if g.phase != "" && !g.seen[s] {
		g.seen[s] = true
		g.order = append(g.order, s)
	}
	if g.shut || s != g.at {
		return false
	}
	g.shut = true
	close(g.hit)
	return true
}

// open lets everything through from now on.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.at = false, step{}
	close(g.opened)
}

func (g *gate) steps() []step {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]step(nil), g.order...)
}

// tracker puts the gate before a stand-in.
func (g *gate) tracker(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if g.blocked() {
			panic(http.ErrAbortHandler)
		}
		what := name + " " + r.Method + " " + r.URL.Path
		held := httptest.NewRecorder()
		next.ServeHTTP(held, r)
		if g.took(what) {
			<-g.opened
			panic(http.ErrAbortHandler)
		}
		for k, v := range held.Header() {
			rw.Header()[k] = v
		}
		rw.WriteHeader(held.Code)
		_, _ = rw.Write(held.Body.Bytes()) // the program may be gone
	})
}

// store puts the gate before Redis and returns its address.
func (g *gate) store(t *testing.T, redisAddr string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", redisAddr)
			if err != nil {
				from.Close()
				continue
			}
			mu.Lock()
			conns[from], conns[to] = true, true
			mu.Unlock()
			c := &storeConn{gate: g, from: from, to: to}
			done := func() { from.Close(); to.Close() }
			wg.Go(func() { defer done(); c.requests() })
			wg.Go(func() { defer done(); c.answers() })
		}
	})
	return l.Addr().String()
}

// storeConn is one connection of the program to the store.
type storeConn struct {
	gate     *gate
	from, to net.Conn

	mu      sync.Mutex
	waiting []command // sent, and not answered yet
}

// requests passes commands on one by one.
func (c *storeConn) requests() {
	in := bufio.NewReader(c.from)
	for {
		cmd, raw, err := readCommand(in)
		if err != nil || c.gate.blocked() {
			return
		}
		c.mu.Lock()
		c.waiting = append(c.waiting, cmd)
		c.mu.Unlock()
		if _, err := c.to.Write(raw); err != nil {
			return
		}
	}
}

// answers passes answers back. The program sends scripts alone on their
// connection, so what arrives after one is its answer.
func (c *storeConn) answers() {
	buf := make([]byte, 1<<20)
	for {
		n, err := c.to.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		sent := c.waiting
		c.waiting = nil
		c.mu.Unlock()
		if !bytes.HasPrefix(buf[:n], []byte("-")) { // refused, or the script is not known yet
			for _, cmd := range sent {
				if what := cmd.what(buf[:n]); what != "" && c.gate.took(what) {
					<-c.gate.opened
					return
				}
			}
		}
		if c.gate.blocked() {
			return
		}
		if _, err := c.from.Write(buf[:n]); err != nil {
			return
		}
	}
}

// command is one command to Redis, in words.
type command []string

var errNotRESP = errors.New("no command of Redis")

// readCommand reads one array of bulk strings, and the bytes that it was.
func readCommand(in *bufio.Reader) (command, []byte, error) {
	var raw bytes.Buffer
	number := func(mark byte) (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		raw.WriteString(line)
		if line[0] != mark {
			return 0, fmt.Errorf("%w: %q", errNotRESP, line)
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	n, err := number('*')
	if err != nil {
		return nil, nil, err
	}
	cmd := make(command, n)
	for i := range cmd {
		size, err := number('$')
		if err != nil {
			return nil, nil, err
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, nil, err
		}
		raw.Write(word)
		cmd[i] = string(word[:size])
	}
	return cmd, raw.Bytes(), nil
}
