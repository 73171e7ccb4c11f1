package app_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// program is one running `holdfast serve`, the real binary.
type program struct {
	cmd  *exec.Cmd
	done chan error
}

// build compiles the program, once for all tests.
func build(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		built.path = filepath.Join(tempDir, "holdfast")
		built.said, built.err = exec.Command("go", "build", "-tags", "nomsgpack", "-o", built.path, "../../cmd/holdfast").CombinedOutput()
	})
	require.NoError(t, built.err, "building the program: %s", built.said)
	return built.path
}

var built struct {
	once sync.Once
	path string
	said []byte
	err  error
}

func (w *world) serve(binary, config string, log *syncBuffer) *program {
	w.t.Helper()
	began := time.Now()
	p, err := w.launch(binary, config, log)
	require.NoError(w.t, err)
	w.t.Logf("ready %s after its start", time.Since(began).Round(time.Millisecond))
	return p
}

// launch starts the program and waits until it is ready. It may be called
// beside the test.
func (w *world) launch(binary, config string, log *syncBuffer) (*program, error) {
	p := &program{cmd: exec.Command(binary, "serve", "-c", config), done: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.done <- p.cmd.Wait() }()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-p.done:
			return nil, fmt.Errorf("it ended by itself: %w\n%s", err, log.tail(4000))
		default:
		}
		resp, err := http.Get(w.url + "/readyz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return p, nil
		}
	}
	p.kill()
	return nil, fmt.Errorf("it was not ready within %s\n%s", patience, log.tail(4000))
}

// kill ends it as a power cut would, this process alone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

var redisLine = regexp.MustCompile(`(?m)^redis: .*\n`)

// TestKilledAtAnyMoment kills the program again and again while it files and
// reopens, and looks at the end whether everything was done once. The store is
// the private one, which dies with it.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const items = 8 // and as many kills
	binary := build(t)
	w := prepare(t, scene{slow: 15 * time.Millisecond, policy: "escalate_after: 1000", realTime: true})
	config := filepath.Join(t.TempDir(), "holdfast.yaml")
	require.NoError(t, os.WriteFile(config, []byte(redisLine.ReplaceAllString(w.config, "")), 0o600))
	log := &syncBuffer{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the program logged:\n%s", log.tail(8000))
		}
	})
	p := w.serve(binary, config, log)
	t.Cleanup(func() { p.kill() })
	t.Cleanup(w.tellLedgers)
	w.gh.SetWebhook(w.url+"/webhooks/github", hookSecret)

	seed := rand.Uint64()
	t.Logf("moments of the kills by seed %d", seed)
	moments := rand.New(rand.NewPCG(seed, 0))

	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	var people sync.WaitGroup
	problems := make(chan error, items+1)
	peace := make(chan struct{}) // closed when nothing is killed any more
	closes := make([]int, items)
	redelivered := make(chan struct{})
	go func() {
		defer close(redelivered)
		w.redeliver(ctx)
	}()

	// What a kill interrupts rests until its lease is over, so that each kill
	// needs fresh work to hit: the document grows by one item before it.
	var wanted atomic.Int64
	people.Go(func() { problems <- w.fileAnyhow(ctx, &wanted, items) })
	for n := range items {
		wanted.Add(1)
		people.Go(func() {
			var err error
			closes[n], err = w.closeEarly(ctx, fmt.Sprintf("%s/%d", incident, n+1), peace)
			problems <- err
		})
		time.Sleep(time.Duration(20+moments.IntN(280)) * time.Millisecond)
		p.kill()
		p = w.serve(binary, config, log)
	}
	close(peace)
	began := time.Now()
	people.Wait()
	for range items + 1 {
		require.NoError(t, <-problems)
	}
	t.Logf("closed %v times", closes)
	w.until("every reopening recorded", func() bool {
		for n := range items {
			d, err := w.api.Item(ctx, fmt.Sprintf("%s/%d", incident, n+1))
			if err != nil || d.Reopened < closes[n] || unresolved(d) > 0 {
				return false
			}
		}
		return true
	})
	t.Logf("closed %v times, at rest %s after the last kill", closes, time.Since(began).Round(time.Second/10))
	cancel()
	<-redelivered

	require.Len(t, w.gh.Issues(checkout), items, "one ticket for each item")
	for n := range items {
		d := w.item(fmt.Sprintf("%s/%d", incident, n+1))
		require.Equal(t, "open", d.Status)
		is := w.issue(number(t, string(d.Ticket.Ref)))
		require.Equal(t, d.Title, is.Title)
		require.Equal(t, "open", is.State)
		require.Contains(t, is.Labels, "awaiting-deployment")
		count := map[string]int{}
		for _, e := range is.Events {
			count[e.Kind+" by "+e.Actor]++
		}
		require.Equal(t, closes[n], count["closed by bob"], d.ID)
		require.Equal(t, closes[n], count["reopened by holdfast-bot"], "%s: one reopening for each close", d.ID)
		require.Equal(t, closes[n], d.Reopened, d.ID)
		require.Equal(t, 1, count["commented by holdfast-bot"], "%s: one comment", d.ID)
		checkLedger(t, d)
	}

	// A configuration that is none keeps the old one in force.
	require.NoError(t, os.WriteFile(config, []byte("listen: [nonsense\ntokens: none\n"), 0o600))
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	w.until("the bad file told", func() bool { return strings.Contains(log.tail(4000), "the old one stays in force") })
	require.Equal(t, 200, w.call("GET", "/api/v1/items", aliceToken, "").status)

	// Asked to end, it ends in peace.
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.done:
		require.NoError(t, err, log.tail(2000))
		p.done <- nil // for the cleanup
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	require.False(t, bytes.Contains([]byte(log.tail(1<<20)), []byte("panic")))
}

