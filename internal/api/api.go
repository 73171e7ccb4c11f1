// Package api is Holdfast's HTTP API under /api/v1 and the Go client for it.
// It checks who asks (auth.go), checks the form of what is asked against the
// OpenAPI document that it also serves, and hands the rest to a Backend. It
// refuses to decide anything about items: it knows no tracker, no store and
// no policy.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// Bounds of what a request may carry and an answer may hold.
const (
	MaxPostmortemBytes = 2 << 20
	maxBodyBytes       = 64 << 10
	MaxPage            = 500
	defaultPage        = 100
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// Options is what a Server needs.
type Options struct {
	Backend   Backend
	Auth      *Auth
	PublicURL string // base of the addresses in answers, without a slash at its end
	Version   string
	Log       *slog.Logger
}

// Server answers /api/v1. It is safe for concurrent use.
type Server struct {
	backend   Backend
	auth      *Auth
	publicURL string
	version   string
	log       *slog.Logger
	api       huma.API
	openapi   []byte
}

// Register mounts the API on an engine, and makes the engine answer unknown
// paths and methods with a problem. It panics on a mistake in its own
// operations, which the tests of this package would show.
func Register(engine *gin.Engine, o Options) *Server {
	// An id in a path may contain an escaped slash.
	engine.UseRawPath, engine.UnescapePathValues = true, true
	engine.HandleMethodNotAllowed = true
	engine.NoRoute(NotFoundHandler)
	engine.NoMethod(MethodNotAllowedHandler)

	s := &Server{backend: o.Backend, auth: o.Auth, publicURL: strings.TrimSuffix(o.PublicURL, "/"),
		version: o.Version, log: o.Log.With("component", "api")}
	config := huma.DefaultConfig("Holdfast", o.Version)
	config.Info.Description = "Turns postmortem action items into tickets, and reopens any ticket closed before its fix is in production."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema in answers
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{tidy}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "a token of api.tokens or deployments.tokens in the configuration"},
	}
	config.Security = []map[string][]string{{"token": {}}}
	s.api = humagin.New(engine, config)
	s.api.UseMiddleware(s.admit, s.readBody)

	s.registerPostmortems()
	s.registerAdoptions()
	s.registerItems()
	s.registerActions()
	s.registerDeployments()
	s.registerOperating()
	s.registerReports()
	s.registerDeadLetters()
	s.registerMoving()
	s.registerOpenAPI()
	return s
}

// operation is the common part of every operation.
func operation(method, path, id, summary string, n need) huma.Operation {
	op := huma.Operation{
		Method: method, Path: Prefix + path, OperationID: id, Summary: summary,
		Metadata: map[string]any{"need": n},
		// huma refuses a body of exactly the limit.
		MaxBodyBytes: maxBodyBytes + 1, BodyReadTimeout: 20 * time.Second,
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity,
			http.StatusInternalServerError, http.StatusServiceUnavailable},
	}
	if strings.Contains(path, "{") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return op
}

// admit lets a request through to its handler, with its actor in the context.
// It runs before the body is read.
func (s *Server) admit(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	actor, err := s.auth.Identify(c.Request)
	if err == nil {
		n, _ := ctx.Operation().Metadata["need"].(need)
		err = permit(actor, n.preview(ctx), s.auth.deployments)
	}
	if err != nil {
		writeProblem(c, err)
		return
	}
	next(huma.WithValue(ctx, actorKey{}, actor))
}

// register adds an operation whose errors are turned into problems.
func register[I, O any](s *Server, op huma.Operation, f func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, s.fail(err)
		}
		return out, nil
	})
}

// registerOpenAPI serves the document; it comes last, when all operations
// stand in it.
func (s *Server) registerOpenAPI() {
	op := operation(http.MethodGet, "/openapi.json", "get-openapi", "This document", need{role: Viewer, reads: true})
	op.Responses = map[string]*huma.Response{"200": {Description: "OpenAPI 3.1",
		Content: map[string]*huma.MediaType{"application/openapi+json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}}}}}
	type output struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	register(s, op, func(context.Context, *struct{}) (*output, error) {
		return &output{ContentType: "application/openapi+json", Body: s.openapi}, nil
	})
	doc, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		panic(fmt.Errorf("writing the OpenAPI document: %w", err))
	}
	s.openapi = doc
}
