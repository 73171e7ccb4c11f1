package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

// readBody takes in the body of an operation that has one, or refuses it: of
// a kind that the operation does not know, too large, too slow, or broken
// off. huma would call the last an error of the server.
func (s *Server) readBody(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	c := humagin.Unwrap(ctx)
	if op.RequestBody == nil || c.Request.ContentLength == 0 {
		next(ctx)
		return
	}
	if p := checkKind(op.RequestBody, ctx.Header("Content-Type")); p != nil {
		writeProblem(c, p)
		return
	}
	if op.Metadata[streams] == true {
		next(huma.WithValue(ctx, streamKey{}, c))
		return
	}
	limit := op.MaxBodyBytes - 1
	if c.Request.ContentLength > limit {
		writeProblem(c, tooLarge(limit))
		drain(c)
		return
	}
	deadline := http.NewResponseController(c.Writer)
	// A connection without deadlines is bounded by the server's own.
	_ = deadline.SetReadDeadline(time.Now().Add(op.BodyReadTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	_ = deadline.SetReadDeadline(time.Time{})
	if op.Metadata[slow] == true {
		_ = deadline.SetWriteDeadline(time.Now().Add(slowTime))
	}
	if err != nil {
		p := unreadable(err, limit)
		writeProblem(c, p)
		if p.Status == http.StatusRequestEntityTooLarge {
			drain(c)
		}
		return
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	next(ctx)
}

// checkKind compares a Content-Type with those of the operation. A body
// without a kind is taken for JSON where nothing else is known.
func checkKind(body *huma.RequestBody, given string) error {
	known := make([]string, 0, len(body.Content))
	for name := range body.Content {
		known = append(known, name)
	}
	slices.Sort(known)
	if given == "" && len(known) == 1 {
		return nil
	}
	kind, params, err := mime.ParseMediaType(given)
	charset := params["charset"]
	utf8 := charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii")
	if err != nil || !utf8 || !slices.Contains(known, kind) {
		return problem(http.StatusUnsupportedMediaType, "send the body in UTF-8 with the header Content-Type: "+strings.Join(known, " or "))
	}
	return nil
}

func unreadable(err error, limit int64) *huma.ErrorModel {
	var size *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &size):
		return tooLarge(limit)
	case errors.As(err, &network) && network.Timeout():
		return problem(http.StatusRequestTimeout, "the body came too slowly")
	}
	return problem(http.StatusBadRequest, "the body broke off, or its encoding is wrong")
}

func tooLarge(limit int64) *huma.ErrorModel {
	return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d KiB", limit>>10))
}
