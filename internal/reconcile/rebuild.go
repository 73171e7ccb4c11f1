package reconcile

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

// A rebuild restores items from the markers in their tickets, after the store
// was lost. It has four steps, and each may be repeated: the tickets are listed
// and recorded as items (Rebuild); each item reads its ticket's past (recall);
// what was merged, pushed and deployed is read again, by the sweeps; and when
// all of that is there, the items are judged (rebuilt).

// RebuildOptions say what is rebuilt.
type RebuildOptions struct {
	Tracker string // only this one; empty: all
	DryRun  bool
	Team    string // of items whose services say nothing
}

// RebuiltItem is an item whose ticket was found.
type RebuiltItem struct {
	Item   string
	Ticket domain.Ticket
	Known  bool   // the store has it; it is left as it is
	Note   string // what could not be read
}

// Unrestored is a ticket with a marker that is not restored.
type Unrestored struct {
	Ticket domain.Ticket
	Item   string // as its marker says
	Why    string
}

// Rebuilt is what a rebuild found.
type Rebuilt struct {
	Items    []RebuiltItem // by item
	Skipped  []Unrestored
	Warnings []string
	Cause    string // empty: nothing was written
}

// restored is the key of a creation that was found again.
const restoredKey = "restored"

// candidate is a ticket whose marker counts.
type candidate struct {
	trackers.Marked
	pm string
	n  int
}

// Rebuild lists the tickets with a marker of ours and records those that the
// store does not know. With DryRun it records nothing.
func (r *Reconciler) Rebuild(ctx context.Context, o RebuildOptions) (Rebuilt, error) {
	s := r.Setup()
	var out Rebuilt
	found, err := r.marked(ctx, s, o, &out)
	if err != nil {
		return out, err
	}
	fresh, err := r.unknown(ctx, s, o, found, &out)
	if err != nil || o.DryRun || len(out.Items) == 0 {
		return out, err
	}
	cause := r.RebuildCause()
	if err := r.restore(ctx, s, o, cause, fresh, found); err != nil {
		return out, err
	}
	out.Cause = cause
	return out, nil
}

// marked lists the tickets with a marker, oldest first. A project that cannot
// be read is a warning: the rebuild may be run again.
func (r *Reconciler) marked(ctx context.Context, s *Setup, o RebuildOptions, out *Rebuilt) ([]candidate, error) {
	if _, ok := s.Trackers[o.Tracker]; o.Tracker != "" && !ok {
		return nil, fmt.Errorf("no tracker is called %q; known are %s", o.Tracker, strings.Join(slices.Sorted(maps.Keys(s.Trackers)), ", "))
	}
	var all []candidate
	read, foreign := 0, 0
	var last error
	for _, name := range slices.Sorted(maps.Keys(s.Trackers)) {
		t, ok := s.Trackers[name].(trackers.Rebuilder)
		if !ok || o.Tracker != "" && name != o.Tracker {
			continue
		}
		for _, target := range s.SweepTargets(name) {
			err := t.Marked(ctx, target, s.Labels.Postmortem, func(m trackers.Marked) error {
				c := candidate{Marked: m}
				c.pm, c.n = splitItem(m.Marker.Item)
				skip := func(why string) {
					out.Skipped = append(out.Skipped, Unrestored{m.Ticket, m.Marker.Item, why})
				}
				switch {
				case !hmac.Equal([]byte(m.Marker.MAC), []byte(s.Mark(m.Marker.Item).MAC)):
					foreign++
					skip("its marker was made with another key, or was forged")
				case c.n == 0:
					skip("its marker names no item")
				case !m.Own && !m.Labelled:
					skip("another account made it (" + m.Ticket.Author + "), so its marker does not count; adopt it if it is to be tracked")
				default:
					all = append(all, c)
				}
				return nil
			})
			if err != nil {
				last = err
				out.Warnings = append(out.Warnings, fmt.Sprintf("%s:%s could not be read, so its tickets are missing here; rebuild again when it can: %s", name, target, cut(err.Error(), 300)))
				continue
			}
			read++
		}
	}
	if read == 0 && last != nil {
		return nil, fmt.Errorf("no project could be read: %w", last)
	}
	if foreign > 0 && len(all) == 0 {
		out.Warnings = append(out.Warnings, "no marker was made with this server's key. Is it the one that the tickets were filed with? Restore marker.key (or marker_key) from the backup, restart, and rebuild again")
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Ticket.Ref.Number(), b.Ticket.Ref.Number()))
	})
	return all, nil
}

