package api

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Error is a refusal by the server.
type Error struct {
	Status     int
	Detail     string
	Problems   []Invalid     // with 422: what is wrong where
	Remedy     string        // what to do about it; may be empty
	RetryAfter time.Duration // when the server said so
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%d)", e.Detail, e.Status)
	if len(e.Problems) > 1 {
		for _, p := range e.Problems {
			fmt.Fprintf(&b, "\n  - %s", p.Error())
		}
	}
	if e.Remedy != "" {
		b.WriteString("\n" + e.Remedy)
	}
	return b.String()
}

// Transient reports whether the same call may go well later.
func (e *Error) Transient() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// asError reads an answer that is no success. Answers of something else than
// Holdfast, such as a proxy, are told by their status alone.
func asError(resp *http.Response, body []byte) error {
	e := &Error{Status: resp.StatusCode, Detail: http.StatusText(resp.StatusCode)}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var p huma.ErrorModel
	ours := kind == "application/problem+json" && json.Unmarshal(body, &p) == nil && p.Detail != ""
	if ours {
		e.Detail = p.Detail
		for _, d := range p.Errors {
			e.Problems = append(e.Problems, Invalid{Field: strings.TrimPrefix(d.Location, "body."), Detail: d.Message})
		}
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = min(time.Duration(s), 3600) * time.Second
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		e.Remedy = "Give a token that the server knows with HOLDFAST_TOKEN or --token."
	case e.Status >= 300 && e.Status < 400:
		e.Detail = "the server sends to another address"
		e.Remedy = "Set that address with --server or HOLDFAST_URL."
	case !ours && e.Status < 500:
		e.Remedy = "This does not look like a Holdfast server: check --server or HOLDFAST_URL."
	}
	return e
}
