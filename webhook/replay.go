package webhook

import (
	"context"
	"fmt"
)

// Replay takes in a delivery of GitHub that was read from the tracker's own
// log instead of being sent: it carries no signature, and is believed because
// of where it was read. What it tells is recorded under the delivery's id, so
// that it counts once however it comes. A delivery that leaves nothing to
// record is no error.
func (h *Handler) Replay(ctx context.Context, name, event, id string, body []byte) error {
	d := &delivery{setup: h.setup.Load(), event: event, id: id, body: body, now: h.now()}
	t := d.setup.byName[name]
	normalise := githubEvents[event]
	if t == nil || t.Kind != GitHub || normalise == nil {
		return nil
	}
	if !deliveryID(id) {
		return fmt.Errorf("reading a delivery from the log of %s: %q is no delivery id", name, oneLine(id, maxTitle))
	}
	d.tracker, d.fits = t, []*tracker{t}
	r, err := normalise(h, d)
	if err != nil {
		h.count(GitHub, name, event, "malformed")
		h.log.Warn("a delivery in the tracker's log cannot be read", "event_id", id, "reason", oneLine(err.Error(), maxTitle))
		return nil
	}
	for _, ev := range r.events {
		first, err := h.recorder.Record(ctx, ev)
		if err != nil {
			return fmt.Errorf("recording delivery %s: %w", id, err)
		}
		if first {
			h.count(GitHub, name, event, "fetched")
		}
	}
	return nil
}
