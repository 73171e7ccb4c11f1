package report

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Store is what a Loader reads.
type Store interface {
	ItemIDs(ctx context.Context, after string, limit int) ([]string, error)
	// ReadJournals gives the items in this order, without those that do not
	// exist; those to which nothing was added since come without entries.
	ReadJournals(ctx context.Context, ids []string, since time.Time) ([]Journal, error)
}

// Loader streams items out of the ledger.
type Loader struct {
	Store Store
	Fold  Fold
	Clock Clock
}

// itemsAtOnce is how many items are in memory at once.
const itemsAtOnce = 1024

// Items gives every item of the team as it stood in the period; an empty team
// stands for all. It reads the ledger as it goes.
func (l Loader) Items(ctx context.Context, team string, p Period) iter.Seq2[Item, error] {
	since := p.ends()[0]
	return func(yield func(Item, error) bool) {
		for after := ""; ; {
			ids, err := l.Store.ItemIDs(ctx, after, itemsAtOnce)
			if err != nil {
				yield(Item{}, err)
				return
			}
			if len(ids) == 0 {
				return
			}
			after = ids[len(ids)-1]
			journals, err := l.Store.ReadJournals(ctx, ids, since)
			if err != nil {
				yield(Item{}, err)
				return
			}
			for _, j := range journals {
				it, ok := Reduce(j, p, l.Fold, l.Clock)
				if !ok || team != "" && it.This.Spec.Team != team {
					continue
				}
				if !yield(it, nil) {
					return
				}
			}
		}
	}
}

// Figures is what is stored of a report for the line of later weeks.
func (r Report) Figures() []byte {
	b, _ := json.Marshal(r.Weeks[len(r.Weeks)-1]) // a struct of plain values
	return b
}

// ReadFigures reads stored figures, by week; what does not decode is left out,
// and worked out anew.
func ReadFigures(stored map[string]string) map[Week]Point {
	out := map[Week]Point{}
	for week, text := range stored {
		w, err := ParseWeek(week)
		var p Point
		if err == nil && json.Unmarshal([]byte(text), &p) == nil && p.Week == week {
			out[w] = p
		}
	}
	return out
}

// NewJournal decides whether entries are the whole ledger of an item: one that
// was trimmed starts later, and only its snapshot tells.
func NewJournal(snapshot domain.State, lastAt time.Time, entries []domain.Entry) Journal {
	j := Journal{Snapshot: snapshot, LastAt: lastAt, Entries: entries}
	j.Whole = len(entries) > 0 && entries[0].Name == domain.ItemFiled
	return j
}
