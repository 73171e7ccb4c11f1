package app_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// TestKilledAtEachStep plays one story with the real binary, once for each
// step that it takes outside of itself on the way from an accepted event to a
// recorded outcome: each write to the store, each request to a tracker. There
// the process is killed, with the step done and its answer unseen. Another one
// goes on, and in the end everything was done once.
//
// The steps are those that an undisturbed run was seen to take, so that a step
// that somebody adds is tried without anybody thinking of it.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	binary := build(t)
	for _, tracker := range []string{"github", "jira"} {
		t.Run(tracker, func(t *testing.T) {
			t.Parallel()
			var steps []step
			var usual []string
			require.True(t, t.Run("undisturbed", func(t *testing.T) {
				s := newCrashStory(t, binary, tracker, step{})
				s.play()
				steps, usual = s.gate.steps(), s.done()
			}))
			mustHave(t, steps)
			t.Logf("%d steps", len(steps))
			// A story mostly waits, so that some can go on side by side.
			atOnce := make(chan struct{}, 10)
			var wg sync.WaitGroup
			for i, at := range steps {
				atOnce <- struct{}{}
				wg.Go(func() {
					defer func() { <-atOnce }()
					t.Run(fmt.Sprintf("%02d %s", i+1, at), func(t *testing.T) {
						// Which of two things at the same time comes first is left to
						// chance, and with it a step here and there.
						for range 4 {
							s := newCrashStory(t, binary, tracker, at)
							s.play()
							require.Equal(t, usual, s.done(), "what was done in all")
							if s.killed {
								return
							}
						}
						t.Fatal("the step was never taken again")
					})
				})
			}
			wg.Wait()
		})
	}
}

// mustHave fails when the undisturbed run was not seen to go the whole way.
func mustHave(t *testing.T, steps []step) {
	t.Helper()
	var all strings.Builder
	for _, s := range steps {
		all.WriteString(s.String() + "\n")
	}
	for _, want := range []string{
		"store: record a postmortem", "store: claim item", "append action_intended:create", "store: bind the ticket", "append action_done:create",
		"store: record ticket.closed", "append ticket_closed", "append verdict", "append action_intended:label", "append action_done:label",
		"append action_intended:reopen action_intended:comment", "append action_done:reopen", "append action_done:comment",
		"append action_intended:update", "append action_done:update", "append command action_intended:reply", "append action_done:reply",
		"store: record a deployment", "store: claim deployment", "append deployment_heard", "append action_intended:close", "append action_done:close",
		"store: save the snapshot", "store: done with item", "store: done with deployment",
	} {
		require.Contains(t, all.String(), want, "the undisturbed run took the steps\n%s", all.String())
	}
}

// crashStory is the life of one item: filed, changed by its document, closed
// too early, asked about, and shipped.
type crashStory struct {
	*world
	gate    *gate
	tracker string
	binary  string
	file    string // of the configuration
	prog    *program
	killed  bool
	stop    context.CancelFunc
	gone    sync.WaitGroup
}

const storyID = incident + "/1"

func newCrashStory(t *testing.T, binary, tracker string, at step) *crashStory {
	t.Helper()
	g := newGate(at)
	// No sweep: what it would find must not hide what was lost.
	w := prepare(t, scene{gate: g, policy: "grace: 1s", sweep: "24h", realTime: true})
	s := &crashStory{world: w, gate: g, tracker: tracker, binary: binary, file: filepath.Join(t.TempDir(), "holdfast.yaml")}
	direct := w.redis.Options().Addr
	text := strings.Replace(w.config, "redis://"+direct, "redis://"+g.store(t, direct), 1)
	require.NotEqual(t, w.config, text)
	require.NoError(t, os.WriteFile(s.file, []byte(text), 0o600))
	s.prog = w.serve(binary, s.file, w.log)
	t.Cleanup(func() { s.prog.kill() })
	t.Cleanup(w.tellLedgers) // while the program can still be asked
	// The sweep of a start is on nobody's way.
	t.Cleanup(s.tellQueue)
	w.until("the first sweep", func() bool {
		at, err := w.redis.ZMScore(t.Context(), "{holdfast}:due", "sweep/github", "sweep/jira", "retention/all").Result()
		soon := float64(time.Now().Add(time.Hour).UnixMilli())
		return err == nil && slices.Min(at) > soon && !s.unquiet(func(string) bool { return true })
	})
	w.gh.SetWebhook(w.url+"/webhooks/github", hookSecret)
	w.jira.SetWebhook(w.url+"/webhooks/jira", hookSecret)
	ctx, stop := context.WithCancel(t.Context())
	s.gone.Go(func() { w.redeliver(ctx) })
	s.gone.Go(func() { s.reaper(ctx) })
	s.stop = sync.OnceFunc(func() { stop(); s.gone.Wait() })
	t.Cleanup(s.stop)
	return s
}

