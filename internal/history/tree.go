package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxTreeFiles bounds the files of one tree that are listed.
const maxTreeFiles = 200_000

// Head is the commit of a branch; of the default branch where none is named.
// It is empty where the mirror has no such branch. It answers from the mirror:
// call Sync first.
func (r *Repo) Head(ctx context.Context, branch string) (name, sha string, err error) {
	_, done, err := r.read(ctx)
	if err != nil {
		return "", "", err
	}
	defer done()
	if branch == "" {
		branch = r.defaultBranch()
	}
	return branch, r.refs["refs/heads/"+branch].commit(), nil
}

// Tree lists the regular files of a commit, path to the id of the content. In a
// mirror without trees, those of this commit are fetched.
func (r *Repo) Tree(ctx context.Context, sha string) (map[string]string, error) {
	root, err := r.rootOf(ctx, sha)
	if err != nil {
		return nil, err
	}
	absent := map[string]bool{}
	if !r.foreign {
		if absent, err = r.absent(ctx, []string{root}); err != nil {
			return nil, err
		}
	}
	if len(absent) == 0 {
		if files, err := r.lsTree(ctx, root); err == nil || r.foreign || ctx.Err() != nil {
			return files, err
		} // a tree below the root is missing
	}
	if err := r.fetchObjects(ctx, []string{root}); err != nil {
		return nil, err
	}
	return r.lsTree(ctx, root)
}

func (r *Repo) rootOf(ctx context.Context, sha string) (root string, err error) {
	if !IsSHA(sha) {
		return "", fmt.Errorf("%s is no commit id", quote(sha))
	}
	err = r.local(ctx, nil, func(in io.Reader) error {
		first, _ := bufio.NewReader(in).ReadString('\n')
		root = strings.TrimPrefix(strings.TrimSpace(first), "tree ")
		return nil
	}, "cat-file", "commit", sha)
	if err == nil && !IsSHA(root) {
		err = fmt.Errorf("commit %s of %s has no tree", sha, quote(r.name))
	}
	return root, err
}

func (r *Repo) lsTree(ctx context.Context, root string) (map[string]string, error) {
	files := map[string]string{}
	err := r.local(ctx, nil, func(in io.Reader) error {
		fields := bufio.NewReaderSize(in, 64<<10)
		for {
			line, err := readField(fields, 8192)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			meta, name, ok := strings.Cut(line, "\t")
			f := strings.Fields(meta)
			if !ok || len(f) != 3 {
				return fmt.Errorf("git printed %s where a file was due", quote(line))
			}
			if strings.HasPrefix(f[0], "100") && path.Clean(name) == name { // no links, no submodules
				files[name] = f[2]
			}
			if len(files) > maxTreeFiles {
				return fmt.Errorf("there are more than %d files", maxTreeFiles)
			}
		}
	}, "ls-tree", "-r", "-z", "--full-tree", root)
	if err != nil {
		return nil, fmt.Errorf("listing the files of %s: %w", quote(r.name), err)
	}
	return files, nil
}

// Contents reads files by the ids that Tree told. One larger than limit is
// left out. In a mirror without files, these are fetched.
func (r *Repo) Contents(ctx context.Context, ids []string, limit int64) (map[string][]byte, error) {
	set := map[string]bool{}
	for _, id := range ids {
		if !IsSHA(id) {
			return nil, fmt.Errorf("%s is no id of a file", quote(id))
		}
		set[id] = true
	}
	ids = slices.Sorted(maps.Keys(set))
	if len(ids) == 0 {
		return nil, nil
	}
	if !r.foreign {
		absent, err := r.absent(ctx, ids)
		if err == nil && len(absent) > 0 {
			err = r.fetchObjects(ctx, slices.Sorted(maps.Keys(absent)))
		}
		if err != nil {
			return nil, err
		}
	}
	out := map[string][]byte{}
	err := r.objects(ctx, ids, "blob", func(id string, length int64, body io.Reader) error {
		if length > limit {
			return nil
		}
		data, err := io.ReadAll(body)
		out[id] = data
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading files of %s: %w", quote(r.name), err)
	}
	return out, nil
}

// MergeBase is the newest commit that both contain, empty where there is none.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	if !IsSHA(a) || !IsSHA(b) {
		return "", fmt.Errorf("%s or %s is no commit id", quote(a), quote(b))
	}
	base := ""
	err := r.local(ctx, nil, func(in io.Reader) error {
		line, _ := bufio.NewReader(in).ReadString('\n')
		base = strings.TrimSpace(line)
		return nil
	}, "merge-base", a, b)
	if err != nil && base == "" {
		// It ends with 1 where the two have nothing in common.
		if _, done, rerr := r.read(ctx); rerr == nil {
			done()
			return "", nil
		}
	}
	return base, err
}
