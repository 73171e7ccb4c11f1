package trackertest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// jiraJudgePath is beside the module, where the project is developed.
const jiraJudgePath = "shared/judges/jira-openapi-v3.json.gz"

// jiraCall is a call of Jira's API: its path as a pattern, and the parameters
// of its query.
type jiraCall struct {
	method string
	path   *regexp.Regexp
	query  map[string]bool
	body   bool
}

var loadJira = sync.OnceValues(func() ([]jiraCall, error) {
	dir, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(filepath.Dir(dir), jiraJudgePath))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.NewDecoder(z).Decode(&doc); err != nil {
		return nil, err
	}
	var out []jiraCall
	for path, methods := range doc.Paths {
		pattern := regexp.MustCompile(`\\\{[^/]*?\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
		for m, raw := range methods {
			var op struct {
				Parameters []struct {
					Name string `json:"name"`
					In   string `json:"in"`
				} `json:"parameters"`
				RequestBody json.RawMessage `json:"requestBody"`
			}
			if json.Unmarshal(raw, &op) != nil {
				continue // what all methods of a path share
			}
			c := jiraCall{strings.ToUpper(m), regexp.MustCompile("^" + pattern + "$"), map[string]bool{}, op.RequestBody != nil}
			for _, p := range op.Parameters {
				if p.In == "query" {
					c.query[p.Name] = true
				}
			}
			out = append(out, c)
		}
	}
	return out, nil
})

// JudgeJira is a transport that holds the path, the query and the presence of a
// body of every request against Jira Cloud's description of its API, in which
// the third version stands for the second. What is inside a body it does not
// see, and webhooks/1.0 is no part of it.
func JudgeJira(t testing.TB, next http.RoundTripper) http.RoundTripper {
	t.Helper()
	if next == nil {
		next = http.DefaultTransport
	}
	calls, err := loadJira()
	if err != nil {
		t.Fatalf("reading Jira's API description: %v", err)
	}
	if calls == nil {
		t.Log("../" + jiraJudgePath + " is not beside the project: requests are not judged")
		return next
	}
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(req.URL.Path, "/rest/webhooks/1.0/") {
			if err := judgeJira(calls, req); err != nil {
				t.Errorf("Jira would not understand %s %s: %v", req.Method, req.URL.RequestURI(), err)
			}
		}
		return next.RoundTrip(req)
	})
}

func judgeJira(calls []jiraCall, req *http.Request) error {
	path := strings.Replace(req.URL.EscapedPath(), "/rest/api/2/", "/rest/api/3/", 1)
	why := fmt.Errorf("no such call")
	for _, c := range calls {
		if c.method != req.Method || !c.path.MatchString(path) {
			continue
		}
		why = nil
		for k := range req.URL.Query() {
			if !c.query[k] {
				why = fmt.Errorf("unknown parameter %q", k)
			}
		}
		if has := req.Body != nil && req.ContentLength != 0; why == nil && has != c.body {
			why = fmt.Errorf("it wants a body: %v, it has one: %v", c.body, has)
		}
		if why == nil {
			return nil
		}
	}
	return why
}
