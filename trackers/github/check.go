package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// CanWrite reports whether the login has write permission or more. For somebody
// unknown, and from a server that cannot tell, the error is NotFound.
func (t *Tracker) CanWrite(ctx context.Context, ref domain.Ref, login string) (bool, error) {
	const op = "read permission"
	if _, err := t.issuePath(op, ref); err != nil {
		return false, err
	}
	if len(login) > maxName || !loginName.MatchString(login) {
		return false, nil
	}
	var got struct {
		Permission string `json:"permission"`
	}
	a, err := t.do(ctx, call{op: op, ref: ref, repo: ref.Project(), method: "GET",
		path: "repos/" + ref.Project() + "/collaborators/" + url.PathEscape(login) + "/permission", out: &got})
	if rest.Missing(err) {
		return false, &trackers.Error{Op: op, Ref: ref, Class: trackers.NotFound, Status: a.Status, Err: err}
	}
	if err != nil {
		return false, err
	}
	return slices.Contains([]string{"admin", "maintain", "write"}, got.Permission), nil
}

// events are what the webhook must send.
var events = []string{"issues", "issue_comment", "pull_request", "push", "deployment_status"}

// Check tries the token, and in each repository what Holdfast needs there. It
// changes nothing.
func (t *Tracker) Check(ctx context.Context, targets []string) []trackers.Finding {
	out := []trackers.Finding{t.checkToken(ctx)}
	for _, repo := range targets {
		out = append(out, t.checkRepo(ctx, repo)...)
	}
	return out
}

func (t *Tracker) checkToken(ctx context.Context) trackers.Finding {
	f := trackers.Finding{Subject: t.name + ": token"}
	if t.app != nil {
		f.Subject = t.name + ": app"
		all, err := t.installations(ctx)
		switch {
		case err != nil:
			f.Detail, f.Remedy = why(err), "Check app.id and app.private_key_file, and that this machine reaches "+t.base.String()+"."
		case len(all) == 0:
			f.Detail, f.Remedy = "the app is installed nowhere", "Install the app on the accounts that own the repositories."
		default:
			f.OK, f.Detail = true, fmt.Sprintf("the app works; installations: %d", len(all))
		}
		return f
	}
	if t.token == "" {
		f.Detail, f.Remedy = "no token is configured", "Set token, or app with id and private_key_file."
		return f
	}
	var u gh.User
	a, err := t.do(ctx, call{op: "read the token's user", method: "GET", path: "user", out: &u})
	switch {
	case err == nil:
		f.OK, f.Detail = true, "works as "+text.Brief(u.GetLogin())
		t.learnOwn(u.GetLogin())
		if s := a.Header.Get("X-OAuth-Scopes"); s != "" && !strings.Contains(s, "repo") {
			f.Warning, f.Detail = true, f.Detail+"; its scopes are "+text.Brief(s)
			f.Remedy = "Give the token the scope repo (public_repo is enough for public repositories)."
		}
	case a.Status == http.StatusUnauthorized:
		f.Detail, f.Remedy = why(err), "The token is wrong, expired or revoked: make a new one and set token."
	case unlessHidden(err) == nil:
		f.OK, f.Warning, f.Detail = true, true, "the tracker does not tell whose token this is ("+why(err)+")"
		f.Remedy = "Nothing to do if this is an installation token; else check it."
	default:
		f.Detail, f.Remedy = why(err), "Check api_url ("+t.base.String()+") and that this machine reaches it."
	}
	return f
}

