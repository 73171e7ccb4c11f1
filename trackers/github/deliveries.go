package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

var _ trackers.DeliveryLog = (*Tracker)(nil)

// hookAge is how long the id of a webhook, or that there is none to be seen,
// is believed.
const hookAge = time.Hour

// deliveryMargin is how far two looks at the log overlap.
const deliveryMargin = 15 * time.Second

// hook is the webhook of a repository that leads here; id 0: none is seen.
type hook struct {
	id int64
	at time.Time
}

// deliveryLine is what matters of a line of the log.
type deliveryLine struct {
	ID          int64     `json:"id"`
	GUID        string    `json:"guid"`
	DeliveredAt time.Time `json:"delivered_at"`
	StatusCode  int       `json:"status_code"`
	Event       string    `json:"event"`
}

// Undelivered reads GitHub's own log of the webhook that leads here, newest
// first down to since, and then the bodies of those whose every attempt
// failed. A token that may not see webhooks, and a server without that log,
// have none. An app has one log for all its repositories.
func (t *Tracker) Undelivered(ctx context.Context, target string, since time.Time, most int) ([]trackers.Delivery, time.Time, error) {
	path, err := repoPath("list deliveries", target)
	if err != nil {
		return nil, since, err
	}
	c := call{op: "list deliveries of the webhook of " + target, repo: target}
	api, err := t.client(ctx, target)
	if err != nil {
		return nil, since, err
	}
	log := "app/hook/deliveries"
	if t.app != nil {
		api = t.app.api
	} else {
		id, err := t.hookOf(ctx, target, path)
		if err != nil || id == 0 {
			return nil, since, err
		}
		log = fmt.Sprintf("%s/hooks/%d/deliveries", path, id)
	}
	var lines []deliveryLine
	until := since
	q := url.Values{}
	if since.IsZero() {
		q.Set("per_page", "1")
	}
	err = listWith(ctx, t, api, c, log, q, func(page []deliveryLine) bool {
		for _, d := range page {
			until = maxTime(until, d.DeliveredAt.UTC())
			lines = append(lines, d)
		}
		return !since.IsZero() && len(page) > 0 && !page[len(page)-1].DeliveredAt.Before(since)
	})
	if rest.Missing(err) || trackers.ClassOf(err) == trackers.Denied && err != nil {
		t.log.Debug("the log of deliveries cannot be read", "target", target, "err", err)
		return nil, since, nil
	}
	if err != nil {
		return nil, since, err
	}
	if since.IsZero() {
		if until.IsZero() {
			until = t.now().UTC().Add(-hookAge) // nothing was ever sent
		}
		return nil, until, nil
	}
	arrived := map[string]bool{}
	for _, d := range lines {
		if d.StatusCode >= 200 && d.StatusCode < 300 {
			arrived[d.GUID] = true
		}
	}
	slices.Reverse(lines) // oldest first
	var out []trackers.Delivery
	for _, d := range lines {
		if d.GUID == "" || arrived[d.GUID] || d.DeliveredAt.Before(since) || !slices.Contains(events, d.Event) {
			continue
		}
		arrived[d.GUID] = true // a later attempt has the same body
		if len(out) == most {
			return out, maxTime(since, d.DeliveredAt.UTC()), nil
		}
		body, err := t.delivered(ctx, api, c, log, d.ID)
		if err != nil {
			return out, maxTime(since, d.DeliveredAt.UTC()), err
		}
		if body != nil {
			out = append(out, trackers.Delivery{ID: d.GUID, Event: d.Event, Body: body})
		}
	}
	// An attempt takes a while, so an older one may show up after a newer one.
	return out, maxTime(since, until.Add(-deliveryMargin)), nil
}

// delivered reads the body of one delivery; nil: it is kept no longer.
func (t *Tracker) delivered(ctx context.Context, api *gh.Client, c call, log string, id int64) ([]byte, error) {
	var got struct {
		Request struct {
			Payload json.RawMessage `json:"payload"`
		} `json:"request"`
	}
	c.op, c.method, c.path, c.out = "read a delivery", "GET", log+"/"+strconv.FormatInt(id, 10), &got
	if _, err := t.doWith(ctx, api, c); err != nil {
		if rest.Missing(err) {
			return nil, nil
		}
		return nil, err
	}
	return got.Request.Payload, nil
}

// hookOf finds the webhook of a repository that leads here.
func (t *Tracker) hookOf(ctx context.Context, target, path string) (int64, error) {
	t.mu.Lock()
	known, ok := t.hooks[target]
	t.mu.Unlock()
	if ok && t.now().Sub(known.at) < hookAge {
		return known.id, nil
	}
	found := hook{at: t.now()}
	err := list(ctx, t, call{op: "list webhooks", repo: target}, path+"/hooks", nil, func(page []gh.Hook) bool {
		for i := range page {
			if h := &page[i]; t.leadsHere(h.GetConfig().GetURL()) && found.id == 0 {
				found.id = h.GetID()
			}
		}
		return found.id == 0
	})
	if err != nil && !rest.Missing(err) && trackers.ClassOf(err) != trackers.Denied {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hooks[target] = found
	return found.id, nil
}
