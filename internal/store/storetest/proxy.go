package storetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy stands between clients and a server, and answers some commands itself:
// as a newer server would, or as one that is in trouble.
type Proxy struct {
	// Socket is where it listens.
	Socket string

	backend string
	mu      sync.Mutex
	answer  func(args []string) (reply string, own bool)
	seen    [][]string
	delay   time.Duration
	conns   map[net.Conn]bool
	ended   bool
}

// NewProxy starts a proxy in front of a server; it ends with the test.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	p := &Proxy{Socket: filepath.Join(filepath.Dir(s.Socket), "proxy.sock"), backend: s.Socket, conns: map[net.Conn]bool{}}
	l, err := net.Listen("unix", p.Socket)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if p.keep(c) {
				serving.Go(func() { p.serve(c) })
			}
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		p.ended = true
		for c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		serving.Wait()
	})
	return p
}

func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close()
}

// URL is the proxy's address for redis.url.
func (p *Proxy) URL() string { return "unix://" + p.Socket }

// Answer has commands answered by f where it wants to, in the words of the
// protocol ("+OK\r\n"). Args begin with the command in upper case.
func (p *Proxy) Answer(f func(args []string) (reply string, own bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// Slow makes every command wait for so long.
func (p *Proxy) Slow(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Seen lists the commands so far.
func (p *Proxy) Seen() [][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([][]string(nil), p.seen...)
}

// serve passes one command on after the other, until a subscription: from then
// on it only copies.
func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	server, err := net.Dial("unix", p.backend)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.drop(server)
	in, out := bufio.NewReader(client), bufio.NewReader(server)
	for {
		raw, args, err := command(in)
		if err != nil {
			return
		}
		args[0] = strings.ToUpper(args[0])
		p.mu.Lock()
		p.seen = append(p.seen, args)
		answer, delay := p.answer, p.delay
		p.mu.Unlock()
		time.Sleep(delay)
		if answer != nil {
			if reply, own := answer(args); own {
				if _, err := io.WriteString(client, reply); err != nil {
					return
				}
				continue
			}
		}
		if _, err := server.Write(raw); err != nil {
			return
		}
		if args[0] == "SUBSCRIBE" {
			go func() {
				defer server.Close()
				_, _ = io.Copy(server, in)
			}()
			_, _ = io.Copy(client, out)
			return
		}
		reply, err := reply(out)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// command reads one command, as it came and taken apart.
func command(r *bufio.Reader) (raw []byte, args []string, err error) {
	raw, err = r.ReadBytes('\n')
	if err != nil || raw[0] != '*' {
		return nil, nil, fmt.Errorf("no command: %q, %w", raw, io.ErrUnexpectedEOF)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(raw[1:])))
	if err != nil || n < 1 {
		return nil, nil, fmt.Errorf("no command: %q", raw)
	}
	for range n {
		part, err := reply(r)
		if err != nil {
			return nil, nil, err
		}
		raw = append(raw, part...)
		_, text, _ := strings.Cut(string(part), "\r\n")
		args = append(args, strings.TrimSuffix(text, "\r\n"))
	}
	return raw, args, nil
}

// reply reads one whole value.
func reply(r *bufio.Reader) ([]byte, error) {
	out, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	size, _ := strconv.Atoi(strings.TrimSpace(string(out[1:])))
	switch out[0] {
	case '$', '=':
		if size < 0 {
			return out, nil
		}
		body := make([]byte, size+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, err
		}
		return append(out, body...), nil
	case '*', '~', '>', '%':
		if out[0] == '%' {
			size *= 2
		}
		for range size {
			part, err := reply(r)
			if err != nil {
				return nil, err
			}
			out = append(out, part...)
		}
	}
	return out, nil
}
