package trackertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
)

// judgePath is beside the module, where the project is developed.
const judgePath = "shared/judges/github-openapi-subset.json"

// greedy are the parameters that may hold slashes: the router needs to know.
var greedy = regexp.MustCompile(`\{(ref|path|basehead)\}`)

// unjudged are calls that the description, which is a part, leaves out.
var unjudged = regexp.MustCompile(`^(/api)?/graphql$|^(/api/v3)?/app(/|$)|^(/api/v3)?/repos/[^/]+/[^/]+/installation$`)

var loadRouter = sync.OnceValues(func() (routers.Router, error) {
	dir, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(dir), judgePath))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var doc map[string]json.RawMessage
	var paths, renamed map[string]json.RawMessage
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc["paths"], &paths); err != nil {
		return nil, err
	}
	renamed = map[string]json.RawMessage{}
	for p, v := range paths {
		renamed[greedy.ReplaceAllString(p, "{$1:.+}")] = v
	}
	plain, err := routerOf(raw)
	if err != nil {
		return nil, err
	}
	if doc["paths"], err = json.Marshal(renamed); err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(doc); err != nil {
		return nil, err
	}
	wide, err := routerOf(raw)
	return either{wide, plain}, err
})

// either asks a second router for what the first does not know: one with
// greedy parameters takes .../commits/SHA/comments for a commit.
type either [2]routers.Router

func (e either) FindRoute(req *http.Request) (*routers.Route, map[string]string, error) {
	route, params, err := e[0].FindRoute(req)
	if err != nil {
		if r, p, second := e[1].FindRoute(req); second == nil {
			return r, p, nil
		}
	}
	return route, params, err
}

func routerOf(raw []byte) (routers.Router, error) {
	api, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	api.Servers = openapi3.Servers{{URL: "/api/v3"}, {URL: "/"}}
	return gorillamux.NewRouter(api)
}

// Judge is a transport that holds every request against GitHub's description
// of its API and fails the test on one that GitHub would refuse. Where the
// description is not beside the project it says so and judges nothing.
func Judge(t testing.TB, next http.RoundTripper) http.RoundTripper {
	t.Helper()
	if next == nil {
		next = http.DefaultTransport
	}
	router, err := loadRouter()
	if err != nil {
		t.Fatalf("reading GitHub's API description: %v", err)
	}
	if router == nil {
		t.Log("../" + judgePath + " is not beside the project: requests are not judged")
		return next
	}
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if !unjudged.MatchString(req.URL.Path) {
			if err := judge(router, req); err != nil {
				t.Errorf("GitHub would not understand %s %s: %v", req.Method, req.URL.RequestURI(), err)
			}
		}
		return next.RoundTrip(req)
	})
}

func judge(router routers.Router, req *http.Request) error {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return err
		}
		req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	// As a server would see it: a path without a host.
	r := req.Clone(context.Background())
	r.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := router.FindRoute(r)
	if err != nil {
		return fmt.Errorf("no such call: %w", err)
	}
	known := map[string]bool{}
	for _, p := range append(route.PathItem.Parameters, route.Operation.Parameters...) {
		if p.Value != nil && p.Value.In == "query" {
			known[p.Value.Name] = true
		}
	}
	for k := range r.URL.Query() {
		// Cursors come from GitHub's own links and stand in no description.
		if !known[k] && k != "after" && k != "before" {
			return fmt.Errorf("unknown parameter %q", k)
		}
	}
	err = openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true, MultiError: true},
	})
	if err != nil {
		return fmt.Errorf("%.1000s", strings.TrimSpace(err.Error()))
	}
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// moduleRoot is the folder of go.mod above the test.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above the test")
		}
		dir = up
	}
}
