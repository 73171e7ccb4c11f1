package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// refusal is how a service words a refusal.
type refusal func(status int, kind FaultKind) (message any)

// around answers a request, or does to it what the rules say. note is told of
// what next did not answer, 0 where nothing was.
func (in *injector) around(w http.ResponseWriter, r *http.Request, target func() string, words refusal, note func(status int), next http.HandlerFunc) {
	t := in.request(r.Method, r.URL.Path, target)
	if t.delay > 0 && r.ContentLength > 0 && r.ContentLength < maxBody {
		// Only once the body is read does the server see that a client has gone.
		body, err := readBody(w, r)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if !rest(r, t.delay) {
		return
	}
	cut := func() { panic(http.ErrAbortHandler) } // net/http closes the connection
	refuse := func(status int) {
		if t.params.Status != 0 {
			status = t.params.Status
		}
		if t.kind != FaultLateError {
			note(status)
		}
		if t.params.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(t.params.RetryAfter))
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Date", in.clock().UTC().Format(http.TimeFormat))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(words(status, t.kind)) // the client may be gone
	}
	switch t.kind {
	case FaultDropBefore:
		note(0)
		cut()
	case FaultDropAfter:
		next(newHeldAnswer(), r)
		cut()
	case FaultLateError:
		next(newHeldAnswer(), r)
		refuse(http.StatusBadGateway)
	case FaultServerError:
		refuse(http.StatusBadGateway)
	case FaultOutage:
		if t.params.Status == 0 {
			note(0)
			cut()
		}
		refuse(t.params.Status)
	case FaultRateLimit:
		refuse(http.StatusTooManyRequests)
	case FaultSecondaryLimit, FaultDenied:
		refuse(http.StatusForbidden)
	case FaultExpiredToken:
		refuse(http.StatusUnauthorized)
	case FaultRefused:
		refuse(in.refusedAs)
	case FaultNotFound:
		refuse(http.StatusNotFound)
	case FaultGone:
		refuse(http.StatusGone)
	default:
		if t.slow == 0 {
			next(w, r)
			return
		}
		held := newHeldAnswer()
		next(held, r)
		held.dribble(w, r, t.slow)
	}
}

// rest waits, and reports false when the client has gone meanwhile.
func rest(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// heldAnswer keeps an answer back.
type heldAnswer struct {
	head   http.Header
	status int
	body   bytes.Buffer
}

func newHeldAnswer() *heldAnswer { return &heldAnswer{head: http.Header{}, status: http.StatusOK} }

func (h *heldAnswer) Header() http.Header         { return h.head }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

// dribble sends the answer in pieces over the given time.
func (h *heldAnswer) dribble(w http.ResponseWriter, r *http.Request, d time.Duration) {
	const pieces = 10
	for k, v := range h.head {
		w.Header()[k] = v
	}
	w.WriteHeader(h.status)
	body := h.body.Bytes()
	out := http.NewResponseController(w)
	for i := range pieces {
		from, to := len(body)*i/pieces, len(body)*(i+1)/pieces
		if _, err := w.Write(body[from:to]); err != nil {
			return
		}
		_ = out.Flush() // a writer that can't flush sends it all at the end
		if !rest(r, d/pieces) {
			return
		}
	}
}
