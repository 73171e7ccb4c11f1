package webhook

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// Broken is a delivery at which the handler broke: rightly signed, and never
// to be lost. Body is valid until the function that is told returns.
type Broken struct {
	Kind, Tracker string
	Event, ID     string // of GitHub's headers; Jira has no event
	ContentType   string
	Body          []byte
	Reason        string
}

// broken recovers what a panic in a normaliser left, keeps the delivery for a
// person, and answers. It is deferred once the signature was found right.
func (h *Handler) broken(c *gin.Context, kind string, d *delivery, body *buffer) {
	p := recover()
	if p == nil {
		return
	}
	id := c.Request.Header.Get("X-GitHub-Delivery")
	if kind == Jira {
		id = d.id
	}
	h.log.Error("panic at a delivery", "event_id", oneLine(id, maxDeliveryID), "panic", oneLine(fmt.Sprint(p), maxTitle), "stack", string(debug.Stack()))
	h.count(kind, d.tracker.Name, d.event, "broken")
	err := h.keep(c.Request.Context(), Broken{Kind: kind, Tracker: d.tracker.Name, Event: c.Request.Header.Get("X-GitHub-Event"), ID: id,
		ContentType: c.ContentType(), Body: body.b, Reason: fmt.Sprintf("panic: %v", p)})
	if err != nil {
		h.log.Error("the delivery could not be kept; the sender was told to try again", "err", err)
		c.Header("Retry-After", retryAfter)
		refuse(c, http.StatusServiceUnavailable, "The delivery could not be stored. Send it again later; nothing was lost here.")
		return
	}
	answer(c, http.StatusAccepted, bodyRecorded)
}

// nowhere is what keeps broken deliveries where nobody was named to.
func nowhere(context.Context, Broken) error { return fmt.Errorf("there is nowhere to keep it") }
