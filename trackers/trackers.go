// Package trackers is what Holdfast asks of a ticket system, and the classes
// of errors by which it decides what to do next. The adapters are in
// trackers/github and trackers/jira; trackers/trackertest holds the suite that
// each of them passes. A tracker never reads the ledger and never decides.
package trackers

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Draft is a ticket to be made.
type Draft struct {
	Target    string // OWNER/REPO or project key, without the tracker's name
	Title     string // one line; the adapter cuts it to the tracker's limit
	Body      Body   // the adapter renders it in the tracker's own markup
	Labels    []string
	Assignee  string // login or account id; empty: nobody
	Priority  domain.Priority
	Due       string // YYYY-MM-DD, empty: none
	Marker    Marker
	IssueType string
}

// Body is the text of a ticket before it is rendered.
type Body struct {
	Text   string      // the item's text, as data: rendered harmless
	Table  [][2]string // name, value
	Links  map[string]string
	Close  []string // how it is closed, one paragraph each
	Failed []string // fields that the tracker refused, "name: value"
}

// Marker ties a ticket to its item. MAC is 64 hex digits.
type Marker struct {
	Item string
	MAC  string
}

// Created is the outcome of a creation.
type Created struct {
	Ticket  domain.Ticket
	Refused []string // fields that the tracker did not take, "name: reason"
}

// Edit is a change to an existing ticket. Nil and empty fields stay as they are.
type Edit struct {
	Title        *string
	Body         *string
	Assignee     *string
	Due          *string
	Priority     domain.Priority
	AddLabels    []string
	RemoveLabels []string
	State        State              // open or closed; empty: unchanged
	CloseReason  domain.CloseReason // with StateClosed; default completed
}

// State is the state that an Edit asks for.
type State string

// The two states that a ticket can be put into.
const (
	StateOpen   State = "open"
	StateClosed State = "closed"
)

// Comment is a comment as the tracker tells it now.
type Comment struct {
	ID        string
	Author    string // login or account id
	AuthorApp bool   // written by an app or bot account
	Body      string
	CreatedAt time.Time
	UpdatedAt time.Time
	Edited    bool
	URL       string
}

// Text is a comment or proof to be rendered in the tracker's own markup.
// GitHub takes Markdown as it stands; Jira's adapter renders wiki markup.
type Text struct {
	Lead    string   // first line: the state, shown bold
	Lines   []string // what is known and what to do, a paragraph each
	WaysOut []string // shown as a list, each in code where it starts with a slash
	Why     []string // shown folded away
	Mention string   // one login or account id to be mentioned, in a new comment only
	Marker  string   // e.g. holdfast:comment; hidden where the tracker can hide it
}

// Change is a pull request or commit read from the code host.
type Change struct {
	domain.Change
	Merged   bool
	Body     string
	Branch   string   // head branch
	HeadRepo string   // OWNER/NAME of the head, to tell forks
	Trusted  bool     // its author has write permission, as far as the host tells
	Messages []string // commit messages, where asked for
}

// Repository is what the code host says of a repository.
type Repository struct {
	FullName      string
	CloneURL      string
	DefaultBranch string
}

// Finding is one line of doctor: what was tried, whether it works, and what
// to do if not.
type Finding struct {
	Subject string `json:"subject"`
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"`
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy,omitempty"`
}

// Tracker is one configured ticket system. Implementations are safe for
// concurrent use. Every error is an *Error.
type Tracker interface {
	Name() string
	Kind() string // "github" or "jira"

	// Create makes a ticket. It is never retried inside: an error with class
	// Uncertain means that the ticket may exist; look with Find before trying
	// again. A field that the tracker refuses is left out, put into the body
	// and named in Created.Refused.
	Create(ctx context.Context, d Draft) (Created, error)
	// Find looks for the ticket that carries the marker, made by our own
	// account, not before since. The second result is false when there is none.
	Find(ctx context.Context, target string, m Marker, since time.Time) (domain.Ticket, bool, error)
	// Ticket reads the state of a ticket now, not from a cache.
	Ticket(ctx context.Context, ref domain.Ref) (domain.Ticket, error)
	// Edit changes a ticket, in as few calls as the tracker allows, and
	// returns its state afterwards. A label that is already there, or already
	// gone, is no error.
	Edit(ctx context.Context, t domain.Ticket, e Edit) (domain.Ticket, error)

	AddComment(ctx context.Context, ref domain.Ref, t Text) (Comment, error)
	EditComment(ctx context.Context, ref domain.Ref, id string, t Text) error
	// Comment reads one comment back.
	Comment(ctx context.Context, ref domain.Ref, id string) (Comment, error)
	// FindComment looks for a comment of our own account with this exact
	// rendered text or this marker, not before since.
	FindComment(ctx context.Context, ref domain.Ref, t Text, since time.Time) (Comment, bool, error)
	// React acknowledges a comment (GitHub: +1). Jira has no reactions: it
	// reports false and the caller answers in the one comment.
	React(ctx context.Context, ref domain.Ref, commentID string) (bool, error)

	// CanWrite reports whether the person may write to the ticket's
	// repository or project.
	CanWrite(ctx context.Context, ref domain.Ref, person string) (bool, error)
	// Check tries what Holdfast needs of this tracker in these projects.
	Check(ctx context.Context, targets []string) []Finding
}

