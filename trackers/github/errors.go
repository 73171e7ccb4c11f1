package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// withLimits puts what go-github knows of a rate limit back into the headers.
// While a limit lasts, the library answers on its own without any header.
func withLimits(resp *http.Response, err error) *http.Response {
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	var primary *gh.RateLimitError
	var secondary *gh.AbuseRateLimitError
	switch {
	case errors.As(err, &primary):
		resp.Header.Set("X-RateLimit-Remaining", "0")
		if resp.Header.Get("X-RateLimit-Reset") == "" && !primary.Rate.Reset.IsZero() {
			resp.Header.Set("X-RateLimit-Reset", strconv.FormatInt(primary.Rate.Reset.Unix(), 10))
		}
	case errors.As(err, &secondary):
		if resp.Header.Get("Retry-After") == "" && secondary.RetryAfter != nil {
			resp.Header.Set("Retry-After", strconv.Itoa(int(secondary.RetryAfter.Seconds())+1))
		}
	}
	return resp
}

// refusal reads GitHub's error body: a message, and a list that holds objects
// or plain strings.
func refusal(a rest.Answer) (*rest.Refusal, string) {
	r := &rest.Refusal{Status: a.Status, Fields: map[string]string{}}
	var body struct {
		Message string            `json:"message"`
		DocsURL string            `json:"documentation_url"`
		Errors  []json.RawMessage `json:"errors"`
	}
	// What cannot be read is left out: the status says enough.
	_ = json.Unmarshal(a.Body, &body)
	r.Message = body.Message
	for _, raw := range body.Errors[:min(len(body.Errors), 10)] {
		var e struct {
			Resource, Field, Code, Message string
			Value                          any
		}
		if json.Unmarshal(raw, &e) != nil {
			var s string
			if json.Unmarshal(raw, &s) == nil {
				r.Message += "; " + s
			}
			continue
		}
		why := e.Message
		if why == "" {
			why = e.Code
		}
		if e.Field != "" {
			field := e.Field
			if !strings.EqualFold(e.Resource, "Issue") && e.Resource != "" {
				field = e.Resource // the name of a Label is no field of the issue
			}
			r.Fields[field] = why
			why = e.Field + ": " + why
		}
		if e.Value != nil {
			why += fmt.Sprintf(" (%v)", e.Value)
		}
		r.Message += "; " + why
	}
	return r, body.DocsURL
}

// limited reports whether a 403 is a rate limit by GitHub's own signs: the
// primary one has nothing left, the secondary one may point to its page.
func limited(a rest.Answer, docs string) bool {
	return a.Status == http.StatusForbidden &&
		(a.Header.Get("X-RateLimit-Remaining") == "0" || strings.Contains(docs, "rate-limits"))
}

func (t *Tracker) statusError(c call, a rest.Answer) *trackers.Error {
	r, docs := refusal(a)
	e := rest.StatusError(c.op, c.ref, a, r, c.effect, limited(a, docs), t.now())
	if e.Class == trackers.RateLimited && e.RetryAfter == 0 {
		e.RetryAfter = time.Minute // what GitHub asks for where it names no time
	}
	return e
}
