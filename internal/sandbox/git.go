package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// gitTimeout is far more than any command on these small repositories takes;
// it only keeps a broken git from hanging a demo.
const gitTimeout = time.Minute

// gitTool runs the git program with nothing of the user's own configuration.
type gitTool struct{ now func() time.Time }

// gitRepo is one bare repository. Its mutex serialises whoever moves a branch;
// reading needs none.
type gitRepo struct {
	tool gitTool
	dir  string
	mu   sync.Mutex
}

func (t gitTool) at(root, fullName string) *gitRepo {
	return &gitRepo{tool: t, dir: filepath.Join(root, filepath.FromSlash(fullName)+".git")}
}

// person is an author or committer.
type person struct{ name, email string }

// identity is the deterministic identity of a login.
func identity(login string) person { return person{login, login + "@acme.example"} }

// webCommitter is who commits what is done in the browser.
var webCommitter = person{"GitHub", "noreply@github.com"}

type draftCommit struct {
	author  person
	message string
	files   map[string]string
}

// gitCommit is a commit as git tells it.
type gitCommit struct {
	sha, tree         string
	parents           []string
	author, committer person
	authored, at      time.Time
	message           string
}

func (c gitCommit) subject() string { s, _, _ := strings.Cut(c.message, "\n"); return s }

// gitEnv shuts out the caller's repository, hooks and configuration.
func gitEnv(extra ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "LC_ALL=C",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
	}, extra...)
}

// errGit carries git's own words.
type errGit struct {
	args   []string
	stderr string
	code   int
}

func (e *errGit) Error() string {
	return fmt.Sprintf("git %s: exit %d: %s", strings.Join(e.args, " "), e.code, e.stderr)
}

func (r *gitRepo) runWith(env []string, stdin []byte, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), gitTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, gitEnv(append(env, "GIT_DIR="+r.dir)...), bytes.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return out.String(), &errGit{args, strings.TrimSpace(errOut.String()), exit.ExitCode()}
		}
		return "", fmt.Errorf("running git (is it installed and in PATH?): %w", err)
	}
	return out.String(), nil
}

func (r *gitRepo) run(args ...string) (string, error) {
	out, err := r.runWith(nil, nil, args...)
	return strings.TrimRight(out, "\n"), err
}

func (r *gitRepo) init() error {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	if _, err := r.run("init", "--quiet", "--bare", "--initial-branch=main", r.dir); err != nil {
		return err
	}
	for _, kv := range [][2]string{
		{"uploadpack.allowFilter", "true"}, {"uploadpack.allowAnySHA1InWant", "true"},
		{"gc.auto", "0"}, {"core.logAllRefUpdates", "false"},
	} {
		if _, err := r.run("config", kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *gitRepo) stamp() string { return strconv.FormatInt(r.tool.now().Unix(), 10) + " +0000" }

// write puts commits on top of parent (empty: none), moves ref there, and
// returns their ids in order.
func (r *gitRepo) write(ref, parent string, commits []draftCommit) ([]string, error) {
	var b bytes.Buffer
	for i, c := range commits {
		fmt.Fprintf(&b, "commit %s\nmark :%d\nauthor %s <%s> %s\ncommitter %s <%s> %s\n", ref, i+1,
			c.author.name, c.author.email, r.stamp(), c.author.name, c.author.email, r.stamp())
		message := strings.TrimRight(c.message, "\n") + "\n"
		fmt.Fprintf(&b, "data %d\n%s", len(message), message)
		switch {
		case i > 0:
			fmt.Fprintf(&b, "from :%d\n", i)
		case parent != "":
			fmt.Fprintf(&b, "from %s\n", parent)
		}
		names := make([]string, 0, len(c.files))
		for name := range c.files {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if !filepath.IsLocal(name) || strings.ContainsAny(name, "\n\x00\"\\") {
				return nil, fmt.Errorf("writing a commit: %q is no path of a file", name)
			}
			if c.files[name] == Removed {
				fmt.Fprintf(&b, "D %s\n", name)
				continue
			}
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(c.files[name]), c.files[name])
		}
		fmt.Fprintf(&b, "\nget-mark :%d\n", i+1)
	}
	out, err := r.runWith(nil, b.Bytes(), "fast-import", "--quiet", "--force")
	if err != nil {
		return nil, err
	}
	shas := strings.Fields(out)
	if len(shas) != len(commits) {
		return nil, fmt.Errorf("git fast-import named %d of %d commits", len(shas), len(commits))
	}
	return shas, nil
}

// commitTree makes a commit object for an existing tree.
func (r *gitRepo) commitTree(tree string, author person, authored string, committer person, message string, parents ...string) (string, error) {
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	if authored == "" {
		authored = r.stamp()
	}
	out, err := r.runWith([]string{
		"GIT_AUTHOR_NAME=" + author.name, "GIT_AUTHOR_EMAIL=" + author.email, "GIT_AUTHOR_DATE=" + authored,
		"GIT_COMMITTER_NAME=" + committer.name, "GIT_COMMITTER_EMAIL=" + committer.email, "GIT_COMMITTER_DATE=" + r.stamp(),
	}, []byte(strings.TrimRight(message, "\n")+"\n"), args...)
	return strings.TrimSpace(out), err
}

var errConflict = errors.New("the changes conflict")

// mergeTree is the tree of merging two commits that share history.
func (r *gitRepo) mergeTree(ours, theirs string) (string, error) {
	out, err := r.run("merge-tree", "--write-tree", ours, theirs)
	var ge *errGit
	if errors.As(err, &ge) && ge.code == 1 {
		return "", errConflict
	}
	if err != nil {
		return "", fmt.Errorf("merging (git 2.38 or newer is needed): %w", err)
	}
	return out, nil
}

// applyTree is the tree of ours after the step from one commit to another: a
// cherry-pick, or a revert when the step goes backwards. Throw-away commits
// give merge-tree the base that it would not find by itself.
func (r *gitRepo) applyTree(ours, from, to string) (string, error) {
	scratch := person{"scratch", "scratch@localhost"}
	base, err := r.commitTree(from+"^{tree}", scratch, "", scratch, "base")
	if err != nil {
		return "", err
	}
	left, err := r.commitTree(ours+"^{tree}", scratch, "", scratch, "ours", base)
	if err != nil {
		return "", err
	}
	right, err := r.commitTree(to+"^{tree}", scratch, "", scratch, "theirs", base)
	if err != nil {
		return "", err
	}
	return r.mergeTree(left, right)
}

func (r *gitRepo) setRef(ref, sha string) error {
	_, err := r.run("update-ref", ref, sha)
	return err
}
