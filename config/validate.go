package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// validator checks what the types alone can't: references, forms, and what
// must be there. It adds to the decoder's problems and uses its places.
type validator struct {
	*decoder
	cfg *Config
}

func (v *validator) all() {
	v.address("listen", v.cfg.Listen)
	v.webURL("public_url", v.cfg.PublicURL)
	v.strength("marker_key", v.cfg.MarkerKey)
	v.filled("data_dir", v.cfg.DataDir)
	if r := v.cfg.Retention; r > 0 && r < Duration(30*24*time.Hour) {
		v.problem("retention", "is less than 30 days", "write 30d or more, or 0 to keep everything")
	}
	v.redis()
	v.trackers()
	v.services()
	v.defaults()
	v.policy("policy", v.cfg.Policy)
	v.teams()
	v.people()
	v.labels()
	v.adopt()
	v.deployments()
	v.postmortems()
	v.reports()
	v.api()
}

// need tells that a key is missing, unless something wrong stands there
// already. It reports whether there is a value to look at.
func (v *validator) need(parent, key, value, remedy string) bool {
	p := join(parent, key)
	if v.bad[p] || v.bad[parent] {
		return false
	}
	if value != "" {
		return true
	}
	if v.given(p) {
		v.problem(p, "is empty", remedy)
		return false
	}
	v.bad[p] = true
	v.problemAt(v.placeFor(parent), p, "is missing", remedy)
	return false
}

func (v *validator) needSecret(parent, key string, s Secret, remedy string) bool {
	set := ""
	if !s.IsZero() {
		set = redacted
	}
	return v.need(parent, key, set, remedy)
}

// filled refuses a key that is there but holds nothing.
func (v *validator) filled(p, value string) {
	if value == "" && v.given(p) {
		v.problem(p, "is empty", "write a value, or remove the key for its default")
	}
}

// only refuses a key that belongs to another kind of tracker. Where this kind
// has a key of its own for the same thing, that is not missing as well.
func (v *validator) only(parent, key, kind, own, instead string) {
	p := join(parent, key)
	if _, ok := v.places[p]; !ok {
		return
	}
	v.problem(p, "is for trackers of kind "+kind, instead)
	if own != "" && !v.given(join(parent, own)) {
		v.bad[join(parent, own)] = true
	}
}

// names remembers who has a name, to tell it when it is given twice.
type names map[string]string

func (v *validator) unique(seen names, p, name, what string) {
	if name == "" {
		return
	}
	if other, twice := seen[fold(name)]; twice {
		v.problem(p, fmt.Sprintf("the %s %s is already used by %s", what, v.quote(p, name), other), "give each its own")
		return
	}
	seen[fold(name)] = p
}

func (v *validator) address(p, addr string) {
	host, port, err := net.SplitHostPort(addr)
	if n, ok := atoi(port); err == nil && ok && n <= 65535 && hostName.MatchString(host) {
		return
	}
	v.problem(p, v.quote(p, addr)+" is no address", "write host:port, such as 127.0.0.1:8080")
}

// hostName accepts a name, an IP address, and nothing, which means all.
var hostName = regexp.MustCompile(`^[A-Za-z0-9._:%-]{0,253}$`)

// webURL checks an http or https URL without user, query or fragment.
func (v *validator) webURL(p, raw string) bool {
	const want = "write it as https://host or https://host/path"
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || badPort(u):
		v.problem(p, v.quote(p, raw)+" is no web address", want)
	case u.User != nil:
		v.problem(p, "holds a user or password", "remove it; credentials have their own keys")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.problem(p, v.quote(p, raw)+" has a query or fragment", want)
	default:
		return true
	}
	return false
}

func badPort(u *url.URL) bool {
	if u.Port() == "" {
		return false
	}
	n, ok := atoi(u.Port())
	return !ok || n > 65535
}

// quote shows a value unless it came from the environment or may hold a
// password.
func (v *validator) quote(p, value string) string {
	if v.fromEnv[p] || strings.Contains(value, "://") && strings.Contains(value, "@") {
		return "the value"
	}
	return fmt.Sprintf("%q", cut(value))
}

var repoName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}$`)

// validRepo reports whether s is OWNER/NAME and can't climb out of a path.
func validRepo(s string) bool {
	owner, name, _ := strings.Cut(s, "/")
	return repoName.MatchString(s) && strings.Trim(owner, ".") != "" && strings.Trim(name, ".") != ""
}

func (v *validator) repo(p, s string) {
	if !validRepo(s) {
		v.problem(p, v.quote(p, s)+" is no OWNER/NAME", "write it as on the code host, for example acme/checkout")
	}
}

// target checks where tickets go: the tracker must exist and the form must be
// that of its kind.
func (v *validator) target(p, s string) {
	name, where, ok := strings.Cut(s, ":")
	if !ok || name == "" || where == "" {
		v.problem(p, v.quote(p, s)+" is no ticket target", "write TRACKER:OWNER/REPO or TRACKER:PROJECT, such as github:acme/checkout")
		return
	}
	t, known := v.cfg.Tracker(name)
	if !known {
		v.unknown(p, "tracker", name, v.trackerNames(""))
		return
	}
	switch {
	case t.Kind == GitHub && !validRepo(where):
		v.problem(p, v.quote(p, where)+" is no repository, and "+name+" is a GitHub tracker", "write "+name+":OWNER/REPO")
	case t.Kind == Jira && !projectKey.MatchString(where):
		v.problem(p, v.quote(p, where)+" is no project key, and "+name+" is a Jira tracker", "write "+name+":KEY, with the key in capitals as in PAY-12")
	}
}

var projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,49}$`)

// unknown tells a reference to what is not there. Where the whole section can't
// be read, that has been told and all references would follow from it.
func (v *validator) unknown(p, what, name string, known []string) {
	if v.bad[what+"s"] {
		return
	}
	v.problem(p, fmt.Sprintf("there is no %s %s", what, v.quote(p, name)), didYouMean(name, known))
}

func (v *validator) globs(p string, list []string) {
	for i, g := range list {
		at := fmt.Sprintf("%s[%d]", p, i)
		_, err := path.Match(g, "")
		switch {
		case g == "" || err != nil:
			v.problem(at, v.quote(at, g)+" is no glob", "write a path in the repository; * stands for a name, ** for any directories")
		case strings.HasPrefix(g, "/") || strings.HasPrefix(g, "./") || contains(strings.Split(g, "/"), ".."):
			v.problem(at, v.quote(at, g)+" does not start at the root of the repository", "write it without a leading / or ./ and without ..")
		}
	}
}

func (v *validator) email(p, s string) {
	if a, err := mail.ParseAddress(s); s != "" && (err != nil || a.Name != "" || a.Address != s) {
		v.problem(p, v.quote(p, s)+" is no e-mail address", "write it as name@host")
	}
}

func (v *validator) timezone(p, s string) {
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
		v.problem(p, v.quote(p, s)+" is no time zone", "write a name such as Europe/Berlin or UTC")
	}
}

// short is the length below which a key or token can be guessed, in
// characters. Whose it is decides whether that matters, so it is only said.
const short = 16

func (v *validator) strength(p string, s Secret) {
	const remedy = "make one with: openssl rand -hex 32"
	switch n := len(s.Reveal()); {
	case n == 0:
	case n < short:
		v.warn(p, fmt.Sprintf("is shorter than %d characters and can be guessed", short), remedy)
	}
}
