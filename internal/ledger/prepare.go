package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// prepared is an event with everything marshalled that its storing may need.
// It is made by the caller of Record, not by the committer, which is the
// bottleneck.
type prepared struct {
	eventID string
	seen    string // field
	json    string
	size    int

	fields []string // tickets it is about, the first that is tracked counts
	fact   string   // the entry for its item, where it makes one
	claims []preparedClaim

	repo     string // pushed to its default branch …
	pushedAt int64  // … then
	subject  string // due because of it, beside the items

	deployments []preparedDeployment
}

type preparedClaim struct {
	item  string // named itself; empty if not
	field string // ticket
	entry string
}

var errTooLarge = errors.New("too large")

func (l *Ledger) prepare(ev domain.Event) (prepared, error) {
	if ev.ID == "" || ev.Tracker == "" {
		return prepared{}, errors.New("it needs an id and a tracker")
	}
	now := l.now().UTC()
	if ev.At.IsZero() {
		ev.At = now
	}
	b, err := json.Marshal(ev)
	if err != nil {
		return prepared{}, err
	}
	p := prepared{eventID: ev.ID, seen: seenField(ev.Tracker, ev.ID), json: string(b), size: len(b)}
	if len(b) > maxRecord {
		return prepared{}, fmt.Errorf("%w: it has %d bytes, more than %d", errTooLarge, len(b), maxRecord)
	}
	entry := domain.Entry{At: now, Kind: domain.Fact, Cause: "delivery " + ev.Tracker + "/" + ev.ID}

	if name, ok := factName(ev); ok {
		entry.Name = name
		if p.fact, err = marshalFact(entry, b); err != nil {
			return prepared{}, err
		}
		for _, r := range []domain.Ref{ev.Ticket, ev.OldRef} {
			if r != "" {
				p.fields = append(p.fields, refField(r))
			}
		}
	}
	for _, c := range ev.Claims {
		entry.Name = domain.ChangeLinked
		if c.Withdrawn {
			entry.Name = domain.ChangeWithdrawn
		}
		change := c.Change
		if change.ClaimedAt.IsZero() {
			change.ClaimedAt = now
		}
		entry.Change = &change
		pc := preparedClaim{item: c.Item}
		if c.Ticket != "" {
			pc.field = refField(c.Ticket)
		}
		if pc.entry, err = marshalEntry(entry); err != nil {
			return prepared{}, err
		}
		p.claims = append(p.claims, pc)
	}
	if ev.Kind == domain.EventPush && ev.DefaultRef && ev.Repo != "" {
		p.repo, p.pushedAt = repoField(ev.Repo), ev.At.UnixMilli()
	}
	if ev.Kind == domain.EventTicket && mayMatch[ev.Action] {
		p.subject = "adopt/" + short(ev.Tracker)
	}
	if ev.Kind == domain.EventChange && ev.Ticket != "" {
		p.subject = "preview/" + string(ev.Ticket) // what the pull request would file
	}
	if ev.Kind == domain.EventPush && ev.Repo != "" {
		p.subject = "repo/" + ev.Tracker + "/" + short(ev.Repo)
	}
	for _, d := range ev.Deployments {
		pd, err := l.prepareDeployment(d)
		if err != nil {
			// The rest of the delivery is good, and sending it again would
			// bring the same.
			l.log.Warn("a deployment in a delivery can't be stored", "event_id", cut(ev.ID), "err", err)
			continue
		}
		p.deployments = append(p.deployments, pd)
	}
	return p, nil
}

// mayMatch are the actions after which a ticket that nobody tracks may match a
// query for those to be adopted.
var mayMatch = map[string]bool{"labeled": true, "opened": true, "edited": true, "transferred": true, "moved": true}

// factName says whether an event is a line in the ledger of its ticket's item.
// Comments without a command are not: they decide nothing.
func factName(ev domain.Event) (domain.EntryName, bool) {
	switch {
	case ev.Kind == domain.EventTicket && ev.Action != "labeled":
		return domain.TicketEvent, true
	case ev.Kind == domain.EventComment && ev.Command:
		return domain.CommentSeen, true
	default:
		return "", false
	}
}

func repoField(repo string) string { return short(strings.ToLower(repo)) }

// marshalFact is marshalEntry for an entry whose event is marshalled already:
// that is the largest part of both.
func marshalFact(e domain.Entry, event []byte) (string, error) {
	s, err := marshalEntry(e)
	if err != nil {
		return "", err
	}
	if len(s)+len(event) > maxRecord {
		return "", fmt.Errorf("%w: an entry %s has %d bytes, more than %d", errTooLarge, e.Name, len(s)+len(event), maxRecord)
	}
	return s[:len(s)-1] + `,"event":` + string(event) + "}", nil
}

// marshalEntry writes an entry as it is stored: without its position, which is
// the place where it stands.
func marshalEntry(e domain.Entry) (string, error) {
	e.Seq = 0
	b, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	if len(b) > maxRecord {
		return "", fmt.Errorf("%w: an entry %s has %d bytes, more than %d", errTooLarge, e.Name, len(b), maxRecord)
	}
	return string(b), nil
}
