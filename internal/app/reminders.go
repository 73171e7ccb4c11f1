package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/messenger"
	"github.com/holdfast-dev/holdfast/internal/report"
)

const (
	remindersSubject = "report/reminders"
	channelTicket    = "ticket"
	// remindedFor is how long it is remembered that somebody was told; a due
	// day that was moved is another one.
	remindedFor = 400 * 24 * time.Hour
	remindRetry = 10 * time.Minute
	// remindAtMost is how many items one digest tells of.
	remindAtMost = 40
)

// What is told once of an item and its due day.
const (
	dueSoon  = "due_soon"  // to the owner
	dueOver  = "due_over"  // to the owner
	leadOver = "lead_over" // to the lead
)

// digestTo is one reminder: everything for one address on one day.
type digestTo struct {
	*destination
	day   string
	lines []messenger.NoteLine
	marks []string // what is remembered once it was sent
	items map[string]bool
	due   map[string]string // by item: the due days, for what is told on tickets
}

// remind sends what is to be told today, and says when to look again. Each
// address gets at most one digest a day, and each item is in it once.
func (s *sender) remind(ctx context.Context, l ledger.Lease) (time.Time, error) {
	cfg, now := s.a.cfg.Load(), s.a.o.Now()
	ctx, stop := s.keep(ctx, l)
	defer stop()
	teams, next := remindNow(cfg, now)
	if len(teams) == 0 {
		return next, nil
	}
	digests, err := s.digests(ctx, cfg, teams, now)
	if err != nil {
		return time.Time{}, err
	}
	again := false
	for _, d := range digests {
		sent, err := s.sendReminder(ctx, l, d, now)
		if err != nil {
			return time.Time{}, err
		}
		again = again || !sent
	}
	if soon := now.Add(remindRetry); again && (next.IsZero() || soon.Before(next)) {
		next = soon
	}
	return next, nil
}

