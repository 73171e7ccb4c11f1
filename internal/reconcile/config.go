package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// Parts says, part by part, what the verdicts hang on beside the facts: a digest
// by the name of the part. A part that changes concerns the items that hang on
// it alone.
type Parts map[string]string

// The names of parts. A service's digest ends with a blank and its repository.
const (
	PartEngine  = "engine"   // the program: every item
	PartPolicy  = "policy"   // the rules where no team has its own
	PartTeam    = "team/"    // + name: the rules of a team
	PartService = "service/" // + name
)

// judgedKey holds the parts that may have been in force when an item was judged
// last: one value each, and more of those that changed since all items that hang
// on them were looked at.
const judgedKey = "config-parts"

// wantedKey holds the configuration that was asked for last.
const wantedKey = "config-wanted"

const (
	// laterEvery paces the items that a change of the configuration concerns and
	// of which it changes nothing now: touchedAtOnce of them come after each such
	// pause, so that what just happened need not wait behind them.
	laterEvery = 400 * time.Millisecond
	// othersConfig is when a configuration is looked at again that another
	// process has read and this one has not.
	othersConfig = 5 * time.Second
)

// Adopt compares the configuration with those that the items were judged by, and
// has the items looked at again of which it can change the verdict. It is called
// at the start and after a reload; it may be repeated.
func (r *Reconciler) Adopt(ctx context.Context) error {
	s := r.Setup()
	seen, err := r.ledger.Meta(ctx, "config")
	if err != nil {
		return fmt.Errorf("reading the configuration that the store last saw: %w", err)
	}
	known, err := r.judgedBy(ctx)
	if err != nil {
		return err
	}
	if seen == s.Hash && len(known.changed(s.Parts)) == 0 {
		return nil
	}
	// From now on items are judged by this one, too, be it that it is taken back
	// before all of them were looked at.
	if len(known) > 0 {
		known.add(s.Parts)
		if err := r.setJudgedBy(ctx, known); err != nil {
			return err
		}
	}
	if err := r.ledger.SetMeta(ctx, wantedKey, s.Hash, 0); err != nil {
		return err
	}
	return r.ledger.Touch(ctx, r.now(), "config/"+s.Hash)
}

// reconfigured looks anew at the items of which a change of the configuration
// can change the verdict, counted as one cause. What changes now goes first.
func (r *Reconciler) reconfigured(ctx context.Context, hash string) (next time.Time, err error) {
	s := r.Setup()
	if s.Hash != hash {
		// Changed again since, which has a subject of its own; or it is that of
		// another process.
		wanted, err := r.ledger.Meta(ctx, wantedKey)
		if err != nil || wanted != hash {
			return time.Time{}, err
		}
		return r.now().Add(othersConfig), nil
	}
	known, err := r.judgedBy(ctx)
	if err != nil {
		return time.Time{}, err
	}
	ids, all, err := r.concernedByConfig(ctx, known, s)
	if err != nil {
		return time.Time{}, err
	}
	marks := map[string]history.Mark{}
	if all {
		for _, svc := range s.Services {
			if marks[svc.Name], err = r.mirror(svc).Mark(ctx); err != nil {
				delete(marks, svc.Name) // its items find out one by one
				r.log.Warn("a mirror cannot be read", "service", svc.Name, "err", err)
			}
		}
	}
	changed, err := r.count(ctx, r.newView(s, r.now().UTC()), "config/"+hash, ids)
	if err != nil {
		return time.Time{}, err
	}
	if err := r.ledger.SetMeta(ctx, "config", hash, 0); err != nil {
		return time.Time{}, err
	}
	first := make([]string, 0, len(changed))
	for _, c := range changed {
		first = append(first, c.id)
	}
	if err := r.touch(ctx, first); err != nil {
		return time.Time{}, err
	}
	// The others are looked at for their timers, which may run otherwise now.
	if err := r.touchInTurn(ctx, ids, laterEvery); err != nil {
		return time.Time{}, err
	}
	for _, svc := range s.Services {
		if at, ok := marks[svc.Name]; ok { // every item of it is due
			if err := r.setLearned(ctx, svc, at); err != nil {
				return time.Time{}, err
			}
		}
	}
	// Last of all: whoever begins after a crash before this does it again.
	return time.Time{}, r.setJudgedBy(ctx, judgedBy(s.Parts))
}

// concernedByConfig lists the items that hang on a part which changed; all says
// that these are all there are.
func (r *Reconciler) concernedByConfig(ctx context.Context, known judged, s *Setup) (ids []string, all bool, err error) {
	changed := known.changed(s.Parts)
	if len(known) > 0 && len(changed) == 0 {
		return nil, false, nil
	}
	all = len(known) == 0 || changed[PartEngine]
	repos := map[string]bool{}
	for name := range changed {
		if strings.HasPrefix(name, PartService) {
			for _, v := range append(slices.Clone(known[name]), s.Parts[name]) {
				_, repo, _ := strings.Cut(v, " ")
				repos[repo] = true
			}
		}
	}
	hangs := func(st domain.State) bool {
		team := PartTeam + st.Spec.Team
		_, has := s.Parts[team]
		return all || changed[team] || !has && changed[PartPolicy] ||
			slices.ContainsFunc(slices.Concat(st.Spec.Services, st.Concerned), func(name string) bool { return changed[PartService+name] }) ||
			slices.ContainsFunc(st.Changes, func(c domain.Change) bool { return repos[strings.ToLower(c.Repo)] })
	}
	err = r.each(ctx, func(st domain.State) error {
		if hangs(st) {
			ids = append(ids, st.Spec.ID)
		}
		return nil
	})
	return ids, all, err
}

// judged is by which values of each part items may have been judged; empty: by
// any. An empty value is that the part was not there.
type judged map[string][]string

func judgedBy(p Parts) judged {
	j := judged{}
	for name, v := range p {
		j[name] = []string{v}
	}
	return j
}

// add notes that items may be judged by these parts from now on.
func (j judged) add(p Parts) {
	for name := range p {
		if len(j[name]) == 0 {
			j[name] = []string{""}
		}
	}
	for name, values := range j {
		if !slices.Contains(values, p[name]) {
			j[name] = append(values, p[name])
		}
	}
}

// changed gives the parts by another value of which some item may have been
// judged.
func (j judged) changed(p Parts) map[string]bool {
	out := map[string]bool{}
	for name := range p {
		if _, ok := j[name]; !ok {
			out[name] = true
		}
	}
	for name, values := range j {
		if len(values) != 1 || values[0] != p[name] {
			out[name] = true
		}
	}
	return out
}

func (r *Reconciler) judgedBy(ctx context.Context) (judged, error) {
	text, err := r.ledger.Meta(ctx, judgedKey)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration that the store last saw: %w", err)
	}
	var j judged
	if text == "" || json.Unmarshal([]byte(text), &j) != nil {
		return nil, nil //nolint:nilerr // then all items are looked at
	}
	return j, nil
}

func (r *Reconciler) setJudgedBy(ctx context.Context, j judged) error {
	b, err := json.Marshal(j)
	if err == nil {
		err = r.ledger.SetMeta(ctx, judgedKey, string(b), 0)
	}
	if err != nil {
		return fmt.Errorf("noting the configuration: %w", err)
	}
	return nil
}
