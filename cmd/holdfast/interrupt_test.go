package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody answers, and ^C has to end it all the same.
func TestInterruptedWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, keep := io.Pipe()
	defer keep.Close()
	var said bytes.Buffer
	e := &env{in: silent, out: io.Discard, errOut: &said, getenv: func(string) string { return "" }}
	_, err := e.ask(ctx, "File this?", "nothing was filed")
	require.ErrorIs(t, err, errInterrupted)
	require.ErrorContains(t, err, "nothing was filed")
	_, err = e.agreed(ctx, "Import this?", "Nothing was imported.")
	require.ErrorContains(t, err, "Nothing was imported.")
	require.Equal(t, exitFailed, run(ctx, e, []string{"parse", "-"}))
}
