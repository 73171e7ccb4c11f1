package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

// judged compares requests and answers with GitHub's own description of its
// API, which lies beside the project where it is developed.
type judged struct {
	t      *testing.T
	router routers.Router
	next   http.RoundTripper
}

var judgePath = filepath.Join("..", "..", "..", "shared", "judges", "github-openapi-subset.json")

var greedy = regexp.MustCompile(`/(contents/\{path|git/ref/\{ref|git/matching-refs/\{ref|git/refs/\{ref|compare/\{basehead|labels/\{name)\}$`)

// unjudged are calls that the description, which is only a part, leaves out.
var unjudged = regexp.MustCompile(`/branches/`)

var loadJudge = sync.OnceValues(func() (routers.Router, error) {
	raw, err := os.ReadFile(judgePath)
	if err != nil {
		return nil, err
	}
	var top map[string]json.RawMessage
	var paths map[string]json.RawMessage
	if err := json.Unmarshal(raw, &top); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(top["paths"], &paths); err != nil {
		return nil, err
	}
	// Parameters that span slashes need another spelling for the router.
	renamed := map[string]json.RawMessage{}
	for p, v := range paths {
		renamed[greedy.ReplaceAllString(p, "/$1:.+}")] = v
	}
	if top["paths"], err = json.Marshal(renamed); err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(top); err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "/"}, {URL: "/api/v3"}}
	return gorillamux.NewRouter(doc)
})

func judge(t *testing.T) http.RoundTripper {
	t.Helper()
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	if _, err := os.Stat(judgePath); err != nil {
		t.Log("GitHub's API description is not beside the project: answers are not judged")
		return next
	}
	router, err := loadJudge()
	require.NoError(t, err)
	return &judged{t, router, next}
}

func (j *judged) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := j.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := j.router.FindRoute(r)
	if err != nil {
		if !unjudged.MatchString(r.URL.Path) {
			j.t.Errorf("%s %s is in no description: %v", r.Method, r.URL.Path, err)
		}
		return resp, nil
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
		},
		Status: resp.StatusCode, Header: resp.Header.Clone(), Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if resp.StatusCode < 300 {
		if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
			text := err.Error()
			if i := strings.Index(text, "Schema:"); i > 0 {
				text = text[:i]
			}
			j.t.Errorf("%s %s: %d: %s\n%.1500s", r.Method, r.URL.Path, resp.StatusCode, text, body)
		}
	}
	return resp, nil
}
