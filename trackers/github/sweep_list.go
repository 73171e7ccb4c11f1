package github

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

const (
	// sweepMargin is how far sweeps overlap: what was updated first may show up
	// in a list after what was updated a moment later.
	sweepMargin = 5 * time.Second
	// emptyMargin is the same for a list that holds nothing yet: it may begin
	// long ago at no cost. Of the time there is only the header Date, which a
	// gateway may have written by another clock than that of the things to come.
	emptyMargin = 24 * time.Hour
	// sweepPages bounds what one sweep lists; the rest is had with the next.
	sweepPages = 10
	// maxKept bounds the things that are kept of a list until it changes.
	maxKept = 20
)

// listed is one thing of a list.
type listed[V any] struct {
	value V
	id    int64
	at    time.Time // when it was last updated
	order time.Time // what the list is ordered by
}

// kept is a whole list as it was last told, so that the next question can be
// "has it changed", which GitHub answers with 304 at no cost.
type kept struct {
	query string
	etag  string
	from  time.Time // it holds everything since then
	all   any       // []listed[V]
}

// keep remembers a list, or forgets it where it is too long to be held. A
// list that is asked for from a time on is short once everything is told.
func keep[V any](t *Tracker, path, query, etag string, from time.Time, all []listed[V]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if etag == "" || len(all) > maxKept {
		delete(t.kept, path)
		return
	}
	t.kept[path] = kept{query: query, etag: etag, from: from, all: all}
}

func known[V any](t *Tracker, path, query string, from time.Time) ([]listed[V], string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.kept[path]
	all, ok := k.all.([]listed[V])
	if !ok || k.query != query || from.Before(k.from) {
		return nil, "" // it may lack what is asked for
	}
	return all, k.etag
}

// latest is the newest of the times at which things were updated.
func latest[V any](at time.Time, all []listed[V]) time.Time {
	for _, x := range all {
		if x.at.After(at) {
			at = x.at
		}
	}
	return at
}

// resume is where the next sweep starts: a little before the newest thing that
// was seen, never before this sweep's own start. Where nothing was seen it
// stays, so that the question stays the same and costs nothing.
func resume(from, newest time.Time) time.Time {
	if at := newest.Add(-sweepMargin); at.After(from) {
		return at
	}
	return from
}

// whence says where a first sweep of a list starts, by the tracker's clock. It
// is zero when the tracker tells no time at all.
func whence[W, V any](ctx context.Context, t *Tracker, c call, path string, query url.Values, read func(*W) listed[V]) (time.Time, error) {
	var page []W
	q := url.Values{"per_page": {"1"}}
	for k, v := range query {
		q[k] = v
	}
	c.method, c.path, c.out = "GET", path+"?"+q.Encode(), &page
	a, err := t.do(ctx, c)
	if err != nil {
		return time.Time{}, err
	}
	var newest time.Time
	for i := range page {
		newest = latest(newest, []listed[V]{read(&page[i])})
	}
	if newest.IsZero() {
		if newest, err = http.ParseTime(a.Header.Get("Date")); err != nil {
			return time.Time{}, nil //nolint:nilerr // it tells no time at all: ask again
		}
		return newest.UTC().Add(-emptyMargin), nil
	}
	return newest.UTC().Add(-sweepMargin), nil
}