func splitItem(id string) (pm string, n int) {
	i := strings.LastIndexByte(id, '/')
	if i <= 0 {
		return "", 0
	}
	if n, err := strconv.Atoi(id[i+1:]); err == nil && n > 0 {
		return id[:i], n
	}
	return "", 0
}

// unknown sorts out what the store has already, and the second ticket of an
// item: the older one is it.
func (r *Reconciler) unknown(ctx context.Context, s *Setup, o RebuildOptions, found []candidate, out *Rebuilt) ([]candidate, error) {
	var fresh []candidate
	ticket := map[string]domain.Ref{}
	for _, c := range found {
		id := c.Marker.Item
		skip := func(format string, args ...any) {
			out.Skipped = append(out.Skipped, Unrestored{c.Ticket, id, fmt.Sprintf(format, args...)})
		}
		if first, ok := ticket[id]; ok {
			skip("it is a second ticket of %s; %s is older and is taken", id, first)
			continue
		}
		bound, err := r.ledger.ItemByTicket(ctx, c.Ticket.Ref)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
		if err == nil && bound != id {
			skip("the store has it as the ticket of %s", bound)
			continue
		}
		st, err := r.load(ctx, id)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			_, note := s.specOf(c, o.Team)
			ticket[id] = c.Ticket.Ref
			fresh = append(fresh, c)
			out.Items = append(out.Items, RebuiltItem{Item: id, Ticket: c.Ticket, Note: note})
		case err != nil:
			return nil, err
		case st.Ticket == nil:
			skip("the store has %s without a ticket: it is being filed", id)
		case st.Ticket.Ref != c.Ticket.Ref && !slices.Contains(st.PastRefs, c.Ticket.Ref):
			skip("the store has %s as the ticket of %s", st.Ticket.Ref, id)
		default:
			ticket[id] = c.Ticket.Ref
			out.Items = append(out.Items, RebuiltItem{Item: id, Ticket: c.Ticket, Known: true})
		}
	}
	slices.SortFunc(out.Items, func(a, b RebuiltItem) int {
		pa, na := splitItem(a.Item)
		pb, nb := splitItem(b.Item)
		return cmp.Or(cmp.Compare(pa, pb), cmp.Compare(na, nb))
	})
	return fresh, nil
}

// restore records the items, postmortem by postmortem, and makes due what
// finds the rest. If we crash in between, the next rebuild finds what is left.
func (r *Reconciler) restore(ctx context.Context, s *Setup, o RebuildOptions, cause string, fresh, found []candidate) error {
	byPM := map[string][]candidate{}
	var order []string
	for _, c := range fresh {
		if byPM[c.pm] == nil {
			order = append(order, c.pm)
		}
		byPM[c.pm] = append(byPM[c.pm], c)
	}
	next := map[string]int{} // no number is given twice, whosever ticket has it
	for _, c := range found {
		next[c.pm] = max(next[c.pm], c.n+1)
	}
	for _, pm := range order {
		if err := r.restorePostmortem(ctx, s, o, cause, pm, next[pm], byPM[pm]); err != nil {
			return fmt.Errorf("restoring postmortem %s: %w", pm, err)
		}
	}
	// A crash may have come between an item and the index of its ticket.
	for _, c := range found {
		if err := r.bindRestored(ctx, c); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		if err := r.sweepFrom(ctx, s, o, found[0].CreatedAt); err != nil {
			return err
		}
	}
	if err := r.Relearn(ctx); err != nil {
		return err
	}
	// A rebuild that broke off before this line left items that wait for it.
	begun, err := r.brokenOff(ctx, found)
	if err != nil {
		return err
	}
	return r.ledger.Touch(ctx, r.now(), append(begun, cause)...)
}

