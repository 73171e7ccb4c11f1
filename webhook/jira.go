package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// jira answers POST /webhooks/jira[/{tracker}]. Cloud signs the body; Data
// Center cannot, and carries the secret in the address.
func (h *Handler) jira(c *gin.Context) {
	d := &delivery{setup: h.setup.Load(), event: "other", now: h.now()}
	secret := c.Query("secret")
	// Whatever may print the request later must not print the secret.
	c.Request.URL.RawQuery, c.Request.RequestURI = "", c.Request.URL.EscapedPath()
	keys, ok := h.candidates(c, Jira, d)
	if !ok {
		return
	}
	signature, signed, ok := signatureOf(c.Request.Header, "X-Hub-Signature")
	if signed && !ok || !signed && secret == "" {
		h.unsigned(c, Jira, d, "X-Hub-Signature is missing or malformed, and there is no ?secret=. Set a secret in the webhook's settings (Cloud), or add ?secret= to its address (Data Center).")
		return
	}
	buf, err := h.read(c)
	if err != nil {
		h.unreadable(c, Jira, d, err)
		return
	}
	defer h.release(buf)
	// A signature that is there has to fit; the address does not excuse it.
	if !d.verified(keys, func(k *key) bool {
		if signed {
			return k.signed(buf.b, &signature)
		}
		return k.holds(secret)
	}) {
		h.unsigned(c, Jira, d, "The signature, or the secret in the address, is wrong. It must be made with the tracker's webhook_secret.")
		return
	}
	defer h.broken(c, Jira, d, buf)
	d.body = buf.b
	d.id = c.Request.Header.Get("X-Atlassian-Webhook-Identifier")
	if d.id == "" {
		sum := sha256.Sum256(buf.b)
		d.id = "sha256-" + hex.EncodeToString(sum[:])
	}
	if !deliveryID(d.id) {
		h.malformed(c, Jira, d, "The header X-Atlassian-Webhook-Identifier is no delivery id.")
		return
	}
	r, err := h.normaliseJira(d)
	if err != nil {
		h.malformed(c, Jira, d, err.Error())
		return
	}
	h.record(c, Jira, d, r)
}

// jiraEvents are the events that matter, as webhookEvent names them.
var jiraEvents = map[string]bool{
	"jira:issue_created": true, "jira:issue_updated": true, "jira:issue_deleted": true, "comment_created": true,
}

// normaliseJira reads a delivery of Jira, whose kind stands in the body. One
// delivery can tell two things: a transition and the comment made with it.
func (h *Handler) normaliseJira(d *delivery) (reading, error) {
	var p jiraPayload
	if err := scan(d.body, func(s *scanner) { p.read(s) }); err != nil {
		return reading{}, err
	}
	if !jiraEvents[p.event] {
		return ignore("not an event that Holdfast follows"), nil
	}
	d.event = p.event
	if p.key == "" {
		return reading{}, errNoNumber
	}
	oldKey := p.changed("key").fromString
	if !d.settle(func(t *tracker) bool { return t.projects[project(p.key)] || t.projects[project(oldKey)] }) {
		return ignore("the project is not configured"), nil
	}
	ticket, err := domain.ParseRef(string(domain.JiraRef(d.tracker.Name, p.key)))
	if err != nil {
		return reading{}, errNoNumber
	}
	base := domain.Event{
		ID: d.id, Tracker: d.tracker.Name, Actor: p.user, Ticket: ticket, Native: p.id, Closed: p.closed(),
		At: firstOf(sane(time.UnixMilli(p.timestamp), d.now), d.now.UTC()),
	}
	var r reading
	action, about := p.action()
	if !about && p.labelled(d.tracker) {
		action, about = "labeled", true
	}
	if about {
		ev := base
		ev.Kind, ev.Action = domain.EventTicket, action
		ev.ToState = p.changed("status").to
		if action == "moved" {
			ev.NewRef = ticket
		}
		if oldKey != "" {
			ev.OldRef, _ = domain.ParseRef(string(domain.JiraRef(d.tracker.Name, oldKey)))
		}
		r.events = append(r.events, ev)
	}
	if p.newComment() && (p.comment.document || hasCommand(p.comment.body)) {
		ev := base
		ev.Kind, ev.Action, ev.Command, ev.Comment = domain.EventComment, "created", true, p.comment.id
		if p.comment.author != "" {
			ev.Actor = p.comment.author
		}
		if len(r.events) > 0 {
			ev.ID += "/comment"
		}
		r.events = append(r.events, ev)
	}
	if len(r.events) == 0 {
		r.ignored = "nothing that Holdfast follows happened to the issue"
	}
	return r, nil
}

// project is the part of an issue's key before the last dash.
func project(key string) string {
	if i := strings.LastIndexByte(key, '-'); i > 0 {
		return key[:i]
	}
	return ""
}
