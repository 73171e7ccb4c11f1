package reconcile

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// concerned lists the services that a change concerns: those of its own
// repository that the item names, else all of that repository; of these, where
// a service has paths, only those whose paths the change touches. One that
// touches none concerns the services that a person named since. Where the paths
// cannot be read, sure is false and no service is left out for them.
func (r *Reconciler) concerned(ctx context.Context, s *Setup, st domain.State, c domain.Change) (list []domain.Service, sure bool) {
	list = concernedBy(s, st.Spec, c)
	if !slices.ContainsFunc(list, func(svc domain.Service) bool { return len(svc.Paths) > 0 }) {
		return list, true
	}
	touched, known, err := r.touches(ctx, list[0], c)
	switch {
	case err == nil && !known:
		return list, true // dropped by a forced push: it is in none of them
	case err != nil:
		r.log.Debug("the paths of a change cannot be read", "change", c.Key(), "err", err)
		return list, false
	}
	var hit, said []domain.Service
	for _, svc := range list {
		if len(svc.Paths) == 0 || slices.ContainsFunc(touched, func(file string) bool { return within(svc.Paths, file) }) {
			hit = append(hit, svc)
		}
		if slices.Contains(st.ServicesNamed, svc.Name) {
			said = append(said, svc)
		}
	}
	if len(hit) == 0 {
		return said, true
	}
	return hit, true
}

// touches lists the files that a change touches; known is false where the
// repository does not have the change.
func (r *Reconciler) touches(ctx context.Context, svc domain.Service, c domain.Change) (files []string, known bool, err error) {
	repo := r.mirror(svc)
	asking, end := patient(ctx)
	missing, err := repo.Ensure(asking, c.SHA)
	end()
	if err != nil || len(missing) > 0 {
		return nil, false, err
	}
	ctx, end = comparing(ctx)
	defer end()
	files, err = repo.Paths(ctx, landing(c))
	return files, true, err
}

// within reports whether a file fits one of the globs. A glob that names a
// directory stands for all that is below it.
func within(globs []string, file string) bool {
	segments := strings.Split(file, "/")
	for _, g := range globs {
		g = strings.Trim(strings.TrimPrefix(g, "./"), "/")
		if fits(strings.Split(g, "/"), segments) {
			return true
		}
	}
	return false
}

// fits matches segment by segment; ** stands for any number of them. What is
// left of the file when the glob ends is below a directory that it names.
func fits(glob, file []string) bool {
	star, mark := -1, 0 // the last **, and where in the file it was tried
	g, f := 0, 0
	for f < len(file) {
		switch {
		case g < len(glob) && glob[g] == "**":
			star, mark = g, f
			g++
		case g < len(glob) && matches(glob[g], file[f]):
			g, f = g+1, f+1
		case g == len(glob):
			return true
		case star >= 0:
			mark++
			g, f = star+1, mark
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == "**" {
		g++
	}
	return g == len(glob)
}

func matches(glob, segment string) bool {
	ok, err := path.Match(glob, segment)
	return err == nil && ok
}
