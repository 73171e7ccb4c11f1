package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// Dir opens a git directory that somebody else keeps: a bare repository, or a
// working tree's. It is read as it stands, never written to and never fetched.
func (m *Mirrors) Dir(path string) (*Repo, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", quote(path), err)
	}
	for _, d := range []string{dir, filepath.Join(dir, ".git")} {
		if isGitDir(d) {
			r := newRepo(m, path, d)
			r.foreign = true
			return r, nil
		}
	}
	return nil, fmt.Errorf("%s is no git directory: it has no HEAD, objects and refs; give a bare repository or a .git directory", quote(path))
}

func isGitDir(dir string) bool {
	for _, name := range []string{"HEAD", "objects"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// Tags maps each tag to the commit that it marks. Tags of other things are
// left out.
func (r *Repo) Tags(ctx context.Context) (map[string]string, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	out := map[string]string{}
	for name, rf := range r.refs {
		if tag, ok := strings.CutPrefix(name, "refs/tags/"); ok && g.Has(rf.commit()) {
			out[tag] = rf.commit()
		}
	}
	return out, nil
}

// Index hands over what is known of the commits, to one caller and for as long
// as nobody synchronises: it is not locked.
func (r *Repo) Index(ctx context.Context) (*containment.Index, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	done()
	return g, nil
}
