package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// renamed looks whether a document that chose no id itself was filed before
// under another name, and then goes on under the id that it had; and whether its
// name is that of another document, and then finds it an id of its own. What it
// says is for the person who files it; another is true for the latter.
func (b *Backend) renamed(ctx context.Context, name string, in *filing.Input) (warnings []string, another bool, err error) {
	if in.ID != "" || len(in.Document.Items) == 0 || filing.Named(name, in.Document) {
		return nil, false, nil
	}
	var other filing.Earlier
	if in.Document.ID != "" {
		same, e, err := b.hasID(ctx, in.Document, in.Document.ID)
		if err != nil || same {
			return nil, false, err // it is known by this name
		}
		other = e
	}
	all, err := b.ledger.Postmortems(ctx)
	if err != nil {
		return nil, false, storeError(err)
	}
	var earlier []filing.Earlier
	for _, pm := range all {
		if pm.ID == other.Postmortem.ID || !filing.MayBe(in.Document, pm) {
			continue
		}
		e, err := b.earlier(ctx, pm.ID)
		if err != nil {
			return nil, false, err
		}
		earlier = append(earlier, e)
	}
	if id, ok := filing.Renamed(in.Document, earlier); ok {
		in.ID = id
		return []string{fmt.Sprintf("this is taken for the postmortem %s, which was filed before under another name; to file it apart, give it an id of its own (id in the front matter, or --id)", id)}, false, nil
	}
	if other.Postmortem.ID == "" {
		return nil, false, nil
	}
	if in.ID, err = b.ownID(ctx, in.Document); err != nil {
		return nil, false, err
	}
	return []string{fmt.Sprintf("the id %s, from the name of the file, is that of another postmortem, “%s”: this one is filed as %s; where it is the same one, say so (id in the front matter, or --id)", other.Postmortem.ID, other.Postmortem.Title, in.ID)}, true, nil
}

// hasID reports whether a document was filed by this id before. Where another
// one was, it is told.
func (b *Backend) hasID(ctx context.Context, doc postmortem.Document, id string) (same bool, other filing.Earlier, err error) {
	if _, err := b.ledger.Postmortem(ctx, id); errors.Is(err, ledger.ErrNotFound) {
		return false, other, nil
	} else if err != nil {
		return false, other, storeError(err)
	}
	e, err := b.earlier(ctx, id)
	if err != nil || !filing.Another(doc, e) {
		return err == nil, other, err
	}
	return false, e, nil
}

// ownID is an id from the date and title of a document that no other one has.
func (b *Backend) ownID(ctx context.Context, doc postmortem.Document) (string, error) {
	slug := postmortem.Slug(doc.Date, doc.Title)
	for n := 1; ; n++ {
		id := slug
		if n > 1 {
			id = fmt.Sprintf("%s-%d", slug, n)
		}
		_, other, err := b.hasID(ctx, doc, id)
		if err != nil || other.Postmortem.ID == "" {
			return id, err
		}
	}
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
