package store

import (
	"errors"
	"net"
	"sync"
	"time"
)

// pipeConn is the client's end of a connection to the in-process store. What
// the store answers is taken from it at once and without limit: a client
// writes a whole pipeline before it reads, and two ends that both write into
// an unbuffered pipe would wait for each other for ever.
type pipeConn struct {
	net.Conn          // to the store: writes
	answers  net.Conn // from the pump: reads
}

// buffer puts a pump between the store's answers and their reader.
func buffer(toStore net.Conn) net.Conn {
	reader, pump := net.Pipe()
	q := &queue{}
	q.filled = sync.NewCond(&q.mu)
	go q.fill(toStore)
	go q.drain(pump)
	return &pipeConn{Conn: toStore, answers: reader}
}

func (c *pipeConn) Read(b []byte) (int, error) { return c.answers.Read(b) }

func (c *pipeConn) SetReadDeadline(t time.Time) error { return c.answers.SetReadDeadline(t) }

// SetWriteDeadline leaves the other direction alone, where the pump reads.
func (c *pipeConn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(t) }

func (c *pipeConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *pipeConn) Close() error { return errors.Join(c.Conn.Close(), c.answers.Close()) }

// queue holds what was answered and not read yet.
type queue struct {
	mu     sync.Mutex
	filled *sync.Cond
	bytes  []byte
	ended  bool
}

func (q *queue) fill(from net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		q.mu.Lock()
		q.bytes = append(q.bytes, b[:n]...)
		q.ended = err != nil
		q.mu.Unlock()
		q.filled.Signal()
		if err != nil {
			return
		}
	}
}

func (q *queue) drain(to net.Conn) {
	defer to.Close()
	for {
		q.mu.Lock()
		for len(q.bytes) == 0 && !q.ended {
			q.filled.Wait()
		}
		b := q.bytes
		q.bytes = nil
		q.mu.Unlock()
		if len(b) == 0 {
			return
		}
		if _, err := to.Write(b); err != nil {
			return
		}
	}
}
