package github

import (
	"context"
	"net/url"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// leeway is how far the tracker's clock may be behind ours.
const leeway = 5 * time.Minute

// Find goes through the repository's issues, newest first, and looks for the
// exact marker in those that our account made. Lists do not lag behind
// creations as search does. since is taken with five minutes' leeway, because
// it is our clock and the issues carry the tracker's.
func (t *Tracker) Find(ctx context.Context, target string, m trackers.Marker, since time.Time) (domain.Ticket, bool, error) {
	const op = "find ticket"
	path, err := repoPath(op, target)
	if err != nil {
		return domain.Ticket{}, false, err
	}
	own, err := t.ownLogins(ctx)
	if err != nil {
		return domain.Ticket{}, false, err
	}
	q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"desc"}}
	from := since.Add(-leeway)
	if !since.IsZero() {
		q.Set("since", from.UTC().Format(time.RFC3339))
	}
	if len(own) == 1 && !strings.HasSuffix(own[0], "[bot]") {
		q.Set("creator", own[0])
	}
	want := marker(m)
	var found domain.Ticket
	ok := false
	c := call{op: op, repo: target}
	err = list(ctx, t, c, path+"/issues", q, func(page []gh.Issue) bool {
		newestFirst := true
		for i := range page {
			is := &page[i]
			if i > 0 && is.GetCreatedAt().After(page[i-1].GetCreatedAt().Time) {
				newestFirst = false
			}
			if is.IsPullRequest() || is.GetNumber() <= 0 || !strings.Contains(is.GetBody(), want) {
				continue
			}
			by := is.GetUser().GetLogin()
			if len(own) > 0 && by != "" && !containsFold(own, by) {
				continue
			}
			if at := is.GetCreatedAt(); !since.IsZero() && !at.IsZero() && at.Before(from) {
				continue
			}
			found, ok = t.ticket(domain.GitHubRef(t.name, target, is.GetNumber()), is), true
			return false
		}
		last := time.Time{}
		if len(page) > 0 {
			last = page[len(page)-1].GetCreatedAt().Time
		}
		return !(newestFirst && !last.IsZero() && last.Before(from))
	})
	return found, ok, err
}

// ownLogins are the accounts that we write as: the token's user, the app's
// bot, and whoever the answers to our creations named. It is empty where the
// tracker does not tell; the marker's code must then do alone.
func (t *Tracker) ownLogins(ctx context.Context) ([]string, error) {
	t.mu.Lock()
	asked := t.askedOwn
	t.mu.Unlock()
	if !asked {
		login, err := t.askOwn(ctx)
		if err != nil {
			return nil, err
		}
		t.learnOwn(login)
		t.mu.Lock()
		t.askedOwn = true
		t.mu.Unlock()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for l := range t.own {
		out = append(out, l)
	}
	return out, nil
}

// askOwn asks the tracker who we are. Installation tokens may not ask, and
// some servers do not know the call: that is no answer and no error.
func (t *Tracker) askOwn(ctx context.Context) (string, error) {
	if t.app != nil {
		var a gh.App
		_, err := t.doWith(ctx, t.app.api, call{op: "read the app", method: "GET", path: "app", out: &a})
		if err != nil || a.GetSlug() == "" {
			return "", unlessHidden(err)
		}
		return a.GetSlug() + "[bot]", nil
	}
	var u gh.User
	_, err := t.do(ctx, call{op: "read the token's user", method: "GET", path: "user", out: &u})
	return u.GetLogin(), unlessHidden(err)
}

func unlessHidden(err error) error {
	if err == nil || rest.Missing(err) {
		return nil
	}
	switch trackers.ClassOf(err) {
	case trackers.Denied, trackers.Invalid:
		return nil
	}
	return err
}

func (t *Tracker) learnOwn(login string) {
	if login == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own[strings.ToLower(login)] = true
}
