package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// resolve is the commit that a branch, tag, full ref or (shortened) id names,
// empty when there is none.
func (r *gitRepo) resolve(rev string) string {
	if rev == "" || strings.HasPrefix(rev, "-") || strings.ContainsAny(rev, " ^~:\n\x00") || strings.Contains(rev, "@{") {
		return ""
	}
	for _, form := range []string{"refs/heads/" + rev, "refs/tags/" + rev, rev} {
		if out, err := r.run("rev-parse", "--quiet", "--verify", form+"^{commit}"); err == nil {
			return out
		}
	}
	return ""
}

func (r *gitRepo) branchHead(branch string) string {
	out, err := r.run("rev-parse", "--quiet", "--verify", "refs/heads/"+branch)
	if err != nil {
		return ""
	}
	return out
}

// log reads commits, newest first, as `git log` selects them.
func (r *gitRepo) log(args ...string) ([]gitCommit, error) {
	args = append([]string{"log", "-z", "--no-color", "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B"}, args...)
	out, err := r.run(args...)
	if err != nil || out == "" {
		return nil, err
	}
	var list []gitCommit
	for record := range strings.SplitSeq(strings.TrimRight(out, "\x00"), "\x00") {
		f := strings.SplitN(record, "\x1f", 10)
		if len(f) != 10 {
			return nil, fmt.Errorf("reading a commit: git told %d of 10 fields", len(f))
		}
		c := gitCommit{
			sha: f[0], tree: f[1], parents: strings.Fields(f[2]),
			author: person{f[3], f[4]}, committer: person{f[6], f[7]}, message: strings.TrimRight(f[9], "\n"),
		}
		if c.authored, err = time.Parse(time.RFC3339, f[5]); err != nil {
			return nil, fmt.Errorf("reading the time of a commit: %w", err)
		}
		if c.at, err = time.Parse(time.RFC3339, f[8]); err != nil {
			return nil, fmt.Errorf("reading the time of a commit: %w", err)
		}
		list = append(list, c)
	}
	return list, nil
}

func (r *gitRepo) commit(sha string) (gitCommit, error) {
	list, err := r.log("-1", sha, "--")
	if err != nil {
		return gitCommit{}, err
	}
	if len(list) != 1 {
		return gitCommit{}, fmt.Errorf("reading commit %s: it is not there", sha)
	}
	return list[0], nil
}

// fileChange is one line of a diff.
type fileChange struct {
	name, status       string // added, removed or modified
	blob               string
	additions, deleted int
}

// emptyTree is git's name for a tree without files.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// diff lists the files that differ from one commit (or tree) to another.
func (r *gitRepo) diff(from, to string) ([]fileChange, error) {
	out, err := r.run("diff-tree", "-r", "-z", "--no-renames", "--raw", "--numstat", from, to)
	if err != nil {
		return nil, err
	}
	words := strings.Split(strings.TrimRight(out, "\x00"), "\x00")
	var list []fileChange
	index := map[string]int{}
	for i := 0; i < len(words); i++ {
		switch {
		case strings.HasPrefix(words[i], ":"): // :mode mode blob blob status NUL path
			f := strings.Fields(words[i])
			if i+1 >= len(words) || len(f) != 5 {
				return nil, fmt.Errorf("reading a diff: %q", words[i])
			}
			i++
			c := fileChange{name: words[i], status: "modified", blob: f[3]}
			switch f[4] {
			case "A":
				c.status = "added"
			case "D":
				c.status, c.blob = "removed", f[2]
			}
			index[c.name] = len(list)
			list = append(list, c)
		default: // added TAB deleted TAB path
			f := strings.SplitN(words[i], "\t", 3)
			if len(f) != 3 {
				continue
			}
			if at, ok := index[f[2]]; ok {
				list[at].additions, _ = strconv.Atoi(f[0]) // "-" for binary files: 0
				list[at].deleted, _ = strconv.Atoi(f[1])
			}
		}
	}
	return list, nil
}

// changes lists what a commit did beside its first parent.
func (r *gitRepo) changes(c gitCommit) ([]fileChange, error) {
	from := emptyTree
	if len(c.parents) > 0 {
		from = c.parents[0]
	}
	return r.diff(from, c.sha)
}
