package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// searchWindow is how many results GitHub shows of one search.
const searchWindow = 1000

// term is a part of a query: key:value, or a word where the key is empty.
type term struct {
	not        bool
	key, value string
}

var queryTerm = regexp.MustCompile(`(-?)(?:([A-Za-z][A-Za-z-]*):)?("[^"]*"|[^\s"]+)`)

func terms(query string) []term {
	var out []term
	for _, m := range queryTerm.FindAllStringSubmatch(query, -1) {
		out = append(out, term{not: m[1] == "-", key: strings.ToLower(m[2]), value: strings.Trim(m[3], `"`)})
	}
	return out
}

func (t term) String() string {
	s := t.value
	if strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' }) {
		s = `"` + s + `"`
	}
	if t.key != "" {
		s = t.key + ":" + s
	}
	if t.not {
		s = "-" + s
	}
	return s
}

// Search takes the syntax of GitHub's search for issues. What a list can tell
// is asked of the lists, which do not lag behind and have no end at a thousand;
// only the rest is searched for.
func (t *Tracker) Search(ctx context.Context, query string, targets []string, since time.Time, limit int) ([]trackers.Found, bool, error) {
	const op = "search tickets"
	list, where, err := scope(op, terms(query), targets)
	if err != nil {
		return nil, false, err
	}
	var out []trackers.Found
	for _, repo := range where {
		var got []trackers.Found
		if listable(list) {
			got, err = t.searchList(ctx, repo, list, since, limit+1)
		} else {
			got, err = t.searchText(ctx, repo, list, since, limit+1)
		}
		if err != nil {
			return nil, false, err
		}
		out = append(out, got...)
		if len(out) > limit {
			return out[:limit], true, nil
		}
	}
	return out, false, nil
}

// scope takes out of a query what says where and of which kind, and chooses
// the repositories by it.
func scope(op string, all []term, targets []string) (rest []term, where []string, err error) {
	var repos, owners []string
	for _, x := range all {
		switch x.key {
		case "repo":
			repos = append(repos, x.value)
		case "org", "user":
			owners = append(owners, x.value)
		case "is", "type":
			switch v := strings.ToLower(x.value); {
			case v == "issue" && !x.not, (v == "pr" || v == "pull-request") && x.not:
			case v == "pr", v == "pull-request", v == "issue":
				return nil, nil, invalid(op, "", errors.New("pull requests can't be adopted, only issues: leave is:pr out"))
			default:
				rest = append(rest, x)
			}
		default:
			rest = append(rest, x)
		}
		if x.not && (x.key == "repo" || x.key == "org" || x.key == "user") {
			return nil, nil, invalid(op, "", fmt.Errorf("-%s: is not understood here: name those that are meant, as repo:OWNER/NAME", x.key))
		}
	}
	if len(rest) == 0 {
		return nil, nil, invalid(op, "", errors.New("the query would match every issue: say which, such as label:postmortem"))
	}
	for _, target := range targets {
		owner, _, _ := strings.Cut(target, "/")
		if len(repos)+len(owners) == 0 || containsFold(repos, target) || containsFold(owners, owner) {
			where = append(where, target)
		}
	}
	if len(where) == 0 {
		return nil, nil, invalid(op, "", fmt.Errorf("the query names no repository that tickets are configured for; these are %s", strings.Join(targets, ", ")))
	}
	return rest, where, nil
}

// listable reports whether a list of issues can answer the query.
func listable(list []term) bool {
	return !slices.ContainsFunc(list, func(x term) bool {
		switch x.key {
		case "label", "author", "assignee":
			return strings.HasPrefix(x.value, "@")
		case "is", "state":
			return !slices.Contains([]string{"open", "closed"}, strings.ToLower(x.value))
		}
		return true
	})
}

func (t *Tracker) searchList(ctx context.Context, repo string, query []term, since time.Time, limit int) ([]trackers.Found, error) {
	const op = "search tickets"
	path, err := repoPath(op, repo)
	if err != nil {
		return nil, err
	}
	q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}}
	for _, x := range query {
		if x.key == "label" && !x.not && !strings.Contains(x.value, ",") {
			q.Set("labels", strings.TrimPrefix(q.Get("labels")+","+x.value, ","))
		}
	}
	if !since.IsZero() {
		q.Set("since", since.UTC().Format(time.RFC3339))
	}
	var out []trackers.Found
	err = list(ctx, t, call{op: op + " in " + repo, repo: repo}, path+"/issues", q, func(page []gh.Issue) bool {
		for i := range page {
			if tk, ok := t.foundIssue(repo, &page[i], since); ok && fits(tk, query) {
				out = append(out, trackers.Found{Ticket: tk})
			}
		}
		return len(out) < limit
	})
	return out, err
}