// remindNow lists the teams whose hour has come and whose quiet hours have not,
// and says when the next one's comes.
func remindNow(cfg *config.Config, now time.Time) (teams []config.Team, next time.Time) {
	r := cfg.Reports.Reminders
	if r.Before == 0 {
		return nil, time.Time{}
	}
	hour, minute := clockOf(r.At)
	for _, t := range cfg.Teams {
		local, c := now.In(t.Location()), calendar(t)
		y, m, d := local.Date()
		at := time.Date(y, m, d, hour, minute, 0, 0, t.Location())
		if c.Works(local) && !local.Before(at) && !r.IsQuiet(local.Format("15:04")) {
			teams = append(teams, t)
		}
		if !local.Before(at) {
			at = time.Date(y, m, d+1, hour, minute, 0, 0, t.Location())
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return teams, next
}

// digests works out what each address is to be told.
func (s *sender) digests(ctx context.Context, cfg *config.Config, teams []config.Team, now time.Time) ([]*digestTo, error) {
	b := &reminderBook{s: s, cfg: cfg, now: now, dir: &directory{cfg: cfg, byKey: map[string]*destination{}}, byKey: map[string]*digestTo{}, weekly: destinations(cfg)}
	byName := map[string]config.Team{}
	for _, t := range teams {
		byName[t.Name] = t
	}
	for after := ""; ; {
		ids, err := s.a.ledger.ItemIDs(ctx, after, itemsAtOnce)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			return b.list, nil
		}
		after = ids[len(ids)-1]
		states, err := s.a.ledger.States(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, st := range states {
			if t, ok := byName[st.Spec.Team]; ok && report.Open(st) && st.Spec.Due != "" {
				if err := b.add(ctx, t, st); err != nil {
					return nil, err
				}
			}
		}
	}
}

// reminderBook gathers digests.
type reminderBook struct {
	s     *sender
	cfg   *config.Config
	now   time.Time
	dir   *directory
	list  []*digestTo
	byKey map[string]*digestTo

	weekly []*destination // who gets the weekly report
}

func (b *reminderBook) add(ctx context.Context, t config.Team, st domain.State) error {
	local := b.now.In(t.Location())
	today := local.Format(time.DateOnly)
	due, err := time.Parse(time.DateOnly, st.Spec.Due)
	if err != nil {
		return nil //nolint:nilerr // no due date, nothing to remind of
	}
	// In the team's working days: what is due on a Monday is told on the
	// Thursday before.
	over := calendar(t).Between(dayOf(due), dayOf(local))
	r := b.cfg.Reports.Reminders
	days := func(d config.Duration) int { return int(time.Duration(d) / (24 * time.Hour)) }
	owner := b.owner(st, today)
	past := dayOf(due).Before(dayOf(local))
	switch {
	case past:
		err = b.tell(ctx, dueOver, today, st, t, owner, fmt.Sprintf("was due on %s", st.Spec.Due))
	case -over <= days(r.Before):
		err = b.tell(ctx, dueSoon, today, st, t, owner, fmt.Sprintf("is due on %s", st.Spec.Due))
	}
	// After an escalation the lead heard of it today.
	if err != nil || r.LeadAfter == 0 || over < days(r.LeadAfter) || b.on(st.EscalatedAt, t.Name) == today {
		return err
	}
	for _, x := range b.leads(t) {
		if err := b.tell(ctx, leadOver, today, st, t, x, fmt.Sprintf("is %d days over its due day, %s", over, st.Spec.Due)); err != nil {
			return err
		}
	}
	return nil
}

// leads is where the leads of a team are reached: by mail, else through the
// team's chat.
func (b *reminderBook) leads(t config.Team) []*destination {
	var out []*destination
	for _, lead := range t.Leads {
		if x := b.dir.mail(lead); x != nil {
			out = append(out, x)
		}
	}
	if x := b.chat(t.Name); len(out) == 0 && x != nil {
		out = append(out, x)
	}
	return out
}

// dayOf is the day that t shows, as calendars count days.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// on is the day of a moment, in the team's time zone.
func (b *reminderBook) on(at time.Time, team string) string {
	t, _ := b.cfg.Team(team)
	return at.In(t.Location()).Format(time.DateOnly)
}

// reported reports whether the weekly report on the team comes to the same
// address today: it tells the same, and nobody is to be told twice on one day.
func (b *reminderBook) reported(x *destination, t config.Team) bool {
	if !strings.EqualFold(b.now.In(t.Location()).Weekday().String(), b.cfg.Reports.Weekly.Day) {
		return false
	}
	return slices.ContainsFunc(b.weekly, func(w *destination) bool { return w.key == x.key && slices.Contains(w.teams, t.Name) })
}

// owner is where the owner of an item is reached: the first way that leads
// somewhere. nil: not at all.
func (b *reminderBook) owner(st domain.State, today string) *destination {
	for _, way := range b.cfg.Reports.Reminders.Via {
		var x *destination
		switch way {
		case config.ViaMail:
			x = b.ownersMail(st)
		case config.ViaChat:
			x = b.chat(st.Spec.Team)
		case config.ViaTicket:
			// After a reopening the ticket has said today how it stands.
			if st.Ticket != nil && !st.Ticket.Closed && b.on(st.ReopenedAt, st.Spec.Team) != today {
				x = b.dir.at(channelTicket, st.Spec.Team, "tickets of "+st.Spec.Team, nil)
			}
		}
		if x != nil {
			return x
		}
	}
	return nil
}

// ownersMail is the mail address of who works on an item.
func (b *reminderBook) ownersMail(st domain.State) *destination {
	names := []string{st.Spec.Owner}
	if st.Ticket != nil && len(st.Ticket.Assignees) > 0 {
		names = st.Ticket.Assignees // a person may have given it to somebody else
	}
	for _, p := range b.cfg.PersonList {
		for _, n := range names {
			n = strings.TrimPrefix(n, "@")
			if n != "" && slices.ContainsFunc([]string{p.Name, p.Email, p.GitHub, p.Jira}, func(x string) bool { return strings.EqualFold(x, n) }) {
				if x := b.dir.mail(config.Person{Name: p.Name, Email: p.Email}); x != nil {
					return x
				}
			}
		}
	}
	return nil
}

// chat is the channel of a team.
func (b *reminderBook) chat(team string) *destination {
	t, _ := b.cfg.Team(team)
	chat := t.Notify
	chat.Directory, chat.Webhook = "", nil
	var out *destination
	b.dir.notify(chat, t.Name, func(x *destination) {
		if out == nil {
			out = x
		}
	})
	return out
}

// tell puts an item into the digest of an address, unless that was told before
// or tells of the item already.
func (b *reminderBook) tell(ctx context.Context, what, today string, st domain.State, t config.Team, x *destination, words string) error {
	if x == nil || b.reported(x, t) {
		return nil
	}
	id := st.Spec.ID
	mark := what + "|" + id + "|" + st.Spec.Due
	if what == leadOver {
		mark += "|" + x.key
	}
	told, err := b.s.a.ledger.Meta(ctx, "reminded:"+mark)
	if err != nil || told != "" {
		return err
	}
	d := b.byKey[x.key]
	if d == nil {
		d = &digestTo{destination: x, day: today, items: map[string]bool{}, due: map[string]string{}}
		b.byKey[x.key] = d
		b.list = append(b.list, d)
	}
	if !d.items[id] && len(d.lines) >= remindAtMost {
		return nil // it is told tomorrow
	}
	d.marks = append(d.marks, mark)
	if d.items[id] {
		return nil
	}
	d.items[id], d.due[id] = true, st.Spec.Due
	line := messenger.NoteLine{Label: id, Text: fmt.Sprintf("%s (%s, team %s) %s.", st.Spec.Title, st.Spec.Priority, t.Name, words)}
	if st.Ticket != nil {
		line.Label, line.URL = st.Ticket.Ref.Key(), st.Ticket.URL
	}
	switch {
	case x.channel == "email":
	case st.Spec.Owner != "":
		line.Text += " Owner: " + st.Spec.Owner + "."
	default:
		line.Text += " It has no owner."
	}
	d.lines = append(d.lines, line)
	return nil
}

// sendReminder makes one attempt at a digest; true: nothing is left to do
// today. What was told is remembered after that was confirmed.
func (s *sender) sendReminder(ctx context.Context, l ledger.Lease, d *digestTo, now time.Time) (bool, error) {
	bucket, key := "day-"+d.day, "reminder/"+d.key
	rec, known, err := s.a.ledger.Sending(ctx, bucket, key)
	if err != nil {
		return false, err
	}
	if known && !rec.SentAt.IsZero() {
		// What came since waits until tomorrow. What this one told may not be
		// remembered yet.
		return true, s.remember(ctx, rec.Marks, d.day)
	}
	if !known {
		rec = ledger.Sending{Week: bucket, MessageID: "holdfast." + d.day + ".reminder." + strings.ReplaceAll(d.key, "/", ".")}
	}
	rec.MayRepeat = known && (rec.MayRepeat || rec.Error == "")
	rec.Channel, rec.To, rec.IntendAt, rec.Error, rec.Marks = d.channel, d.shown, now.UTC(), "", d.marks
	rec.Attempts++
	if err := s.a.ledger.SetSending(ctx, l, key, rec); err != nil {
		return false, conflictIsDone(err)
	}
	words := "This item is near or past its due day. Ship the fix, or say on the ticket when it will be: /holdfast due YYYY-MM-DD REASON."
	if n := len(d.lines); n > 1 {
		words = fmt.Sprintf("These %d items are near or past their due day. Ship the fixes, or say on the tickets when they will be: /holdfast due YYYY-MM-DD REASON.", n)
	}
	note := messenger.Note{Title: "Postmortem actions that are due", Intro: words, Lines: d.lines}
	whole := context.WithoutCancel(ctx)
	var sendErr error
	if d.channel == channelTicket {
		sendErr = s.tellOnTickets(whole, d, now)
	} else {
		sendErr = d.send.Send(whole, messenger.Message{ID: rec.MessageID, Note: &note, Again: rec.MayRepeat, At: now}, func(string) error { return nil })
	}
	if sendErr != nil {
		rec.Error = report.OneLine(sendErr.Error())
		rec.MayRepeat = rec.MayRepeat || messenger.MayHaveCome(sendErr)
		s.count(d.channel, "failed")
		s.a.log.Warn("a reminder could not be sent; it is tried again", "component", "reports", "channel", d.channel, "to", d.shown, "attempt", rec.Attempts, "err", rec.Error)
		return messenger.IsRefused(sendErr), conflictIsDone(s.a.ledger.SetSending(whole, l, key, rec))
	}
	rec.SentAt = s.a.o.Now().UTC()
	s.count(d.channel, "sent")
	if err := s.a.ledger.SetSending(whole, l, key, rec); err != nil {
		return true, conflictIsDone(err)
	}
	return true, s.remember(whole, d.marks, d.day)
}

// tellOnTickets has each item's owner told on its ticket. Who works on the
// item writes it, once, however often it is recorded here.
func (s *sender) tellOnTickets(ctx context.Context, d *digestTo, now time.Time) error {
	for _, id := range slices.Sorted(maps.Keys(d.due)) {
		e := domain.Entry{At: now.UTC(), Kind: domain.Fact, Name: domain.ReminderDue, Cause: "timer", Note: "The owner is to be reminded on the ticket: due on " + d.due[id] + ".", Spec: &domain.ItemSpec{Due: d.due[id]}}
		if err := s.a.ledger.Append(ctx, id, true, e); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return fmt.Errorf("reminding on the ticket of %s: %w", id, err)
		}
	}
	return nil
}

func (s *sender) remember(ctx context.Context, marks []string, day string) error {
	for _, m := range marks {
		if err := s.a.ledger.SetMeta(ctx, "reminded:"+m, day, remindedFor); err != nil {
			return err
		}
	}
	return nil
}
