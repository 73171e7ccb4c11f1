package github

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// Remark comments on the commit that changed a file last. GitHub tells the
// commit's author of it.
func (t *Tracker) Remark(ctx context.Context, repo, head, path string, text trackers.Text) error {
	const op = "comment on commit"
	p, err := repoPath(op, repo)
	if err != nil {
		return err
	}
	if !commitSHA.MatchString(head) {
		return invalid(op, "", fmt.Errorf("%q is no commit", head))
	}
	sha := head
	var last []struct {
		SHA string `json:"sha"`
	}
	q := url.Values{"sha": {head}, "path": {path}, "per_page": {"1"}}
	_, err = t.do(ctx, call{op: "find the commit of " + path, repo: repo, method: "GET", path: p + "/commits?" + q.Encode(), out: &last})
	switch {
	case err == nil && len(last) > 0 && fullSHA(strings.ToLower(last[0].SHA)):
		sha = last[0].SHA
	case err != nil && !rest.Missing(err):
		return err
	}
	own, err := t.ownLogins(ctx)
	if err != nil {
		return err
	}
	at, there := p+"/commits/"+sha+"/comments", false
	err = list(ctx, t, call{op: op, repo: repo}, at, nil, func(page []gh.RepositoryComment) bool {
		for _, c := range page {
			by := c.GetUser().GetLogin()
			there = there || strings.HasSuffix(normal(c.GetBody()), hidden(text.Marker)) && (len(own) == 0 || by == "" || containsFold(own, by))
		}
		return !there
	})
	if err != nil || there {
		return err
	}
	_, err = t.do(ctx, call{op: op, repo: repo, method: "POST", path: at, body: map[string]string{"body": renderComment(text, true)}, effect: rest.Change})
	return err
}
