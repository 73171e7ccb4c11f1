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
func (b *Backend) renamed(ctx context.Context, name string, in *filing.Input) (warnings []string, err error) {
	if in.ID != "" || len(in.Document.Items) == 0 || filing.Named(name, in.Document) {
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
		e, err := b.earlier(ctx, pm.ID)
		if err != nil {
			return nil, err
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

// earlier is a postmortem with the titles of its items: of those that its
// document still had last time, of all of them where it was deleted.
func (b *Backend) earlier(ctx context.Context, id string) (e filing.Earlier, err error) {
	if e.Postmortem, err = b.ledger.Postmortem(ctx, id); err != nil {
		if errors.Is(err, ledger.ErrNotFound) {
			return e, nil
		}
		return e, storeError(err)
	}
	ids, err := b.ledger.ItemsOfPostmortem(ctx, id)
	if err != nil {
		return e, storeError(err)
	}
	states, err := b.ledger.States(ctx, ids)
	if err != nil {
		return e, storeError(err)
	}
	var removed []string
	for _, st := range states {
		if st.Removed {
			removed = append(removed, st.Spec.Title)
		} else {
			e.Titles = append(e.Titles, st.Spec.Title)
		}
	}
	if len(e.Titles) == 0 {
		e.Titles = removed
	}
	return e, nil
}
