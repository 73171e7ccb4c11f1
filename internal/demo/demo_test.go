package demo_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/demo"
	"github.com/holdfast-dev/holdfast/internal/leaktest"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

// judges holds every request against the description of the service that it
// goes to. The stand-ins choose their ports, so they are told apart by paths.
type judges struct {
	gitHub, jira http.RoundTripper

	mu    sync.Mutex
	calls map[string]int
}

func newJudges(t *testing.T, next http.RoundTripper) *judges {
	return &judges{gitHub: trackertest.Judge(t, next), jira: trackertest.JudgeJira(t, next), calls: map[string]int{}}
}

func (j *judges) RoundTrip(r *http.Request) (*http.Response, error) {
	to, name := j.gitHub, "github"
	if strings.HasPrefix(r.URL.Path, "/rest/") {
		to, name = j.jira, "jira"
	}
	j.mu.Lock()
	j.calls[name]++
	j.mu.Unlock()
	return to.RoundTrip(r)
}

func TestTheStory(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	transport := &http.Transport{}
	judged := newJudges(t, transport)
	var out, log bytes.Buffer
	err := demo.Run(t.Context(), demo.Options{
		Out: &out, Exit: true, Version: "test", HTTPClient: &http.Client{Transport: judged},
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	t.Log("\n" + out.String())
	require.NoError(t, err)
	for line := range strings.Lines(log.String()) {
		require.Contains(t, line, "the store is in this process", "there is nothing else to warn of")
	}

	steps := regexp.MustCompile(`(?m)^ ?(\d+)\. `).FindAllString(out.String(), -1)
	require.Len(t, steps, 9)
	require.Equal(t, 8, strings.Count(out.String(), "✓"), "all but the list is seen in the trackers")
	require.NotContains(t, out.String(), "✗")
	require.NotContains(t, out.String(), "\x1b[", "no colours were asked for")
	for _, part := range []string{"/issues/", "/browse/PAY-1", "Not in production yet", "In production", "rolled back", "is open"} {
		require.Contains(t, out.String(), part)
	}
	require.Greater(t, judged.calls["github"], 10)
	require.Greater(t, judged.calls["jira"], 5)

	transport.CloseIdleConnections()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	require.NoError(t, leaktest.Find(leaks))
}

// A listener of somebody else on the wanted address must not end the demo, and
// without --exit it serves until it is ended.
func TestItServesOn(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ran := make(chan error, 1)
	go func() {
		err := demo.Run(ctx, demo.Options{Out: write, Listen: "256.0.0.1:1", Version: "test", Colours: true, Log: slog.New(slog.DiscardHandler)})
		_ = write.Close()
		ran <- err
	}()
	var out bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(out.String(), "/api/v1/items\n") {
		n, err := read.Read(buf)
		require.NoError(t, err, out.String())
		out.Write(buf[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, read) }() // ends with the pipe
	require.Contains(t, out.String(), "\x1b[32m✓")
	address := regexp.MustCompile(`HOLDFAST_URL=(\S+)`).FindStringSubmatch(out.String())[1]
	resp, err := http.Get(address + "/api/v1/items")
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode, "the client commands that it names need no token")
	require.Contains(t, string(body), "2026-11-01-checkout-down/3")
	cancel()
	select {
	case err := <-ran:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	require.NoError(t, leaktest.Find(leaks))
}
