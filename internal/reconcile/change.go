package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/trackers"
)

// errNoChange is a change that a person named and nobody can find.
var errNoChange = errors.New("no such change")

// ResolveChange finds the change that a person or a deployment names: a
// commit, #12, owner/repo#12, owner/repo@sha, or the address of a pull request
// or commit. A bare commit or number is looked for in the repository of svc.
func (r *Reconciler) ResolveChange(ctx context.Context, s *Setup, svc domain.Service, word string) (domain.Change, error) {
	repo, pull, sha := parseChange(word)
	if repo != "" && !strings.EqualFold(repo, svc.Repo) {
		of := s.ServicesOf(repo)
		if len(of) == 0 {
			return domain.Change{}, fmt.Errorf("%s: no configured service is in %s: %w", word, repo, errNoChange)
		}
		svc = of[0]
	}
	if pull == 0 && sha == "" {
		return domain.Change{}, fmt.Errorf("%q names neither a commit nor a pull request: %w", word, errNoChange)
	}
	if pull != 0 {
		host, err := r.codeHost(svc)
		if err != nil {
			return domain.Change{}, err
		}
		c, err := host.PullRequest(ctx, svc.Repo, pull)
		if err != nil {
			return domain.Change{}, fmt.Errorf("reading %s#%d: %w", svc.Repo, pull, err)
		}
		if !c.Merged && !c.Open {
			return domain.Change{}, fmt.Errorf("%s#%d was closed without a merge: %w", svc.Repo, pull, errNoChange)
		}
		return c.Change, nil
	}
	return r.commit(ctx, svc, sha)
}

// commit finds a commit in the mirror; its repository may name it by any
// unambiguous beginning of its id.
func (r *Reconciler) commit(ctx context.Context, svc domain.Service, rev string) (domain.Change, error) {
	repo := r.mirror(svc)
	sha, ok, err := repo.Resolve(ctx, rev)
	if err != nil || !ok {
		if history.IsSHA(rev) {
			var missing []string
			if missing, err = repo.Ensure(ctx, rev); err == nil && len(missing) == 0 {
				sha, ok = strings.ToLower(rev), true
			}
		} else if err = repo.Sync(ctx); err == nil {
			sha, ok, err = repo.Resolve(ctx, rev)
		}
	}
	if err != nil {
		return domain.Change{}, fmt.Errorf("looking for commit %s in %s: %w", rev, svc.Repo, err)
	}
	if !ok {
		return domain.Change{}, fmt.Errorf("%s has no commit %s: %w", svc.Repo, rev, errNoChange)
	}
	info, found, err := repo.Commit(ctx, sha)
	if err != nil || !found {
		return domain.Change{}, fmt.Errorf("reading commit %s of %s: %w", sha, svc.Repo, errors.Join(err, errNoChange))
	}
	c := domain.Change{Repo: svc.Repo, SHA: sha, LandedAt: info.CommitTime, Title: cut(info.Subject, 200), Author: info.AuthorName}
	if host, err := r.codeHost(svc); err == nil {
		// The login, where the host knows it: its author must not approve.
		if known, err := host.Commit(ctx, svc.Repo, sha); err == nil && known.Author != "" {
			c.Author, c.URL = known.Author, known.URL
		}
	}
	if on, err := repo.OnDefault(ctx, sha); err == nil && on {
		c.DefaultBase = true
		if c.Base, err = repo.DefaultBranch(ctx); err != nil {
			c.Base = ""
		}
	}
	return c, nil
}

// NamesChange reports whether the word has the form of a change.
func NamesChange(word string) bool {
	_, pull, sha := parseChange(word)
	return pull != 0 || sha != ""
}

// parseChange takes the word apart. What is missing stays empty.
func parseChange(word string) (repo string, pull int, sha string) {
	word = strings.TrimSpace(word)
	if u, err := url.Parse(word); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) < 4 {
			return "", 0, ""
		}
		n := len(parts)
		for i := n - 2; i >= 2; i-- {
			switch parts[i] {
			case "pull", "pulls", "issues":
				pull, _ = strconv.Atoi(parts[i+1])
				return parts[i-2] + "/" + parts[i-1], pull, ""
			case "commit", "commits":
				return parts[i-2] + "/" + parts[i-1], 0, strings.ToLower(parts[i+1])
			}
		}
		return "", 0, ""
	}
	if before, after, ok := strings.Cut(word, "#"); ok {
		pull, _ = strconv.Atoi(after)
		return before, pull, ""
	}
	if before, after, ok := strings.Cut(word, "@"); ok {
		return before, 0, strings.ToLower(after)
	}
	if history.IsSHA(strings.ToLower(word)) || isHexPrefix(word) {
		return "", 0, strings.ToLower(word)
	}
	return "", 0, ""
}

func isHexPrefix(w string) bool {
	return len(w) >= 7 && len(w) <= 64 && strings.Trim(strings.ToLower(w), "0123456789abcdef") == ""
}

// Candidates are the services in whose repositories a bare commit or number
// named for this item is looked for: the ticket's own repository first.
func (s *Setup) Candidates(st domain.State) []domain.Service {
	var out []domain.Service
	add := func(list ...domain.Service) {
		for _, svc := range list {
			known := false
			for _, o := range out {
				known = known || strings.EqualFold(o.Repo, svc.Repo)
			}
			if !known {
				out = append(out, svc)
			}
		}
	}
	if st.Ticket != nil {
		add(s.ServicesOf(st.Ticket.Ref.Project())...)
	}
	for _, name := range st.Spec.Services {
		if svc, ok := s.Service(name); ok {
			add(svc)
		}
	}
	if len(out) == 0 && len(s.Services) == 1 {
		add(s.Services[0])
	}
	return out
}

// FindChange resolves what a person named for an item, trying each candidate
// repository in turn.
func (r *Reconciler) FindChange(ctx context.Context, s *Setup, st domain.State, word string) (domain.Change, error) {
	candidates := s.Candidates(st)
	if repo, _, _ := parseChange(word); repo != "" {
		candidates = s.ServicesOf(repo)
		if len(candidates) == 0 {
			return domain.Change{}, fmt.Errorf("no configured service is in %s: %w", repo, errNoChange)
		}
	}
	if len(candidates) == 0 {
		return domain.Change{}, fmt.Errorf("%s: in which repository? Write owner/repo#12 or owner/repo@sha: %w", word, errNoChange)
	}
	var last error
	for _, svc := range candidates {
		c, err := r.ResolveChange(ctx, s, svc, word)
		if err == nil {
			return c, nil
		}
		last = err
		if cls := trackers.ClassOf(err); !errors.Is(err, errNoChange) && cls != trackers.NotFound {
			return domain.Change{}, err
		}
	}
	return domain.Change{}, last
}
