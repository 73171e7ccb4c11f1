package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/policy"
)

// deployment handles one report of a deployment: its commit is resolved, the
// items that it ships or takes back are found, counted, and made due.
func (r *Reconciler) deployment(ctx context.Context, l ledger.Lease, id string) error {
	d, err := r.ledger.Deployment(ctx, receiptOf(id))
	if errors.Is(err, ledger.ErrNotFound) || err == nil && d.Handled {
		return nil
	}
	if err != nil {
		return fmt.Errorf("loading deployment %s: %w", id, err)
	}
	s := r.Setup()
	svc, ok := s.Service(d.Service)
	if !ok {
		d.Handled = true // the service was taken out of the configuration since
		return r.ledger.UpdateDeployment(ctx, l, d)
	}
	if err := r.resolve(ctx, svc, &d); err != nil {
		// The commit is held as unknown; its own look-ups try again.
		r.log.Warn("the commit of a deployment could not be looked up", "deployment", d.ID, "service", d.Service, "err", err)
	}
	if err := r.ledger.UpdateDeployment(ctx, l, d); err != nil {
		return err
	}
	if err := r.claimFixes(ctx, s, svc, d); err != nil {
		return err
	}
	if d.Status == domain.Success && d.Production {
		touched, upto, err := r.pass(ctx, s, svc, d)
		if err != nil {
			return err
		}
		for _, t := range touched {
			switch {
			case t.shipped && !slices.Contains(d.Shipped, t.id):
				d.Shipped = append(d.Shipped, t.id)
			case t.tookBack && !slices.Contains(d.TookBack, t.id):
				d.TookBack = append(d.TookBack, t.id)
			}
		}
		// What it did is written down before the items are touched: judged
		// once, they would not show it again if we crashed here. It is handled
		// when all of them were touched; those to be reopened wait for that.
		if err := r.ledger.UpdateDeployment(ctx, l, d); err != nil {
			return err
		}
		for _, t := range touched {
			e := domain.Entry{At: r.now().UTC(), Kind: domain.Fact, Name: domain.DeploymentHeard, Cause: "deployment " + d.ID, Deployment: slim(d),
				Note: fmt.Sprintf("%s/%s now runs %s.", d.Service, d.Environment, policy.Short(d.SHA))}
			if err := r.hear(ctx, t.id, e); err != nil {
				return err
			}
		}
		// Judging these may have shown more, which bears on others. It comes last:
		// an attempt that ends before finds the same items again.
		if err := r.news(ctx, svc, upto); err != nil {
			return err
		}
		d.Handled = true
		return r.ledger.UpdateDeployment(ctx, l, d)
	}
	if err := r.firstHeard(ctx, s, svc); err != nil {
		return err
	}
	d.Handled = true
	return r.ledger.UpdateDeployment(ctx, l, d)
}

// receiptOf reads the receipt in a subject; 0 is none, and not found.
func receiptOf(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}

// pass works out which items a deployment changes, by looking at those that it
// may bear on, be it because of what was learned up to a mark.
func (r *Reconciler) pass(ctx context.Context, s *Setup, svc domain.Service, d domain.Deployment) (out []touched, upto history.Mark, err error) {
	v := r.newView(s, r.now().UTC())
	ids, upto, err := v.affected(ctx, svc, d)
	if err != nil {
		return nil, upto, err
	}
	out, err = r.count(ctx, v, fmt.Sprintf("deployment/%d", d.Receipt), ids)
	return out, upto, err
}

// firstHeard looks at all items of a service when the first deployment of it
// is heard, whatever that was: until then nobody had connected its CI.
func (r *Reconciler) firstHeard(ctx context.Context, s *Setup, svc domain.Service) error {
	list, err := r.ledger.Deployments(ctx, svc.Name, "", 0, 2)
	if err != nil || len(list) != 1 {
		return err
	}
	ids, err := r.newView(s, r.now()).everyItem(ctx, svc)
	if err != nil {
		return err
	}
	return r.touch(ctx, ids)
}

