package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSandbox runs the stand-ins as the command does and reads their state at
// the addresses that it prints.
func TestSandbox(t *testing.T) {
	faults := filepath.Join(t.TempDir(), "faults.json")
	require.NoError(t, os.WriteFile(faults, []byte(`{"rules":[{"kind":"server_error","match":{"path":"^/user$"}}]}`), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		e := &env{in: strings.NewReader(""), out: in, errOut: io.Discard, getenv: func(string) string { return "" }}
		code <- run(ctx, e, []string{"sandbox", "--repo", "acme/search", "--project", "OPS", "--faults", faults, "--seed", "9"})
		_ = in.Close() // the reader sees the end
	}()
	t.Cleanup(func() {
		cancel()
		require.Equal(t, exitDone, <-code)
	})
	at := map[string]string{}
	lines := bufio.NewScanner(out)
	for range 2 {
		require.True(t, lines.Scan())
		name, url, _ := strings.Cut(lines.Text(), " ")
		at[name] = url
	}
	get := func(url string) map[string]any {
		resp, err := http.Get(url)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, 200, resp.StatusCode)
		var body map[string]any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
		return body
	}
	require.Contains(t, get(at["github"] + "/_sandbox/state")["repositories"], "acme/search")
	require.Contains(t, get(at["jira"] + "/_sandbox/state")["projects"], "OPS")
	require.EqualValues(t, 9, get(at["github"] + "/_sandbox/faults")["faults"].(map[string]any)["seed"])
	resp, err := http.Get(at["github"] + "/user")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusBadGateway, resp.StatusCode)
}

func TestSandboxRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "faults.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"rules":[{"kind":"meteor"}]}`), 0o600))
	for args, want := range map[string]int{"--flavor server": exitUsage, "--token=": exitUsage, "--faults " + bad: exitFailed, "--faults /nowhere.json": exitFailed} {
		e := &env{in: strings.NewReader(""), out: io.Discard, errOut: io.Discard, getenv: func(string) string { return "" }}
		require.Equal(t, want, run(t.Context(), e, append([]string{"sandbox"}, strings.Fields(args)...)), args)
	}
}
