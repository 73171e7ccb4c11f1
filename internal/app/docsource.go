package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/documents"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/trackers"
)

// docSource reads the files of a repository: from its mirror, or where git
// cannot have it, file by file from its host.
type docSource struct {
	tracker, repo string
	mirror        *history.Repo
	host          trackers.FileHost // nil: the host has no such calls
	code          trackers.CodeHost
	byHost        bool // the mirror could not be had this time
}

func (b *Backend) docSource(tracker, repo string) (*docSource, error) {
	t := b.reconciler.Setup().Trackers[tracker]
	code, ok := t.(trackers.CodeHost)
	if !ok {
		return nil, fmt.Errorf("%s holds no repositories", tracker)
	}
	host, _ := t.(trackers.FileHost)
	return &docSource{tracker: tracker, repo: repo, mirror: b.reconciler.Mirror(tracker, repo), host: host, code: code}, nil
}

// head brings what is known up to date, and tells the branch and its commit;
// empty where the repository has no such branch.
func (d *docSource) head(ctx context.Context, branch string) (name, sha string, err error) {
	if err = d.mirror.Sync(ctx); err == nil {
		return d.mirror.Head(ctx, branch)
	}
	if d.host == nil || ctx.Err() != nil {
		return "", "", err
	}
	name = branch
	if name == "" {
		known, herr := d.code.Repository(ctx, d.repo)
		if herr != nil {
			return "", "", errors.Join(err, herr)
		}
		name = known.DefaultBranch
	}
	sha, herr := d.host.BranchHead(ctx, d.repo, name)
	if herr != nil {
		return "", "", errors.Join(err, herr)
	}
	d.byHost = true
	return name, sha, nil
}

func (d *docSource) tree(ctx context.Context, sha string) (documents.Tree, error) {
	if sha == "" {
		return nil, nil // nothing was there
	}
	if !d.byHost {
		files, err := d.mirror.Tree(ctx, sha)
		if err == nil || d.host == nil || ctx.Err() != nil {
			return files, err
		}
		d.byHost = true // a remote may hand out commits and no files
	}
	return d.host.TreeOf(ctx, d.repo, sha)
}

// dropped reports whether a commit that could not be read is gone for good, and
// not only out of reach.
func (d *docSource) dropped(ctx context.Context, sha string, err error) bool {
	if d.byHost {
		c := trackers.ClassOf(err)
		return c == trackers.NotFound || c == trackers.Gone || c == trackers.Invalid
	}
	_, known, lookErr := d.mirror.Commit(ctx, sha)
	return lookErr == nil && !known
}

// read reads documents of a commit: path to content. One that is too large is
// missing from the answer.
func (d *docSource) read(ctx context.Context, sha string, blobs map[string]string) (map[string][]byte, error) {
	out := map[string][]byte{}
	if !d.byHost {
		var ids []string
		for _, id := range blobs {
			ids = append(ids, id)
		}
		contents, err := d.mirror.Contents(ctx, ids, postmortem.MaxBytes)
		if err == nil {
			for path, id := range blobs {
				if body, ok := contents[id]; ok {
					out[path] = body
				}
			}
			return out, nil
		}
		if d.host == nil || ctx.Err() != nil {
			return nil, err
		}
		d.byHost = true
	}
	for path := range blobs {
		body, err := d.host.FileAt(ctx, d.repo, sha, path)
		switch {
		case trackers.ClassOf(err) == trackers.Invalid && err != nil:
		case err != nil:
			return nil, err
		case len(body) <= postmortem.MaxBytes:
			out[path] = body
		}
	}
	return out, nil
}
