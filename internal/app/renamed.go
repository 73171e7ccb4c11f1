package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// renamed looks whether a document that chose no id itself was filed before
// under another name, and then goes on under the id that it had. What it says
// is for the person who files it.
func (b *Backend) renamed(ctx context.Context, in *filing.Input) (warnings []string, err error) {
	if in.ID != "" || len(in.Document.Items) == 0 || filing.Named(in.Source, in.Document) {
		return nil, nil
	}
	if in.Document.ID != "" {
		if _, err := b.ledger.Postmortem(ctx, in.Document.ID); err == nil || !errors.Is(err, ledger.ErrNotFound) {
			return nil, storeError(err) // it is known by this name
		}
	}
	all, err := b.ledger.Postmortems(ctx)
	if err != nil {
		return nil, storeError(err)
	}
	var earlier []filing.Earlier
	for _, pm := range all {
		if !filing.MayBe(in.Document, pm) {
			continue
		}
		ids, err := b.ledger.ItemsOfPostmortem(ctx, pm.ID)
		if err != nil {
			return nil, storeError(err)
		}
		states, err := b.ledger.States(ctx, ids)
		if err != nil {
			return nil, storeError(err)
		}
		e := filing.Earlier{Postmortem: pm}
		for _, st := range states {
			if !st.Removed {
				e.Titles = append(e.Titles, st.Spec.Title)
			}
		}
		earlier = append(earlier, e)
	}
	id, ok := filing.Renamed(in.Document, earlier)
	if !ok {
		return nil, nil
	}
	in.ID = id
	return []string{fmt.Sprintf("this is taken for the postmortem %s, which was filed before under another name; to file it apart, give it an id of its own (id in the front matter, or --id)", id)}, nil
}
