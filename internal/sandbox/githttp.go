package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	gitPath     = regexp.MustCompile(`^/([^/]+/[^/]+)\.git(/.+)$`)
	gitProtocol = regexp.MustCompile(`^[a-z0-9=:]{1,60}$`)
)

// gitRequest reports the repository that a path of git's HTTP protocol names.
func gitRequest(path string) (string, bool) {
	m := gitPath.FindStringSubmatch(path)
	if m == nil || strings.HasPrefix(path, "/repos/") {
		return "", false
	}
	return m[1], true
}

// serveGit hands the request to git's own HTTP backend. Fetching only: pushes
// are made with Commit, which tells the webhooks of them.
func (g *GitHub) serveGit(w http.ResponseWriter, r *http.Request, fullName string) {
	login, known := g.caller(r)
	g.mu.Lock()
	repo := g.repo(fullName)
	allowed := repo != nil && (g.opt.Public || known && g.may(repo, login, "read"))
	g.mu.Unlock()
	switch {
	case !known && (repo == nil || !g.opt.Public):
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "Authentication required", http.StatusUnauthorized)
		return
	case !allowed:
		http.Error(w, "Repository not found.", http.StatusNotFound)
		return
	case strings.Contains(r.URL.RawQuery, "git-receive-pack") || strings.HasSuffix(r.URL.Path, "/git-receive-pack"):
		http.Error(w, "This stand-in takes no pushes over HTTP.", http.StatusForbidden)
		return
	}
	// CGI has no chunked bodies; git sends them for large negotiations.
	if r.ContentLength < 0 {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
		if err != nil {
			http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	backend, err := g.git.backend()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	root, err := filepath.Abs(g.opt.Dir)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	env := gitEnv("GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1", "GIT_HTTP_MAX_REQUEST_BUFFER=64M")
	if p := r.Header.Get("Git-Protocol"); gitProtocol.MatchString(p) {
		env = append(env, "GIT_PROTOCOL="+p)
	}
	// The credential has done its work; the child need not see it.
	r.Header.Del("Authorization")
	// The directory is spelled as the repository was created.
	clone := r.Clone(r.Context())
	clone.URL.Path = "/" + repo.full + ".git" + gitPath.FindStringSubmatch(r.URL.Path)[2]
	(&cgi.Handler{Path: backend, Root: "/", Dir: root, Env: env, Stderr: io.Discard}).ServeHTTP(w, clone)
}

// backend finds git-http-backend, which lies beside git's other commands.
func (gitTool) backend() (string, error) {
	cmd := exec.Command("git", "--exec-path")
	cmd.Env = gitEnv()
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	return filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), nil
}
