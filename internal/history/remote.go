package history

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Remote is where a mirror comes from. A credential in the URL works, and is
// taken out of it before anything else sees it.
type Remote struct {
	URL    string // https, http, ssh, git, file, user@host:path, or an absolute path
	User   string // with a Secret and no User: x-access-token, as GitHub wants it
	Secret string // token or password, for http and https only
}

// target is a remote that was checked. Its url holds no password.
type target struct {
	url          string
	shown        string // url for errors and logs
	user, secret string
	site         string // scheme and host, where the secret may be sent; empty where there is none
}

var scpLike = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*@?[A-Za-z0-9._-]*:[^:]`)

func (rm Remote) check() (target, error) {
	raw := strings.TrimSpace(rm.URL)
	switch {
	case raw == "":
		return target{}, fmt.Errorf("there is no address to mirror it from")
	case strings.ContainsFunc(raw+rm.User+rm.Secret, unicode.IsControl):
		return target{}, fmt.Errorf("the address or its credential holds control characters")
	case filepath.IsAbs(raw):
		return target{url: raw, shown: oneLine(raw)}, nil
	case !strings.Contains(raw, "://"):
		// git takes "helper::address" for a program to run, and an option
		// where the host starts with a dash.
		if scpLike.MatchString(raw) {
			return target{url: raw, shown: oneLine(raw)}, nil
		}
		return target{}, fmt.Errorf("%s is no address to mirror from", quote(raw))
	}
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, fmt.Errorf("the address does not parse as a URL") // err repeats it, password and all
	}
	t := target{user: rm.User, secret: rm.Secret}
	scheme := strings.ToLower(u.Scheme)
	if !slices.Contains([]string{"https", "http", "ssh", "git", "file"}, scheme) {
		return target{}, fmt.Errorf("%s is not a transport that we fetch over", quote(u.Scheme))
	}
	if scheme != "file" && (u.Hostname() == "" || strings.HasPrefix(u.Host, "-")) {
		return target{}, fmt.Errorf("the address names no host")
	}
	if scheme == "http" || scheme == "https" {
		if t.secret == "" && u.User != nil {
			t.user = u.User.Username()
			t.secret, _ = u.User.Password()
			if t.secret == "" { // https://TOKEN@host
				t.user, t.secret = "", t.user
			}
		}
		t.site = scheme + "://" + u.Host
	} else {
		t.user, t.secret = "", ""
	}
	t.url = raw
	if u.User != nil {
		if t.site != "" {
			u.User = nil
		} else {
			u.User = url.User(u.User.Username())
		}
		t.url = u.String()
	}
	if t.secret != "" && t.user == "" {
		t.user = "x-access-token"
	}
	u.RawQuery, u.Fragment = "", "" // some put a token there
	t.shown = oneLine(u.String())
	return t, nil
}

// helper answers git's question for a password from two variables of its
// environment. git asks it for the site that it is set for, and no other.
const helper = `!f() { if test "$1" = get; then printf 'username=%s\npassword=%s\n' "$HOLDFAST_GIT_USER" "$HOLDFAST_GIT_SECRET"; fi; }; f`

// env hands the remote to git through the environment: nothing of it is in an
// argument list, and nothing is written to the mirror's configuration.
//
// The credential is sent unasked as a header, which every server understands.
// git would send that header also to where a redirect leads; so redirects are
// off, and a remote that redirects is asked again with redirects on and the
// credential given only when the same site asks for it.
func (t target) env(q quirks) []string {
	config := [][2]string{{"remote.origin.url", t.url}}
	env := slices.Clone(online)
	if !q.lazy {
		// With a shallow remote, git would ask for what is cut off for ever.
		env = append(env, "GIT_NO_LAZY_FETCH=1")
	}
	if q.redirects {
		config = append(config, [2]string{"http.followRedirects", "initial"})
	}
	switch {
	case t.secret == "":
	case q.redirects:
		config = append(config, [2]string{"credential." + t.site + ".helper", helper})
		env = append(env, "HOLDFAST_GIT_USER="+t.user, "HOLDFAST_GIT_SECRET="+t.secret)
	default:
		config = append(config, [2]string{"http." + t.site + "/.extraHeader", "Authorization: Basic " + t.basic()})
	}
	env = append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(len(config)))
	for i, kv := range config {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+kv[0], "GIT_CONFIG_VALUE_"+n+"="+kv[1])
	}
	if os.Getenv("GIT_SSH_COMMAND") == "" {
		env = append(env, "GIT_SSH_COMMAND=ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15")
	}
	return env
}

func (t target) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(t.user + ":" + t.secret))
}

// redact takes the credential out of what git or a server printed, in each
// form in which it was sent.
func (t target) redact(s string) string {
	if t.secret == "" {
		return s
	}
	return strings.NewReplacer(t.basic(), "[redacted]", t.secret, "[redacted]", url.QueryEscape(t.secret), "[redacted]",
		url.PathEscape(t.secret), "[redacted]").Replace(s)
}

// target asks for the remote and checks it.
func (r *Repo) target(ctx context.Context) (target, error) {
	r.remoteMu.Lock()
	remote := r.remote
	r.remoteMu.Unlock()
	if remote == nil {
		return target{}, &Error{Op: "fetching", Repo: r.name, Kind: BadURL, Detail: "no address is known"}
	}
	rm, err := remote(ctx)
	if err != nil {
		return target{}, fmt.Errorf("learning where to mirror %s from: %w", quote(r.name), err)
	}
	t, err := rm.check()
	if err != nil {
		return target{}, &Error{Op: "fetching", Repo: r.name, Kind: BadURL, Detail: err.Error()}
	}
	return t, nil
}