func (t *Tracker) checkRepo(ctx context.Context, repo string) []trackers.Finding {
	f := trackers.Finding{Subject: t.name + ": " + text.Brief(repo)}
	path, err := repoPath("check repository", repo)
	if err != nil {
		f.Detail, f.Remedy = why(err), "Write OWNER/NAME."
		return []trackers.Finding{f}
	}
	var r gh.Repository
	a, err := t.do(ctx, call{op: "read repository", repo: repo, method: "GET", path: path, out: &r})
	if err != nil {
		f.Detail, f.Remedy = why(err), "Check api_url and that this machine reaches it."
		if a.Status == http.StatusNotFound || a.Status == http.StatusForbidden || trackers.ClassOf(err) == trackers.NotFound {
			f.Remedy = "Check the name, and give the token (or install the app on) this repository with: issues read and write, metadata, contents, pull requests, deployments read."
		}
		return []trackers.Finding{f}
	}
	f.OK, f.Detail = true, "reachable, may file issues"
	switch p := r.GetPermissions(); {
	case r.GetFullName() != "" && !strings.EqualFold(r.GetFullName(), repo):
		f.OK, f.Detail, f.Remedy = false, "it is called "+text.Brief(r.GetFullName())+" now: its deliveries name that, and are not followed", "Write the new name in the configuration."
	case r.GetArchived():
		f.OK, f.Detail, f.Remedy = false, "the repository is archived: nothing in it can be changed", "Unarchive it, or send its tickets elsewhere with tickets."
	case r.HasIssues != nil && !r.GetHasIssues():
		f.OK, f.Detail, f.Remedy = false, "issues are turned off", "Turn issues on under Settings → General → Features, or send its tickets elsewhere with tickets."
	case len(p) == 0:
		f.Detail = "reachable; the tracker does not tell what the token may do here"
	case !p["push"] && !p["triage"] && !p["maintain"] && !p["admin"]:
		f.OK, f.Detail = false, "the token may read but not write: labels and assignees would be dropped, and no ticket could be reopened"
		f.Remedy = "Give the token write access to issues here."
	}
	return append([]trackers.Finding{f}, t.checkHook(ctx, repo, path))
}

// checkHook looks for a webhook that leads to us and says exactly how to make
// or mend it.
func (t *Tracker) checkHook(ctx context.Context, repo, path string) trackers.Finding {
	f := trackers.Finding{Subject: t.name + ": " + repo + ": webhook"}
	to := t.webhook
	if to == "" {
		to = "<public_url>/webhooks/github/" + t.name
	}
	settings := "Under Settings → Webhooks: payload URL " + to + ", content type application/json, the configured webhook_secret, SSL verification on, and the events " +
		strings.Join(events, ", ") + "."
	var best *gh.Hook
	err := list(ctx, t, call{op: "list webhooks", repo: repo}, path+"/hooks", nil, func(page []gh.Hook) bool {
		for i := range page {
			if h := &page[i]; t.leadsHere(h.GetConfig().GetURL()) && (best == nil || len(missing(h)) < len(missing(best))) {
				best = h
			}
		}
		return true
	})
	switch {
	case err != nil:
		f.OK, f.Warning = true, true
		f.Detail, f.Remedy = "the webhooks cannot be listed ("+why(err)+")", "Look yourself, or give the token webhooks read. "+settings
		if t.app != nil {
			f.Remedy = "An app has one webhook of its own: in its settings, URL " + to + ", the configured webhook_secret, and the events " + strings.Join(events, ", ") + "."
		}
		return f
	case best == nil:
		f.Detail, f.Remedy = "no webhook leads here: closes are only seen by the sweep", settings
		return f
	}
	var wrong []string
	if m := missing(best); len(m) > 0 {
		wrong = append(wrong, "it lacks the events "+strings.Join(m, ", "))
	}
	if best.Active != nil && !best.GetActive() {
		wrong = append(wrong, "it is not active")
	}
	if ct := best.GetConfig().GetContentType(); ct != "" && ct != "json" {
		wrong = append(wrong, "its content type is "+text.Brief(ct))
	}
	if best.GetConfig().GetSecret() == "" {
		wrong = append(wrong, "it shows no secret")
	}
	if code, _ := best.LastResponse["code"].(float64); code >= 300 {
		wrong = append(wrong, "its last delivery was answered "+strconv.Itoa(int(code)))
	}
	f.OK, f.Detail = true, "leads to "+text.Brief(best.GetConfig().GetURL())
	if len(wrong) > 0 {
		f.Warning, f.Detail, f.Remedy = true, f.Detail+", but "+strings.Join(wrong, "; "), settings
	}
	return f
}

// leadsHere compares without the query, where some keep a secret.
func (t *Tracker) leadsHere(addr string) bool {
	u, err := url.Parse(addr)
	if err != nil {
		return false
	}
	if w, err := url.Parse(t.webhook); err == nil && t.webhook != "" {
		here, there := strings.TrimRight(w.Path, "/"), strings.TrimRight(u.Path, "/")
		return strings.EqualFold(u.Host, w.Host) && (here == there || strings.TrimSuffix(here, "/"+t.name) == there)
	}
	return strings.Contains(u.Path, "/webhooks/github")
}

func missing(h *gh.Hook) []string {
	var out []string
	for _, e := range events {
		if !slices.Contains(h.Events, e) && !slices.Contains(h.Events, "*") {
			out = append(out, e)
		}
	}
	return out
}

// why is an error as one line for a person.
func why(err error) string { return text.Brief(err.Error()) }
