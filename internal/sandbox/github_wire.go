package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The functions of this file and of github_wire_repo.go write our state in
// GitHub's own shapes. They need g.mu.

func (g *GitHub) api(format string, args ...any) string { return g.base + fmt.Sprintf(format, args...) }

func nodeID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%02d:%s%d", len(kind), kind, id))
}

// when writes a time, null when there is none.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// orNull writes a text, null when it is empty.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (g *GitHub) issuePage(r *ghRepo, is *ghIssue) string {
	kind := "issues"
	if is.pull != nil {
		kind = "pull"
	}
	return g.api("/%s/%s/%d", r.full, kind, is.number)
}

func (g *GitHub) wireUser(login string) any {
	if login == "" {
		return nil
	}
	u := g.user(login)
	self, kind := g.api("/users/%s", url.PathEscape(u.login)), "User"
	if strings.HasSuffix(u.login, "[bot]") {
		kind = "Bot"
	}
	return obj{
		"login": u.login, "id": u.id, "node_id": nodeID("User", u.id), "avatar_url": g.api("/avatars/u/%d", u.id), "gravatar_id": "",
		"url": self, "html_url": g.api("/%s", url.PathEscape(u.login)), "followers_url": self + "/followers",
		"following_url": self + "/following{/other_user}", "gists_url": self + "/gists{/gist_id}",
		"starred_url": self + "/starred{/owner}{/repo}", "subscriptions_url": self + "/subscriptions",
		"organizations_url": self + "/orgs", "repos_url": self + "/repos", "events_url": self + "/events{/privacy}",
		"received_events_url": self + "/received_events", "type": kind, "site_admin": false,
	}
}

func (g *GitHub) wireUsers(logins []string) []any {
	out := make([]any, 0, len(logins))
	for _, l := range logins {
		out = append(out, g.wireUser(l))
	}
	return out
}

func (g *GitHub) wireLabel(r *ghRepo, l *ghLabel) obj {
	return obj{
		"id": l.id, "node_id": nodeID("Label", l.id), "url": g.api("/repos/%s/labels/%s", r.full, url.PathEscape(l.name)),
		"name": l.name, "color": l.color, "default": l.standard, "description": orNull(l.text),
	}
}

func (g *GitHub) wireLabels(r *ghRepo, names []string) []any {
	out := make([]any, 0, len(names))
	for _, n := range names {
		if l := r.label(n); l != nil {
			out = append(out, g.wireLabel(r, l))
		}
	}
	return out
}

// association is how GitHub names the standing of an author.
func (g *GitHub) association(r *ghRepo, login string) string {
	switch p := g.member(r, login); {
	case strings.EqualFold(login, r.owner):
		return "OWNER"
	case permissionRank[p] >= permissionRank["write"]:
		return "MEMBER"
	case permissionRank[p] > 0:
		return "COLLABORATOR"
	}
	return "NONE"
}

var reactionNames = []string{"+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"}

func wireRollup(self string, list []ghReaction) obj {
	out := obj{"url": self + "/reactions", "total_count": len(list)}
	for _, name := range reactionNames {
		n := 0
		for _, x := range list {
			if x.content == name {
				n++
			}
		}
		out[name] = n
	}
	return out
}

func (g *GitHub) wireReaction(x ghReaction) obj {
	return obj{"id": x.id, "node_id": nodeID("Reaction", x.id), "user": g.wireUser(x.login), "content": x.content, "created_at": when(x.at)}
}