// ascending lists what was updated since a time, oldest first. A further page
// is asked for by the time of the last thing seen, not by its number: what is
// updated meanwhile moves to the end, and what moves up would be skipped. It
// ends after stop, unless that is zero. more says that there is more to be
// had, from until on.
func ascending[W, V any](ctx context.Context, t *Tracker, c call, path string, query url.Values, from, stop time.Time, read func(*W) listed[V]) (all []listed[V], until time.Time, more bool, err error) {
	api, err := t.client(ctx, c.repo)
	if err != nil {
		return nil, from, false, rest.NetError(c.op, c.ref, &rest.CredentialError{Err: err}, rest.Read)
	}
	from = from.UTC().Truncate(time.Second) // what GitHub tells times in
	q := url.Values{"per_page": {"100"}, "sort": {"updated"}, "direction": {"asc"}}
	for k, v := range query {
		q[k] = v
	}
	seen := map[int64]bool{}
	until, ordered, raw := from, true, ""
	for n := range maxPages {
		asked := until
		if raw == "" {
			q.Set("since", asked.Format(time.RFC3339))
			raw = q.Encode()
		}
		var before []listed[V]
		if c.etag = ""; n == 0 {
			before, c.etag = known[V](t, path, raw, from)
		}
		var page []W
		a, err := onePage(ctx, t, api, c, path, raw, &page)
		if err != nil {
			return nil, from, false, err
		}
		if a.Status == http.StatusNotModified {
			return before, latest(from, before), false, nil
		}
		items := make([]listed[V], 0, len(page))
		for i := range page {
			items = append(items, read(&page[i]))
		}
		ordered = ordered && slices.IsSortedFunc(items, func(a, b listed[V]) int { return a.at.Compare(b.at) })
		for _, x := range items {
			if seen[x.id] || !x.at.IsZero() && x.at.Before(from) { // a server that knows no since
				continue
			}
			seen[x.id] = true
			all = append(all, x)
		}
		until = latest(until, items)
		next := nextQuery(a.Header)
		if next == "" && len(page) < 100 {
			if n == 0 {
				keep(t, path, raw, a.Header.Get("ETag"), from, all)
			}
			return all, until, false, nil
		}
		switch {
		case ordered && !stop.IsZero() && until.After(stop), ordered && until.After(asked) && n+1 >= sweepPages:
			return all, until, true, nil
		case ordered && until.After(asked):
			raw = ""
		case next == "" || next == raw:
			return all, until, false, nil
		default: // a whole page within one second, or a server that does not sort
			raw = next
		}
	}
	t.log.Warn("a list is longer than can be read", "op", c.op, "pages", maxPages)
	if ordered {
		until = maxTime(until, from.Add(time.Second))
	}
	return all, until, ordered, nil
}

// descending reads a list that has the newest first down to what is older than
// from. What is inserted meanwhile moves things down: some come twice. finish
// looks up what the list does not say of a thing; nil: nothing. It is called
// for things that have not changed too.
func descending[W, V any](ctx context.Context, t *Tracker, c call, path string, query url.Values, from time.Time, read func(*W) listed[V], finish func(*V) error) (all []listed[V], until time.Time, err error) {
	api, err := t.client(ctx, c.repo)
	if err != nil {
		return nil, from, rest.NetError(c.op, c.ref, &rest.CredentialError{Err: err}, rest.Read)
	}
	first := query.Encode()
	before, etag := known[V](t, path, first, from)
	c.etag = etag
	seen := map[int64]bool{}
	raw := first
	for n := range maxPages {
		var page []W
		a, err := onePage(ctx, t, api, c, path, raw, &page)
		if err != nil {
			return nil, from, err
		}
		if a.Status == http.StatusNotModified {
			all = before
			break
		}
		if n == 0 {
			etag, c.etag = a.Header.Get("ETag"), ""
		}
		items := make([]listed[V], 0, len(page))
		for i := range page {
			items = append(items, read(&page[i]))
		}
		for _, x := range items {
			if !seen[x.id] {
				seen[x.id] = true
				all = append(all, x)
			}
		}
		next := nextQuery(a.Header)
		ordered := slices.IsSortedFunc(items, func(a, b listed[V]) int { return b.order.Compare(a.order) })
		if next == "" || next == raw || len(items) == 0 || ordered && items[len(items)-1].at.Before(from) {
			break
		}
		if raw = next; n == maxPages-1 {
			t.log.Warn("a list is longer than can be read", "op", c.op, "pages", maxPages)
		}
	}
	all = since(all, from)
	until = resume(from, latest(from, all))
	for i := range all {
		if finish == nil {
			break
		}
		if err := finish(&all[i].value); err != nil {
			return nil, from, err
		}
	}
	keep(t, path, first, etag, until, since(all, until))
	return all, until, nil
}

func since[V any](all []listed[V], from time.Time) []listed[V] {
	return slices.DeleteFunc(slices.Clone(all), func(x listed[V]) bool { return x.at.Before(from) })
}

func onePage[W any](ctx context.Context, t *Tracker, api *gh.Client, c call, path, raw string, page *[]W) (rest.Answer, error) {
	c.method, c.path, c.out = "GET", path+"?"+raw, page
	return t.doWith(ctx, api, c)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// webURL keeps an address that a person can be given, else nothing.
func webURL(urls ...string) string {
	return cmp.Or(slices.DeleteFunc(urls, func(s string) bool {
		u, err := url.Parse(s)
		return err != nil || len(s) > 2000 || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(s, " <>\"`\\")
	})...)
}
