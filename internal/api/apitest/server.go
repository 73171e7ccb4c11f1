package apitest

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// The secrets of Tokens.
const (
	AdminSecret    = "admin-secret-0123456789"
	OperatorSecret = "operator-secret-0123456789"
	ViewerSecret   = "viewer-secret-0123456789"
	LeadSecret     = "lead-secret-0123456789"
	CISecret       = "ci-secret-0123456789"
)

// Tokens is one token of each kind. Lead is a viewer who is an approver; ci
// reports checkout to prod-eu and staging only.
func Tokens() []api.Token {
	return []api.Token{
		{Name: "ops", Hash: api.HashToken(AdminSecret), Kind: api.KindAPI, Role: api.Admin, Person: "owner@acme.example"},
		{Name: "filer", Hash: api.HashToken(OperatorSecret), Kind: api.KindAPI, Role: api.Operator},
		{Name: "eyes", Hash: api.HashToken(ViewerSecret), Kind: api.KindAPI, Role: api.Viewer},
		{Name: "lead", Hash: api.HashToken(LeadSecret), Kind: api.KindAPI, Role: api.Viewer, Person: Approver},
		{Name: "ci", Hash: api.HashToken(CISecret), Kind: api.KindDeployments, Services: []string{"checkout"}, Environments: []string{"prod-eu", "staging"}},
	}
}

// Engine is a gin engine with the API over b. Without tokens it follows the
// open rule.
func Engine(b api.Backend, tokens []api.Token) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	api.Register(e, api.Options{Backend: b, Auth: api.NewAuth(tokens, len(tokens) == 0),
		PublicURL: "https://holdfast.example.com/", Version: "1.2.3", Log: slog.New(slog.DiscardHandler)})
	return e
}

// Serve serves an Engine on loopback until the test ends.
func Serve(t testing.TB, b api.Backend, tokens []api.Token) string {
	s := httptest.NewServer(Engine(b, tokens))
	t.Cleanup(s.Close)
	return s.URL
}