// tellQueue shows, when the test has failed, what was due and held.
func (s *crashStory) tellQueue() {
	if !s.t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	due, err := s.redis.ZRangeWithScores(ctx, "{holdfast}:due", 0, -1).Result()
	held, herr := s.redis.HKeys(ctx, "{holdfast}:leases").Result()
	s.t.Logf("at %s held %v, due: (%v)", time.Now().UTC().Format("15:04:05.000"), held, errors.Join(err, herr))
	for _, z := range due {
		s.t.Logf("  %s %v", time.UnixMilli(int64(z.Score)).UTC().Format("15:04:05.000"), z.Member)
	}
}

// reaper kills the program when it has reached its step, lets the lease of
// what it held run out, and starts another one.
func (s *crashStory) reaper(ctx context.Context) {
	select {
	case <-s.gate.hit:
	case <-ctx.Done():
		return
	}
	s.prog.kill()
	s.killed = true
	if err := s.expire(ctx); err != nil {
		s.t.Errorf("letting the leases run out: %v", err)
	}
	s.gate.open()
	next, err := s.launch(s.binary, s.file, s.log)
	if err != nil {
		s.t.Errorf("starting the next one: %v", err)
		return
	}
	s.prog = next
}

// expire moves the end of every lease to now, as if its time had passed: the
// holder is dead, and half a minute of waiting shows nothing more. That no
// lease is longer is looked at here.
func (s *crashStory) expire(ctx context.Context) error {
	held, err := s.redis.HKeys(ctx, "{holdfast}:leases").Result()
	if err != nil {
		return err
	}
	for _, subject := range held {
		until, err := s.redis.ZScore(ctx, "{holdfast}:due", subject).Result()
		if errors.Is(err, redis.Nil) {
			continue // what it had sent before it died gave the lease back
		}
		if err != nil {
			return err
		}
		now := time.Now().UnixMilli()
		if int64(until) > now+30_000 {
			return fmt.Errorf("the lease of %s goes on for more than 30 s", subject)
		}
		if err := s.redis.ZAdd(ctx, "{holdfast}:due", redis.Z{Score: float64(now), Member: subject}).Err(); err != nil {
			return err
		}
	}
	return nil
}

// insist repeats a call until it is answered, as CI does.
func (s *crashStory) insist(what string, call func() error) {
	s.t.Helper()
	s.until(what, func() bool {
		err := call()
		var refused *api.Error
		if errors.As(err, &refused) && !refused.Transient() {
			s.t.Fatalf("%s: %v", what, err)
		}
		return err == nil
	})
}

// phase plays one step of the story, waits until it is so, and until nothing
// is left to be done.
func (s *crashStory) phase(name string, do func(), so func(d api.ItemDetail) bool) {
	s.t.Helper()
	s.gate.enter(name)
	do()
	quiet := 0
	// Many stories go on at once, and none should look so often that it holds
	// the others up.
	s.untilEvery(25*time.Millisecond, "the end of: "+name, func() bool {
		if s.unquiet(func(kind string) bool { return slices.Contains(onTheWay, kind) }) {
			quiet = 0
			return false
		}
		d, err := s.api.Item(s.t.Context(), storyID)
		if err != nil || unresolved(d) > 0 || !so(d) {
			quiet = 0
			return false
		}
		quiet++
		return quiet > 2
	})
}

// unquiet reports whether a delivery is on its way, or a subject of such a kind
// held, or due within the time in which a failed attempt is repeated.
func (s *crashStory) unquiet(counts func(kind string) bool) bool {
	ctx := s.t.Context()
	if s.gh.Flush(ctx) != nil || s.jira.Flush(ctx) != nil {
		return true
	}
	held, err := s.redis.HKeys(ctx, "{holdfast}:leases").Result()
	if err != nil {
		return true
	}
	due, err := s.redis.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "{holdfast}:due", ByScore: true, Start: "-inf", Stop: fmt.Sprint(time.Now().Add(20 * time.Second).UnixMilli())}).Result()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(append(held, due...), func(subject string) bool { return counts(part(subject, 0)) })
}

