package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// Effect is what doing a request twice would do.
type Effect int

// The effects of a request.
const (
	Read   Effect = iota // nothing changes: it is repeated once when the network fails
	Write                // the second time changes nothing more
	Change               // the second time may do something else, such as make a second ticket
)

// Answer is what a server said, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Path   string // of the address that answered, after redirects
}

// OK reports whether the status says success.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Do sends one request through send and reads its answer. Each attempt has
// Timeout. An answer with a status and an error together means that the body
// broke off.
func Do(ctx context.Context, effect Effect, send func(context.Context) (*http.Response, error)) (Answer, error) {
	a, err := attempt(ctx, send)
	var cred *CredentialError
	if err == nil || effect != Read || ctx.Err() != nil || errors.As(err, &cred) {
		return a, err
	}
	select {
	case <-ctx.Done():
		return a, err
	case <-time.After(100 * time.Millisecond):
	}
	return attempt(ctx, send)
}

func attempt(ctx context.Context, send func(context.Context) (*http.Response, error)) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, &notSent{err}
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	resp, err := send(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Header == nil {
		a.Header = http.Header{}
	}
	if resp.Request != nil && resp.Request.URL != nil {
		a.Path = resp.Request.URL.Path
	}
	var buf bytes.Buffer
	_, err = io.Copy(&buf, resp.Body)
	a.Body = buf.Bytes()
	if err != nil {
		return a, fmt.Errorf("reading the answer: %w", err)
	}
	return a, nil
}

type notSent struct{ error }

func (e *notSent) Unwrap() error { return e.error }

// NetError is the error for a request that got no whole answer.
func NetError(op string, ref domain.Ref, err error, effect Effect) *trackers.Error {
	class := trackers.Transient
	if effect == Change && !neverSent(err) {
		class = trackers.Uncertain
	}
	var cred *CredentialError
	if errors.As(err, &cred) {
		var inner *trackers.Error
		if errors.As(cred.Err, &inner) {
			return &trackers.Error{Op: op, Ref: ref, Class: inner.Class, RetryAfter: inner.RetryAfter, Status: inner.Status, Err: err}
		}
		class = trackers.Transient
	}
	return &trackers.Error{Op: op, Ref: ref, Class: class, Err: withoutAddress(err)}
}

// neverSent reports whether the request certainly did not reach the server.
func neverSent(err error) bool {
	var ns *notSent
	var op *net.OpError
	var dns *net.DNSError
	var cred *CredentialError
	return errors.As(err, &ns) || errors.As(err, &dns) || errors.As(err, &cred) || (errors.As(err, &op) && op.Op == "dial")
}

// withoutAddress drops the address that net/http puts before its errors: it
// can be long, and holds what users put into a query.
func withoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// Refusal is the tracker's own words with a status that is no success.
type Refusal struct {
	Status  int
	Message string
	Fields  map[string]string // field → why, where the tracker tells
}

func (r *Refusal) Error() string {
	s := fmt.Sprintf("the tracker answered %d", r.Status)
	if t := http.StatusText(r.Status); t != "" {
		s += " " + t
	}
	if r.Message != "" {
		s += ": " + text.Brief(r.Message)
	}
	return s
}

// limitWords are how trackers, and what stands before them, call a limit of
// the rate of calls.
var limitWords = regexp.MustCompile(`(?i)\brate[ -]?limit|\babuse detection`)

// limited reports whether a refusal is a rate limit: it says when to come
// back, or calls itself one.
func limited(a Answer, refusal *Refusal) bool {
	return a.Status == http.StatusForbidden && (a.Header.Get("Retry-After") != "" || limitWords.MatchString(refusal.Message))
}

// StatusError is the error for an answer that is no success. limit says that
// the adapter recognised a rate limit in a 403 by a sign of its own.
func StatusError(op string, ref domain.Ref, a Answer, refusal *Refusal, effect Effect, limit bool, now time.Time) *trackers.Error {
	e := &trackers.Error{Op: op, Ref: ref, Status: a.Status, Class: trackers.Invalid, Err: refusal}
	switch s := a.Status; {
	case s == http.StatusTooManyRequests || limit || limited(a, refusal):
		e.Class, e.RetryAfter = trackers.RateLimited, RetryAfter(a.Header, now)
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusUnavailableForLegalReasons, s == http.StatusProxyAuthRequired:
		e.Class = trackers.Denied
	case s == http.StatusNotFound:
		e.Class = trackers.NotFound
	case s == http.StatusGone:
		e.Class = trackers.Gone
	case s == http.StatusConflict, s == http.StatusPreconditionFailed, s >= 300 && s < 400:
		// A redirect that was not followed: what we write to has moved.
		e.Class = trackers.Conflict
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s >= 500, s < 200:
		e.Class = trackers.Transient
		if effect == Change {
			e.Class = trackers.Uncertain
		}
	}
	return e
}

// RetryAfter reads how long to wait from Retry-After (seconds or a date), else
// from X-RateLimit-Reset, 0 when neither says. It is at least a second and at
// most a day, so that a broken header neither spins nor blocks for ever.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	var d time.Duration
	if v := strings.TrimSpace(h.Get("Retry-After")); v != "" {
		if n, err := strconv.ParseFloat(v, 64); err == nil && n >= 0 && n < 1e9 {
			d = time.Duration(n * float64(time.Second))
		} else if at, err := http.ParseTime(v); err == nil {
			d = at.Sub(now)
		} else {
			return 0
		}
	} else if v := strings.TrimSpace(h.Get("X-RateLimit-Reset")); v != "" {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			d = time.Unix(n, 0).Sub(now)
		} else if at, err := time.Parse("2006-01-02T15:04Z", v); err == nil { // Jira Cloud's form
			d = at.Sub(now)
		} else {
			return 0
		}
	} else {
		return 0
	}
	return min(max(d, time.Second), 24*time.Hour)
}

// Missing reports whether the error says that the server does not offer the
// call at all, or hides it: the caller then does without.
func Missing(err error) bool {
	var te *trackers.Error
	if !errors.As(err, &te) {
		return false
	}
	switch te.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented, http.StatusNotAcceptable:
		return true
	}
	return false
}