func (g *GitHub) wireIssue(r *ghRepo, is *ghIssue) obj {
	self := g.api("/repos/%s/issues/%d", r.full, is.number)
	var first any
	if len(is.assignees) > 0 {
		first = g.wireUser(is.assignees[0])
	}
	out := obj{
		"id": is.id, "node_id": nodeID("Issue", is.id), "url": self, "repository_url": g.api("/repos/%s", r.full),
		"labels_url": self + "/labels{/name}", "comments_url": self + "/comments", "events_url": self + "/events",
		"timeline_url": self + "/timeline", "html_url": g.issuePage(r, is), "number": is.number, "title": is.title,
		"user": g.wireUser(is.author), "labels": g.wireLabels(r, is.labels), "state": is.state(), "state_reason": orNull(is.reason),
		"locked": is.locked, "active_lock_reason": nil, "assignee": first, "assignees": g.wireUsers(is.assignees), "milestone": nil,
		"comments": len(is.comments), "created_at": when(is.createdAt), "updated_at": when(is.updatedAt), "closed_at": when(is.closedAt),
		"author_association": g.association(r, is.author), "body": orNull(is.body), "reactions": wireRollup(self, is.reactions),
		"performed_via_github_app": nil,
	}
	if p := is.pull; p != nil {
		page := g.issuePage(r, is)
		out["draft"] = false
		out["pull_request"] = obj{
			"url": g.api("/repos/%s/pulls/%d", r.full, is.number), "html_url": page,
			"diff_url": page + ".diff", "patch_url": page + ".patch", "merged_at": when(p.mergedAt),
		}
	}
	return out
}

// wireIssueFull is the answer for a single issue, which alone says who closed
// it.
func (g *GitHub) wireIssueFull(r *ghRepo, is *ghIssue) obj {
	out := g.wireIssue(r, is)
	out["closed_by"] = g.wireUser(is.closedBy)
	return out
}

func (g *GitHub) wireComment(r *ghRepo, c *ghComment) obj {
	self := g.api("/repos/%s/issues/comments/%d", r.full, c.id)
	return obj{
		"id": c.id, "node_id": nodeID("IssueComment", c.id), "url": self, "html_url": fmt.Sprintf("%s#issuecomment-%d", g.issuePage(r, c.issue), c.id),
		"issue_url": g.api("/repos/%s/issues/%d", r.full, c.issue.number), "user": g.wireUser(c.author), "body": c.body,
		"created_at": when(c.createdAt), "updated_at": when(c.updatedAt), "author_association": g.association(r, c.author),
		"reactions": wireRollup(self, c.reactions), "performed_via_github_app": nil,
	}
}

// wireEvent writes an event for the events list, or for the timeline, which
// tells a little more.
func (g *GitHub) wireEvent(r *ghRepo, is *ghIssue, e *ghEvent, timeline bool) obj {
	if e.comment != nil {
		out := g.wireComment(r, e.comment)
		out["event"], out["actor"] = "commented", g.wireUser(e.comment.author)
		return out
	}
	if e.source != nil {
		return obj{
			"event": "cross-referenced", "actor": g.wireUser(e.actor), "created_at": when(e.at), "updated_at": when(e.at),
			"source": obj{"type": "issue", "issue": g.wireIssueWithRepo(e.sourceIn, e.source)},
		}
	}
	out := obj{
		"id": e.id, "node_id": nodeID("Event", e.id), "url": g.api("/repos/%s/issues/events/%d", r.full, e.id),
		"actor": g.wireUser(e.actor), "event": e.kind, "commit_id": orNull(e.commit), "commit_url": nil, "created_at": when(e.at),
		"performed_via_github_app": nil,
	}
	if e.commit != "" {
		out["commit_url"] = g.api("/repos/%s/commits/%s", e.commitIn.full, e.commit)
	}
	if e.kind == "closed" || e.kind == "reopened" {
		out["state_reason"] = orNull(e.reason)
	}
	if e.label != "" {
		color := "ededed"
		if l := r.label(e.label); l != nil {
			color = l.color
		}
		out["label"] = obj{"name": e.label, "color": color}
	}
	if e.assignee != "" {
		out["assignee"], out["assigner"] = g.wireUser(e.assignee), g.wireUser(e.actor)
	}
	if e.kind == "renamed" {
		out["rename"] = obj{"from": e.from, "to": e.to}
	}
	if !timeline {
		out["issue"] = g.wireIssue(r, is)
	}
	return out
}

func (g *GitHub) wireIssueWithRepo(r *ghRepo, is *ghIssue) obj {
	out := g.wireIssue(r, is)
	out["repository"] = g.wireRepo(r)
	return out
}
