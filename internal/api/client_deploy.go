package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Retries of Deployed: seven attempts take about a minute.
const (
	deployAttempts = 7
	firstBackoff   = 500 * time.Millisecond
	maxBackoff     = 20 * time.Second
)

// Deployed reports a deployment. Failures that may pass (no answer, an
// overloaded or restarting server) are tried again with growing pauses until
// they are used up or ctx ends. Every attempt sends the same report: where it
// has no id or time these are fixed before the first, so that a report whose
// answer was lost is not counted twice. repeated is true when the server had
// heard of it before.
func (c *Client) Deployed(ctx context.Context, r DeploymentReport) (v DeployedView, repeated bool, err error) {
	if r.FinishedAt.IsZero() {
		r.FinishedAt = c.now()
	}
	if r.ID == "" {
		r.ID = fmt.Sprintf("cli-%08x-%d", rand.Uint32(), r.FinishedAt.UnixMilli())
	}
	k := post("/deployments", r.body())
	pause := firstBackoff
	for attempt := 1; ; attempt++ {
		status, err := c.do(ctx, k, &v)
		if err == nil {
			return v, status == http.StatusOK && attempt == 1, nil
		}
		after, again := transient(err)
		if !again || attempt == deployAttempts || ctx.Err() != nil {
			return DeployedView{}, false, err
		}
		// Jitter keeps the jobs of one pipeline from coming back together.
		d := max(after, pause/2+rand.N(pause/2+1))
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
			return DeployedView{}, false, err
		}
		if c.wait(ctx, d) != nil {
			return DeployedView{}, false, err
		}
		pause = min(2*pause, maxBackoff)
	}
}

// transient reports whether a call is worth repeating, and when at the
// earliest.
func transient(err error) (after time.Duration, again bool) {
	var e *Error
	if errors.As(err, &e) {
		return min(e.RetryAfter, maxBackoff), e.Transient()
	}
	return 0, errors.Is(err, errUnreachable)
}