// CodeHost is a tracker that also holds repositories.
type CodeHost interface {
	Repository(ctx context.Context, repo string) (Repository, error)
	// Change reads a pull request (number) or a commit (sha).
	PullRequest(ctx context.Context, repo string, number int) (Change, error)
	Commit(ctx context.Context, repo, sha string) (Change, error)
	// Closers lists changes that the code host itself ties to the closing of
	// the ticket. A host that lacks the call answers with none.
	Closers(ctx context.Context, ref domain.Ref) ([]domain.Change, error)
	// Credential is the user and secret that git needs over HTTP for this
	// host, empty where none is configured.
	Credential(ctx context.Context) (user, secret string, err error)
}

// Sweeper lists what changed, for what no webhook told. Its cost follows what
// changed, not how many tickets there are. It is optional: a tracker that
// lacks it is only heard through its webhooks.
type Sweeper interface {
	// Changed lists tickets of a target that were updated at or after since,
	// with new comments. since is a time of the tracker's clock, as an
	// earlier answer gave it; zero: only say where to start.
	Changed(ctx context.Context, target string, since time.Time) (Swept, error)
}

// Swept is the answer to a sweep.
type Swept struct {
	Tickets  []domain.Ticket // state, without Body
	Comments []SweptComment  // made at or after since
	// Until is the since of the next sweep. It overlaps with this one where the
	// tracker's lists lag, so the same thing may come twice.
	Until time.Time
	More  bool // there is more to be had at once, from Until on
}

// SweptComment is a comment that a sweep found.
type SweptComment struct {
	Ref domain.Ref
	Comment
}

// CodeSweeper is a CodeHost that can list what landed and was deployed.
type CodeSweeper interface {
	// Landed lists pull requests that were updated at or after since, and
	// are merged, open, or closed without a merge, with body and branch.
	Landed(ctx context.Context, repo string, since time.Time) (pulls []Change, until time.Time, err error)
	// Deployed lists the deployments of a repository that were made or
	// changed their status at or after since: ID, SHA, Version, Environment, Status
	// and FinishedAt (the deployment's own time of creation) are set.
	Deployed(ctx context.Context, repo string, since time.Time) (list []domain.Deployment, until time.Time, err error)
}

// PullLister is a CodeHost that can list every pull request there ever was.
type PullLister interface {
	// Pulls lists pull requests by their creation, oldest first, page by page
	// from 1, with body and branch. A host that has no such list has none.
	Pulls(ctx context.Context, repo string, page int) (pulls []Change, more bool, err error)
}

// Searcher finds tickets by a query in the tracker's own language, for those
// that existed before Holdfast. It is optional.
type Searcher interface {
	// Search lists the tickets of these targets that match the query, oldest
	// first, at most limit of them; more says that there are further ones. With
	// since, it lists only those that were updated at or after it. No ticket of
	// another target is ever listed, whatever the query says. An error of class
	// Invalid tells in the tracker's words what it does not understand.
	Search(ctx context.Context, query string, targets []string, since time.Time, limit int) (found []Found, more bool, err error)
}

// Found is a ticket that a search found.
type Found struct {
	domain.Ticket
	Priority domain.Priority // where the tracker has a field for it; else empty
}

// Remarker is a CodeHost that can tell the author of a commit something.
type Remarker interface {
	// Remark comments on the commit that changed a file last, as of head,
	// unless there is our comment with this marker already.
	Remark(ctx context.Context, repo, head, path string, t Text) error
}

// FileHost is a CodeHost whose files can be read one by one, where its git
// repositories cannot be had.
type FileHost interface {
	// BranchHead is the commit of a branch, empty where there is no such branch.
	BranchHead(ctx context.Context, repo, branch string) (string, error)
	// TreeOf lists the regular files of a commit, path to the id of the content.
	TreeOf(ctx context.Context, repo, sha string) (map[string]string, error)
	FileAt(ctx context.Context, repo, sha, path string) ([]byte, error)
}
