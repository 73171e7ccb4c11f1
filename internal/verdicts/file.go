package verdicts

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// History is where the commits come from.
type History struct {
	*containment.Index
	// Tags maps a tag to its commit.
	Tags map[string]string
	// Paths are those that a landed commit touches, where they are known:
	// files, and directories that end in a slash.
	Paths map[string][]string
	// doubt, where it is set, is told of each answer that patch ids could still
	// change.
	doubt func(c containment.Change, live string, answer containment.Result)
}

// ask says whether a change is in a commit.
func (h *History) ask(c containment.Change, live string) containment.Result {
	r := h.Contains(c, live)
	if h.doubt != nil {
		h.doubt(c, live, r)
	}
	return r
}

// commitLine is one line of a file of commits.
type commitLine struct {
	SHA          string   `json:"sha"`
	Parents      []string `json:"parents"`
	Author       string   `json:"author"`
	AuthorTime   int64    `json:"author_time"`
	Subject      string   `json:"subject"`
	Trailers     []string `json:"trailers"`
	HeadTrailers []string `json:"head_trailers"`
	Reverts      []struct {
		SHA     string `json:"sha"`
		PR      int    `json:"pr"`
		Subject string `json:"subject"`
		Strong  bool   `json:"strong"`
	} `json:"reverts"`
	PR       int      `json:"pr"`
	PatchID  string   `json:"patch_id"`
	Paths    []string `json:"paths"`
	PullOnly bool     `json:"pull_only"`
}

// ReadFile reads a history from a file of commits. tags names the file of its
// tags; empty: the one that lies beside it.
func ReadFile(name, tags string) (*History, error) {
	h := &History{Index: containment.NewIndex(), Paths: map[string][]string{}}
	batch := make([]containment.Commit, 0, 4096)
	waiting := map[string]bool{} // in batch
	err := eachLine(name, maxCommits, func(_ int, line []byte) error {
		var l commitLine
		if err := object(line, &l); err != nil {
			return err
		}
		c := containment.Commit{
			SHA: strings.ToLower(l.SHA), Parents: l.Parents, Author: l.Author, AuthorTime: l.AuthorTime, Subject: l.Subject,
			Trailers: l.Trailers, Heads: l.HeadTrailers, PullRequest: l.PR, Patch: l.PatchID, PullOnly: l.PullOnly,
		}
		for _, r := range l.Reverts {
			c.Reverts = append(c.Reverts, containment.Revert{SHA: r.SHA, PullRequest: r.PR, Subject: r.Subject, Strong: r.Strong})
		}
		if len(l.Paths) > 0 {
			h.Paths[c.SHA] = l.Paths
		}
		if waiting[c.SHA] || h.Has(c.SHA) {
			return fmt.Errorf("commit %.80q was told on an earlier line: give each commit once", c.SHA)
		}
		waiting[c.SHA] = true
		if batch = append(batch, c); len(batch) < cap(batch) {
			return nil
		}
		err := h.Add(batch...)
		batch = batch[:0]
		clear(waiting)
		return err
	})
	if err == nil {
		err = h.Add(batch...)
	}
	if err != nil {
		return nil, err
	}
	if err := h.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	h.Tags, err = readTags(name, tags)
	return h, err
}

// ReplayFile is Replay over a file of commits; see ReadFile.
func ReplayFile(ctx context.Context, name, tags string, cases []Case, _ *slog.Logger) ([]Line, error) {
	h, err := ReadFile(name, tags)
	if err != nil {
		return nil, err
	}
	return Replay(ctx, h, cases)
}

// readTags reads the tags of a history. That there is no file beside it is no
// error: then no tag is known.
func readTags(name, tags string) (map[string]string, error) {
	given := tags != ""
	if !given {
		tags = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".commits.jsonl") + ".tags.json"
	}
	text, err := os.ReadFile(tags)
	if os.IsNotExist(err) && !given {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the tags in %s: %w", tags, plain(err))
	}
	out := map[string]string{}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("reading the tags in %s: want an object of tags and commit ids: %w", tags, err)
	}
	for tag, sha := range out {
		if !containment.IsSHA(sha) {
			return nil, fmt.Errorf("%s: tag %.80q has the commit %.80q: want 40 or 64 hex digits", tags, tag, sha)
		}
	}
	return out, nil
}
