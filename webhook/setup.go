package webhook

import (
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// setup is what the configuration says, made quick to ask. It never changes;
// a reload makes a new one.
type setup struct {
	byName map[string]*tracker
	keys   map[string][]*key // by kind: the trackers' distinct secrets
}

// tracker is a Tracker with its repositories and projects as sets.
type tracker struct {
	Tracker
	key      *key
	repos    map[string]string // lower-case name → name as configured
	holds    map[string]bool   // lower-case names of those with documents
	projects map[string]bool
	claims   claims.Context // without Repo
}

func newSetup(configured []Tracker) (*setup, error) {
	s := &setup{byName: map[string]*tracker{}, keys: map[string][]*key{}}
	bySecret := map[string]*key{}
	for _, c := range configured {
		if c.Kind != GitHub && c.Kind != Jira {
			return nil, fmt.Errorf("tracker %q: unknown kind %q: want %s or %s", c.Name, c.Kind, GitHub, Jira)
		}
		if c.Name == "" || s.byName[c.Name] != nil {
			return nil, fmt.Errorf("tracker %q: every tracker needs a name of its own", c.Name)
		}
		if len(c.Secret) == 0 {
			return nil, fmt.Errorf("tracker %q: no webhook secret: set webhook_secret, and the same in the webhook's settings", c.Name)
		}
		t := &tracker{Tracker: c, repos: map[string]string{}, holds: map[string]bool{}, projects: map[string]bool{}}
		for _, repo := range c.Repos {
			t.repos[strings.ToLower(repo)] = repo
		}
		for _, p := range c.Projects {
			t.projects[p] = true
		}
		for _, repo := range c.Documents {
			t.holds[strings.ToLower(repo)] = true
		}
		// Trackers that share a secret share its key, so that a delivery is
		// not hashed once for each of them.
		of := c.Kind + string(c.Secret)
		if bySecret[of] == nil {
			bySecret[of] = newKey(c.Secret)
			s.keys[c.Kind] = append(s.keys[c.Kind], bySecret[of])
		}
		t.key = bySecret[of]
		t.key.trackers = append(t.key.trackers, t)
		s.byName[c.Name] = t
	}
	for _, t := range s.byName {
		t.claims = ClaimContext(t.Tracker, configured)
	}
	return s, nil
}

// ClaimContext says how references in the texts of a GitHub tracker are
// read, all but the repository that they stand in. Where two Jira trackers have a project of the same key, the first
// one configured gets it.
func ClaimContext(t Tracker, all []Tracker) claims.Context {
	ctx := claims.Context{
		GitHubTracker: t.Name, GitHubHosts: t.WebURLs, Repos: map[string]string{},
		JiraTrackers: map[string]string{}, JiraHosts: map[string]string{},
	}
	for _, repo := range t.Repos {
		ctx.Repos[strings.ToLower(repo)] = repo
	}
	for _, other := range all {
		if other.Kind != Jira {
			continue
		}
		for _, p := range other.Projects {
			if _, taken := ctx.JiraTrackers[p]; !taken {
				ctx.JiraTrackers[p] = other.Name
			}
		}
		for _, u := range other.WebURLs {
			if _, taken := ctx.JiraHosts[u]; !taken {
				ctx.JiraHosts[u] = other.Name
			}
		}
	}
	return ctx
}

// known reports whether a ticket is in a configured repository or project.
// Anybody may write any reference into a pull request; those that no ticket
// of ours can have are not worth keeping.
func (s *setup) known(ref domain.Ref) bool {
	t := s.byName[ref.Tracker()]
	if t == nil {
		return false
	}
	if t.Kind == Jira {
		return t.projects[ref.Project()]
	}
	_, ok := t.repo(ref.Project())
	return ok
}

// repo returns the configured spelling of a repository's name.
func (t *tracker) repo(name string) (string, bool) {
	if r, ok := t.repos[name]; ok {
		return r, true
	}
	r, ok := t.repos[strings.ToLower(name)]
	return r, ok
}

// settle chooses, among the trackers that a delivery may come from, the one
// that has the repository or project; has reports whether one does.
func (d *delivery) settle(has func(t *tracker) bool) bool {
	for _, t := range d.fits {
		if has(t) {
			d.tracker = t
			return true
		}
	}
	return false
}
