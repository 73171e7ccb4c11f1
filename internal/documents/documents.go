// Package documents says what happened to the postmortems of a repository
// between two of its commits. It is pure: it reads no repository and files
// nothing.
package documents

import (
	"path"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// Kind is what happened to a document.
type Kind string

// The kinds of changes.
const (
	Added   Kind = "added"
	Changed Kind = "changed"
	Renamed Kind = "renamed" // its content may have changed as well
	Deleted Kind = "deleted"
)

// Change is one document that is not as it was.
type Change struct {
	Kind Kind
	Path string // now; of a deleted one, what it was
	Old  string // path before, where it was renamed
	Blob string // id of the content now; empty: deleted
}

// Tree is the files of a commit: path to the id of the content.
type Tree map[string]string

// Between compares two commits as far as the documents go. wanted says which
// files are documents. A file that went while another came with the same
// content was renamed; alike may find further pairs, by content, among those
// that came and went. The changes are in the order of their paths, renamed
// ones first, so that no two documents have one path on the way.
func Between(old, now Tree, wanted func(path string) bool, alike func(came, went []string) map[string]string) []Change {
	var came, went []string
	var out []Change
	for p, blob := range now {
		if !wanted(p) {
			continue
		}
		was, there := old[p]
		switch {
		case !there:
			came = append(came, p)
		case was != blob:
			out = append(out, Change{Kind: Changed, Path: p, Blob: blob})
		}
	}
	for p := range old {
		if _, there := now[p]; !there && wanted(p) {
			went = append(went, p)
		}
	}
	slices.Sort(came)
	slices.Sort(went)
	from := map[string]string{}
	for _, c := range came {
		if i := slices.IndexFunc(went, func(w string) bool { return old[w] == now[c] }); i >= 0 {
			from[c] = went[i]
			went = slices.Delete(went, i, i+1)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(came), func(c string) bool { return from[c] != "" })
	if alike != nil && len(rest) > 0 && len(went) > 0 {
		for c, w := range alike(rest, went) {
			if i := slices.Index(went, w); i >= 0 && slices.Contains(rest, c) {
				from[c] = w
				went = slices.Delete(went, i, i+1)
			}
		}
	}
	for _, c := range came {
		if w := from[c]; w != "" {
			out = append(out, Change{Kind: Renamed, Path: c, Old: w, Blob: now[c]})
		} else {
			out = append(out, Change{Kind: Added, Path: c, Blob: now[c]})
		}
	}
	for _, w := range went {
		out = append(out, Change{Kind: Deleted, Path: w})
	}
	rank := map[Kind]int{Renamed: 0, Deleted: 2}
	order := func(k Kind) int {
		if r, ok := rank[k]; ok {
			return r
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		if d := order(a.Kind) - order(b.Kind); d != 0 {
			return d
		}
		return strings.Compare(a.Path, b.Path)
	})
	return out
}

// maxID is about the length up to which ids are bearable.
const maxID = 80

// PathID is the id of a document whose file name says nothing, or is that of
// another document too: its whole path.
func PathID(file string) string {
	file = strings.TrimSuffix(file, path.Ext(file))
	parts := strings.Split(strings.ToLower(file), "/")
	if n := len(parts); n > 1 {
		switch parts[n-1] {
		case "readme", "index", "postmortem", "post-mortem", "incident", "document", "report":
			parts = parts[:n-1]
		}
	}
	// The end of a path tells more than its beginning, and ids are cut.
	id := ""
	for _, p := range slices.Backward(parts) {
		part := postmortem.Slug("", p)
		if id != "" && len(part)+1+len(id) > maxID {
			break
		}
		id = strings.Trim(part+"-"+id, "-")
	}
	return id
}
