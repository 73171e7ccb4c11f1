package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/messenger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/internal/report"
)

const (
	// reportTime is how long building and sending one message may take: a
	// million items take a minute.
	reportTime  = 20 * time.Minute
	reportLease = 30 * time.Second
	// giveUpAfter is when a message that no channel takes is given up. The next
	// report tells of it.
	giveUpAfter = 4 * 24 * time.Hour
	sendFirst   = 30 * time.Second
	sendMax     = time.Hour

	scheduleSubject = "report/schedule"
	sinceMeta       = "reports-since"
)

// sender sends the weekly reports. Who is to get what and when follows from
// the configuration; what was sent stands in the store, so that a message is
// sent once, however many processes there are and whenever one dies.
type sender struct {
	a        *App
	mu       sync.Mutex
	counts   map[[2]string]int // channel, outcome
	stopping context.Context   // ended when the process is to end
}

func newSender(a *App) *sender {
	return &sender{a: a, counts: map[[2]string]int{}, stopping: context.Background()}
}

// handle works on a subject "report/…".
func (s *sender) handle(ctx context.Context, l ledger.Lease, id string) (time.Time, error) {
	switch id {
	case "schedule":
		return s.schedule(ctx)
	case "reminders":
		return s.remind(ctx, l)
	}
	week, key, _ := strings.Cut(id, "/")
	w, err := report.ParseWeek(week)
	if err != nil {
		return time.Time{}, fmt.Errorf("a subject that names no week: %w", err)
	}
	return s.deliver(ctx, l, w, key)
}

// schedule makes every message due whose time has come, and says when the next
// one's does. What was due before reports were sent at all is not sent.
func (s *sender) schedule(ctx context.Context) (time.Time, error) {
	cfg, now := s.a.cfg.Load(), s.a.o.Now()
	since, err := s.since(ctx, now)
	if err != nil {
		return time.Time{}, err
	}
	var next time.Time
	for _, x := range destinations(cfg) {
		if len(x.zones) == 0 { // a director of no teams
			continue
		}
		w, at := x.last(cfg, now)
		if n := x.when(cfg, w.Add(1)); next.IsZero() || n.Before(next) {
			next = n
		}
		if at.Before(since) || now.Sub(at) > giveUpAfter {
			continue
		}
		rec, known, err := s.a.ledger.Sending(ctx, w.String(), x.key)
		if err != nil {
			return time.Time{}, err
		}
		if known && (!rec.SentAt.IsZero() || !rec.GivenUp.IsZero()) {
			continue
		}
		if !known && x.channel != "email" {
			// A new address in place of one that got it is the same channel.
			sent, err := s.a.ledger.Sendings(ctx, w.String())
			if err != nil {
				return time.Time{}, err
			}
			if sentElsewhere(sent, x.key, x.channel, x.teams) {
				continue
			}
		}
		if err := s.a.ledger.Touch(ctx, now, "report/"+w.String()+"/"+x.key); err != nil {
			return time.Time{}, err
		}
	}
	return next, nil
}

// since is when this installation began to send reports.
func (s *sender) since(ctx context.Context, now time.Time) (time.Time, error) {
	text, err := s.a.ledger.Meta(ctx, sinceMeta)
	if err != nil {
		return now, err
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return now, s.a.ledger.SetMeta(ctx, sinceMeta, now.UTC().Format(time.RFC3339), 0)
}

// deliver makes one attempt at one message. The intent is recorded before it,
// and the outcome after it: if we crash in between, the next attempt knows that
// the message may have arrived.
func (s *sender) deliver(ctx context.Context, l ledger.Lease, w report.Week, key string) (time.Time, error) {
	cfg, now := s.a.cfg.Load(), s.a.o.Now().UTC()
	list := destinations(cfg)
	i := slices.IndexFunc(list, func(x *destination) bool { return x.key == key })
	if i < 0 {
		return time.Time{}, nil // the configuration no longer names it
	}
	x := list[i]
	rec, known, err := s.a.ledger.Sending(ctx, w.String(), key)
	if err != nil {
		return time.Time{}, err
	}
	if known && (!rec.SentAt.IsZero() || !rec.GivenUp.IsZero()) {
		return time.Time{}, nil
	}
	ctx, stop := s.keep(ctx, l)
	defer stop()
	d, err := s.digest(ctx, x, w)
	if err != nil {
		return time.Time{}, err
	}
	// Without an outcome the process died between sending and recording.
	rec.MayRepeat = known && (rec.MayRepeat || rec.Error == "")
	if !known {
		rec = ledger.Sending{Week: w.String(), MessageID: "holdfast." + w.String() + "." + strings.ReplaceAll(key, "/", ".")}
	}
	rec.Channel, rec.To, rec.Teams, rec.IntendAt, rec.Error = x.channel, x.shown, x.teams, now, ""
	rec.Attempts++
	if err := s.a.ledger.SetSending(ctx, l, key, rec); err != nil {
		return time.Time{}, conflictIsDone(err)
	}
	msg := messenger.Message{ID: rec.MessageID, Digest: d, Again: rec.MayRepeat, Thread: rec.Thread, At: x.when(cfg, w)}
	// What was begun is finished, or cut off by the channel's own limit.
	whole := context.WithoutCancel(ctx)
	sendErr := x.send.Send(whole, msg, func(thread string) error {
		rec.Thread, rec.MayRepeat = thread, false
		return s.a.ledger.SetSending(whole, l, key, rec)
	})
	return s.outcome(whole, l, x, rec, sendErr, x.when(cfg, w))
}

func conflictIsDone(err error) error {
	if errors.Is(err, ledger.ErrConflict) {
		return nil // another process had it confirmed
	}
	return err
}

// outcome records what came of an attempt, and says when the next one is.
func (s *sender) outcome(ctx context.Context, l ledger.Lease, x *destination, rec ledger.Sending, sendErr error, at time.Time) (time.Time, error) {
	now := s.a.o.Now().UTC()
	rec.MayRepeat = rec.MayRepeat || messenger.MayHaveCome(sendErr)
	log := s.a.log.With("component", "reports", "week", rec.Week, "channel", x.channel, "to", x.shown, "attempt", rec.Attempts)
	var next time.Time
	switch {
	case sendErr == nil:
		rec.SentAt, rec.Error = now, ""
		s.count(x.channel, "sent")
		log.Info("the weekly report was sent")
	case now.Sub(at) > giveUpAfter:
		rec.GivenUp, rec.Error = now, report.OneLine(sendErr.Error())
		s.count(x.channel, "given_up")
		log.Error("the weekly report was given up; the next one tells of it", "err", rec.Error)
	default:
		rec.Error = report.OneLine(sendErr.Error())
		s.count(x.channel, "failed")
		wait := min(sendFirst<<min(rec.Attempts-1, 12), sendMax)
		if messenger.IsRefused(sendErr) {
			wait = sendMax
		}
		wait = max(wait, min(messenger.BusyFor(sendErr), sendMax))
		next = now.Add(wait)
		log.Warn("the weekly report could not be sent; it is tried again", "err", rec.Error, "at", next)
	}
	return next, conflictIsDone(s.a.ledger.SetSending(ctx, l, x.key, rec))
}

// keep holds the lease while a long piece of work goes on, and ends the work
// when the process is to end or the lease is lost.
func (s *sender) keep(ctx context.Context, l ledger.Lease) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(s.stopping, cancel)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(reportLease / 3)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				if err := s.a.ledger.Renew(ctx, l, reportLease); errors.Is(err, ledger.ErrLeaseLost) {
					cancel()
				}
			}
		}
	}()
	return ctx, func() { unhook(); cancel(); <-done }
}

