package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

var (
	repoPath    = regexp.MustCompile(`^(?:/api/v3)?/repos/([^/]+/[^/]+)`)
	projectPath = regexp.MustCompile(`^/rest/api/[^/]+/(?:issue|project|issue/createmeta|createmeta)/([^/]+)`)
	projectJQL  = regexp.MustCompile(`(?i)project\s*(?:=|in\s*\()\s*"?([A-Z][A-Z0-9_]*)`)
)

// repoOf is the repository that a request to GitHub or its git is about.
func repoOf(path string) string {
	if name, ok := gitRequest(path); ok {
		return name
	}
	if m := repoPath.FindStringSubmatch(path); m != nil {
		return m[1]
	}
	return ""
}

// projectOf is the project that a request to Jira is about. A creation and a
// search name it in the body.
func (j *Jira) projectOf(w http.ResponseWriter, r *http.Request) string {
	if m := projectPath.FindStringSubmatch(r.URL.Path); m != nil && m[1] != "createmeta" {
		j.mu.Lock()
		defer j.mu.Unlock()
		if is := j.find(m[1]); is != nil {
			return is.project.key
		}
		key, _, _ := strings.Cut(m[1], "-")
		return key
	}
	text := r.URL.Query().Get("jql")
	if r.Method == http.MethodPost {
		body, err := readBody(w, r)
		if err != nil {
			return ""
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var in struct {
			JQL    string
			Fields json.RawMessage // an object in a creation, a list in a search
		}
		var fields struct {
			Project struct{ Key, ID string }
		}
		if json.Unmarshal(body, &in) == nil {
			text = in.JQL
			if json.Unmarshal(in.Fields, &fields) == nil {
				return fields.Project.Key
			}
		}
	}
	if m := projectJQL.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// gitHubRefusal and jiraRefusal word a fault as the service does.

func gitHubRefusal(status int, kind FaultKind) any {
	text := http.StatusText(status)
	switch kind {
	case FaultRateLimit:
		text = "API rate limit exceeded"
	case FaultSecondaryLimit:
		text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	case FaultExpiredToken:
		text = "Bad credentials"
	case FaultDenied:
		text = "Resource not accessible by personal access token"
	}
	return problem(status, text).body
}

func jiraRefusal(status int, kind FaultKind) any {
	text := http.StatusText(status)
	switch kind {
	case FaultRateLimit, FaultSecondaryLimit:
		text = "Rate limit exceeded."
	case FaultExpiredToken:
		return obj{"message": "Client must be authenticated to access this resource.", "status-code": status}
	case FaultDenied:
		text = "You do not have permission to perform this operation."
	}
	return jiraProblem(status, fmt.Sprintf("%s (%d)", text, status), nil).body
}
