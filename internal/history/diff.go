package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// noise are the files that differ between a change and its copies without
// being part of what it does: vendored code, generated code, locks, changelogs
// and versions.
var noise = []string{
	":(exclude,glob)**/vendor/**", ":(exclude,glob)**/node_modules/**", ":(exclude,glob,icase)**/CHANGELOG*", ":(exclude,glob)**/VERSION",
	":(exclude,glob)**/go.mod", ":(exclude,glob)**/go.sum", ":(exclude,glob)**/*.pb.go", ":(exclude,glob)**/package-lock.json",
	":(exclude,glob)**/yarn.lock", ":(exclude,glob)**/pnpm-lock.yaml", ":(exclude,glob)**/Cargo.lock", ":(exclude,glob)**/poetry.lock",
	":(exclude,glob)**/Gemfile.lock", ":(exclude,glob)**/composer.lock",
}

// diffTree compares each commit that comes in with its first parent. What
// somebody set in the repository is overruled: it could change the diff, or
// run a program.
var diffTree = []string{
	"-c", "core.bigFileThreshold=1m", "diff-tree", "--stdin", "-r", "--root", "--diff-merges=first-parent", "--no-renames", "--no-ext-diff", "--no-textconv",
	"--ignore-submodules=none", "-O/dev/null",
}

// file is one file that a commit changes.
type file struct {
	path  string
	blobs []string // before and after, where it is a file there
}

// files lists what each commit changes against its first parent, in files that
// fit the pathspecs. It reads trees, and no file.
func (r *Repo) files(ctx context.Context, shas, specs []string) (map[string][]file, error) {
	out := make(map[string][]file, len(shas))
	args := append(slices.Clone(diffTree), "-z", "--raw", "--no-abbrev", "--")
	err := r.local(ctx, lines(shas), func(in io.Reader) error {
		fields := bufio.NewReaderSize(in, 64<<10)
		commit := ""
		for {
			head, err := readField(fields, 512)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if IsSHA(head) {
				commit = head
				continue
			}
			// ":100644 100644 BEFORE AFTER M", then the path
			f := strings.Fields(strings.TrimPrefix(head, ":"))
			path, err := readField(fields, 4096)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if len(f) != 5 || commit == "" {
				return fmt.Errorf("git printed %s where a changed file was due", quote(head))
			}
			c := file{path: path}
			for i, sha := range f[2:4] {
				if f[i] != "160000" && strings.Trim(sha, "0") != "" { // no submodule
					c.blobs = append(c.blobs, sha)
				}
			}
			out[commit] = append(out[commit], c)
		}
	}, append(args, specs...)...)
	if err != nil {
		return nil, fmt.Errorf("listing changed files: %w", err)
	}
	return out, nil
}

// absent picks the objects that the mirror does not hold. A mirror that leaves
// objects out is not asked for each: git takes the question for a wish to
// fetch it. It is asked for all that it has.
func (r *Repo) absent(ctx context.Context, objects []string) (map[string]bool, error) {
	out := map[string]bool{}
	if r.foreign {
		err := r.local(ctx, lines(objects), eachLine(func(line string) {
			if sha, ok := strings.CutSuffix(line, " missing"); ok {
				out[sha] = true
			}
		}), "cat-file", "--batch-check")
		if err == nil || ctx.Err() != nil {
			return out, err
		}
	}
	for _, sha := range objects {
		out[sha] = true
	}
	err := r.local(ctx, nil, eachLine(func(line string) { delete(out, line) }),
		"cat-file", "--batch-check=%(objectname)", "--batch-all-objects", "--unordered")
	if err != nil {
		return nil, fmt.Errorf("looking for objects: %w", err)
	}
	return out, nil
}

func eachLine(visit func(line string)) func(io.Reader) error {
	return func(in io.Reader) error {
		scan := bufio.NewScanner(in)
		for scan.Scan() {
			visit(scan.Text())
		}
		return scan.Err()
	}
}

// patchIDs works out the stable patch id of each commit's diff to its first
// parent, leaving out the files that fit the further pathspecs. A commit
// without differences is not in the result.
func (r *Repo) patchIDs(ctx context.Context, shas, specs []string) (map[string]string, error) {
	out := make(map[string]string, len(shas))
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		// Reads what the other writes, so that no diff is held in memory.
		err := r.local(ctx, pr, func(in io.Reader) error {
			scan := bufio.NewScanner(in)
			for scan.Scan() {
				id, sha, ok := strings.Cut(scan.Text(), " ")
				if !ok || !IsSHA(sha) || !IsSHA(id) {
					return fmt.Errorf("git printed %s where a patch id was due", quote(scan.Text()))
				}
				out[sha] = id
			}
			return scan.Err()
		}, "patch-id", "--stable")
		pr.CloseWithError(io.ErrClosedPipe) // lets the other end go, where this one failed
		done <- err
	}()
	args := append(slices.Clone(diffTree), "--patch", "--no-color", "--unified=3", "--inter-hunk-context=0", "--diff-algorithm=myers",
		"--no-indent-heuristic", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--")
	err := r.local(ctx, lines(shas), func(diff io.Reader) error {
		_, err := io.Copy(pw, diff)
		return err
	}, append(args, specs...)...)
	pw.CloseWithError(err) // nil: the end
	if perr := <-done; err == nil {
		err = perr
	}
	if err != nil {
		return nil, fmt.Errorf("comparing patches: %w", err)
	}
	return out, nil
}

func lines(list []string) io.Reader { return strings.NewReader(strings.Join(list, "\n") + "\n") }
