package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// changed lists what commits change in files that fit the pathspecs. Where the
// mirror lacks their trees these are fetched first; with blobs, so are the
// files.
func (r *Repo) changed(ctx context.Context, shas, specs []string, blobs bool) (map[string][]file, error) {
	if r.foreign {
		return r.files(ctx, shas, specs)
	}
	roots, err := r.roots(ctx, shas)
	if err != nil {
		return nil, err
	}
	absent, err := r.absent(ctx, roots)
	if err != nil {
		return nil, err
	}
	var files map[string][]file
	if len(absent) == 0 {
		// A tree may still be missing below a root that is there.
		if files, err = r.files(ctx, shas, specs); ctx.Err() != nil {
			return nil, err
		}
	}
	if files == nil {
		if err := r.fetchObjects(ctx, roots); err != nil {
			return nil, err
		}
		if files, err = r.files(ctx, shas, specs); err != nil {
			return nil, err
		}
	}
	if !blobs {
		return files, nil
	}
	return files, r.fetchBlobs(ctx, files)
}

// fetchBlobs fetches the files of a list that are missing.
func (r *Repo) fetchBlobs(ctx context.Context, files map[string][]file) error {
	set := map[string]bool{}
	for _, list := range files {
		for _, f := range list {
			for _, b := range f.blobs {
				set[b] = true
			}
		}
	}
	absent, err := r.absent(ctx, slices.Sorted(maps.Keys(set)))
	if err != nil || len(absent) == 0 {
		return err
	}
	return r.fetchObjects(ctx, slices.Sorted(maps.Keys(absent)))
}

// roots lists the trees of commits and of their first parents.
func (r *Repo) roots(ctx context.Context, shas []string) ([]string, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, sha := range shas {
		set[sha] = true
		if p := g.FirstParent(sha); g.Has(p) {
			set[p] = true
		}
	}
	done()
	trees := map[string]bool{}
	// The commits as they are: to git log a tree that is missing is an error,
	// even where only its id is asked for.
	err = r.objects(ctx, slices.Sorted(maps.Keys(set)), "commit", func(sha string, _ int64, body io.Reader) error {
		first, _ := bufio.NewReader(body).ReadString('\n')
		tree, ok := strings.CutPrefix(strings.TrimSpace(first), "tree ")
		if !ok || !IsSHA(tree) {
			return fmt.Errorf("commit %s has no tree", sha)
		}
		trees[tree] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing trees: %w", err)
	}
	return slices.Sorted(maps.Keys(trees)), nil
}

// errRefused is a remote that answers, and does not hand out single objects.
var errRefused = errors.New("it does not hand out single objects")

var refusal = regexp.MustCompile(`not our ref|unadvertised object|does not allow request`)

// fetchObjects asks the remote for single objects, trees with all trees below
// them, in one exchange and within the limits of any fetch.
func (r *Repo) fetchObjects(ctx context.Context, objects []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, r.m.limits.FetchTimeout, context.DeadlineExceeded)
	defer cancel()
	return r.withRemote(ctx, func(f *fetcher) error {
		filter := "--filter=blob:none"
		if f.quirks.noFilter {
			filter = "--no-filter"
		}
		stderr, err := f.talkWith(ctx, strings.NewReader(strings.Join(objects, "\n")+"\n"), nil,
			// Nothing we have helps the remote: without this it is told of all our commits.
			"-c", "fetch.negotiationAlgorithm=noop",
			"fetch", "--quiet", filter, "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--stdin", "origin")
		if err == nil && size(f.dir+"/objects") > f.m.limits.MaxBytes {
			err = errTooLarge
		}
		if err != nil {
			sweep(f.dir)
			if ctx.Err() == nil && refusal.MatchString(stderr) {
				err = errRefused
			}
			return failure("fetching files of", f.name, f.target.shown, err, stderr)
		}
		return nil
	})
}