// play is the story.
func (s *crashStory) play() {
	service, ticketOpen := "checkout", func() bool { return s.issue(1).State == "open" }
	refs, closeIt := "Refs #1", func() { s.close(1) }
	say := func(text string) { s.comment(1, "carol", text) }
	if s.tracker == "jira" {
		service, ticketOpen = "payments", func() bool { return !s.pay(1).Closed() }
		refs = "Refs PAY-1"
		closeIt = func() { require.NoError(s.t, s.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done")) }
		say = func(text string) {
			_, err := s.jira.CommentOn("PAY-1", "account-carol", text)
			require.NoError(s.t, err)
		}
	}
	send := func(title string) {
		body := []byte(document(incident, line{Title: title, Service: service}))
		s.insist("filing", func() error {
			_, err := s.api.File(s.t.Context(), api.FileRequest{ContentType: api.JSONType, Body: body})
			return err
		})
	}
	s.phase("file", func() { send("Time out calls") }, func(d api.ItemDetail) bool { return d.Ticket != nil })
	s.phase("edit", func() { send("Time out all calls") }, func(api.ItemDetail) bool { return s.title() == "Time out all calls" })
	s.phase("close", closeIt, func(d api.ItemDetail) bool { return d.Reopened == 1 && ticketOpen() && s.ours() == 1 })
	s.phase("ask", func() { say("/holdfast status") }, func(api.ItemDetail) bool { return s.ours() == 2 })
	repo := "acme/" + service
	var sha string
	s.phase("push", func() { sha = s.commit(repo, "The fix\n\n"+refs) }, func(d api.ItemDetail) bool { return len(d.Changes) == 1 })
	r := api.DeploymentReport{ID: "run-1", Service: service, Environment: "prod-eu", SHA: sha, Status: domain.Success, Percent: 100, FinishedAt: time.Now()}
	ci := api.NewClient(s.url, ciToken)
	s.phase("ship", func() {
		s.insist("reporting the deployment", func() error { _, _, err := ci.Deployed(s.t.Context(), r); return err })
	}, func(d api.ItemDetail) bool { return d.Status == "done" && !ticketOpen() })
	s.stop()
	s.check()
}

func (s *crashStory) title() string {
	if s.tracker == "jira" {
		return s.pay(1).Summary
	}
	return s.issue(1).Title
}

// ours counts the comments of Holdfast.
func (s *crashStory) ours() (n int) {
	if s.tracker == "jira" {
		for _, c := range s.pay(1).Comments {
			if c.Author == s.jira.BotAccount() {
				n++
			}
		}
		return n
	}
	for _, c := range s.issue(1).Comments {
		if c.Author == "holdfast-bot" {
			n++
		}
	}
	return n
}

// check looks at the trackers and the ledger when all is over.
func (s *crashStory) check() {
	reopened, closed := 0, 0
	if s.tracker == "jira" {
		require.Len(s.t, s.jira.Issues("PAY"), 1, "one ticket")
		for _, m := range s.pay(1).Moves {
			switch {
			case m.Actor != s.jira.BotAccount():
			case m.To == "Done":
				closed++
			case m.From == "Done":
				reopened++
			}
		}
	} else {
		require.Len(s.t, s.gh.Issues(checkout), 1, "one ticket")
		for _, e := range s.issue(1).Events {
			switch {
			case e.Actor != "holdfast-bot":
			case e.Kind == "closed":
				closed++
			case e.Kind == "reopened":
				reopened++
			}
		}
	}
	require.Equal(s.t, 1, reopened, "one reopening")
	require.Equal(s.t, 1, closed, "one close")
	require.Equal(s.t, 2, s.ours(), "one comment and one answer")
	d := s.item(storyID)
	require.Equal(s.t, 1, d.Reopened)
	checkLedger(s.t, d)
	outcomes := map[string]int{}
	for _, e := range d.Ledger {
		if e.Kind == domain.Outcome {
			outcomes[e.Action.ID]++
			require.Equal(s.t, 1, outcomes[e.Action.ID], "outcomes of %s", e.Note)
		}
	}
}

// done lists what the ledger says was done, and seen, each as often as it was.
// A label of its own is left out: after a kill the grace may be over, and the
// reopening brings the label.
func (s *crashStory) done() []string {
	var out []string
	for _, e := range s.item(storyID).Ledger {
		switch {
		case e.Name == domain.ActionDone && e.Action.Kind != domain.ActLabel && e.Action.Kind != domain.ActUnlabel:
			out = append(out, string(e.Name)+" "+string(e.Action.Kind))
		case e.Name == domain.ItemFiled, e.Name == domain.ItemUpdated, e.Name == domain.TicketClosed, e.Name == domain.ChangeLinked,
			e.Name == domain.Commanded, e.Name == domain.DeploymentHeard:
			out = append(out, string(e.Name))
		}
	}
	slices.Sort(out)
	return out
}
