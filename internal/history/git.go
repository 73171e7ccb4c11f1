package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// oldestGit is the first version that takes all settings from the environment
// (GIT_CONFIG_COUNT, GIT_CONFIG_GLOBAL), where no other user can read them.
var oldestGit = [2]int{2, 32}

// settings is the only configuration that our git commands read, besides what
// they get through the environment. A remote on this machine (file://) is
// served by a git that reads it too, hence the uploadpack part: it lets us
// leave out trees there as well. Ownership is not asked: the mirrors are ours,
// and what to mirror is the operator's choice; nothing in a repository is run.
const settings = `# Written by Holdfast at every start; changes are lost.
[safe]
	directory = *
[core]
	hooksPath = /dev/null
	logAllRefUpdates = false
[gc]
	auto = 0
[maintenance]
	auto = false
[fetch]
	unpackLimit = 1
	recurseSubmodules = false
	writeCommitGraph = false
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
	followRedirects = false
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[protocol]
	version = 2
`

// git is the program and the settings file that it is run with.
type git struct {
	path     string
	settings string
}

func findGit(dir string) (git, error) {
	const remedy = "install git 2.32 or newer (Debian, Ubuntu: apt-get install git; Alpine: apk add git; macOS: xcode-select --install) and put it on PATH"
	path, err := exec.LookPath("git")
	if err != nil {
		return git{}, fmt.Errorf("looking for the git program: %w; %s", err, remedy)
	}
	g := git{path: path, settings: filepath.Join(dir, "gitconfig")}
	if err := writeFile(g.settings, settings); err != nil {
		return git{}, fmt.Errorf("writing the settings for git (is data_dir writable?): %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	if stderr, err := g.run(ctx, command{args: []string{"version"}, out: &out}); err != nil {
		return git{}, fmt.Errorf("asking %s for its version: %w %s; %s", path, err, oneLine(stderr), remedy)
	}
	if err := checkVersion(out.String()); err != nil {
		return git{}, fmt.Errorf("%s: %w; %s", path, err, remedy)
	}
	return g, nil
}

var versionLine = regexp.MustCompile(`^git version (\d{1,6})\.(\d{1,6})`)

func checkVersion(out string) error {
	m := versionLine.FindStringSubmatch(out)
	if m == nil {
		return fmt.Errorf("it calls itself %s, not a git version", quote(strings.TrimSpace(out)))
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < oldestGit[0] || major == oldestGit[0] && minor < oldestGit[1] {
		return fmt.Errorf("git %d.%d is too old", major, minor)
	}
	return nil
}

// command is one run of git.
type command struct {
	args []string
	env  []string // in addition to the basic environment
	in   io.Reader
	out  io.Writer
	lock *os.File // inherited, so that a lock lives as long as git does
}

// run runs git in a process group of its own and returns what it wrote to
// stderr. When the context ends, the whole group is told to stop, and killed
// two seconds later; the error is then the context's cause. No process is left
// when it returns.
func (g git) run(ctx context.Context, c command) (stderr string, err error) {
	cmd := exec.CommandContext(ctx, g.path, c.args...)
	cmd.Env = append(basicEnv(g.settings), c.env...)
	cmd.Stdin, cmd.Stdout = c.in, c.out
	said := &tail{max: 8 << 10}
	cmd.Stderr = said
	if c.lock != nil {
		cmd.ExtraFiles = []*os.File{c.lock}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	var kill *time.Timer
	cmd.Cancel = func() error {
		group := -cmd.Process.Pid
		kill = time.AfterFunc(2*time.Second, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
		return syscall.Kill(group, syscall.SIGTERM)
	}
	err = cmd.Run()
	if kill != nil && kill.Stop() {
		// git is gone; a helper of its group may be left.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return said.String(), err
}

// passed are the variables of our own environment that git may see: where
// programs, keys, certificates and proxies are. Everything else, GIT_ variables
// above all, could change what is fetched or where it is written.
var passed = []string{
	"PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
}

func basicEnv(settings string) []string {
	env := []string{
		"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + settings,
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "GIT_NO_REPLACE_OBJECTS=1",
	}
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// offline keeps a command from going to a remote: a mirror without trees makes
// git fetch what it lacks whenever it touches it.
var offline = []string{"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none"}

// online allows the transports that we fetch over, and no others: "ext::" in
// an address would run a command.
var online = []string{"GIT_ALLOW_PROTOCOL=file:http:https:ssh:git"}

// local runs a git command on the mirror that contacts nobody, for at most two
// minutes. read gets its output; what it leaves unread is thrown away.
func (r *Repo) local(ctx context.Context, in io.Reader, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, context.DeadlineExceeded)
	defer cancel()
	pr, pw := io.Pipe()
	readErr := make(chan error, 1)
	go func() {
		var err error
		if read != nil {
			err = read(pr)
		}
		_, _ = io.Copy(io.Discard, pr)
		readErr <- err
	}()
	// A git directory that is not ours may ask for a program to be run.
	stderr, err := r.m.git.run(ctx, command{args: append([]string{"--git-dir=" + r.dir, "-c", "core.fsmonitor=false"}, args...), env: offline, in: in, out: pw})
	pw.Close()
	if rerr := <-readErr; err == nil {
		err = rerr
	}
	if err != nil {
		e := failure("reading (git "+verb(args)+") the mirror of", r.name, "", err, stderr)
		if e.Kind == Unreachable {
			e.Kind = Local // nothing here goes to the remote
		}
		return e
	}
	return nil
}

// verb is the git command among arguments that may start with -c settings.
func verb(args []string) string {
	for len(args) > 2 && args[0] == "-c" {
		args = args[2:]
	}
	return args[0]
}

// tail keeps the last bytes of what is written to it.
type tail struct {
	max int
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p[max(0, len(p)-t.max):]...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.buf) }

// writeFile replaces a file in one step, so that a crash leaves the old or the
// new text.
func writeFile(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
