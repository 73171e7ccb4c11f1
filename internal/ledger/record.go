package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

const (
	// batchEvents and batchBytes bound what one round trip commits.
	batchEvents = 128
	batchBytes  = 4 << 20
	// commitTimeout bounds one round trip; recordTimeout what a caller waits in
	// all. A sender of webhooks gives up after about ten seconds.
	commitTimeout = 4 * time.Second
	recordTimeout = 6 * time.Second

	// seenFor is how long a delivery is remembered at least: GitHub redelivers
	// for three days, and people press the button later than that.
	seenFor = 8 * 24 * time.Hour
	// eventsKept is about how many events the stream keeps for a look back.
	eventsKept = 100_000
	// claimsKept and claimsFor bound the claims on a ticket that nobody tracks.
	claimsKept = 64
	claimsFor  = 180 * 24 * time.Hour
)

// pending is an event on its way to the committer, and the way back.
type pending struct {
	prepared
	nonce string
	done  chan result
}

type result struct {
	first bool
	err   error
}

// Record stores an event once, with all that follows from it: the ledger
// entries of the items that it concerns, claims of changes, deployments, and
// the subjects that are now due. first is false when this (Tracker, ID) was
// recorded before; then nothing happens. Record returns when the event is as
// durable as the store is configured to make it; after an error it may or may
// not be stored, and may be recorded again. Concurrent calls share round trips.
// An event that the store would refuse for ever is kept as a dead letter, which
// counts as recorded: sending it again would not help.
func (l *Ledger) Record(ctx context.Context, ev domain.Event) (first bool, err error) {
	first, err = l.record(ctx, ev)
	if err == nil || !poison(err) && !errors.Is(err, errTooLarge) {
		return first, err
	}
	text, jsonErr := json.Marshal(ev)
	if jsonErr != nil {
		return false, err
	}
	l.log.Error("an event was refused by the store and is kept as a dead letter", "event_id", cut(ev.ID), "err", err, "remedy", "holdfast dead-letters")
	if err := l.Bury(ctx, DeadLetter{Kind: LetterEvent, Subject: "delivery " + ev.Tracker + "/" + ev.ID, Reason: err.Error(), Payload: string(text)}); err != nil {
		return false, err
	}
	return true, nil
}

func (l *Ledger) record(ctx context.Context, ev domain.Event) (first bool, err error) {
	prep, err := l.prepare(ev)
	if err != nil {
		return false, fmt.Errorf("recording event %q: %w", cut(ev.ID), err)
	}
	p := &pending{
		prepared: prep,
		nonce:    l.instance + strconv.FormatInt(l.serial.Add(1), 36),
		done:     make(chan result, 1),
	}
	r := l.submit(ctx, p)
	if r.err != nil && !errors.Is(r.err, ErrClosed) {
		r.err = fmt.Errorf("recording event %q: %w", cut(ev.ID), r.err)
	}
	return r.first, r.err
}

// submit hands an event to the committer and waits for what became of it.
func (l *Ledger) submit(ctx context.Context, p *pending) result {
	if l.closed() {
		return result{err: ErrClosed}
	}
	late := time.NewTimer(recordTimeout)
	defer late.Stop()
	select {
	case l.in <- p:
	case <-l.quit:
		return result{err: ErrClosed}
	case <-late.C:
		return result{err: context.DeadlineExceeded}
	case <-ctx.Done():
		return result{err: ctx.Err()}
	}
	select {
	case r := <-p.done:
		return r
	case <-l.drained:
		// What the committer took before its end has its answer; what came
		// too late for it was not touched.
		select {
		case r := <-p.done:
			return r
		default:
			return result{err: ErrClosed}
		}
	case <-late.C:
		return result{err: context.DeadlineExceeded}
	case <-ctx.Done():
		return result{err: ctx.Err()}
	}
}

func (l *Ledger) closed() bool {
	select {
	case <-l.quit:
		return true
	default:
		return false
	}
}

