package webhook

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// maxDeliveryID bounds the key by which a delivery is recognised.
const maxDeliveryID = 200

// github answers POST /webhooks/github[/{tracker}].
func (h *Handler) github(c *gin.Context) {
	d := &delivery{setup: h.setup.Load(), event: "other", now: h.now()}
	keys, ok := h.candidates(c, GitHub, d)
	if !ok {
		return
	}
	signature, _, ok := signatureOf(c.Request.Header, "X-Hub-Signature-256")
	if !ok {
		h.unsigned(c, GitHub, d, "X-Hub-Signature-256 is missing or malformed. Set a secret in the webhook's settings; a SHA-1 signature is not accepted.")
		return
	}
	buf, err := h.read(c)
	if err != nil {
		h.unreadable(c, GitHub, d, err)
		return
	}
	defer h.release(buf)
	if !d.verified(keys, func(k *key) bool { return k.signed(buf.b, &signature) }) {
		h.unsigned(c, GitHub, d, "The signature does not fit the body. The secret in the webhook's settings must be the tracker's webhook_secret.")
		return
	}
	defer h.broken(c, GitHub, d, buf)
	event := c.Request.Header.Get("X-GitHub-Event")
	if event == "" {
		h.malformed(c, GitHub, d, "The header X-GitHub-Event is missing.")
		return
	}
	normalise := githubEvents[event]
	if normalise == nil {
		h.record(c, GitHub, d, ignore("not an event that Holdfast follows"))
		return
	}
	d.event = event
	if d.id = c.Request.Header.Get("X-GitHub-Delivery"); !deliveryID(d.id) {
		h.malformed(c, GitHub, d, "The header X-GitHub-Delivery is missing or is no delivery id.")
		return
	}
	if d.body, err = githubJSON(c, buf.b); err != nil {
		h.malformed(c, GitHub, d, err.Error())
		return
	}
	r, err := normalise(h, d)
	if err != nil {
		h.malformed(c, GitHub, d, err.Error())
		return
	}
	h.record(c, GitHub, d, r)
}

// githubEvents are the events that matter, as X-GitHub-Event names them. An
// event may still be about something that leaves nothing to record.
var githubEvents = map[string]func(h *Handler, d *delivery) (reading, error){
	"issues":            (*Handler).githubIssue,
	"issue_comment":     (*Handler).githubComment,
	"pull_request":      (*Handler).githubPull,
	"push":              (*Handler).githubPush,
	"deployment_status": (*Handler).githubDeployment,
}

// githubJSON finds the document in a body: the body itself, or the field
// "payload" of a form. What counts is how the body starts, since curl calls
// everything a form that it is not told the type of.
func githubJSON(c *gin.Context, body []byte) ([]byte, error) {
	if c.ContentType() != "application/x-www-form-urlencoded" || bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	return []byte(form.Get("payload")), nil
}

// deliveryID reports whether s can be the id of a delivery: visible ASCII of
// bearable length.
func deliveryID(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= maxDeliveryID
}

// repository is the part of a repository object that matters.
type repository struct {
	name          string
	defaultBranch string
	pushedAt      int64 // seconds; only a push sends it as a number
}

func (s *scanner) repository() (r repository) {
	s.object(func(key []byte) {
		switch string(key) {
		case "full_name":
			r.name = s.str()
		case "default_branch":
			r.defaultBranch = oneLine(s.str(), maxName)
		case "pushed_at":
			r.pushedAt = s.integer()
		default:
			s.skip()
		}
	})
	return r
}

// isDefault reports whether branch is the default branch. Where the sender
// does not say which that is, the usual names are taken for it.
func (r repository) isDefault(branch string) bool {
	if r.defaultBranch == "" {
		return branch == "main" || branch == "master"
	}
	return branch == r.defaultBranch
}

// login reads the login of a user object.
func (s *scanner) login() (login string) {
	s.object(func(key []byte) {
		if string(key) == "login" {
			login = oneLine(s.str(), maxPerson)
		} else {
			s.skip()
		}
	})
	return login
}

var errNoNumber = errors.New("the document lacks the number or id of what it is about")

const reasonNotConfigured = "the repository is not configured"

// ofRepo starts an event of a configured repository, whose name it returns in
// the configured spelling.
func (d *delivery) ofRepo(kind domain.EventKind, name string) (ev domain.Event, configured bool) {
	var repo string
	if !d.settle(func(t *tracker) (ok bool) { repo, ok = t.repo(name); return ok }) {
		return ev, false
	}
	return domain.Event{ID: d.id, Tracker: d.tracker.Name, Kind: kind, Repo: repo}, true
}

// candidates finds the secrets by which the delivery may be signed: that of
// the tracker in the path, else those of all trackers of the kind.
func (h *Handler) candidates(c *gin.Context, kind string, d *delivery) ([]*key, bool) {
	name := c.Param("tracker")
	if name == "" {
		return d.setup.keys[kind], true
	}
	if t := d.setup.byName[name]; t != nil && t.Kind == kind {
		d.fits = []*tracker{t}
		return []*key{t.key}, true
	}
	h.count(kind, "", "other", "unknown_tracker")
	h.finish(c)
	refuse(c, http.StatusNotFound, "No "+kind+" tracker of this name is configured. The last part of the address is the tracker's name in holdfast.yaml.")
	return nil, false
}

// verified finds the key that fits, and with it the trackers that the
// delivery may come from.
func (d *delivery) verified(keys []*key, fits func(k *key) bool) bool {
	for _, k := range keys {
		if fits(k) {
			if d.fits == nil {
				d.fits = k.trackers
			}
			d.tracker = d.fits[0]
			return true
		}
	}
	return false
}
