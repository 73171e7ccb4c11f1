package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// hookID is the number of the one webhook that every repository has.
const hookID = 1

// hookEvents are the events that the webhook subscribes to.
var hookEvents = []string{"create", "deployment", "deployment_status", "issue_comment", "issues", "pull_request", "push"}

// emit queues a webhook about something that sender did. The payload shows
// the state at this moment. It needs g.mu.
func (g *GitHub) emit(r *ghRepo, event, action, sender string, payload obj) {
	if g.hookURL == "" {
		return
	}
	if action != "" {
		payload["action"] = action
	}
	if payload["repository"] == nil {
		payload["repository"] = g.wireRepo(r)
	}
	payload["sender"] = g.wireUser(sender)
	body, err := json.Marshal(payload)
	if err != nil {
		panic("sandbox: a webhook that is no JSON: " + err.Error()) // built from plain maps: a bug here
	}
	guid := newUUID()
	head := http.Header{}
	head.Set("Content-Type", "application/json")
	head.Set("Accept", "*/*")
	head.Set("User-Agent", "GitHub-Hookshot/0a1b2c3")
	head.Set("X-GitHub-Event", event)
	head.Set("X-GitHub-Delivery", guid)
	head.Set("X-GitHub-Hook-ID", strconv.Itoa(hookID))
	head.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(r.id, 10))
	head.Set("X-GitHub-Hook-Installation-Target-Type", "repository")
	if g.secret != "" {
		head.Set("X-Hub-Signature-256", signature(g.secret, body))
	}
	g.courier.add(Delivery{GUID: guid, Event: event, Action: action, Subject: r.full, URL: g.hookURL, Header: head, Body: body})
}

func (g *GitHub) emitIssue(r *ghRepo, is *ghIssue, action, sender string, extra obj) {
	if is.pull != nil {
		g.emitPull(r, is, action, sender, extra)
		return
	}
	payload := obj{"issue": g.wireIssue(r, is)}
	for k, v := range extra {
		payload[k] = v
	}
	g.emit(r, "issues", action, sender, payload)
}

func (g *GitHub) emitPull(r *ghRepo, is *ghIssue, action, sender string, extra obj) {
	payload := obj{"number": is.number, "pull_request": g.wirePullFull(r, is)}
	for k, v := range extra {
		payload[k] = v
	}
	g.emit(r, "pull_request", action, sender, payload)
}

func (g *GitHub) emitComment(r *ghRepo, c *ghComment, action, sender string, extra obj) {
	payload := obj{"issue": g.wireIssue(r, c.issue), "comment": g.wireComment(r, c)}
	for k, v := range extra {
		payload[k] = v
	}
	g.emit(r, "issue_comment", action, sender, payload)
}

// Ping sends the event by which GitHub greets a new webhook.
func (g *GitHub) Ping(repo string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.repo(repo); r != nil {
		g.emit(r, "ping", "", g.opt.BotLogin, obj{"zen": "Keep it logically awesome.", "hook_id": hookID, "hook": g.wireHook(r)})
	}
}

func (g *GitHub) wireHook(r *ghRepo) obj {
	self := g.api("/repos/%s/hooks/%d", r.full, hookID)
	config := obj{"content_type": "json", "insecure_ssl": "0", "url": g.hookURL}
	if g.secret != "" {
		config["secret"] = "********"
	}
	return obj{
		"type": "Repository", "id": hookID, "name": "web", "active": true, "events": hookEvents, "config": config,
		"updated_at": when(g.hookAt), "created_at": when(g.hookAt), "url": self, "test_url": self + "/test", "ping_url": self + "/pings",
		"deliveries_url": self + "/deliveries", "last_response": obj{"code": nil, "status": "unused", "message": nil},
	}
}
