package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// ImportPath is where an export is put into a store, below Prefix.
const ImportPath = "/import"

// ExportType is what an export is: one JSON value a line.
const ExportType = "application/x-ndjson"

// MaxImportBytes is the largest file that is taken.
const MaxImportBytes = 16 << 30

// stall is how long a transfer may stand still before it is given up.
const stall = time.Minute

// Mover moves what is recorded from one store to another.
type Mover interface {
	// Export writes everything that is recorded. An error after the first
	// byte leaves a file without an end, which whoever reads it notices.
	Export(ctx context.Context, by Actor, secrets bool, to io.Writer) error
	// Import puts an export into an empty store. With dryRun it writes
	// nothing and says what it would do.
	Import(ctx context.Context, by Actor, from io.Reader, dryRun bool) (ImportView, error)
	// Rebuild restores items from the markers in their tickets.
	Rebuild(ctx context.Context, by Actor, r RebuildRequest) (RebuildView, error)
}

// ImportView is what an export holds and what became of it.
type ImportView struct {
	DryRun     bool         `json:"dry_run" doc:"nothing was written"`
	Schema     int          `json:"schema"`
	Version    string       `json:"version" doc:"of the Holdfast that exported it"`
	ExportedAt time.Time    `json:"exported_at"`
	Counts     ImportCounts `json:"counts"`
	Warnings   []string     `json:"warnings" nullable:"false"`
	Problems   []string     `json:"problems" nullable:"false" doc:"why it cannot be imported; with dry_run only"`
	Cause      *string      `json:"cause" nullable:"true" doc:"under which reopenings that it brings would wait"`
}

// ImportCounts are the contents of an export.
type ImportCounts struct {
	Postmortems int64 `json:"postmortems"`
	Items       int64 `json:"items"`
	Entries     int64 `json:"entries"`
	Deployments int64 `json:"deployments"`
}

type exportInput struct {
	Secrets bool `query:"with_secrets" doc:"with the marker key"`
}

type importInput struct {
	DryRun bool `query:"dry_run" doc:"write nothing, say what would be done"`
}

type importOutput struct{ Body ImportView }

func (s *Server) registerMoving() {
	rule := need{role: Admin}
	out := operation(http.MethodGet, "/export", "export", "Everything that is recorded, one JSON value a line", rule)
	lines := map[string]*huma.MediaType{ExportType: {Schema: &huma.Schema{Type: huma.TypeString}}}
	out.Responses = map[string]*huma.Response{"200": {Description: "A header, the lines, and an end with their number and digest", Content: lines}}
	register(s, out, s.export)

	in := operation(http.MethodPost, ImportPath, "import", "Put an export into an empty store", rule)
	in.Metadata[streams] = true
	in.RequestBody = &huma.RequestBody{Description: "what GET /export gave", Required: true, Content: lines}
	in.Errors = append(in.Errors, http.StatusConflict)
	register(s, in, s.imported)

	re := operation(http.MethodPost, "/rebuild", "rebuild", "Restore items from the markers in their tickets, after the store was lost", rule)
	re.Metadata[slow] = true
	register(s, re, func(ctx context.Context, in *rebuildInput) (*rebuildOutput, error) {
		v, err := s.backend.Rebuild(ctx, ActorOf(ctx), RebuildRequest{DryRun: in.Body.DryRun, Tracker: in.Body.Tracker})
		if err != nil {
			return nil, err
		}
		v.Items, v.Skipped, v.Warnings = list(v.Items), list(v.Skipped), list(v.Warnings)
		return &rebuildOutput{v}, nil
	})
}

// streams marks an operation that reads its body itself, slow one whose answer
// may take as long as slowTime.
const (
	streams  = "streams"
	slow     = "slow"
	slowTime = 30 * time.Minute
)

type streamKey struct{}

func (s *Server) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	by := ActorOf(ctx)
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		c := humagin.Unwrap(hctx)
		to := &lasting{c: c, rc: http.NewResponseController(c.Writer)}
		if err := s.backend.Export(ctx, by, in.Secrets, to); err != nil {
			if !c.Writer.Written() {
				writeProblem(c, s.fail(err))
				return
			}
			// The status is sent: that the end is missing tells it.
			s.log.Error("an export broke off", "err", err)
		}
	}}, nil
}

func (s *Server) imported(ctx context.Context, in *importInput) (*importOutput, error) {
	c, ok := ctx.Value(streamKey{}).(*gin.Context)
	if !ok || c.Request.ContentLength == 0 {
		return nil, Invalid{"body", "it is empty: send what GET " + Prefix + "/export gave"}
	}
	body := &lasting{c: c, rc: http.NewResponseController(c.Writer), from: http.MaxBytesReader(c.Writer, c.Request.Body, MaxImportBytes)}
	v, err := s.backend.Import(ctx, ActorOf(ctx), body, in.DryRun)
	// What is put into the store may take longer than an answer usually does.
	_ = body.rc.SetWriteDeadline(time.Now().Add(stall))
	if err != nil {
		return nil, err
	}
	v.Warnings, v.Problems, v.ExportedAt = list(v.Warnings), list(v.Problems), v.ExportedAt.UTC()
	return &importOutput{v}, nil
}

// lasting gives a transfer as long as it needs, so long as it goes on. A
// connection without deadlines is bounded by the server's own.
type lasting struct {
	c    *gin.Context
	rc   *http.ResponseController
	from io.Reader
}

func (p *lasting) Write(b []byte) (int, error) {
	if !p.c.Writer.Written() { // until then it may still be refused
		p.c.Header("Content-Type", ExportType)
		p.c.Header("Content-Disposition", `attachment; filename="holdfast-export.jsonl"`)
	}
	_ = p.rc.SetWriteDeadline(time.Now().Add(stall))
	return p.c.Writer.Write(b)
}

func (p *lasting) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(time.Now().Add(stall))
	_ = p.rc.SetWriteDeadline(time.Now().Add(2 * time.Hour)) // until it is put into the store
	n, err := p.from.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("reading the body: %w", unreadable(err, MaxImportBytes))
	}
	return n, err
}