// brokenOff lists the earlier rebuilds whose items nobody has judged: each
// waits for its own.
func (r *Reconciler) brokenOff(ctx context.Context, found []candidate) ([]string, error) {
	var causes []string
	for _, c := range found {
		st, err := r.load(ctx, c.Marker.Item)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !isRebuild(st.RestoredBy) || slices.Contains(causes, st.RestoredBy) {
			continue
		}
		done, err := r.ledger.Meta(ctx, countedKey(st.RestoredBy))
		if err != nil {
			return nil, err
		}
		if done == "" {
			causes = append(causes, st.RestoredBy)
		}
	}
	return causes, nil
}

func (r *Reconciler) restorePostmortem(ctx context.Context, s *Setup, o RebuildOptions, cause, id string, next int, list []candidate) error {
	lease, err := r.lease(ctx, "postmortem/"+id)
	if err != nil {
		return err
	}
	defer func() { _ = r.ledger.Done(context.WithoutCancel(ctx), lease, time.Time{}) }() // else it runs out
	pm, err := r.ledger.Postmortem(ctx, id)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	if pm.ID == "" {
		pm = domain.Postmortem{ID: id, FiledAt: list[0].CreatedAt}
	}
	pm.NextN = max(pm.NextN, next, 1)
	now := r.now().UTC()
	entries := map[string][]domain.Entry{}
	for _, c := range list {
		spec, _ := s.specOf(c, o.Team)
		pm.Title, pm.Date, pm.Source = cmp.Or(pm.Title, spec.PMTitle), cmp.Or(pm.Date, spec.IncidentDate), cmp.Or(pm.Source, spec.Source)
		made, t := c.CreatedAt, c.Ticket
		if made.IsZero() {
			made = now
		}
		entries[spec.ID] = []domain.Entry{
			{At: made, Kind: domain.Fact, Name: domain.ItemFiled, Cause: cause, Note: "Restored from the marker in its ticket.", Spec: &spec},
			{At: made, Kind: domain.Outcome, Name: domain.ActionDone, Cause: cause, Note: "The ticket was found again.",
				Action: &domain.Action{ID: newID(), Kind: domain.ActCreate, Key: restoredKey, Ticket: &t, At: made}},
			{At: now, Kind: domain.Fact, Name: domain.Restored, Cause: cause, Note: "The store was rebuilt; what happened before is not known but for what the ticket tells."},
		}
	}
	return r.ledger.File(ctx, lease, pm, entries)
}

// bindRestored ties the ticket to its item, where that is not so yet.
func (r *Reconciler) bindRestored(ctx context.Context, c candidate) error {
	_, err := r.ledger.ItemByTicket(ctx, c.Ticket.Ref)
	if err == nil || !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	id := c.Marker.Item
	st, err := r.load(ctx, id)
	if err != nil || st.Ticket == nil || st.Ticket.Ref != c.Ticket.Ref {
		if errors.Is(err, ledger.ErrNotFound) {
			err = nil
		}
		return err // a second ticket, which nobody tracks
	}
	lease, err := r.lease(ctx, "item/"+id)
	if err != nil {
		return err
	}
	err = r.ledger.Bind(ctx, lease, id, c.Ticket.Ref)
	return errors.Join(err, r.ledger.Done(context.WithoutCancel(ctx), lease, r.now()))
}

// lease claims a subject, waiting for whoever holds it: a process that was
// killed holds it for as long as its lease lasts.
func (r *Reconciler) lease(ctx context.Context, subject string) (ledger.Lease, error) {
	for range (leaseTime + 2*time.Second) / (100 * time.Millisecond) {
		l, ok, err := r.ledger.ClaimSubject(ctx, subject, leaseTime)
		if err != nil || ok {
			return l, err
		}
		pause(ctx, 100*time.Millisecond)
		if ctx.Err() != nil {
			return l, ctx.Err()
		}
	}
	return ledger.Lease{}, fmt.Errorf("somebody holds %s; rebuild again", subject)
}

// deploymentsBefore is how long before the oldest ticket deployments are read:
// what is live may have been so for long.
const deploymentsBefore = 180 * 24 * time.Hour