// hear tells an item of a deployment that touches it, and makes it due. After
// a crash the item may have been told already; it is told once.
func (r *Reconciler) hear(ctx context.Context, id string, e domain.Entry) error {
	entries, err := r.ledger.Entries(ctx, id)
	if err != nil {
		return err
	}
	for _, old := range entries {
		if old.Name == domain.DeploymentHeard && old.Deployment != nil && old.Deployment.Receipt == e.Deployment.Receipt {
			return r.touch(ctx, []string{id})
		}
	}
	return r.ledger.Append(ctx, id, true, e)
}

// slim leaves out of a deployment what an item's ledger need not repeat.
func slim(d domain.Deployment) *domain.Deployment {
	d.Shipped, d.TookBack, d.Fixes = nil, nil, nil
	return &d
}

// resolve completes the commit of a deployment, once: a tag may move later.
func (r *Reconciler) resolve(ctx context.Context, svc domain.Service, d *domain.Deployment) error {
	rev := d.SHA
	if rev == "" {
		rev = d.Version
	}
	repo := r.mirror(svc)
	ctx, end := patient(ctx)
	defer end()
	if history.IsSHA(d.SHA) {
		_, err := repo.Ensure(ctx, d.SHA)
		return err
	}
	sha, ok, err := resolveRevision(ctx, repo, rev, d.SHA == "")
	if err == nil && !ok {
		if err = repo.Sync(ctx); err == nil {
			sha, ok, err = resolveRevision(ctx, repo, rev, d.SHA == "")
		}
	}
	if err != nil {
		return err
	}
	if ok {
		d.SHA = sha
	}
	return nil
}

// resolveRevision looks a revision up in the mirror. A version is also looked
// for as the tag that releases usually get: 1.2.3 as v1.2.3.
func resolveRevision(ctx context.Context, repo *history.Repo, rev string, version bool) (string, bool, error) {
	sha, ok, err := repo.Resolve(ctx, rev)
	if err == nil && !ok && version && rev != "" && rev[0] >= '0' && rev[0] <= '9' {
		return repo.Resolve(ctx, "v"+rev)
	}
	return sha, ok, err
}

// claimFixes records what the deployment itself says that it fixes.
func (r *Reconciler) claimFixes(ctx context.Context, s *Setup, svc domain.Service, d domain.Deployment) error {
	for _, fix := range d.Fixes {
		c, err := r.ResolveChange(ctx, s, svc, fix.Change)
		if err != nil {
			r.log.Warn("a deployment names a change that cannot be found", "deployment", d.ID, "item_id", fix.Item, "change", fix.Change, "err", err)
			continue
		}
		c.How, c.By = domain.ClaimDeployment, d.Source
		e := domain.Entry{At: r.now().UTC(), Kind: domain.Fact, Name: domain.ChangeLinked, Cause: "deployment " + d.ID, Change: &c, Note: "The deployment names it as a fix."}
		id := fix.Item
		if ref, err := domain.ParseRef(id); err == nil {
			if id, err = r.ledger.ItemByTicket(ctx, ref); err != nil {
				continue
			}
		}
		if err := r.ledger.Append(ctx, id, true, e); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
	}
	return nil
}

