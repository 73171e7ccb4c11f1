package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// Bounds of an error's answer, whatever the request contained.
const (
	maxProblems = 50
	maxLocation = 200
)

func problem(status int, detail string, details ...*huma.ErrorDetail) *huma.ErrorModel {
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail, Errors: details}
}

// fail turns an error of the backend into the answer. What is no error of
// the API is logged and not shown: it may name hosts, paths or keys.
func (s *Server) fail(err error) error {
	if err == nil {
		return nil
	}
	var (
		notFound    NotFound
		forbidden   Forbidden
		conflict    Conflict
		unavailable Unavailable
		status      huma.StatusError
	)
	if invalid := invalids(err); len(invalid) > 0 {
		return invalidProblem("body", invalid)
	}
	switch {
	case errors.As(err, &notFound):
		return problem(http.StatusNotFound, notFound.Error())
	case errors.As(err, &forbidden):
		return problem(http.StatusForbidden, forbidden.Error())
	case errors.As(err, &conflict):
		return problem(http.StatusConflict, conflict.Error())
	case errors.As(err, &unavailable):
		p := problem(http.StatusServiceUnavailable, unavailable.Error())
		after := max(1, int(unavailable.After.Round(time.Second)/time.Second))
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(after)}})
	case errors.As(err, &status):
		return err
	}
	s.log.Error("answering a request", "err", err)
	return problem(http.StatusInternalServerError, "something went wrong here; the server's log says what")
}

// invalids finds every Invalid in err, joined ones too.
func invalids(err error) []Invalid {
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case nil:
		return nil
	case Invalid:
		return []Invalid{e}
	case interface{ Unwrap() []error }:
		var out []Invalid
		for _, sub := range e.Unwrap() {
			out = append(out, invalids(sub)...)
		}
		return out
	case interface{ Unwrap() error }:
		return invalids(e.Unwrap())
	}
	return nil
}

// invalidProblem is a 422 that names each field below where.
func invalidProblem(where string, invalid []Invalid) *huma.ErrorModel {
	p := problem(http.StatusUnprocessableEntity, "")
	for _, i := range invalid {
		loc := where
		if i.Field != "" && i.Field != where { // else it is all of it
			loc += "." + i.Field
		}
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: i.Detail, Location: loc})
	}
	return p
}

// tidy is the transformer that every answer passes. It takes the offending
// values out of errors (they may be secrets), bounds them, and puts the first
// of them into the detail, which is what most clients show.
func tidy(_ huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	return tidyProblem(p), nil
}

func tidyProblem(p *huma.ErrorModel) *huma.ErrorModel {
	out := *p
	out.Errors = nil
	for i, e := range p.Errors {
		if e == nil || i >= maxProblems {
			continue
		}
		loc := e.Location
		if len(loc) > maxLocation {
			loc = strings.ToValidUTF8(loc[:maxLocation], "") + "…"
		}
		out.Errors = append(out.Errors, &huma.ErrorDetail{Message: e.Message, Location: loc})
	}
	if len(out.Errors) > 0 && (out.Detail == "" || out.Detail == "validation failed") {
		first := out.Errors[0]
		out.Detail = first.Message
		if first.Location != "" {
			out.Detail = first.Location + ": " + first.Message
		}
		if more := len(p.Errors) - 1; more > 0 {
			out.Detail += fmt.Sprintf(" (and %d more)", more)
		}
	}
	return &out
}

// writeProblem ends a request outside huma with err as problem+json.
func writeProblem(c *gin.Context, err error) {
	var headers huma.HeadersError
	if errors.As(err, &headers) {
		for k, values := range headers.GetHeaders() {
			for _, v := range values {
				c.Writer.Header().Add(k, v)
			}
		}
	}
	var p *huma.ErrorModel
	if !errors.As(err, &p) {
		p = problem(http.StatusInternalServerError, "something went wrong here; the server's log says what")
	}
	body, _ := json.Marshal(tidyProblem(p)) // strings and numbers only: can't fail
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, "application/problem+json", body)
	c.Abort()
}

// NotFoundHandler answers a path that does not exist.
func NotFoundHandler(c *gin.Context) {
	writeProblem(c, problem(http.StatusNotFound, "there is nothing at this path; GET /api/v1/openapi.json lists what there is"))
}

// MethodNotAllowedHandler answers a path that exists with another method.
func MethodNotAllowedHandler(c *gin.Context) {
	writeProblem(c, problem(http.StatusMethodNotAllowed, "this path knows other methods only: see the Allow header"))
}

// PanicHandler answers a request whose handler panicked; it is for
// gin.CustomRecoveryWithWriter, which logs the panic.
func PanicHandler(c *gin.Context, _ any) {
	writeProblem(c, problem(http.StatusInternalServerError, "something went wrong here; the server's log says what"))
}

// Refuse answers a request for which something needed is away, outside the
// API's own operations too.
func Refuse(c *gin.Context, why Unavailable) {
	c.Header("Retry-After", strconv.Itoa(max(1, int(why.After.Round(time.Second)/time.Second))))
	writeProblem(c, problem(http.StatusServiceUnavailable, why.Detail))
}
