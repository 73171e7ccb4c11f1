// Package webhook takes the deliveries of GitHub and Jira: it checks the
// signature, reduces the delivery to a domain.Event, has it recorded and
// answers. It never calls a tracker, never decides anything, and never holds
// a delivery back: an event is a hint that somebody else follows up. What it
// cannot verify it does not read.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Recorder stores an event once. It returns first=false for an event whose
// Tracker and ID it has seen before, and an error unless the event is stored
// as durably as the store is configured to. It is called concurrently.
type Recorder interface {
	Record(ctx context.Context, ev domain.Event) (first bool, err error)
}

// The kinds of trackers that send deliveries.
const (
	GitHub = "github"
	Jira   = "jira"
)

// Tracker is a configured tracker as far as its deliveries are concerned.
type Tracker struct {
	Name   string
	Kind   string // GitHub or Jira
	Secret []byte // never empty
	// Repos are the repositories, OWNER/NAME, whose deliveries matter: those
	// of services and those that hold tickets. Case does not matter when they
	// are compared; events carry the spelling given here.
	Repos []string
	// Projects are the keys of the Jira projects that hold tickets.
	Projects []string
	// WebURLs are the addresses under which people see this tracker; a link
	// to a ticket in a commit message counts only with one of these hosts.
	WebURLs []string
	// Documents are the repositories whose open pull requests are previewed.
	Documents []string
	// Labels says that a label put on an issue matters, save those that are
	// Ours: tickets may come under the rule by it.
	Labels bool
	Ours   []string
}

// Target is one environment of one service that a deployment reached.
type Target struct {
	Service     string
	Environment string
	Production  bool
}

// Options is what a Handler needs. Recorder is required, the rest has
// defaults.
type Options struct {
	Trackers []Tracker
	Recorder Recorder
	// Deployments says which services a deployment of the repository to this
	// GitHub environment concerns, under which name of the environment, and
	// whether it counts as production. None: the deployment is ignored.
	// It is called concurrently.
	Deployments func(tracker, repo, environment string) []Target
	// Count is called once for each delivery with words from small fixed
	// sets, fit to be labels of a counter. tracker is empty where none was
	// told apart, event is "other" for those that Holdfast has no use for.
	Count func(kind, tracker, event, outcome string)
	// Keep stores a delivery at which the handler broke, for a person to look
	// at. Without it the sender is told to try again.
	Keep func(ctx context.Context, b Broken) error
	Log  *slog.Logger
	Now  func() time.Time
}

// Handler answers deliveries. It is safe for concurrent use.
type Handler struct {
	setup       atomic.Pointer[setup]
	recorder    Recorder
	deployments func(tracker, repo, environment string) []Target
	count       func(kind, tracker, event, outcome string)
	keep        func(ctx context.Context, b Broken) error
	log         *slog.Logger
	now         func() time.Time
	complaints  complaints
	large       largeBodies
}

// New checks the options. A tracker without a secret is refused: anybody
// could speak in its name.
func New(o Options) (*Handler, error) {
	if o.Recorder == nil {
		return nil, errors.New("webhook: no recorder given")
	}
	h := &Handler{recorder: o.Recorder, deployments: o.Deployments, count: o.Count, log: o.Log, now: o.Now, large: newLargeBodies()}
	if h.deployments == nil {
		h.deployments = func(string, string, string) []Target { return nil }
	}
	if h.count == nil {
		h.count = func(string, string, string, string) {}
	}
	if h.keep = o.Keep; h.keep == nil {
		h.keep = nowhere
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.log = h.log.With("component", "webhook")
	if h.now == nil {
		h.now = time.Now
	}
	if err := h.SetTrackers(o.Trackers); err != nil {
		return nil, err
	}
	return h, nil
}

// SetTrackers replaces the trackers, for a reload of the configuration.
// Deliveries that are being answered keep the old ones. On an error nothing
// changes.
func (h *Handler) SetTrackers(trackers []Tracker) error {
	s, err := newSetup(trackers)
	if err != nil {
		return fmt.Errorf("setting up webhooks: %w", err)
	}
	h.setup.Store(s)
	return nil
}

// Mount adds the routes /webhooks/github and /webhooks/jira, each also with
// the name of a tracker.
func (h *Handler) Mount(r gin.IRouter) {
	r.POST("/webhooks/github", h.github)
	r.POST("/webhooks/github/:tracker", h.github)
	r.POST("/webhooks/jira", h.jira)
	r.POST("/webhooks/jira/:tracker", h.jira)
}

// delivery is one request whose signature was found right.
type delivery struct {
	setup   *setup
	tracker *tracker   // the first of fits until the repository or project is known
	fits    []*tracker // those that the delivery may come from
	body    []byte     // valid until the request is answered
	id      string
	event   string // word for the counter
	now     time.Time
}

// reading is what a normaliser made of a delivery: events, or the reason why
// there is nothing to record.
type reading struct {
	events  []domain.Event
	ignored string
	foreign bool // of a kind, or from a place, that is none of our business
}

// ignore is for deliveries that nobody has to send us.
func ignore(reason string) reading { return reading{ignored: reason, foreign: true} }

// nothing is for a delivery of a kind that we follow, from a place that is
// configured, which leaves nothing to record.
func nothing(reason string) reading { return reading{ignored: reason} }

// record stores the events and answers. Every event has to be stored before
// the answer: if we crash here, the sender sends the delivery again, and what
// was stored the first time is recognised.
func (h *Handler) record(c *gin.Context, kind string, d *delivery, r reading) {
	if len(r.events) == 0 {
		h.count(kind, d.tracker.Name, d.event, "ignored")
		status := http.StatusAccepted
		if r.foreign {
			status = http.StatusOK
		}
		answer(c, status, ignoredBody(r.ignored))
		return
	}
	anyFirst := false
	for _, ev := range r.events {
		first, err := h.recorder.Record(c.Request.Context(), ev)
		if err != nil {
			h.count(kind, d.tracker.Name, d.event, "unavailable")
			if h.complaints.may("store", d.now) {
				h.log.Error("recording a delivery; the sender was told to try again", "event_id", ev.ID, "err", err)
			}
			c.Header("Retry-After", retryAfter)
			refuse(c, http.StatusServiceUnavailable, "The delivery could not be stored. Send it again later; nothing was lost here.")
			return
		}
		anyFirst = anyFirst || first
	}
	if !anyFirst {
		h.count(kind, d.tracker.Name, d.event, "repeated")
		answer(c, http.StatusAccepted, bodyRecorded) // the first answer again
		return
	}
	h.count(kind, d.tracker.Name, d.event, "recorded")
	answer(c, http.StatusAccepted, bodyRecorded)
}

// malformed answers a delivery that is signed rightly and yet cannot be read.
func (h *Handler) malformed(c *gin.Context, kind string, d *delivery, detail string) {
	h.count(kind, d.tracker.Name, d.event, "malformed")
	if h.complaints.may("malformed", d.now) {
		h.log.Warn("a signed delivery cannot be read", "event_id", d.id, "reason", oneLine(detail, maxTitle))
	}
	refuse(c, http.StatusBadRequest, detail)
}
