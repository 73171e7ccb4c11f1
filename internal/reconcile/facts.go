package reconcile

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/containment"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/policy"
)

// successesKept is how far back in the deployments of a target it is looked
// for a revision that contained a change, for soak and rolled_back.
const successesKept = 50

// lateClaim is how long after a deployment a claim may come that was only
// slow: deliveries overtake each other.
const lateClaim = 5 * time.Minute

// facts gathers all that the decision about one item depends on. It reads the
// store and the mirrors, never a tracker's tickets.
func (r *Reconciler) facts(ctx context.Context, s *Setup, st domain.State, now time.Time) (policy.Facts, error) {
	f, _, err := r.newView(s, now).facts(ctx, st)
	return f, err
}

// facts is that of the reconciler, of one of many items. It also says under
// which words the item is to be found by what may change its verdict.
func (v *view) facts(ctx context.Context, st domain.State) (policy.Facts, []string, error) {
	r, now := v.r, v.now
	f := policy.Facts{
		Now: now, Filed: st.Ticket != nil || st.Lost, NoTicket: st.Ticket == nil && st.Spec.Done, Lost: st.Lost, Final: st.Final,
		AcceptedAt: st.AcceptedAt, AcceptedVerdict: policy.Verdict(st.AcceptedVerdict), EverAccepted: st.EverAccepted,
		ReopenedByUs: st.ReopenedByUs, PersonReopenedLast: !st.ReopenedByUs && !st.PersonReopenedAt.IsZero(),
		NewerEvidenceSince: st.NewerEvidenceSince, ReopenCount: st.ReopenCount, ReopenRefusedAt: st.ReopenRefusedAt, EscalatedAt: st.EscalatedAt,
		UnknownSince: st.UnknownSince, UnknownSpent: st.UnknownSpent, UnknownTicks: st.UnknownSince,
		Asked: st.Asked, Awaiting: st.Awaiting, HasComment: st.Comment != "", CommentReason: policy.Reason(st.CommentReason), RegressionTold: st.RegressionTold, CloseRefusedAt: st.CloseRefusedAt, ClosedAt: st.ClosedAt, CloseSeenAt: st.CloseSeenAt,
	}
	if f.ReopenRefusedAt.UnixNano() < r.reloadedAt.Load() {
		f.ReopenRefusedAt = time.Time{}
	}
	if f.CloseRefusedAt.UnixNano() < r.reloadedAt.Load() {
		f.CloseRefusedAt = time.Time{}
	}
	if st.Ticket != nil {
		f.Closed, f.CloseReason = st.Ticket.Closed, st.Ticket.CloseReason
	}
	if w := st.Waiver; w != nil {
		f.WaiverExpires, f.WaivedAt = w.ExpiresAt, w.GrantedAt
		f.Waived = w.ExpiresAt.IsZero() || now.Before(w.ExpiresAt)
		f.WaiverLapsed = !f.Waived
	}
	if a := st.Attestation; a != nil {
		f.Attested, f.AttestedAt, f.AttestedBefore = true, a.At, slices.Contains(st.EvidenceBefore, attestedKey)
	}
	var asDuplicate []string
	if f.Closed && f.CloseReason == domain.Duplicate && st.Ticket.DuplicateOf != "" {
		word := wordDuplicate(st.Ticket.DuplicateOf)
		asDuplicate = append(asDuplicate, word)
		if v.watch != nil && !slices.Contains(st.Watches, word) {
			// Before the original is read, as with what is live.
			if err := v.watch(ctx, asDuplicate); err != nil {
				return f, nil, err
			}
		}
		o, ok, err := r.original(ctx, st.Ticket.DuplicateOf)
		if err != nil {
			return f, nil, err
		}
		f.DuplicateOK = ok && o.Spec.ID != st.Spec.ID
	}
	f.OpenPull = openPull(st)
	words, err := v.place(ctx, st, &f)
	return f, append(words, asDuplicate...), err
}

// openPull names an open pull request that holds the item back: one of the
// repository itself, by a writer, opened before the item was last accepted.
// Who may and from where was checked when the claim was recorded.
func openPull(st domain.State) string {
	for _, c := range st.Changes {
		if c.Open && !slices.Contains(st.Rejected, c.Key()) && (st.LastAcceptedAt.IsZero() || c.OpenedAt.Before(st.LastAcceptedAt)) {
			return c.Key()
		}
	}
	return ""
}