// digest builds what the destination gets.
func (s *sender) digest(ctx context.Context, x *destination, w report.Week) (report.Digest, error) {
	var d report.Digest
	build := func(teams []string) ([]report.Report, error) {
		var out []report.Report
		for _, t := range teams {
			r, err := s.a.backend.WeeklyReport(ctx, t, w.String())
			if err != nil {
				return nil, fmt.Errorf("building the report of %s for %s: %w", w, t, err)
			}
			out = append(out, r)
		}
		return out, nil
	}
	var err error
	if x.overview {
		if d.Overview, err = build(slices.Sorted(maps.Keys(s.a.reconciler.Setup().Teams))); err != nil {
			return d, err
		}
		for i := range d.Overview {
			d.Overview[i] = d.Overview[i].Row()
		}
	}
	d.Reports, err = build(x.teams)
	return d, err
}

func (s *sender) count(channel, outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[[2]string{channel, outcome}]++
}

// undelivered lists the messages of a week for a team that were not confirmed,
// in words.
func undelivered(ctx context.Context, l *ledger.Ledger, team string, w report.Week) ([]string, error) {
	list, err := l.Sendings(ctx, w.String())
	if err != nil {
		return nil, err
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(list)) {
		rec := list[key]
		replaced := rec.Channel != "email" && sentElsewhere(list, key, rec.Channel, rec.Teams)
		if rec.SentAt.IsZero() && !replaced && (team == "" || slices.Contains(rec.Teams, team)) {
			out = append(out, fmt.Sprintf("%s to %s (%s)", rec.Channel, rec.To, cmp.Or(rec.Error, "not confirmed")))
		}
	}
	return out, nil
}

// sentElsewhere reports whether another address of the same channel got the
// message for the same teams: where an address is replaced, it is known under
// another key.
func sentElsewhere(list map[string]ledger.Sending, key, channel string, teams []string) bool {
	for k, rec := range list {
		if k != key && rec.Channel == channel && !rec.SentAt.IsZero() && slices.Equal(rec.Teams, teams) {
			return true
		}
	}
	return false
}

// Deliveries implements api.Backend.
func (b *Backend) Deliveries(ctx context.Context, week string) (string, []api.DeliveryView, error) {
	p, err := b.period(b.reconciler.Setup(), "", week)
	if err != nil {
		return "", nil, err
	}
	known, err := b.ledger.Sendings(ctx, p.Week.String())
	if err != nil {
		return "", nil, storeError(err)
	}
	cfg := b.config()
	var out []api.DeliveryView
	for _, x := range destinations(cfg) {
		v := api.DeliveryView{Channel: x.channel, To: x.shown, Teams: append([]string{}, x.teams...), Kind: "lead", At: x.when(cfg, p.Week).UTC(), State: "planned"}
		if x.overview {
			v.Kind = "director"
		}
		if b.now().Sub(v.At) > time.Minute {
			v.State = "not_sent"
		}
		if rec, ok := known[x.key]; ok {
			v.Attempts, v.Error, v.MessageID, v.SentAt = rec.Attempts, rec.Error, rec.MessageID, api.Time(rec.SentAt)
			switch {
			case !rec.SentAt.IsZero():
				v.State = "sent"
			case !rec.GivenUp.IsZero():
				v.State = "given_up"
			default:
				v.State = "trying"
			}
		}
		out = append(out, v)
	}
	return p.Week.String(), out, nil
}

// long are the subjects whose work may outlast a lease.
func (a *App) long() map[string]reconcile.Long {
	return map[string]reconcile.Long{"report": {Time: reportTime, Handle: a.sender.handle}}
}
