package api

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// ChangeRef names a change as a person wrote it. Either SHA or Number is set.
type ChangeRef struct {
	Repo   string // OWNER/NAME; empty: the repository of the item's service
	SHA    string // lower case hex, 7 to 64 digits
	Number int    // of a pull request
	URL    string // the address, where one was given: its host is to be checked
}

type changeBody struct {
	SHA         string         `json:"sha,omitempty" maxLength:"64" pattern:"^([0-9a-fA-F]{7,64})?$" patternDescription:"7 to 64 hex digits"`
	Repo        string         `json:"repo,omitempty" maxLength:"200" pattern:"^([\\w.-]+/[\\w.-]+)?$" patternDescription:"OWNER/NAME" doc:"repository of sha; default: that of the item's service"`
	PullRequest pullRequestRef `json:"pull_request,omitempty"`
}

// pullRequestRef is "#12", 12, "owner/repo#12" or the pull request's address.
type pullRequestRef string

// Schema allows a number beside a string.
func (pullRequestRef) Schema(huma.Registry) *huma.Schema {
	limit, one := 2000, 1.0
	s := &huma.Schema{
		Description: "a number, #12, OWNER/NAME#12 or the address of a pull request",
		OneOf:       []*huma.Schema{{Type: huma.TypeString, MaxLength: &limit}, {Type: huma.TypeInteger, Minimum: &one}},
		Examples:    []any{"acme/checkout#12"},
	}
	for _, o := range s.OneOf {
		o.PrecomputeMessages()
	}
	return s
}

// UnmarshalJSON takes a number or a string.
func (p *pullRequestRef) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*p = pullRequestRef(s)
		return nil
	}
	var n int
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*p = pullRequestRef(strconv.Itoa(n))
	return nil
}

var (
	pullNumber = regexp.MustCompile(`^(?:([\w.-]+/[\w.-]+)?#)?([1-9]\d{0,8})$`)
	pullPath   = regexp.MustCompile(`/([\w.-]+/[\w.-]+)/pull/([1-9]\d{0,8})(?:/[\w./-]*)?$`)
)

func (b changeBody) ref() (ChangeRef, error) {
	written := strings.TrimSpace(string(b.PullRequest))
	switch {
	case b.SHA != "" && written == "":
		return ChangeRef{Repo: b.Repo, SHA: strings.ToLower(b.SHA)}, nil
	case b.SHA == "" && written == "":
		return ChangeRef{}, Invalid{"sha", "name either sha or pull_request"}
	case b.SHA != "":
		return ChangeRef{}, Invalid{"pull_request", "name either sha or pull_request, not both"}
	case b.Repo != "":
		return ChangeRef{}, Invalid{"repo", "repo goes with sha; write the pull request as OWNER/NAME#12"}
	}
	if m := pullNumber.FindStringSubmatch(written); m != nil {
		n, _ := strconv.Atoi(m[2])
		return ChangeRef{Repo: m[1], Number: n}, nil
	}
	if u, err := url.Parse(written); err == nil && webAddress(written) {
		if m := pullPath.FindStringSubmatch(u.Path); m != nil {
			n, _ := strconv.Atoi(m[2])
			return ChangeRef{Repo: m[1], Number: n, URL: written}, nil
		}
	}
	return ChangeRef{}, Invalid{"pull_request", "expected a number, #12, OWNER/NAME#12 or the address of a pull request"}
}
