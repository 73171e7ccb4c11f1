package history

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// ref is what a name in the mirror points to.
type ref struct {
	object string // commit, or tag object
	peeled string // what the tag object points to; empty where object is no tag
}

func (r ref) commit() string {
	if r.peeled != "" {
		return r.peeled
	}
	return r.object
}

// refs are the names of a mirror, whole: refs/heads/main.
type refs map[string]ref

func (rs refs) tips() []string {
	set := map[string]bool{}
	for _, r := range rs {
		set[r.commit()] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func (r *Repo) listRefs(ctx context.Context) (refs, error) {
	out := refs{}
	err := r.local(ctx, nil, func(in io.Reader) error {
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			f := strings.SplitN(lines.Text(), " ", 3)
			if len(f) != 3 || !IsSHA(f[0]) || f[1] != "" && !IsSHA(f[1]) {
				return fmt.Errorf("git listed a reference as %s", quote(lines.Text()))
			}
			out[f[2]] = ref{object: f[0], peeled: f[1]}
		}
		return lines.Err()
	}, "for-each-ref", "--format=%(objectname) %(*objectname) %(refname)")
	return out, err
}

// Resolve turns what a deployment or a person calls a revision into a whole
// commit id, from what the mirror holds: a whole id, a tag (annotated ones are
// followed to their commit), a branch, or the first 7 or more digits of an id
// that only one commit has. Names go before short ids, so that a tag like
// 20261201 means the tag. The text is looked up and never handed to git, so
// expressions (HEAD~1, @{…}, ranges) and options are just unknown names. The second result is false when nothing, or more than one commit,
// fits.
func (r *Repo) Resolve(ctx context.Context, rev string) (sha string, ok bool, err error) {
	rev = strings.TrimSpace(rev)
	g, done, err := r.read(ctx)
	if err != nil {
		return "", false, err
	}
	lower := strings.ToLower(rev)
	names := r.refs
	if g.Has(lower) {
		done()
		return lower, true, nil
	}
	var tag string
	for _, name := range []string{rev, "refs/tags/" + rev, "refs/heads/" + rev} {
		rf, found := names[name]
		if !found || !strings.HasPrefix(name, "refs/heads/") && !strings.HasPrefix(name, "refs/tags/") {
			continue
		}
		if sha = rf.commit(); g.Has(sha) {
			done()
			return sha, true, nil
		}
		tag = sha // a tag of a tag, or of something that is no commit
		break
	}
	if tag == "" && IsSHA(rev) {
		for _, rf := range names {
			if rf.object == lower { // the id of a tag object
				tag = lower
				break
			}
		}
	}
	if tag == "" && len(rev) >= 7 && containment.IsHex(rev) {
		sha, ok = g.Prefix(rev)
	}
	done()
	if tag != "" {
		return r.peel(ctx, tag)
	}
	return sha, ok, nil
}

// peel follows tag objects to a commit. Not reaching one is no error: a tag
// may mark a file.
func (r *Repo) peel(ctx context.Context, object string) (string, bool, error) {
	var sha string
	err := r.local(ctx, nil, func(in io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(in, 100))
		sha = strings.TrimSpace(string(text))
		return err
	}, "rev-parse", "--verify", "--quiet", object+"^{commit}")
	if ctx.Err() != nil {
		return "", false, err
	}
	return sha, err == nil && IsSHA(sha), nil
}
