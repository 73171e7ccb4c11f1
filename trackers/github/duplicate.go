package github

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

const duplicateQuery = `query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    issue(number: $number) {
      timelineItems(last: 20, itemTypes: [MARKED_AS_DUPLICATE_EVENT, UNMARKED_AS_DUPLICATE_EVENT]) {
        nodes {
          __typename
          ... on MarkedAsDuplicateEvent {
            canonical { ... on Issue { number repository { nameWithOwner } } }
          }
        }
      }
    }
  }
}`

// original finds what the issue was marked to be a duplicate of, empty where
// the tracker does not tell. Only issues closed as duplicates cost these calls:
// the REST timeline names the mark and sometimes its target, GraphQL both; a
// server that has neither may still have the closer's comment.
func (t *Tracker) original(ctx context.Context, ref domain.Ref, closer string) domain.Ref {
	if r := t.originalFromTimeline(ctx, ref); r != "" {
		return r
	}
	if r := t.originalFromGraphQL(ctx, ref); r != "" {
		return r
	}
	return t.originalFromComments(ctx, ref, closer)
}

func (t *Tracker) originalFromGraphQL(ctx context.Context, ref domain.Ref) domain.Ref {
	owner, name, _ := strings.Cut(ref.Project(), "/")
	var got struct {
		Data struct {
			Repository struct {
				Issue struct {
					TimelineItems struct {
						Nodes []struct {
							Typename  string `json:"__typename"`
							Canonical struct {
								Number     int
								Repository struct{ NameWithOwner string }
							}
						}
					}
				}
			}
		}
	}
	_, err := t.do(ctx, call{op: "read duplicate mark", ref: ref, repo: ref.Project(), method: "POST", path: t.graphql(), out: &got,
		body: map[string]any{"query": duplicateQuery, "variables": map[string]any{"owner": owner, "name": name, "number": ref.Number()}}})
	if err != nil {
		t.log.Debug("the original of a duplicate cannot be read", "ticket", ref, "err", err)
		return ""
	}
	var found domain.Ref
	for _, n := range got.Data.Repository.Issue.TimelineItems.Nodes {
		found = ""
		if c := n.Canonical; n.Typename == "MarkedAsDuplicateEvent" && c.Number > 0 && repoName.MatchString(c.Repository.NameWithOwner) {
			found = domain.GitHubRef(t.name, c.Repository.NameWithOwner, c.Number)
		}
	}
	return found
}

func (t *Tracker) originalFromTimeline(ctx context.Context, ref domain.Ref) domain.Ref {
	const op = "read timeline"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return ""
	}
	var found domain.Ref
	err = list(ctx, t, call{op: op, ref: ref, repo: ref.Project()}, path+"/timeline", nil, func(page []gh.Timeline) bool {
		for _, e := range page {
			switch e.GetEvent() {
			case "unmarked_as_duplicate":
				found = ""
			case "marked_as_duplicate":
				found = ""
				if is := e.GetSource().GetIssue(); is.GetNumber() > 0 {
					found = t.refOf(is, domain.GitHubRef(t.name, ref.Project(), is.GetNumber()))
				}
			}
		}
		return true
	})
	if err != nil {
		t.log.Debug("the timeline cannot be read", "ticket", ref, "err", err)
		return ""
	}
	return found
}

// duplicateOf is the sentence that marks a duplicate in a comment: it starts
// a line.
var duplicateOf = regexp.MustCompile(`(?im)^[ \t]*duplicate of[ \t]+(?:([\w.-]+/[\w.-]+)?#([1-9]\d{0,9})|https?://[^\s/]+/(?:[^\s]*/)?([\w.-]+/[\w.-]+)/issues/([1-9]\d{0,9}))\b`)

// originalFromComments reads "Duplicate of #12" in a comment of the one who
// closed the issue; the newest counts.
func (t *Tracker) originalFromComments(ctx context.Context, ref domain.Ref, closer string) domain.Ref {
	const op = "read comments"
	path, err := t.issuePath(op, ref)
	if err != nil || closer == "" {
		return ""
	}
	var found domain.Ref
	err = list(ctx, t, call{op: op, ref: ref, repo: ref.Project()}, path+"/comments", nil, func(page []gh.IssueComment) bool {
		for _, c := range page {
			m := duplicateOf.FindStringSubmatch(c.GetBody())
			if m == nil || !strings.EqualFold(c.GetUser().GetLogin(), closer) {
				continue
			}
			repo, number := m[1]+m[3], m[2]+m[4]
			if repo == "" {
				repo = ref.Project()
			}
			if n, err := strconv.Atoi(number); err == nil {
				found = domain.GitHubRef(t.name, repo, n)
			}
		}
		return true
	})
	if err != nil {
		t.log.Debug("the comments cannot be read", "ticket", ref, "err", err)
	}
	return found
}

// graphql is where this server answers GraphQL.
func (t *Tracker) graphql() string {
	if p, ok := strings.CutSuffix(t.base.Path, "/v3/"); ok {
		return p + "/graphql"
	}
	return t.base.Path + "graphql"
}
