package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	starts   = 5
	idleTime = 5 * time.Second
)

// BenchmarkIdle starts the program as the image has it, with its private store
// in an empty directory, and measures the time from the start to the first
// green /readyz, the resident memory of the program and of its redis-server
// after five idle seconds, and the size of the file. It reads /proc, so it
// needs Linux.
func BenchmarkIdle(b *testing.B) {
	program := build(b)
	info, err := os.Stat(program)
	require.NoError(b, err)
	var times []time.Duration
	var own, child int
	for i := range starts {
		func() {
			p := startProgram(b, program)
			defer p.end()
			times = append(times, p.took)
			if i == starts-1 {
				time.Sleep(idleTime)
				own = resident(b, p.cmd.Process.Pid)
				for _, pid := range children(b, p.cmd.Process.Pid) {
					child += resident(b, pid)
				}
			}
		}()
	}
	slices.Sort(times)
	middle := times[starts/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(middle), "ready-ms")
	b.ReportMetric(mb(own), "rss-MB")
	b.ReportMetric(mb(child), "redis-rss-MB")
	b.ReportMetric(mb(int(info.Size())), "file-MB")
	results.add("start to ready, private store included", fmt.Sprintf("median %v", middle.Round(time.Millisecond)),
		fmt.Sprintf("of %d: %v to %v", starts, times[0].Round(time.Millisecond), times[starts-1].Round(time.Millisecond)), "< 0.5s")
	results.add("resident memory, idle", fmt.Sprintf("%.1f MB", mb(own)), fmt.Sprintf("its redis-server %.1f MB", mb(child)), "< 40 MB")
	results.add("size of the binary", fmt.Sprintf("%.1f MB", mb(int(info.Size()))), "", "said")
}

func mb(bytes int) float64 { return float64(bytes) / 1e6 }

// build makes the program with the flags of the image and returns its path.
func build(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), "make", "-C", root, "build").CombinedOutput()
	require.NoError(t, err, "make build: %s", out)
	return filepath.Join(root, "bin", "holdfast")
}

// program is a running Holdfast.
type program struct {
	t    testing.TB
	cmd  *exec.Cmd
	said bytes.Buffer
	took time.Duration // until it was ready
}

func startProgram(t testing.TB, path string) *program {
	t.Helper()
	address := freeAddress(t)
	dir, err := os.MkdirTemp("", "hfb") // the path of its socket has to be short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "holdfast.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
listen: %[1]q
public_url: "http://%[1]s"
data_dir: %[2]q
trackers:
  - {name: github, kind: github, api_url: "http://127.0.0.1:9", token: %[3]s, webhook_secret: %[4]s}
  - {name: jira, kind: jira, url: "http://127.0.0.1:9", user: bot@acme.example, token: %[3]s, webhook_secret: %[4]s, projects: {PAY: {issue_type: Task}}}
services:
  - {name: checkout, repo: acme/checkout, tickets: "github:acme/checkout", production: [prod-eu], team: shop}
  - {name: payments, repo: acme/payments, tickets: "jira:PAY", production: [prod-eu], team: shop}
defaults: {tickets: "github:acme/checkout", team: shop}
teams: [{name: shop}]
`, address, filepath.Join(dir, "data"), bot, secret), 0o600))

	p := &program{t: t, cmd: exec.Command(path, "serve", "-c", file)}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	began := time.Now()
	require.NoError(t, p.cmd.Start())
	quick := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := began.Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		resp, err := quick.Get("http://" + address + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			p.end()
			t.Fatalf("not ready within 20 s; it said:\n%s", p.said.String())
		}
	}
	p.took = time.Since(began)
	return p
}

// end asks the program to end, and makes it if it does not.
func (p *program) end() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	stop := time.AfterFunc(15*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer stop.Stop()
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("holdfast serve ended with %v; it said:\n%s", err, p.said.String())
	}
}

// resident is the resident memory of a process in bytes.
func resident(t testing.TB, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err, "this measurement needs Linux")
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kb << 10
}

// children lists the processes that a process has started.
func children(t testing.TB, pid int) []int {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	var out []int
	for _, l := range lists {
		text, err := os.ReadFile(l)
		if err != nil {
			continue // a thread that has ended since
		}
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			require.NoError(t, err)
			out = append(out, child)
		}
	}
	return out
}