// commitLoop collects what waits and commits it, one batch after the other:
// while a batch is under way, the next one gathers by itself.
func (l *Ledger) commitLoop() {
	defer close(l.drained)
	c := newCommitter(l)
	for {
		select {
		case p := <-l.in:
			// Whoever is about to record comes first: it costs nobody time where
			// nothing else runs, and a busy process gets larger batches.
			runtime.Gosched()
			c.commit(l.gather(p))
		case <-l.quit:
			// Who is already in the queue gets an answer.
			select {
			case p := <-l.in:
				c.commit(l.gather(p))
			default:
				return
			}
		}
	}
}

func (l *Ledger) gather(p *pending) []*pending {
	batch, size := []*pending{p}, p.size
	for len(batch) < batchEvents && size < batchBytes {
		select {
		case p := <-l.in:
			batch = append(batch, p)
			size += p.size
		default:
			return batch
		}
	}
	return batch
}

// commit answers every event of the batch.
func (c *committer) commit(batch []*pending) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	firsts, err := c.store(ctx, batch)
	if err != nil && len(batch) > 1 && isReply(err) {
		// The server refused the script. If one event is the reason, the others
		// must not suffer for it.
		for _, p := range batch {
			one, err := c.store(ctx, []*pending{p})
			p.done <- result{len(one) == 1 && one[0], err}
		}
		return
	}
	for i, p := range batch {
		p.done <- result{err == nil && firsts[i], err}
	}
}

var errUnsettled = errors.New("the tickets of the batch kept changing hands")

// committer stores batches. Only the commit loop uses it.
type committer struct {
	l *Ledger
	// What we believe of the index, so that a batch needs no question first.
	// The script verifies every belief that it acts on and corrects us.
	tickets map[string]string // refField → item; only those known to be tracked
	items   map[string]bool   // only those known to exist
}

// believed bounds each map of beliefs.
const believed = 50_000

func newCommitter(l *Ledger) *committer {
	return &committer{l: l, tickets: map[string]string{}, items: map[string]bool{}}
}

// store commits the batch in one script and reports which events were new.
func (c *committer) store(ctx context.Context, batch []*pending) ([]bool, error) {
	for range 5 {
		p := c.plan(batch)
		reply, err := c.l.run(ctx, recordScript, p.keys, p.args...).Slice()
		if err != nil {
			return nil, err
		}
		if len(reply) > 0 && reply[0] == "wrong" && len(reply) == 1+len(p.fields)+len(p.ids) {
			c.learn(p, reply[1:])
			continue
		}
		if len(reply) != 2+len(batch) || reply[0] != "done" {
			return nil, fmt.Errorf("the record script answered %d words for %d events", len(reply), len(batch))
		}
		firsts := make([]bool, len(batch))
		for i, p := range batch {
			r, _ := reply[2+i].(int64)
			firsts[i] = r > 0
			if r > 1 {
				c.l.log.Warn("a deployment report names another commit than an earlier one with the same id; it was not stored",
					"event_id", cut(p.eventID))
			}
		}
		if reply[1] == int64(1) {
			c.l.wake.all()
		}
		return firsts, nil
	}
	return nil, errUnsettled
}

// learn takes what the script found instead of what we believed.
func (c *committer) learn(p *plan, found []any) {
	if len(c.tickets) > believed {
		clear(c.tickets)
	}
	if len(c.items) > believed {
		clear(c.items)
	}
	for i, f := range p.fields {
		if item, _ := found[i].(string); item != "" {
			c.tickets[f] = item
		} else {
			delete(c.tickets, f)
		}
	}
	for i, id := range p.ids {
		if found[len(p.fields)+i] == int64(1) {
			c.items[id] = true
		} else {
			delete(c.items, id)
		}
	}
}

// cut bounds what others wrote before it goes into an error or a log.
func cut(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
