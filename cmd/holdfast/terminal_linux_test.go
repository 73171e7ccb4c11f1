package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/holdfast-dev/holdfast/internal/api/apitest"
)

// onTerminal runs a command line with its output on a pseudo terminal, and
// returns what arrived there.
func onTerminal(t *testing.T, vars map[string]string, args ...string) string {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	defer master.Close()
	fd := int(master.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200}))

	read := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, master) // ends with an error when the slave closes
		read <- b.String()
	}()
	e := &env{in: strings.NewReader(""), out: slave, errOut: slave, getenv: func(k string) string { return vars[k] }}
	code := run(t.Context(), e, args)
	require.NoError(t, slave.Close())
	out := <-read
	require.Equal(t, exitDone, code, out)
	return out
}

func TestOnATerminal(t *testing.T) {
	b := newBackend()
	b.FilingReads = 7 // four by items below, the rest while file waits
	vars := map[string]string{"HOLDFAST_URL": apitest.Serve(t, b, nil), "TERM": "xterm"}
	out := onTerminal(t, vars, "items")
	require.Contains(t, out, "ITEM ")
	require.Contains(t, out, "\x1b[31mclosed_early\x1b[0m")
	require.NotContains(t, out, "\x1b[2J")

	require.Contains(t, onTerminal(t, vars, "items", "--q", "no such"), "No items match")
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		plain := map[string]string{"HOLDFAST_URL": vars["HOLDFAST_URL"], "TERM": "xterm"}
		plain[name] = value
		require.NotContains(t, onTerminal(t, plain, "items"), "\x1b", name)
	}

	doc := filepath.Join(t.TempDir(), "outage.md")
	require.NoError(t, os.WriteFile(doc, []byte("- [ ] Add an alert\n"), 0o600))
	start := time.Now()
	out = onTerminal(t, vars, "file", "-y", doc)
	require.Contains(t, out, "tickets", "a bar")
	require.Contains(t, out, "https://github.example/acme/checkout/issues/3")
	require.Greater(t, time.Since(start), pollEvery)
}
