package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// itemsAtOnce is how many items are read at once while a page is filled.
const itemsAtOnce = 500

// Items implements api.Backend. The cursor is the id of the last item of the
// page before.
func (b *Backend) Items(ctx context.Context, q api.ItemQuery) (api.ItemPage, error) {
	s := b.reconciler.Setup()
	var found []domain.State
	after, more := q.Cursor, false
scan:
	for {
		ids, err := b.ledger.ItemIDs(ctx, after, itemsAtOnce)
		if errors.Is(err, ledger.ErrNotFound) {
			return api.ItemPage{}, api.Invalid{Field: "cursor", Detail: "it is none that this server gave"}
		}
		if err != nil {
			return api.ItemPage{}, storeError(err)
		}
		if len(ids) == 0 {
			break
		}
		after = ids[len(ids)-1]
		states, err := b.ledger.States(ctx, ids)
		if err != nil {
			return api.ItemPage{}, storeError(err)
		}
		if states, err = b.asReported(ctx, s, q.Report, states); err != nil {
			return api.ItemPage{}, err
		}
		for _, st := range states {
			// The overdue filter needs the view; the rest is asked of the state.
			v := view(s, st, st.Verdict, nil, b.now())
			if !matches(q, v) {
				continue
			}
			if len(found) == q.Limit {
				more = true
				break scan
			}
			found = append(found, st)
		}
	}
	views, err := b.views(ctx, s, found)
	if err != nil {
		return api.ItemPage{}, err
	}
	page := api.ItemPage{Items: views}
	if more {
		page.Next = found[len(found)-1].Spec.ID
	}
	return page, nil
}

func matches(q api.ItemQuery, v api.ItemView) bool {
	in := func(wanted []string, have ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, h) })
		})
	}
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	ticket := ""
	if v.Ticket != nil {
		ticket = string(v.Ticket.Ref)
	}
	switch {
	case q.Postmortem != "" && q.Postmortem != v.Postmortem,
		!in(q.Status, v.Status), !in(q.Verdict, v.Verdict), !in(q.Team, text(v.Team)), !in(q.Service, v.Services...),
		!in(q.Priority, string(v.Priority)), !in(q.Type, string(v.Type)),
		q.Owner != "" && !strings.EqualFold(strings.TrimPrefix(q.Owner, "@"), strings.TrimPrefix(text(v.Owner), "@")),
		q.Overdue != nil && *q.Overdue != v.Overdue:
		return false
	}
	if q.Q == "" {
		return true
	}
	all := strings.ToLower(strings.Join([]string{v.ID, v.Title, text(v.Owner), ticket}, "\n"))
	return strings.Contains(all, strings.ToLower(q.Q))
}

// duration reads a duration as the configuration writes it.
func duration(s string) (time.Duration, error) {
	d, err := config.ParseDuration(s)
	return time.Duration(d), err
}

// changeWord is a named change as the reconciler takes it.
func changeWord(c api.ChangeRef) string {
	switch {
	case c.URL != "":
		return c.URL
	case c.SHA != "" && c.Repo != "":
		return c.Repo + "@" + c.SHA
	case c.SHA != "":
		return c.SHA
	}
	return c.Repo + "#" + itoa(c.Number)
}
