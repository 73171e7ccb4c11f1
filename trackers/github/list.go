package github

import (
	"context"
	"net/http"
	"net/url"
	"regexp"

	gh "github.com/google/go-github/v60/github"
)

// maxPages bounds a listing: 100 pages of 100.
const maxPages = 100

var nextLink = regexp.MustCompile(`<([^<>]*)>\s*;[^,<]*\brel="?next"?`)

// list reads a list page by page until each returns false. It goes on as the
// Link header says, because long lists page by cursor and not by number. Only
// the query of the link is used: the credential stays with our own address.
func list[T any](ctx context.Context, t *Tracker, c call, path string, query url.Values, each func([]T) bool) error {
	return listPages(ctx, t, c, path, query, maxPages, each)
}

// listPages is list with another bound.
func listPages[T any](ctx context.Context, t *Tracker, c call, path string, query url.Values, pages int, each func([]T) bool) error {
	api, err := t.client(ctx, c.repo)
	if err != nil {
		return err
	}
	return listUpTo(ctx, t, api, c, path, query, pages, each)
}

func listWith[T any](ctx context.Context, t *Tracker, api *gh.Client, c call, path string, query url.Values, each func([]T) bool) error {
	return listUpTo(ctx, t, api, c, path, query, maxPages, each)
}

func listUpTo[T any](ctx context.Context, t *Tracker, api *gh.Client, c call, path string, query url.Values, pages int, each func([]T) bool) error {
	q := url.Values{"per_page": {"100"}}
	for k, v := range query {
		q[k] = v
	}
	raw := q.Encode()
	for range pages {
		var page []T
		c.method, c.path, c.out = "GET", path+"?"+raw, &page
		a, err := t.doWith(ctx, api, c)
		if err != nil {
			return err
		}
		next := nextQuery(a.Header)
		if !each(page) || next == "" || next == raw {
			return nil
		}
		raw = next
	}
	return nil
}

func nextQuery(h http.Header) string {
	for _, v := range h.Values("Link") {
		if m := nextLink.FindStringSubmatch(v); m != nil {
			if u, err := url.Parse(m[1]); err == nil {
				return u.RawQuery
			}
		}
	}
	return ""
}
