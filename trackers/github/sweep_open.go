package github

import (
	"context"
	"net/http"
	"net/url"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// OpenPulls lists the pull requests that are open now, those that were updated
// last first. While the first page is as it was, so is the list: what changes
// moves to its top, and of what is closed nobody asks.
func (t *Tracker) OpenPulls(ctx context.Context, repo string) ([]trackers.Change, error) {
	path, err := repoPath("list open pull requests", repo)
	if err != nil {
		return nil, err
	}
	c := call{op: "list open pull requests of " + repo, repo: repo}
	api, err := t.client(ctx, repo)
	if err != nil {
		return nil, rest.NetError(c.op, c.ref, &rest.CredentialError{Err: err}, rest.Read)
	}
	path += "/pulls"
	key := path + " open" // the list of all has a memory of its own
	first := url.Values{"state": {"open"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {"100"}}.Encode()
	before, etag := known[trackers.Change](t, key, first, time.Time{})
	c.etag = etag
	var all []listed[trackers.Change]
	seen := map[int]bool{} // what is opened meanwhile moves others to the next page
	for raw := first; raw != "" && len(all) < maxOpenPulls; {
		var page []gh.PullRequest
		a, err := onePage(ctx, t, api, c, path, raw, &page)
		switch {
		case err != nil:
			return nil, t.withoutPulls(ctx, repo, err)
		case a.Status == http.StatusNotModified:
			return values(before), nil
		case raw == first:
			etag, c.etag = a.Header.Get("ETag"), ""
		}
		for i := range page {
			if p := pullRequest(repo, &page[i]); p.Open && p.PullRequest > 0 && !seen[p.PullRequest] {
				seen[p.PullRequest] = true
				all = append(all, listed[trackers.Change]{value: p})
			}
		}
		next := nextQuery(a.Header)
		if next == raw || len(page) == 0 {
			next = ""
		}
		raw = next
	}
	keep(t, key, first, etag, time.Time{}, all)
	return values(all), nil
}

// maxOpenPulls bounds one list of open pull requests.
const maxOpenPulls = 1000

func values[V any](all []listed[V]) []V {
	out := make([]V, len(all))
	for i, x := range all {
		out[i] = x.value
	}
	return out
}