// Counting picks the changes that count: not rejected, landed, and on another
// branch than the default one only if nothing of the item landed on the
// default branch of that repository. A commit that a pull request landed as
// is not counted beside it.
func Counting(st domain.State) []domain.Change {
	var out []domain.Change
	landedOnDefault := map[string]bool{}
	byPull := map[string]bool{}
	for _, c := range st.Changes {
		if c.SHA == "" || slices.Contains(st.Rejected, c.Key()) {
			continue
		}
		if c.DefaultBase {
			landedOnDefault[strings.ToLower(c.Repo)] = true
		}
		if c.PullRequest != 0 {
			byPull[strings.ToLower(c.Repo)+"@"+c.SHA] = true
		}
	}
	for _, c := range st.Changes {
		repo := strings.ToLower(c.Repo)
		switch {
		case c.SHA == "" || slices.Contains(st.Rejected, c.Key()):
		case c.PullRequest == 0 && byPull[repo+"@"+c.SHA]:
		case !c.DefaultBase && c.How != domain.ClaimFixedBy && c.How != domain.ClaimDeployment && landedOnDefault[repo]:
		default:
			out = append(out, c)
		}
	}
	return out
}

// place says for each change which services it concerns and where it runs, and
// lists the words under which the item is to be found.
func (v *view) place(ctx context.Context, st domain.State, f *policy.Facts) ([]string, error) {
	var services []domain.Service
	unsure := map[string]bool{} // changes of which it is not known which paths they touch
	for _, c := range Counting(st) {
		pc := policy.Change{Change: c, Presence: map[domain.Target]policy.Presence{}, Before: slices.Contains(st.EvidenceBefore, c.Key())}
		concerned, sure := v.r.concerned(ctx, v.s, st, c)
		unsure[c.Key()] = !sure
		for _, svc := range concerned {
			pc.Services = append(pc.Services, svc.Name)
			if !slices.ContainsFunc(services, func(x domain.Service) bool { return x.Name == svc.Name }) {
				services = append(services, svc)
			}
		}
		f.Changes = append(f.Changes, pc)
	}
	if len(services) == 0 {
		return nil, nil
	}
	var open, lacking []string
	for _, svc := range services {
		open = append(open, wordOpen+svc.Name)
	}
	listed := st.Watches
	absent := func(words []string) []string {
		return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(listed, w) })
	}
	for round := 0; ; round++ {
		// Looking at what runs may have fetched commits, and shown more words.
		words := v.words(ctx, st, f.Changes)
		missed := absent(slices.Concat(words, lacking))
		if round == 0 && len(missed) > 0 {
			missed = absent(slices.Concat(words, open))
		}
		if round > 0 && (len(missed) == 0 || v.watch == nil || round == maxRounds) {
			return append(words, lacking...), nil
		}
		if len(missed) > 0 && v.watch != nil {
			// Before what is live is read: whoever deploys after that finds the item.
			if err := v.watch(ctx, missed); err != nil {
				return nil, err
			}
			listed = slices.Concat(listed, missed)
			v.again()
		}
		if err := v.run(ctx, st, services, unsure, f); err != nil {
			return nil, err
		}
		lacking = slices.DeleteFunc(slices.Clone(open), func(w string) bool { return !lacks(*f, strings.TrimPrefix(w, wordOpen)) })
	}
}

// lacks reports whether some environment of a service is not known to have a
// change that concerns the service.
func lacks(f policy.Facts, service string) bool {
	for _, c := range f.Changes {
		if !slices.Contains(c.Services, service) {
			continue
		}
		for _, s := range f.Services {
			if s.Name == service && slices.ContainsFunc(s.Targets, func(t policy.Target) bool { return c.Presence[t.Target].Contained != policy.Yes }) {
				return true
			}
		}
	}
	return false
}

