package sandbox

import (
	"slices"
	"strings"
	"time"
)

// ghRepo and what hangs from it is guarded by GitHub.mu, except git, which
// has its own.
type ghRepo struct {
	id                  int64
	owner, name, full   string
	branch              string // the default branch
	git                 *gitRepo
	createdAt, pushedAt time.Time
	labels              []*ghLabel
	issues              []*ghIssue // by number - 1, pull requests too
	comments            map[int64]*ghComment
	remarks             map[string][]*ghRemark // comments on commits
	deployments         []*ghDeployment        // oldest first
	archived            bool                   // nothing in it can be changed
}

type ghLabel struct {
	id       int64
	name     string
	color    string
	text     string
	standard bool
}

type ghIssue struct {
	id                   int64
	number               int
	title, body, author  string
	closed               bool
	reason               string // completed, not_planned, duplicate; reopened when open again
	labels, assignees    []string
	comments             []*ghComment
	events               []*ghEvent
	reactions            []ghReaction
	createdAt, updatedAt time.Time
	closedAt             time.Time
	closedBy             string
	deleted              bool
	locked, converted    bool
	movedTo              *ghIssue // transferred
	movedRepo            *ghRepo
	pull                 *ghPull // nil for an issue
}

type ghComment struct {
	id                   int64
	issue                *ghIssue
	author, body         string
	createdAt, updatedAt time.Time
	reactions            []ghReaction
}

type ghReaction struct {
	id      int64
	login   string
	content string
	at      time.Time
}

// ghEvent is a line of an issue's timeline.
type ghEvent struct {
	id       int64
	kind     string
	actor    string
	at       time.Time
	commit   string // closed and referenced by a commit
	commitIn *ghRepo
	reason   string // closed
	label    string
	assignee string
	source   *ghIssue // cross-referenced
	sourceIn *ghRepo
	from, to string // renamed
	comment  *ghComment
}

type ghPull struct {
	branch, base     string
	headSHA, baseSHA string
	mergeSHA         string // test merge while open or closed unmerged; the real one afterwards
	mergeable        bool
	merged           bool
	mergedAt         time.Time
	mergedBy         string
	commits          []string // on the branch, oldest first
	landed           []string // what the merge put on the base
	files            []fileChange
}

type ghDeployment struct {
	id                   int64
	sha, ref, env, task  string
	creator, description string
	payload              any
	transient            bool
	production           bool
	createdAt, updatedAt time.Time
	statuses             []*ghDeploymentStatus // oldest first
}

type ghDeploymentStatus struct {
	id                          int64
	state, creator, description string
	targetURL, logURL, envURL   string
	at                          time.Time
}

func (r *ghRepo) issue(n int) *ghIssue {
	if n < 1 || n > len(r.issues) {
		return nil
	}
	return r.issues[n-1]
}

func (r *ghRepo) label(name string) *ghLabel {
	for _, l := range r.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	return nil
}

func (r *ghRepo) deployment(id int64) *ghDeployment {
	for _, d := range r.deployments {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (r *ghRepo) openIssues() int {
	n := 0
	for _, is := range r.issues {
		if !is.closed && !is.deleted && is.movedTo == nil {
			n++
		}
	}
	return n
}

// there reports whether the issue can be read here: it was neither deleted
// nor transferred.
func (is *ghIssue) there() bool { return is != nil && !is.deleted && is.movedTo == nil }

func (is *ghIssue) state() string {
	if is.closed {
		return "closed"
	}
	return "open"
}

func (is *ghIssue) hasLabel(name string) bool { return containsFold(is.labels, name) }

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

// Issue is a copy of an issue or pull request of the stand-in.
type Issue struct {
	Repo        string     `json:"repo"`
	Number      int        `json:"number"`
	Title       string     `json:"title"`
	Body        string     `json:"body"`
	Author      string     `json:"author"`
	State       string     `json:"state"`        // open or closed
	StateReason string     `json:"state_reason"` // completed, not_planned, duplicate, reopened, or empty
	Labels      []string   `json:"labels"`
	Assignees   []string   `json:"assignees"`
	Comments    []Comment  `json:"comments"`
	Reactions   []Reaction `json:"reactions"`
	Events      []Event    `json:"events"`
	CreatedAt   time.Time  `json:"created_at,omitzero"`
	UpdatedAt   time.Time  `json:"updated_at,omitzero"`
	ClosedAt    time.Time  `json:"closed_at,omitzero"` // zero while open
	ClosedBy    string     `json:"closed_by"`
	PullRequest bool       `json:"pull_request"`
	Merged      bool       `json:"merged"`
	MergeSHA    string     `json:"merge_sha"`
	HeadSHA     string     `json:"head_sha"`
	URL         string     `json:"url"` // for a browser
}

// Comment is a copy of a comment.
type Comment struct {
	ID        int64      `json:"id"`
	Author    string     `json:"author"`
	Body      string     `json:"body"`
	CreatedAt time.Time  `json:"created_at,omitzero"`
	UpdatedAt time.Time  `json:"updated_at,omitzero"`
	Reactions []Reaction `json:"reactions"`
}

// Reaction is one person's answer by a symbol, such as "+1".
type Reaction struct {
	Login   string `json:"login"`
	Content string `json:"content"`
}

// Event is a line of an issue's timeline: closed, reopened, labeled and so on.
type Event struct {
	Kind   string    `json:"kind"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at,omitzero"`
	Label  string    `json:"label"`
	Commit string    `json:"commit"`
	Reason string    `json:"reason"`
}

// Issue returns a copy of an issue or pull request; false when it does not
// exist, was deleted or was transferred.
func (g *GitHub) Issue(repo string, number int) (Issue, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil || !r.issue(number).there() {
		return Issue{}, false
	}
	return g.copyIssue(r, r.issue(number)), true
}

// Issues returns copies of all issues and pull requests of a repository, by
// number.
func (g *GitHub) Issues(repo string) []Issue {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil {
		return nil
	}
	var list []Issue
	for _, is := range r.issues {
		if is.there() {
			list = append(list, g.copyIssue(r, is))
		}
	}
	return list
}

func (g *GitHub) copyIssue(r *ghRepo, is *ghIssue) Issue {
	out := Issue{
		Repo: r.full, Number: is.number, Title: is.title, Body: is.body, Author: is.author,
		State: is.state(), StateReason: is.reason, Labels: slices.Clone(is.labels), Assignees: slices.Clone(is.assignees),
		CreatedAt: is.createdAt, UpdatedAt: is.updatedAt, ClosedAt: is.closedAt, ClosedBy: is.closedBy,
		Reactions: copyReactions(is.reactions), URL: g.issuePage(r, is),
	}
	for _, c := range is.comments {
		out.Comments = append(out.Comments, Comment{c.id, c.author, c.body, c.createdAt, c.updatedAt, copyReactions(c.reactions)})
	}
	for _, e := range is.events {
		out.Events = append(out.Events, Event{e.kind, e.actor, e.at, e.label, e.commit, e.reason})
	}
	if p := is.pull; p != nil {
		out.PullRequest, out.Merged, out.MergeSHA, out.HeadSHA = true, p.merged, p.mergeSHA, p.headSHA
	}
	return out
}

func copyReactions(list []ghReaction) []Reaction {
	var out []Reaction
	for _, x := range list {
		out = append(out, Reaction{x.login, x.content})
	}
	return out
}