// unresolved counts intents without an outcome.
func unresolved(d api.ItemDetail) int {
	open := map[string]bool{}
	for _, e := range d.Ledger {
		switch e.Name {
		case domain.ActionIntended:
			open[e.Action.ID] = true
		case domain.ActionDone, domain.ActionFailed, domain.ActionWithheld:
			delete(open, e.Action.ID)
		}
	}
	return len(open)
}

func number(t *testing.T, ref string) (n int) {
	t.Helper()
	_, after, _ := strings.Cut(ref, "#")
	_, err := fmt.Sscan(after, &n)
	require.NoError(t, err, ref)
	return n
}

// fileAnyhow files the postmortem with as many items as are wanted by then, as
// often as it takes to be acknowledged, until it has all of them.
func (w *world) fileAnyhow(ctx context.Context, wanted *atomic.Int64, all int) error {
	var err error
	for filed := 0; filed < all; {
		var lines []line
		for n := range int(wanted.Load()) {
			lines = append(lines, line{Title: fmt.Sprintf("Item number %d", n+1)})
		}
		if len(lines) > filed {
			if _, err = w.api.File(ctx, api.FileRequest{ContentType: api.JSONType, Body: []byte(document(incident, lines...))}); err == nil {
				filed = len(lines)
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("filing: %w", err)
		}
	}
	return nil
}

// closeEarly closes the ticket of an item as soon as it is known, waits until it
// is open again, and does so again until there is peace. It says how often.
func (w *world) closeEarly(ctx context.Context, id string, peace <-chan struct{}) (closes int, err error) {
	wait := func(what string, so func() bool) error {
		for !so() {
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("%s, closed %d times: never %s", id, closes, what)
			}
		}
		return nil
	}
	n := 0
	err = wait("filed", func() bool {
		d, err := w.api.Item(ctx, id)
		if err != nil || d.Ticket == nil {
			return false
		}
		_, after, _ := strings.Cut(string(d.Ticket.Ref), "#")
		_, err = fmt.Sscan(after, &n)
		return err == nil
	})
	for err == nil {
		if err = w.gh.CloseIssue(checkout, n, "bob", ""); err != nil {
			return closes, err
		}
		closes++
		err = wait("reopened and told", func() bool {
			is, ok := w.gh.Issue(checkout, n)
			return ok && is.State == "open" && len(is.Comments) > 0
		})
		select {
		case <-peace:
			return closes, err
		default:
		}
	}
	return closes, err
}

// redeliver sends again what nobody was there to take, as Jira does by itself,
// and somebody in GitHub's settings.
func (w *world) redeliver(ctx context.Context) {
	again := map[string]bool{}
	look := func(list []sandbox.Delivery, redeliver func(id int64) error) {
		for _, d := range list {
			if key := fmt.Sprint(d.URL, d.ID); d.Sent && (d.Status == 0 || d.Status >= 500) && !again[key] {
				again[key] = redeliver(d.ID) == nil
			}
		}
	}
	for {
		look(w.gh.Deliveries(), w.gh.Redeliver)
		look(w.jira.Deliveries(), w.jira.Redeliver)
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}
