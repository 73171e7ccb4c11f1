package api

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/trackers"
)

// File files a postmortem, or with DryRun asks what that would do.
func (c *Client) File(ctx context.Context, r FileRequest) (FiledView, error) {
	q := url.Values{}
	set(q, "id", r.ID)
	set(q, "service", r.Service)
	set(q, "name", r.Name)
	if r.DryRun {
		q.Set("dry_run", "true")
	}
	if r.Force {
		q.Set("force", "true")
	}
	k := call{method: "POST", path: "/postmortems", query: q, contentType: r.ContentType, body: r.Body, timeout: longTimeout}
	return fetch[FiledView](ctx, c, k)
}

// Items reads one page of items.
func (c *Client) Items(ctx context.Context, f ItemQuery) (ItemPage, error) {
	q := url.Values{}
	set(q, "postmortem", f.Postmortem)
	for name, values := range map[string][]string{"status": f.Status, "verdict": f.Verdict, "team": f.Team,
		"service": f.Service, "priority": f.Priority, "type": f.Type} {
		set(q, name, strings.Join(values, ","))
	}
	set(q, "owner", f.Owner)
	if f.Overdue != nil {
		q.Set("overdue", strconv.FormatBool(*f.Overdue))
	}
	set(q, "q", f.Q)
	set(q, "cursor", f.Cursor)
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	body, err := fetch[itemsBody](ctx, c, get("/items", q))
	return ItemPage{Items: body.Items, Next: value(body.NextCursor)}, err
}

// Item reads one item with its ledger.
func (c *Client) Item(ctx context.Context, id string) (ItemDetail, error) {
	p, err := itemRoute(id, "")
	if err != nil {
		return ItemDetail{}, err
	}
	return fetch[ItemDetail](ctx, c, get(p, nil))
}

// Why reads the checks of a verdict, of an item by its id or its ticket.
func (c *Client) Why(ctx context.Context, item, ticket string) (WhyView, error) {
	q := url.Values{}
	set(q, "item", item)
	set(q, "ticket", ticket)
	return fetch[WhyView](ctx, c, get("/why", q))
}

// Waive waives an item.
func (c *Client) Waive(ctx context.Context, item string, w WaiverRequest) (ItemView, error) {
	return c.act(ctx, item, "/waiver", waiverBody(w))
}

// Unwaive takes a waiver back.
func (c *Client) Unwaive(ctx context.Context, item string) (ItemView, error) {
	p, err := itemRoute(item, "/waiver")
	if err != nil {
		return ItemView{}, err
	}
	return fetch[ItemView](ctx, c, call{method: "DELETE", path: p})
}

// Attest vouches for an item.
func (c *Client) Attest(ctx context.Context, item string, a AttestationRequest) (ItemView, error) {
	return c.act(ctx, item, "/attestation", attestationBody(a))
}

// LinkCommit names a commit as a fix; an empty repo is that of the item's
// service.
func (c *Client) LinkCommit(ctx context.Context, item, repo, sha string) (ItemView, error) {
	return c.act(ctx, item, "/changes", changeBody{SHA: sha, Repo: repo})
}

// LinkPullRequest names a pull request as a fix: 12, #12, OWNER/NAME#12 or
// its address.
func (c *Client) LinkPullRequest(ctx context.Context, item, pull string) (ItemView, error) {
	return c.act(ctx, item, "/changes", changeBody{PullRequest: pullRequestRef(pull)})
}

// Retry has an item looked at again now.
func (c *Client) Retry(ctx context.Context, item string) (ItemView, error) {
	return c.act(ctx, item, "/retry", nil)
}

func (c *Client) act(ctx context.Context, item, verb string, body any) (ItemView, error) {
	p, err := itemRoute(item, verb)
	if err != nil {
		return ItemView{}, err
	}
	return fetch[ItemView](ctx, c, post(p, body))
}

// Deployments reads one page of deployments, newest first.
func (c *Client) Deployments(ctx context.Context, f DeploymentQuery) (DeploymentPage, error) {
	q := url.Values{}
	set(q, "service", f.Service)
	set(q, "environment", f.Environment)
	set(q, "cursor", f.Cursor)
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	body, err := fetch[deploymentsBody](ctx, c, get("/deployments", q))
	return DeploymentPage{Deployments: body.Deployments, Next: value(body.NextCursor)}, err
}