// run looks at what runs in the environments of some services.
func (v *view) run(ctx context.Context, st domain.State, services []domain.Service, unsure map[string]bool, f *policy.Facts) error {
	var targets []domain.Target
	for _, svc := range services {
		for _, e := range svc.Production {
			targets = append(targets, domain.Target{Service: svc.Name, Environment: e.Name})
		}
	}
	successes, err := v.of(ctx, targets)
	if err != nil {
		return err
	}
	f.Services = nil
	for i := range f.Changes {
		f.Changes[i].Flags = flags(st, f.Changes[i].Change)
	}
	for _, svc := range services {
		ps := policy.Service{Name: svc.Name, Repo: svc.Repo, Require: svc.Require}
		for _, e := range svc.Production {
			t := domain.Target{Service: svc.Name, Environment: e.Name}
			ps.Heard = ps.Heard || len(successes[t]) > 0
			ps.Targets = append(ps.Targets, v.r.placeIn(ctx, svc, t, successes[t], f))
			for _, c := range f.Changes {
				if p := c.Presence[t]; unsure[c.Key()] && len(svc.Paths) > 0 && p.Contained == policy.No {
					p.Contained, p.Reason, p.Evidence = policy.Maybe, policy.EvidenceUnavailable, "which paths the change touches could not be read"
					c.Presence[t] = p
				}
			}
		}
		if !ps.Heard {
			if ps.Heard, err = v.wasHeard(ctx, svc.Name); err != nil {
				return err
			}
		}
		f.Services = append(f.Services, ps)
	}
	return nil
}

// concernedBy lists the services that a change may concern: those of its own
// repository that the item names, else all of that repository.
func concernedBy(s *Setup, spec domain.ItemSpec, c domain.Change) []domain.Service {
	all := s.ServicesOf(c.Repo)
	var named []domain.Service
	for _, svc := range all {
		if slices.Contains(spec.Services, svc.Name) {
			named = append(named, svc)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// placeIn works out one target: what is live there, and which changes it
// contains. list is newest first and holds canaries too.
func (r *Reconciler) placeIn(ctx context.Context, svc domain.Service, t domain.Target, list []domain.Deployment, f *policy.Facts) policy.Target {
	out := policy.Target{Target: t}
	var full []domain.Deployment // what was live, newest first
	for _, d := range list {
		if d.Percent < 100 {
			if out.Canary == nil && out.Live == nil {
				out.Canary = &d
			}
			continue
		}
		if out.Live == nil {
			out.Live = &d
		}
		full = append(full, d)
	}
	repo := r.mirror(svc)
	if out.Live != nil {
		known, err := r.know(ctx, repo, *out.Live)
		out.Known = known || err != nil // could not be asked: told as evidence_unavailable below
	}
	for i := range f.Changes {
		c := &f.Changes[i]
		if !slices.Contains(c.Services, svc.Name) {
			continue
		}
		p := r.presence(ctx, repo, c.Change, out, full)
		if p.Contained == policy.Yes && !p.Since.IsZero() && c.ClaimedAt.After(p.Since.Add(lateClaim)) {
			flag := "it was live in " + t.String() + " before it was claimed"
			if !slices.Contains(c.Flags, flag) {
				c.Flags = append(c.Flags, flag)
			}
		}
		c.Presence[t] = p
	}
	return out
}

// presence says whether a change is in what runs in one target.
func (r *Reconciler) presence(ctx context.Context, repo *history.Repo, c domain.Change, t policy.Target, full []domain.Deployment) policy.Presence {
	p := policy.Presence{Contained: policy.No, Behind: -1}
	inCanary := t.Canary != nil && r.contained(ctx, repo, *t.Canary, c).Answer == containment.Yes
	if t.Live == nil || !t.Known {
		p.InCanary = inCanary
		return p
	}
	p = presenceOf(r.contained(ctx, repo, *t.Live, c))
	p.InCanary = inCanary
	before := func(d domain.Deployment) bool { return r.containedBefore(ctx, repo, d, c) }
	switch p.Contained {
	case policy.Yes:
		if strings.EqualFold(t.Live.SHA, c.SHA) {
			p.Evidence = "it is that commit"
		}
		p.Since = t.Live.FinishedAt
		for _, d := range full[1:] {
			if !before(d) {
				break
			}
			p.Since = d.FinishedAt
		}
	case policy.No:
		if at := slices.IndexFunc(full[1:], before); at >= 0 {
			// full[at] came right after the last one that had it.
			p.Was, p.LostAt = true, full[at].ReceivedAt
		}
		if n, err := repo.Behind(ctx, t.Live.SHA, c.SHA); err == nil {
			p.Behind = n
		}
	}
	return p
}

func flags(st domain.State, c domain.Change) []string {
	var out []string
	if day, err := time.Parse(time.DateOnly, st.Spec.IncidentDate); err == nil && !c.LandedAt.IsZero() && c.LandedAt.Before(day) {
		out = append(out, "it is older than the incident")
	}
	return out
}
