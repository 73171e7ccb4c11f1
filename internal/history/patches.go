package history

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const (
	// patchFile keeps the patch ids that were worked out, one commit a line.
	patchFile = "holdfast-patches"
	// maxHoles bounds how many groups of commits with missing files are
	// compared by themselves.
	maxHoles = 200
)

// LearnPatches makes the patch ids of these commits known. In a mirror without
// trees, those of these commits are fetched, all at once. Files that cannot be
// had are left out of the comparison.
func (r *Repo) LearnPatches(ctx context.Context, shas []string) error {
	g, done, err := r.read(ctx)
	if err != nil {
		return err
	}
	lacking := slices.DeleteFunc(slices.Clone(shas), func(sha string) bool { return !g.Has(sha) || g.HasPatch(sha) })
	done()
	atOnce := 500
	if r.foreign {
		atOnce = max(1, len(lacking))
	}
	for part := range slices.Chunk(lacking, atOnce) {
		// Each part is kept: who runs out of time goes on from there.
		if err := r.learnPatches(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repo) learnPatches(ctx context.Context, lacking []string) error {
	files, err := r.changed(ctx, lacking, append([]string{":/"}, noise...), true)
	if errors.Is(err, errRefused) {
		// It will not do so the next time either: the other signs must do.
		r.m.log.Warn("the remote does not hand out files, so patches are not compared", "repo", r.name, "err", err)
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, sha := range lacking {
			r.graph.LearnPatch(sha, "")
		}
		return nil
	}
	if err != nil {
		return err
	}
	ids, err := r.patches(ctx, lacking, files)
	if err != nil {
		return err
	}
	r.mu.Lock()
	for _, sha := range lacking {
		r.graph.LearnPatch(sha, ids[sha])
	}
	r.mu.Unlock()
	r.storePatches(lacking, ids)
	return nil
}

// patches compares the commits of which all files are there in one go, two
// processes at once, and the others in groups that lack the same files.
func (r *Repo) patches(ctx context.Context, shas []string, files map[string][]file) (map[string]string, error) {
	holes, err := r.holes(ctx, files)
	if err != nil {
		return nil, err
	}
	var whole []string
	groups := map[string][]string{}
	for _, sha := range shas {
		if specs := holes[sha]; len(specs) > 0 {
			key := strings.Join(specs, "\x00")
			groups[key] = append(groups[key], sha)
		} else {
			whole = append(whole, sha)
		}
	}
	out, err := r.patchesOfWhole(ctx, whole)
	if err != nil {
		return nil, err
	}
	for n, key := range slices.Sorted(maps.Keys(groups)) {
		if n == maxHoles {
			break
		}
		ids, err := r.patchIDs(ctx, groups[key], slices.Concat([]string{":/"}, noise, strings.Split(key, "\x00")))
		if err != nil {
			return nil, err
		}
		maps.Copy(out, ids)
	}
	return out, nil
}

func (r *Repo) patchesOfWhole(ctx context.Context, shas []string) (map[string]string, error) {
	parts := [][]string{shas}
	if half := len(shas) / 2; half > 200 {
		parts = [][]string{shas[:half], shas[half:]}
	}
	var wg sync.WaitGroup
	ids, errs := make([]map[string]string, len(parts)), make([]error, len(parts))
	for i, part := range parts {
		wg.Go(func() { ids[i], errs[i] = r.patchIDs(ctx, part, append([]string{":/"}, noise...)) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, err
		}
		maps.Copy(ids[0], ids[i])
	}
	return ids[0], nil
}

// holes gives for each commit that changes files which the mirror does not
// hold the pathspecs that leave these out.
func (r *Repo) holes(ctx context.Context, files map[string][]file) (map[string][]string, error) {
	set := map[string]bool{}
	for _, list := range files {
		for _, f := range list {
			for _, b := range f.blobs {
				set[b] = true
			}
		}
	}
	if len(set) == 0 {
		return nil, nil
	}
	absent, err := r.absent(ctx, slices.Sorted(maps.Keys(set)))
	if err != nil || len(absent) == 0 {
		return nil, err
	}
	out := map[string][]string{}
	for sha, list := range files {
		for _, f := range list {
			if slices.ContainsFunc(f.blobs, func(b string) bool { return absent[b] }) {
				out[sha] = append(out[sha], ":(exclude,literal)"+f.path)
			}
		}
	}
	return out, nil
}

// storePatches adds to the file of patch ids. It is only a memory: not being
// able to write it costs time at the next start.
func (r *Repo) storePatches(shas []string, ids map[string]string) {
	if r.foreign {
		return
	}
	var b strings.Builder
	for _, sha := range shas {
		id := ids[sha]
		if id == "" {
			id = "-"
		}
		b.WriteString(sha + " " + id + "\n")
	}
	f, err := os.OpenFile(filepath.Join(r.dir, patchFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(b.String())
		f.Close()
	}
	if err != nil {
		r.m.log.Warn("keeping patch ids", "repo", r.name, "err", err)
	}
}

// storedPatches reads the patch ids that were worked out before.
func (r *Repo) storedPatches() map[string]string {
	if r.foreign {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(r.dir, patchFile))
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sha, id, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if ok && IsSHA(sha) && (id == "-" || IsSHA(id)) {
			out[sha] = strings.TrimSuffix(id, "-")
		}
	}
	return out
}