// each walks over the snapshots of all items.
func (r *Reconciler) each(ctx context.Context, visit func(domain.State) error) error {
	const page = 500
	after := ""
	for {
		ids, err := r.ledger.ItemIDs(ctx, after, page)
		if err != nil {
			return fmt.Errorf("listing the items: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		states, err := r.ledger.States(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the items: %w", err)
		}
		for _, st := range states {
			if err := visit(st); err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

// loadedAtOnce is how many items are in memory while one after the other is
// looked at.
const loadedAtOnce = 512

// eachOf walks over items with all that their ledgers hold by now. One that
// cannot be read, or judged, is left to its own look.
func (r *Reconciler) eachOf(ctx context.Context, ids []string, visit func(domain.State) error) error {
	for chunk := range slices.Chunk(ids, loadedAtOnce) {
		loaded, err := r.ledger.LoadAll(ctx, chunk)
		if err != nil {
			return err
		}
		for _, l := range loaded {
			err := r.alone(ctx, l.ID, func() error {
				if l.Err != nil {
					return l.Err
				}
				return visit(Fold(l.Snapshot, l.Tail))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// touched is an item that a cause changes.
type touched struct {
	id                string
	shipped, tookBack bool
}

// count works out, without asking any tracker, which of the items a cause
// changes; those that it would reopen join one group, whose count is ended
// here, before the first of them is made due.
func (r *Reconciler) count(ctx context.Context, v *view, cause string, ids []string) ([]touched, error) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	s := v.s
	var out []touched
	limit, reopen := 0, 0
	err := r.eachOf(ctx, ids, func(st domain.State) error {
		id := st.Spec.ID
		if st.Ticket == nil {
			return nil
		}
		var line domain.VerdictLine
		d, words, err := v.judge(ctx, st, &line)
		if err != nil {
			return err
		}
		did, err := r.did(ctx, st, cause, d)
		if err != nil {
			return err
		}
		if sameVerdict(line, st.Verdict) && len(d.Acts) == 0 {
			if did.shipped || did.tookBack {
				out = append(out, did)
			}
			if !subset(words, st.Watches) {
				// Nothing changes, but it would not be found under what was learned
				// of its changes.
				return r.touch(ctx, []string{id})
			}
			return nil
		}
		out = append(out, did)
		if d.WillReopen && asked(st, d.Trigger == policy.OwnClose) && line.Cause == cause {
			if _, err := r.ledger.JoinGroup(ctx, cause, r.causeNote(ctx, cause), id); err != nil {
				return err
			}
			reopen++
			if m := s.Settings(st.Spec.Team).MaxReopens; limit == 0 || m < limit {
				limit = m
			}
		}
		return nil
	})
	if err != nil || reopen == 0 {
		return out, err
	}
	g, err := r.ledger.Group(ctx, cause)
	if err != nil {
		return nil, err
	}
	return out, r.settle(ctx, g, limit)
}

// did tells what a cause does to an item. Something else may have had the item
// judged between the receipt of a deployment and its pass: then what it was
// before that is compared.
func (r *Reconciler) did(ctx context.Context, st domain.State, cause string, d policy.Decision) (touched, error) {
	was := st.Verdict
	text, deployed := strings.CutPrefix(cause, "deployment/")
	receipt := receiptOf(text)
	with := func(v domain.VerdictLine) bool {
		return v.Cause == cause || slices.Contains(slices.Collect(maps.Values(v.Receipts)), receipt)
	}
	if deployed && with(was) {
		entries, err := r.ledger.Entries(ctx, st.Spec.ID)
		if err != nil {
			return touched{}, err
		}
		was = domain.VerdictLine{}
		for _, e := range entries {
			if e.Verdict == nil {
				continue
			}
			if with(*e.Verdict) {
				break
			}
			was = *e.Verdict
		}
	}
	t := touched{id: st.Spec.ID}
	t.shipped, t.tookBack = moves(policy.Verdict(was.Verdict), policy.Reason(was.Reason), d)
	return t, nil
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(w string) bool { return !slices.Contains(all, w) })
}

// touch makes items due now.
func (r *Reconciler) touch(ctx context.Context, ids []string) error {
	return r.touchInTurn(ctx, ids, 0)
}

// touchedAtOnce is how many items one call makes due.
const touchedAtOnce = 200

// touchInTurn makes items due, touchedAtOnce of them after each pause.
func (r *Reconciler) touchInTurn(ctx context.Context, ids []string, pause time.Duration) error {
	at := r.now()
	for chunk := range slices.Chunk(ids, touchedAtOnce) {
		subjects := make([]string, len(chunk))
		for i, id := range chunk {
			subjects[i] = "item/" + id
		}
		if err := r.ledger.Touch(ctx, at, subjects...); err != nil {
			return err
		}
		at = at.Add(pause)
	}
	return nil
}

// Resume lets writing go on, and makes due what was withheld meanwhile.
func (r *Reconciler) Resume(ctx context.Context, by string) error {
	if err := r.ledger.SetPaused(ctx, false, by); err != nil {
		return err
	}
	var ids []string
	err := r.each(ctx, func(st domain.State) error {
		if st.Withheld != "" || st.Ticket == nil && !st.Spec.Done {
			ids = append(ids, st.Spec.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.touch(ctx, ids)
}