// sweepFrom has all sweeps begin before the oldest ticket.
func (r *Reconciler) sweepFrom(ctx context.Context, s *Setup, o RebuildOptions, oldest time.Time) error {
	var subjects []string
	for name := range s.Trackers {
		if o.Tracker != "" && name != o.Tracker {
			if _, code := s.Trackers[name].(trackers.CodeSweeper); !code {
				continue
			}
		}
		for _, p := range s.parts(name, nil) {
			if p.kind == partCensus || p.kind == partHooks {
				continue
			}
			m := sweepMark{At: oldest.Add(-clockSlack).UTC().Truncate(time.Second)}
			if p.kind == partDeployments {
				m.At = m.At.Add(-deploymentsBefore)
			}
			if err := r.sweepPartFrom(ctx, p, m); err != nil {
				return fmt.Errorf("setting where the sweep of %s begins: %w", p.id(), err)
			}
		}
		subjects = append(subjects, "sweep/"+name)
	}
	return r.ledger.Touch(ctx, r.now(), subjects...)
}

// sweepPartFrom sets the mark of a part. It holds the part meanwhile: one that
// is under way would put its own mark over ours.
func (r *Reconciler) sweepPartFrom(ctx context.Context, p sweepPart, m sweepMark) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	lease, err := r.lease(ctx, p.subject())
	if err != nil {
		return err
	}
	err = r.ledger.SetMeta(ctx, "sweep/"+p.id(), string(b), 0)
	return errors.Join(err, r.ledger.Done(context.WithoutCancel(ctx), lease, r.now()))
}

// specOf is the item as its ticket tells it: the labels, which follow every
// change, then the table, which is as it was filed. note says what neither
// tells.
func (s *Setup) specOf(c candidate, team string) (spec domain.ItemSpec, note string) {
	table := map[string]string{}
	for _, row := range c.Body.Table {
		table[row[0]] = row[1]
	}
	project := c.Ticket.Ref.Tracker() + ":" + c.Ticket.Ref.Project()
	spec = domain.ItemSpec{ID: c.Marker.Item, Postmortem: c.pm, N: c.n, Title: strings.Join(strings.Fields(c.Ticket.Title), " "), Text: c.Body.Text,
		Owner: table["Owner"], Due: cmp.Or(c.Ticket.Due, table["Due"]), Source: table["Document"], IncidentDate: table["Incident date"], Target: project, Team: team}
	spec.PMTitle = strings.TrimSpace(strings.TrimSuffix(table["Postmortem"], "("+c.pm+")"))
	if _, err := time.Parse(time.DateOnly, spec.Due); err != nil {
		spec.Due = ""
	}
	if _, err := time.Parse(time.DateOnly, spec.IncidentDate); err != nil {
		spec.IncidentDate = ""
	}
	spec.Priority = domain.Priority(one(c.Ticket.Labels, func(l string) bool { return domain.Priority(l).Valid() }))
	if spec.Priority == "" {
		spec.Priority = domain.Priority(table["Priority"])
	}
	if !spec.Priority.Valid() {
		spec.Priority = domain.DefaultPriority
	}
	kind, written, _ := strings.Cut(table["Type"], " (")
	if l := one(c.Ticket.Labels, func(l string) bool { return domain.Type(l).Valid() }); l != "" {
		if l != kind {
			written = "" // it was changed since it was filed
		}
		kind = l
	}
	if spec.Type, spec.TypeWritten = domain.Type(kind), strings.TrimSuffix(written, ")"); !spec.Type.Valid() {
		spec.Type, spec.TypeWritten = domain.Other, ""
	}
	for word := range strings.SplitSeq(table["Services"], ",") {
		word = strings.TrimSpace(word)
		if svc, ok := s.Find(word); ok {
			spec.Services = append(spec.Services, svc.Name)
		} else if word != "" {
			note = "no service is called " + cut(word, 100) + " any more"
		}
	}
	spec.NeedsService = len(spec.Services) == 0 && slices.Contains(c.Ticket.Labels, labelNeedService)
	if len(spec.Services) > 0 {
		if svc, ok := s.Service(spec.Services[0]); ok && svc.Team != "" {
			spec.Team = svc.Team
		}
	}
	if len(c.Body.Table) == 0 {
		note = "its text was changed: owner, due date and services are not known"
	}
	return spec, note
}

// one is the only one of the words that fits, empty where none or several do.
func one(words []string, fits func(string) bool) string {
	found := ""
	for _, w := range words {
		if fits(w) {
			if found != "" && found != w {
				return ""
			}
			found = w
		}
	}
	return found
}