// Deployment reads one deployment with what it shipped and took back. Service
// and environment may be empty.
func (c *Client) Deployment(ctx context.Context, id, service, environment string) (DeploymentDetail, error) {
	q := url.Values{}
	set(q, "service", service)
	set(q, "environment", environment)
	return fetch[DeploymentDetail](ctx, c, get("/deployments/"+url.PathEscape(id), q))
}

// PauseState tells whether writing to trackers is stopped.
func (c *Client) PauseState(ctx context.Context) (PauseView, error) {
	return fetch[PauseView](ctx, c, get("/pause", nil))
}

// Pause stops all writing to trackers.
func (c *Client) Pause(ctx context.Context) (PauseView, error) {
	return fetch[PauseView](ctx, c, post("/pause", nil))
}

// Resume starts it again.
func (c *Client) Resume(ctx context.Context) (PauseView, error) {
	return fetch[PauseView](ctx, c, post("/resume", nil))
}

// Reopenings lists the groups of reopenings that wait.
func (c *Client) Reopenings(ctx context.Context) ([]ReopeningView, error) {
	body, err := fetch[reopeningsBody](ctx, c, get("/reopenings", nil))
	return body.Reopenings, err
}

// ConfirmReopenings lets the reopenings of a cause happen.
func (c *Client) ConfirmReopenings(ctx context.Context, cause string) (ReopeningView, error) {
	return fetch[ReopeningView](ctx, c, post("/reopenings/confirm", causeBody{cause}))
}

// DropReopenings leaves these tickets closed for this cause.
func (c *Client) DropReopenings(ctx context.Context, cause string) (ReopeningView, error) {
	return fetch[ReopeningView](ctx, c, post("/reopenings/drop", causeBody{cause}))
}

// Doctor has the server try everything that it needs.
func (c *Client) Doctor(ctx context.Context) (ok bool, findings []trackers.Finding, err error) {
	k := get("/doctor", nil)
	k.timeout = longTimeout
	body, err := fetch[doctorBody](ctx, c, k)
	return body.OK, body.Findings, err
}

// Report reads the weekly report in one of ReportFormats. Empty team and week
// stand for all teams and the last complete week.
func (c *Client) Report(ctx context.Context, team, week, format string) ([]byte, error) {
	q := url.Values{}
	set(q, "team", team)
	set(q, "week", week)
	set(q, "format", format)
	k := get("/reports/weekly", q)
	k.timeout = longTimeout
	var out []byte
	_, err := c.do(ctx, k, &out)
	return out, err
}

// Deliveries reads who gets the report of a week.
func (c *Client) Deliveries(ctx context.Context, week string) (string, []DeliveryView, error) {
	q := url.Values{}
	set(q, "week", week)
	body, err := fetch[deliveriesBody](ctx, c, get("/reports/deliveries", q))
	return body.Week, body.Deliveries, err
}

// Version is the server's version.
func (c *Client) Version(ctx context.Context) (VersionView, error) {
	return fetch[VersionView](ctx, c, get("/version", nil))
}

func fetch[T any](ctx context.Context, c *Client, k call) (T, error) {
	var out T
	_, err := c.do(ctx, k, &out)
	return out, err
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// itemRoute is the path of an item, or of one of its parts.
func itemRoute(id, part string) (string, error) {
	i := strings.LastIndexByte(id, '/')
	if i > 0 {
		if n, err := strconv.Atoi(id[i+1:]); err == nil && n > 0 {
			return "/items/" + url.PathEscape(id[:i]) + "/" + strconv.Itoa(n) + part, nil
		}
	}
	return "", fmt.Errorf("%q is no item: want <postmortem>/<number>, as `holdfast items` prints them", id)
}

// body is the wire form of a report.
func (r DeploymentReport) body() deploymentBody {
	b := deploymentBody{ID: deploymentID(r.ID), Service: r.Service, Environment: r.Environment, SHA: Text(r.SHA),
		Version: Text(r.Version), Status: Text(string(r.Status)), URL: Text(r.URL), FinishedAt: Time(r.FinishedAt)}
	if r.Percent != 0 {
		b.Percent = &r.Percent
	}
	for _, f := range r.Fixes {
		b.Fixes = append(b.Fixes, fixBody(f))
	}
	return b
}
