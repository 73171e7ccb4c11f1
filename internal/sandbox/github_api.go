package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxPageSize and defaultPageSize are GitHub's.
const (
	maxPageSize     = 100
	defaultPageSize = 30
)

var (
	notFound    = problem(http.StatusNotFound, "Not Found")
	forbidden   = problem(http.StatusForbidden, "Must have admin rights to Repository.")
	needsLogin  = problem(http.StatusUnauthorized, "Requires authentication")
	badLogin    = problem(http.StatusUnauthorized, "Bad credentials")
	badJSON     = problem(http.StatusBadRequest, "Problems parsing JSON")
	issueGone   = problem(http.StatusGone, "This issue was deleted")
	nothingHere = answer{status: http.StatusNoContent}
)

// rateBudget counts the requests of one user in one hour.
type rateBudget struct {
	used  int
	reset time.Time
}

// caller tells who the credentials of a request belong to. Tokens come as a
// bearer, in GitHub's older "token" form, or as the password of basic
// authentication, which git uses. The second result is false when there are
// none or they are wrong.
func (g *GitHub) caller(r *http.Request) (string, bool) {
	token := ""
	if _, password, ok := r.BasicAuth(); ok {
		token = password
	} else if scheme, rest, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token")) {
		token = strings.TrimSpace(rest)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if u := g.tokens[token]; token != "" && u != nil {
		return u.login, true
	}
	return "", false
}

// ServeHTTP answers git, browsers and the REST interface, and the sandbox's
// own interface under /_sandbox/.
func (g *GitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, adminPath) {
		serveAdmin(w, r, g)
		return
	}
	note := func(status int) {
		g.requests.add(Request{At: g.opt.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Status: status})
	}
	g.faults.around(w, r, func() string { return repoOf(r.URL.Path) }, gitHubRefusal, note, g.serve)
}

func (g *GitHub) serve(w http.ResponseWriter, r *http.Request) {
	if name, ok := gitRequest(r.URL.Path); ok {
		login, _ := g.caller(r)
		seen := Request{At: g.opt.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, User: login}
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		g.serveGit(rec, r, name)
		seen.Status = rec.status
		g.requests.add(seen)
		return
	}
	if r.Method == http.MethodGet && g.servePage(w, r) {
		return
	}
	sent := r.URL.Path
	if rest, ok := strings.CutPrefix(r.URL.Path, "/api/v3"); ok && (rest == "" || rest[0] == '/') {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = rest, strings.TrimPrefix(r.URL.RawPath, "/api/v3")
	}
	login, known := g.caller(r)
	head := w.Header()
	a := g.answer(w, r, sent, login, known)
	status := g.write(w, r, a)
	g.count(head, login, status)
	w.WriteHeader(status)
	if b, ok := a.body.([]byte); ok && status != http.StatusNotModified && r.Method != http.MethodHead {
		_, _ = w.Write(b)
	}
	g.requests.add(Request{At: g.opt.Now(), Method: r.Method, Path: sent, Query: r.URL.RawQuery, User: login, Status: status})
	g.opt.Log.Debug("github answered", "method", r.Method, "path", sent, "status", status)
}

// answer finds the route and lets it run; the body of the result is bytes.
func (g *GitHub) answer(w http.ResponseWriter, r *http.Request, sent, login string, known bool) answer {
	c := &call{g: g, r: r, login: login, query: r.URL.Query(), head: w.Header()}
	a := g.admit(c, w, known)
	if a.status == 0 {
		s := &slot{call: c, answer: notFound}
		c.r = routable(r)
		g.mux.ServeHTTP(s, c.r)
		a = s.answer
	}
	// Links lead back to where the request came in.
	if link := c.head.Get("Link"); link != "" {
		g.mu.Lock()
		c.head.Set("Link", strings.ReplaceAll(link, "{self}", g.base+sent))
		g.mu.Unlock()
	}
	if a.body != nil {
		b, err := json.Marshal(a.body)
		if err != nil {
			panic("sandbox: an answer that is no JSON: " + err.Error())
		}
		a.body = b
	}
	return a
}