// foundIssue reads a line of a list or search. A server that does not know
// since lists too much.
func (t *Tracker) foundIssue(repo string, is *gh.Issue, since time.Time) (domain.Ticket, bool) {
	if is.IsPullRequest() || is.GetNumber() <= 0 || is.GetState() == "" || !since.IsZero() && !is.GetUpdatedAt().IsZero() && is.GetUpdatedAt().Before(since) {
		return domain.Ticket{}, false
	}
	tk := t.ticket(domain.GitHubRef(t.name, repo, is.GetNumber()), is)
	tk.Body = ""
	return tk, true
}

// fits holds a ticket against a query of which listable is true.
func fits(tk domain.Ticket, query []term) bool {
	for _, x := range query {
		ok := false
		switch x.key {
		case "label":
			ok = containsFold(tk.Labels, x.value)
		case "author":
			ok = strings.EqualFold(tk.Author, x.value)
		case "assignee":
			ok = containsFold(tk.Assignees, x.value)
		case "is", "state":
			ok = strings.EqualFold(tk.State(), x.value)
		}
		if ok == x.not {
			return false
		}
	}
	return true
}

// searchText asks the search. Of more than it shows at once, it goes on from
// the time at which the last one was made.
func (t *Tracker) searchText(ctx context.Context, repo string, query []term, since time.Time, limit int) ([]trackers.Found, error) {
	const op = "search tickets"
	if _, err := repoPath(op, repo); err != nil {
		return nil, err
	}
	parts := []string{"repo:" + repo, "is:issue"}
	for _, x := range query {
		parts = append(parts, x.String())
	}
	if !since.IsZero() {
		parts = append(parts, "updated:>="+since.UTC().Format("2006-01-02T15:04:05Z"))
	}
	var out []trackers.Found
	seen := map[domain.Ref]bool{}
	from := ""
	for {
		before, last := len(out), time.Time{}
		for page := 1; page*100 <= searchWindow; page++ {
			var got gh.IssuesSearchResult
			q := url.Values{"q": {strings.Join(parts, " ") + from}, "sort": {"created"}, "order": {"asc"}, "per_page": {"100"}, "page": {strconv.Itoa(page)}}
			_, err := t.do(ctx, call{op: op + " in " + repo, repo: repo, method: "GET", path: "search/issues?" + q.Encode(), out: &got})
			if rest.Missing(err) {
				return nil, invalid(op, "", fmt.Errorf("this server has no search (%s): write the query with label:, is:open, is:closed, author: and assignee: alone", text.Brief(err.Error())))
			}
			if err != nil {
				return nil, err
			}
			for _, is := range got.Issues {
				tk, ok := t.foundIssue(repo, is, since)
				// The query is others' words: what it found elsewhere is not ours.
				if ok && strings.EqualFold(cmp.Or(repoOf(is), repo), repo) && !seen[tk.Ref] {
					seen[tk.Ref] = true
					out = append(out, trackers.Found{Ticket: tk})
				}
				last = maxTime(last, is.GetCreatedAt().UTC())
			}
			total := got.GetTotal()
			if len(out) >= limit || len(got.Issues) == 0 || page*100 >= total {
				return out, nil
			}
		}
		if len(out) == before || last.IsZero() {
			return out, nil // all of them were made at one moment, or it tells no time
		}
		from = " created:>=" + last.Format("2006-01-02T15:04:05Z")
	}
}

// repoOf is the repository that an issue says it is in, empty where it does
// not say.
func repoOf(is *gh.Issue) string {
	for _, address := range []string{is.GetRepositoryURL(), is.GetURL()} {
		if m := anyRepoURL.FindStringSubmatch(address); m != nil {
			return m[1]
		}
	}
	return ""
}

var anyRepoURL = regexp.MustCompile(`/repos/([^/]+/[^/]+)(?:/|$)`)
