package history

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Kind sorts what can go wrong with a mirror by what helps.
type Kind string

// The kinds. Unreachable, Timeout and Local pass by themselves or when the
// machine is looked after; the others need another configuration.
const (
	Unreachable Kind = "unreachable" // the remote does not answer, or breaks off
	Timeout     Kind = "timeout"     // it took longer than the limit
	Denied      Kind = "denied"      // the remote wants another credential
	NotFound    Kind = "not_found"   // no repository there
	BadURL      Kind = "bad_url"     // not something that we fetch from
	TooLarge    Kind = "too_large"   // over the size limit
	Local       Kind = "local"       // this machine: disk, permissions
)

// Error says what was tried with which repository, why it did not work and
// what to do. It holds no credential, and no control characters from outside.
type Error struct {
	Op     string // "fetching"
	Repo   string
	URL    string // without user and password; may be empty
	Kind   Kind
	Detail string // what git said, at most a few lines on one
	Err    error  // the cause, where there is more than text
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + " " + quote(e.Repo))
	if e.URL != "" && e.URL != e.Repo {
		b.WriteString(" from " + e.URL)
	}
	b.WriteString(": ")
	if e.Detail != "" {
		b.WriteString(e.Detail)
	} else if e.Err != nil {
		b.WriteString(e.Err.Error())
	}
	b.WriteString("; " + e.Remedy())
	return b.String()
}

// Unwrap gives the cause, among others a context's error.
func (e *Error) Unwrap() error { return e.Err }

// Remedy is the next step, one clause.
func (e *Error) Remedy() string {
	switch e.Kind {
	case Denied:
		return "give the tracker a token that may read this repository, or a git_url that needs none"
	case NotFound:
		return "check repo and git_url; a private repository also looks like this to a token that may not read it"
	case BadURL:
		return "give git_url an https, http, ssh, git or file address, or an absolute path"
	case Timeout:
		return "it is tried again; if it never gets through, look at the network, or mirror from a nearer copy with git_url"
	case TooLarge:
		return "raise the size limit for mirrors, or let the remote allow partial clones (uploadpack.allowFilter)"
	case Local:
		return "look at data_dir: free space, permissions, and that git can write there"
	default:
		return "it is tried again; check the address and the network from this machine"
	}
}

// signs are what git and its helpers print, with LC_ALL=C; git has no codes.
// The first that fits counts, so the surer ones stand first.
var signs = []struct {
	kind Kind
	text *regexp.Regexp
}{
	{Local, regexp.MustCompile(`No space left|Disk quota|Read-only file system|unable to (create|write|append|open) .*: Permission denied|Unable to create '`)},
	{Timeout, regexp.MustCompile(`Operation too slow|timed out|Timeout was reached`)},
	{Denied, regexp.MustCompile(`could not read (Username|Password)|terminal prompts disabled|Authentication failed|returned error: 40[13]|Permission denied|Host key verification failed|dubious ownership|[Aa]ccess denied`)},
	{BadURL, regexp.MustCompile(`transport '.*' not allowed|unknown protocol|Unsupported protocol|unable to find remote helper`)},
	{NotFound, regexp.MustCompile(`not found|does not appear to be a git repository|does not exist|returned error: (404|410)|not valid: is this a git repository`)},
}

// failure makes an Error of what a git command printed and how it ended.
func failure(op, repo, url string, err error, stderr string) *Error {
	e := &Error{Op: op, Repo: repo, URL: url, Kind: Unreachable, Detail: oneLine(stderr), Err: err}
	switch {
	case errors.Is(err, errTooLarge):
		e.Kind, e.Detail = TooLarge, err.Error()
		return e
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind = Timeout
		e.Detail = strings.TrimSuffix("the time limit was reached; "+e.Detail, "; ")
		return e
	}
	for _, s := range signs {
		if s.text.MatchString(stderr) {
			e.Kind = s.kind
			break
		}
	}
	return e
}

// oneLine joins the lines of an untrusted text, drops what could forge a log
// line or steer a terminal, and keeps the end, where git says what was fatal.
func oneLine(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(strings.Map(func(c rune) rune {
			if !unicode.IsPrint(c) {
				return ' '
			}
			return c
		}, strings.ToValidUTF8(line, "?")))
		if line != "" && !strings.HasPrefix(line, "hint:") {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "; ")
	if r := []rune(text); len(r) > 500 {
		text = "…" + string(r[len(r)-500:])
	}
	return text
}

// quote shows a name from outside, cut and harmless.
func quote(s string) string {
	if r := []rune(s); len(r) > 120 {
		s = string(r[:120]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// kindOf is the kind of an error of this package, empty for others.
func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
