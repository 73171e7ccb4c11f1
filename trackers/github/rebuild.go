package github

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

var _ trackers.Rebuilder = (*Tracker)(nil)

// markedPages bounds the lists that a rebuild reads: 100,000 issues.
const markedPages = 1000

// Marked lists the issues with the label, and those that our account made,
// from which somebody may have taken the label. Where it is not known who we
// are, and for an app, which the filter does not know, it lists all.
func (t *Tracker) Marked(ctx context.Context, target, label string, visit func(trackers.Marked) error) error {
	const op = "list marked tickets"
	path, err := repoPath(op, target)
	if err != nil {
		return err
	}
	own, err := t.ownLogins(ctx)
	if err != nil {
		return err
	}
	seen := map[int]bool{}
	look := func(filter, value string) error {
		q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}}
		if value != "" {
			q.Set(filter, value)
		}
		var failed error
		pages := 0
		err := listPages(ctx, t, call{op: op, repo: target}, path+"/issues", q, markedPages, func(page []gh.Issue) bool {
			pages++
			for i := range page {
				is := &page[i]
				m, ok := markerIn(is.GetBody())
				if !ok || is.IsPullRequest() || is.GetNumber() <= 0 || is.GetState() == "" || seen[is.GetNumber()] {
					continue
				}
				seen[is.GetNumber()] = true
				by := is.GetUser().GetLogin()
				if failed = visit(trackers.Marked{Marker: m, Body: parseBody(is.GetBody()), CreatedAt: is.GetCreatedAt().UTC(),
					Ticket: t.ticket(domain.GitHubRef(t.name, target, is.GetNumber()), is), Own: len(own) == 0 || by == "" || containsFold(own, by)}); failed != nil {
					return false
				}
			}
			return true
		})
		if pages >= markedPages {
			t.log.Warn("there are more tickets than a rebuild reads", "target", target, "pages", pages)
		}
		return errors.Join(err, failed)
	}
	if label != "" {
		if err := look("labels", label); err != nil && trackers.ClassOf(err) != trackers.Invalid {
			return err
		}
	}
	if len(own) == 1 && !strings.HasSuffix(own[0], "[bot]") {
		return look("creator", own[0])
	}
	return look("", "")
}

var markerText = regexp.MustCompile(`<!-- holdfast:item=(\S+) mac=([0-9a-f]{64}) -->`)

// markerIn is the last marker of a text. An item's text may quote another
// one, which is broken by a character that nobody sees, and comes before it.
func markerIn(body string) (trackers.Marker, bool) {
	all := markerText.FindAllStringSubmatch(body, -1)
	if len(all) == 0 {
		return trackers.Marker{}, false
	}
	last := all[len(all)-1]
	return trackers.Marker{Item: last[1], MAC: last[2]}, len(last[1]) <= maxName && itemID.MatchString(last[1])
}

const tableHead = "| | |\n| --- | --- |\n"

// parseBody reads what renderBody wrote: the table last in the text, and what
// stands before it. A person may have changed it; what is no table of ours is
// left out.
func parseBody(body string) trackers.Body {
	body = normal(body)
	i := strings.LastIndex(body, tableHead)
	if i < 0 || i > 0 && body[i-1] != '\n' {
		return trackers.Body{}
	}
	out := trackers.Body{Text: strings.ReplaceAll(strings.TrimSpace(body[:i]), text.NoBreak, "")}
	for line := range strings.Lines(body[i+len(tableHead):]) {
		row, ok := strings.CutPrefix(strings.TrimSpace(line), "| ")
		if !ok {
			break
		}
		name, value, ok := strings.Cut(row, " | ")
		if !ok {
			name, value, ok = strings.Cut(row, " |") // an empty cell
		}
		if !ok {
			break
		}
		out.Table = append(out.Table, [2]string{plainCell(name), plainCell(strings.TrimSuffix(strings.TrimSpace(value), "|"))})
	}
	return out
}

var cellLink = regexp.MustCompile(`^\[(.*)\]\((https?://[^\s()]+)\)$`)

// plainCell takes back what cell and link did.
func plainCell(s string) string {
	s = strings.TrimSpace(s)
	if m := cellLink.FindStringSubmatch(s); m != nil {
		s = strings.NewReplacer("\\[", "[", "\\]", "]").Replace(m[1])
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\\|", "|"), text.NoBreak, "")
}

// Past reads the comments, and the events where the server keeps them.
func (t *Tracker) Past(ctx context.Context, ref domain.Ref) (trackers.Past, error) {
	const op = "read a ticket's past"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return trackers.Past{}, err
	}
	own, err := t.ownLogins(ctx)
	if err != nil {
		return trackers.Past{}, err
	}
	ours := func(login string) bool { return login != "" && containsFold(own, login) }
	var out trackers.Past
	c := call{op: op, ref: ref, repo: ref.Project()}
	if err := list(ctx, t, c, path+"/comments", nil, func(page []gh.IssueComment) bool {
		for i := range page {
			said := comment(&page[i])
			// Where nobody tells who we are, our marker must do.
			mine := ours(said.Author) || len(own) == 0 && strings.Contains(said.Body, hiddenStart)
			out.Comments = append(out.Comments, trackers.Said{Comment: said, Own: mine})
		}
		return true
	}); err != nil {
		return trackers.Past{}, err
	}
	err = list(ctx, t, c, path+"/events", nil, func(page []gh.IssueEvent) bool {
		for _, e := range page {
			if e.GetEvent() == "reopened" {
				by := e.GetActor().GetLogin()
				out.Reopenings = append(out.Reopenings, trackers.Reopening{At: e.GetCreatedAt().UTC(), By: by, Own: ours(by)})
			}
		}
		return true
	})
	if err == nil {
		out.Told = len(own) > 0
		return out, nil
	}
	if rest.Missing(err) || trackers.ClassOf(err) == trackers.Invalid || trackers.ClassOf(err) == trackers.Denied {
		t.log.Debug("the events of a ticket cannot be read", "ticket", ref, "err", err)
		out.Reopenings = nil
		return out, nil
	}
	return trackers.Past{}, err
}

const hiddenStart = "<!-- holdfast:"
