package reconcile

import (
	"context"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// mark is up to where what a mirror learned has been told to the items of a
// service.
type mark struct {
	at    history.Mark
	known bool   // false: every item must be looked at before there is one
	kept  string // what the store has of it
}

// learned is up to where what a mirror learned has been told to the items of a
// service, by this process, or by the one before it where the mirror holds just
// what that one had told. ok is false where it is not known; then a pass over
// all items makes it so.
func (r *Reconciler) learned(ctx context.Context, svc domain.Service) (at history.Mark, ok bool, err error) {
	r.mu.Lock()
	m, asked := r.marks[svc.Name]
	r.mu.Unlock()
	if asked {
		return m.at, m.known, nil
	}
	if m.kept, err = r.ledger.Meta(ctx, toldKey(svc)); err != nil {
		return at, false, err
	}
	if engine, sum, cut := strings.Cut(m.kept, " "); cut && engine == r.Setup().Engine {
		if m.at, m.known, err = r.mirror(svc).Resume(ctx, sum); err != nil {
			return at, false, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now, asked := r.marks[svc.Name]; asked { // a pass has ended meanwhile
		return now.at, now.known, nil
	}
	r.marks[svc.Name] = m
	return m.at, m.known, nil
}

// setLearned notes that all up to a mark was told: everything that is to be
// looked at for it is due. The store is told first, and what it knows is never
// more than what is true: a process that ends here begins with an older mark,
// which fits no mirror that has learned since.
func (r *Reconciler) setLearned(ctx context.Context, svc domain.Service, at history.Mark) error {
	text := r.Setup().Engine + " " + at.Sum()
	r.mu.Lock()
	kept := r.marks[svc.Name].kept
	r.mu.Unlock()
	if kept != text {
		if err := r.ledger.SetMeta(ctx, toldKey(svc), text, 0); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks[svc.Name] = mark{at: at, known: true, kept: text}
	return nil
}

func toldKey(svc domain.Service) string { return "told/" + svc.Name }