// routable renames issues/comments to comments: a mux can't tell
// issues/{number}/comments from issues/comments/{id}.
func routable(r *http.Request) *http.Request {
	at := strings.Index(r.URL.Path, "/issues/comments")
	if at < 0 || strings.Count(r.URL.Path[:at], "/") != 3 {
		return r
	}
	r = r.Clone(r.Context())
	r.URL.Path = r.URL.Path[:at] + strings.TrimPrefix(r.URL.Path[at:], "/issues")
	r.URL.RawPath = ""
	return r
}

// admit checks credentials, the rate and the body; status 0 lets the call in.
func (g *GitHub) admit(c *call, w http.ResponseWriter, known bool) answer {
	if !known {
		if c.r.Header.Get("Authorization") != "" {
			return badLogin
		}
		reading := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
		if !reading || c.r.URL.Path == "/user" {
			return needsLogin
		}
	}
	if c.r.URL.Path != "/rate_limit" && g.exhausted(c.login) {
		return problem(http.StatusForbidden, "API rate limit exceeded for "+c.login+".")
	}
	body, err := readBody(w, c.r)
	if err != nil {
		return problem(http.StatusRequestEntityTooLarge, "Payload too big")
	}
	if len(body) > 0 && c.r.Method != http.MethodGet {
		if body[0] == '[' { // a few calls take a bare list
			body = fmt.Appendf(nil, `{"":%s}`, body)
		}
		if err := json.Unmarshal(body, &c.body); err != nil {
			return badJSON
		}
	}
	return answer{}
}

// slot carries the call through the mux to its handler, and the answer back.
// What the mux itself would write (a redirect, a 405) is dropped: GitHub says
// 404 to all of that.
type slot struct {
	call   *call
	answer answer
}

func (*slot) Header() http.Header         { return http.Header{} }
func (*slot) Write(b []byte) (int, error) { return len(b), nil }
func (*slot) WriteHeader(int)             {}

// write puts status and headers together. A body that the client has already
// is not sent again.
func (g *GitHub) write(w http.ResponseWriter, r *http.Request, a answer) int {
	head := w.Header()
	head.Set("Date", g.opt.Now().UTC().Format(http.TimeFormat))
	head.Set("X-GitHub-Media-Type", "github.v3; format=json")
	head.Set("X-GitHub-Api-Version-Selected", "2022-11-28")
	head.Set("X-GitHub-Request-Id", strings.ToUpper(newUUID()[:18]))
	b, ok := a.body.([]byte)
	if !ok {
		return a.status
	}
	head.Set("Content-Type", "application/json; charset=utf-8")
	if r.Method != http.MethodGet || a.status != http.StatusOK {
		return a.status
	}
	sum := sha256.Sum256(b)
	tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
	head.Set("ETag", tag)
	head.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	head.Set("Vary", "Accept, Authorization, Cookie")
	if strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == strings.TrimPrefix(tag, "W/") {
		head.Del("Content-Type")
		return http.StatusNotModified
	}
	return a.status
}

func (g *GitHub) rate(login string) *rateBudget {
	b := g.budget[login]
	if b == nil || !g.opt.Now().Before(b.reset) {
		b = &rateBudget{reset: g.clock().Add(time.Hour)}
		g.budget[login] = b
	}
	return b
}

func (g *GitHub) exhausted(login string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rate(login).used >= g.opt.RateLimit
}

// count charges a request to its user and writes the rate headers.
func (g *GitHub) count(head http.Header, login string, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.rate(login)
	if status != http.StatusNotModified && b.used < g.opt.RateLimit {
		b.used++
	}
	head.Set("X-RateLimit-Limit", strconv.Itoa(g.opt.RateLimit))
	head.Set("X-RateLimit-Remaining", strconv.Itoa(g.opt.RateLimit-b.used))
	head.Set("X-RateLimit-Used", strconv.Itoa(b.used))
	head.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	head.Set("X-RateLimit-Resource", "core")
}
