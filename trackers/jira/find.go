package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// leeway is how far the tracker's clock may be behind ours.
const leeway = 5 * time.Minute

// Find searches for the marker's label, and where that finds nothing for its
// code in the text, since a project without labels on its screens refuses them.
// The full code must stand in the description, and our account must have made
// the ticket. Jira has no other way to find a ticket than its search, which
// lags some seconds behind a creation: look again before concluding that
// there is none.
func (t *Tracker) Find(ctx context.Context, target string, m trackers.Marker, since time.Time) (domain.Ticket, bool, error) {
	const op = "find ticket"
	if !validProject(target) || !macHex.MatchString(m.MAC) {
		return domain.Ticket{}, false, invalid(op, "", fmt.Errorf("no search for %q in project %q", m.Item, target))
	}
	own, err := t.ownAccount(ctx)
	if err != nil {
		return domain.Ticket{}, false, err
	}
	for _, jql := range []string{
		fmt.Sprintf(`project = "%s" AND labels = "%s" ORDER BY created DESC`, target, markerLabel(m)),
		fmt.Sprintf(`project = "%s" AND description ~ "%s" ORDER BY created DESC`, target, m.MAC),
	} {
		tk, ok, err := t.search(ctx, op, jql, func(is *issue) bool {
			by := is.Fields.Creator.key(t.flavor)
			if at := parseTime(is.Fields.Created); !since.IsZero() && !at.IsZero() && at.Before(since.Add(-leeway)) {
				return false
			}
			return lastMAC(is.Fields.Description) == m.MAC && (own == "" || by == "" || by == own)
		})
		if strings.Contains(jql, "description ~") && trackers.ClassOf(err) == trackers.Invalid {
			err = nil // a server whose search knows no text
		}
		if err != nil || ok {
			return tk, ok, err
		}
	}
	return domain.Ticket{}, false, nil
}

var markerMAC = regexp.MustCompile(`holdfast item \S+ mac ([0-9a-f]{64})\b`)

// lastMAC is the code of the last marker in a description. An item's text may
// quote another marker; ours comes after it.
func lastMAC(description string) string {
	all := markerMAC.FindAllStringSubmatch(description, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

// search returns the first match of the query that fits.
func (t *Tracker) search(ctx context.Context, op, jql string, fits func(*issue) bool) (domain.Ticket, bool, error) {
	q := t.query(op, jql, wanted, 50)
	for range 20 {
		page, more, err := q.next(ctx)
		if err != nil {
			return domain.Ticket{}, false, err
		}
		for i := range page {
			is := &page[i]
			if _, bad := domain.ParseRef(t.name + ":" + is.Key); bad != nil || !fits(is) {
				continue
			}
			category, err := t.category(ctx, is.Fields.Status)
			if err != nil {
				return domain.Ticket{}, false, err
			}
			return t.ticket(is, category), true, nil
		}
		if !more {
			break
		}
	}
	return domain.Ticket{}, false, nil
}

// query is a search under way. Cloud pages by token, Data Center by number;
// where one way is not there, the other is tried.
type query struct {
	t           *Tracker
	op          string
	path, other string
	values      url.Values
	seen        int
	date        string // of the last answer, by the server's clock
}

func (t *Tracker) query(op, jql, fields string, size int) *query {
	q := &query{t: t, op: op, path: "rest/api/2/search/jql", other: "rest/api/2/search",
		values: url.Values{"jql": {jql}, "fields": {fields}, "maxResults": {strconv.Itoa(size)}}}
	if t.flavor == DataCenter {
		q.path, q.other = q.other, q.path
	}
	return q
}

// next reads a page, and says whether there is a further one.
func (q *query) next(ctx context.Context) (page []issue, more bool, err error) {
	var got struct {
		Issues        []issue `json:"issues"`
		NextPageToken string  `json:"nextPageToken"`
		IsLast        bool    `json:"isLast"`
		Total         int     `json:"total"`
	}
	a, err := q.t.do(ctx, call{op: q.op, method: "GET", path: q.path, query: q.values, out: &got})
	if q.seen == 0 && q.other != "" && (a.Status == http.StatusGone || a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed) {
		q.path, q.other = q.other, ""
		a, err = q.t.do(ctx, call{op: q.op, method: "GET", path: q.path, query: q.values, out: &got})
	}
	if err != nil {
		return nil, false, err
	}
	q.other, q.date, q.seen = "", a.Header.Get("Date"), q.seen+len(got.Issues)
	switch {
	case got.NextPageToken != "" && !got.IsLast:
		q.values.Set("nextPageToken", got.NextPageToken)
		return got.Issues, true, nil
	case len(got.Issues) > 0 && q.seen < got.Total:
		q.values.Set("startAt", strconv.Itoa(q.seen))
		return got.Issues, true, nil
	}
	return got.Issues, false, nil
}

// ownAccount is the account that we write as, empty where the server does not
// tell; the marker's code must then do alone.
func (t *Tracker) ownAccount(ctx context.Context) (string, error) {
	t.mu.Lock()
	own, asked := t.own, t.askedOwn
	t.mu.Unlock()
	if asked {
		return own, nil
	}
	var me user
	_, err := t.do(ctx, call{op: "read our account", method: "GET", path: "rest/api/2/myself", out: &me})
	if err != nil && !rest.Missing(err) {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own, t.askedOwn = me.key(t.flavor), true
	return t.own, nil
}

func (t *Tracker) knownOwn() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.own
}
