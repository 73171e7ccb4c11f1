package main

import (
	"context"
	"errors"
	"io"
)

// interruptible reads from a terminal or a pipe until ctx ends, too: ^C is
// caught, and would not be heard by somebody who waits for a line.
type interruptible struct {
	ctx  context.Context // of one command, as long as that reads
	from io.Reader
}

var errInterrupted = errors.New("interrupted")

func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	// The read goes on by itself after ^C, into a buffer that nobody else has.
	buf := make([]byte, len(p))
	done := make(chan result, 1)
	go func() {
		n, err := r.from.Read(buf)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, errInterrupted
	}
}
