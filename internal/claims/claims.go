// Package claims reads which tickets a change says it fixes: from the title,
// body, branch and commit messages of a pull request, and from the message of
// a pushed commit. It also reads the commands that people write in ticket
// comments.
//
// It is pure: text in, references out. It does not know whether a ticket
// exists, whether the author may claim it, or whether the change was merged.
// Everything it reads was written by strangers: sizes are bounded, the work is
// linear in the text, and what is not clearly a claim is a mention, which
// counts for nothing.
package claims

import (
	"maps"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Bounds on one text. What lies beyond them is not read.
const (
	MaxText = 256 << 10 // bytes of one text
	MaxRefs = 200       // references of one change
)

// Context says what a reference means at the place where it was written.
type Context struct {
	// Repo is the repository of the text, OWNER/NAME: what "#12" refers to.
	Repo string
	// GitHubTracker is the name of the tracker that holds the GitHub issues.
	// Empty: no GitHub reference counts.
	GitHubTracker string
	// GitHubHosts are the web hosts whose issue addresses count, as
	// "github.com", "127.0.0.1:8080" or a whole base URL.
	GitHubHosts []string
	// Repos maps a lower-case OWNER/NAME to the spelling in use. GitHub
	// ignores case in names while tickets are compared as they are spelled;
	// a repository that is not listed keeps the spelling of the text.
	Repos map[string]string
	// JiraTrackers maps a project key to the tracker that holds the project.
	// A key of another project is no reference.
	JiraTrackers map[string]string
	// JiraHosts maps a web host, or a base URL, to its tracker.
	JiraHosts map[string]string
}

// Ref is one claim: a ticket, or an item named directly.
type Ref struct {
	Ticket domain.Ref // empty when Item is set
	Item   string     // <postmortem id>/<n>
	// Closing is true for a closing keyword and for "PAY-12 #close", false
	// for Refs, Part of, Holdfast-Item, and a key in a title or branch.
	Closing bool
}

// PullRequest is the part of a pull request in which claims are made.
type PullRequest struct {
	Title    string
	Body     string
	Branch   string   // head branch
	Messages []string // messages of its commits, where they are known
}

// FromPullRequest returns what a pull request claims, each reference once, in
// the order of title, body, branch, commits. Closing is true where any of the
// places says so.
func FromPullRequest(pr PullRequest, ctx Context) []Ref {
	r := newReader(ctx)
	r.title(pr.Title)
	r.text(pr.Title)
	r.text(pr.Body)
	r.branch(pr.Branch)
	for _, m := range pr.Messages {
		if r.full() {
			break
		}
		r.text(m)
	}
	return r.refs
}

// FromCommit returns what the message of a pushed commit claims. A key that
// leads the message is a mention: it claims only in a pull request's title.
func FromCommit(message string, ctx Context) []Ref { return Text(message, ctx) }

// Text returns the references that stand behind a closing keyword, Refs, Part
// of or Holdfast-Item, or before #close, outside code, quotes and HTML
// comments. Each closing keyword claims the one reference that follows it, as
// on GitHub; the other words take a list.
func Text(text string, ctx Context) []Ref {
	r := newReader(ctx)
	r.text(text)
	return r.refs
}

// Title returns the Jira keys that lead the title of a pull request, as in
// "PAY-12: …" and "[PAY-12] …".
func Title(title string, ctx Context) []Ref {
	r := newReader(ctx)
	r.title(title)
	return r.refs
}

// Branch returns the Jira keys that lead a component of a branch name, as in
// "feature/PAY-12-retry" and "pay-12".
func Branch(branch string, ctx Context) []Ref {
	r := newReader(ctx)
	r.branch(branch)
	return r.refs
}

// Of turns references into claims of one change.
func Of(refs []Ref, change domain.Change) []domain.Claim {
	if len(refs) == 0 {
		return nil
	}
	out := make([]domain.Claim, 0, len(refs))
	for _, r := range refs {
		out = append(out, domain.Claim{Ticket: r.Ticket, Item: r.Item, Closing: r.Closing, Change: change})
	}
	return out
}

// reader collects references. It is used once, by one goroutine.
type reader struct {
	ctx   Context
	hosts hosts
	refs  []Ref
	at    map[Ref]int // reference without Closing → its index in refs
}

// hosts is the part of a Context that depends on addresses, cleaned.
type hosts struct {
	github map[string]bool
	jira   map[string]string
	names  map[string]bool // trackers of Jira, for references with a prefix
}

func newReader(ctx Context) *reader {
	h := hosts{github: map[string]bool{}, jira: map[string]string{}, names: map[string]bool{}}
	for _, s := range ctx.GitHubHosts {
		if s = hostOf(s); s != "" {
			h.github[s] = true
		}
	}
	for s, tracker := range maps.All(ctx.JiraHosts) {
		if s = hostOf(s); s != "" {
			h.jira[s] = tracker
			h.names[tracker] = true
		}
	}
	for _, tracker := range ctx.JiraTrackers {
		h.names[tracker] = true
	}
	return &reader{ctx: ctx, hosts: h}
}

func (r *reader) full() bool { return len(r.refs) >= MaxRefs }

// add keeps a reference once; a closing claim wins over one without closing.
func (r *reader) add(ref Ref) {
	key := Ref{Ticket: ref.Ticket, Item: ref.Item}
	if i, ok := r.at[key]; ok {
		r.refs[i].Closing = r.refs[i].Closing || ref.Closing
		return
	}
	if r.full() {
		return
	}
	if r.at == nil {
		r.at = map[Ref]int{}
	}
	r.at[key] = len(r.refs)
	r.refs = append(r.refs, ref)
}

// hostOf reduces a host or a base URL to its host and port in lower case.
func hostOf(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	return strings.ToLower(s)
}
