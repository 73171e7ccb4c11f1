package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/holdfast-dev/holdfast/trackers"
)

// BranchHead is the commit of a branch, empty where there is no such branch.
func (t *Tracker) BranchHead(ctx context.Context, repo, branch string) (string, error) {
	const op = "read branch"
	p, err := repoPath(op, repo)
	if err != nil {
		return "", err
	}
	var got struct {
		Commit struct {
			SHA string `json:"sha"`
		} `json:"commit"`
		SHA string `json:"sha"`
	}
	// The commits know a branch by its name, also on servers that lack the
	// list of branches.
	_, err = t.do(ctx, call{op: op + " " + branch + " of " + repo, repo: repo, method: "GET", path: p + "/commits/" + escapePath(branch), out: &got})
	var te *trackers.Error
	if errors.As(err, &te) && (te.Status == 404 || te.Status == 409 || te.Status == 422) { // no such branch, or an empty repository
		if _, missing := t.Repository(ctx, repo); missing != nil {
			return "", missing
		}
		return "", nil
	}
	if err == nil && !fullSHA(strings.ToLower(got.SHA)) {
		err = &trackers.Error{Op: op, Class: trackers.Transient, Err: errors.New("the answer names no commit")}
	}
	return strings.ToLower(got.SHA), err
}

// TreeOf lists the files of a commit, path to the id of the content.
func (t *Tracker) TreeOf(ctx context.Context, repo, sha string) (map[string]string, error) {
	const op = "list files"
	p, err := repoPath(op, repo)
	if err != nil {
		return nil, err
	}
	if !commitSHA.MatchString(sha) {
		return nil, invalid(op, "", fmt.Errorf("%q is no commit", sha))
	}
	var got struct {
		Tree []struct {
			Path string `json:"path"`
			Mode string `json:"mode"`
			Type string `json:"type"`
			SHA  string `json:"sha"`
		} `json:"tree"`
		Truncated bool `json:"truncated"`
	}
	if _, err := t.do(ctx, call{op: op + " of " + repo, repo: repo, method: "GET", path: p + "/git/trees/" + sha + "?recursive=1", out: &got}); err != nil {
		return nil, err
	}
	if got.Truncated {
		return nil, invalid(op, "", fmt.Errorf("%s has more files than GitHub lists at once", repo))
	}
	files := map[string]string{}
	for _, f := range got.Tree {
		if f.Type == "blob" && f.Mode != "120000" && path.Clean(f.Path) == f.Path && !strings.HasPrefix(f.Path, "/") {
			files[f.Path] = strings.ToLower(f.SHA)
		}
	}
	return files, nil
}

// FileAt reads a file at a commit.
func (t *Tracker) FileAt(ctx context.Context, repo, sha, name string) ([]byte, error) {
	const op = "read file"
	p, err := repoPath(op, repo)
	if err != nil {
		return nil, err
	}
	if !commitSHA.MatchString(sha) || name == "" || path.Clean("/"+name) != "/"+name {
		return nil, invalid(op, "", fmt.Errorf("%q at %q is no file", name, sha))
	}
	var got struct {
		Encoding string `json:"encoding"`
		Content  string `json:"content"`
	}
	c := call{op: op + " " + name + " of " + repo, repo: repo, method: "GET", path: p + "/contents/" + escapePath(name) + "?" + url.Values{"ref": {sha}}.Encode(), out: &got}
	if _, err := t.do(ctx, c); err != nil {
		return nil, err
	}
	if got.Encoding != "base64" {
		return nil, invalid(op, "", fmt.Errorf("%s is larger than GitHub hands out this way", name))
	}
	data, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(got.Content))
	if err != nil {
		return nil, &trackers.Error{Op: op, Class: trackers.Transient, Err: fmt.Errorf("decoding %s: %w", name, err)}
	}
	return data, nil
}

func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
