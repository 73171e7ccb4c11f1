package reconcile

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Setup is what the configuration says, in the words of this package. It is
// immutable; a reload puts a new one in its place.
type Setup struct {
	Trackers map[string]trackers.Tracker // by name
	Services []domain.Service
	People   []domain.Person
	Teams    map[string]Team
	// Rules gives the rules of a team for a priority.
	Rules func(team string, p domain.Priority) policy.Rules
	// Team-wide settings that are no rules of the verdict.
	Settings  func(team string) Settings
	Labels    Labels
	MarkerKey []byte
	PublicURL string
	Retention time.Duration // of finished items; 0: for ever
	Hash      string        // of the Parts
	Parts     Parts         // what can change a verdict
	Engine    string        // of the program that works verdicts out

	// What a sweep needs, by tracker: how often, which projects hold tickets,
	// how texts are read, and what a deployment to an environment means.
	SweepEvery        func(tracker string) time.Duration
	SweepTargets      func(tracker string) []string
	Claims            func(tracker, repo string) claims.Context
	DeploymentTargets func(tracker, repo, environment string) []DeploymentTarget
	// Ingest takes in a delivery that a tracker itself says it could not bring;
	// nil: there is no way in for deliveries. It may be called again with one
	// that is known.
	Ingest func(ctx context.Context, tracker string, d trackers.Delivery) error
	// Polled reports whether a tracker sends no deliveries.
	Polled func(tracker string) bool
	// Beside are further subjects that are due with each sweep of a tracker;
	// nil: none.
	Beside func(tracker string) []string
}

// DeploymentTarget is one environment of one service that a deployment of its
// repository reaches.
type DeploymentTarget struct {
	Service, Environment string
	Production           bool
}

// Team is a configured team.
type Team struct {
	Name            string
	Location        *time.Location
	Leads           []domain.Person
	Approvers       []string
	DefaultAssignee string
	// Works reports whether the team works on the day that t shows; nil: it
	// works every day. A due day that the policy gives is a working day.
	Works func(t time.Time) bool
}

// Settings are the policy keys of a team that concern people and filing.
type Settings struct {
	Enforce bool
	Due     map[domain.Priority]time.Duration
	// DueFromFiling starts the due clock at the filing, whatever the day of the
	// postmortem.
	DueFromFiling bool
	MaxReopens    int
	WaiverMax     time.Duration
	SelfAttest    []domain.Priority
	Approvers     []string // beside the team's own
	SilentAfter   time.Duration
	Lint          string // warn, require or off: what hints on new items do
}

// Labels are the spellings of the fixed labels.
type Labels struct{ Postmortem, Awaiting string }

// Service finds a service by its configured name.
func (s *Setup) Service(name string) (domain.Service, bool) {
	for _, x := range s.Services {
		if x.Name == name {
			return x, true
		}
	}
	return domain.Service{}, false
}

// Find finds a service by its name or an alias, without regard to case.
func (s *Setup) Find(word string) (domain.Service, bool) {
	for _, x := range s.Services {
		for _, n := range append([]string{x.Name}, x.Aliases...) {
			if strings.EqualFold(strings.TrimSpace(word), n) {
				return x, true
			}
		}
	}
	return domain.Service{}, false
}

// ServicesOf lists the services of a repository.
func (s *Setup) ServicesOf(repo string) []domain.Service {
	var out []domain.Service
	for _, x := range s.Services {
		if strings.EqualFold(x.Repo, repo) {
			out = append(out, x)
		}
	}
	return out
}

// Tracker finds the tracker of a ticket or of a target like github:acme/x.
func (s *Setup) Tracker(ref string) (trackers.Tracker, bool) {
	name, _, _ := strings.Cut(ref, ":")
	t, ok := s.Trackers[name]
	return t, ok
}

// Mark makes the marker of an item: an HMAC-SHA256 over its id.
func (s *Setup) Mark(item string) trackers.Marker {
	mac := hmac.New(sha256.New, s.MarkerKey)
	mac.Write([]byte(item))
	return trackers.Marker{Item: item, MAC: hex.EncodeToString(mac.Sum(nil))}
}

// location is the time zone in which a team's days end.
func (s *Setup) location(team string) *time.Location {
	if t, ok := s.Teams[team]; ok && t.Location != nil {
		return t.Location
	}
	return time.UTC
}

// Due works out the due date of a spec that has none: the postmortem's date,
// else the filing, plus the policy's time for the priority.
func (s *Setup) Due(team string, p domain.Priority, incident string, filed time.Time) string {
	d, ok := s.Settings(team).Due[p]
	if !ok {
		return ""
	}
	loc := s.location(team)
	start := filed.In(loc)
	if t, err := time.ParseInLocation(time.DateOnly, incident, loc); err == nil && !s.Settings(team).DueFromFiling {
		start = t
	}
	// A day is a day of the calendar, also across a change of the clocks.
	const day = 24 * time.Hour
	due := start.AddDate(0, 0, int(d/day)).Add(d % day)
	if works := s.Teams[team].Works; works != nil {
		for n := 0; n < 366 && !works(due); n++ {
			due = due.AddDate(0, 0, 1)
		}
	}
	return due.Format(time.DateOnly)
}

// DueSince is when the due clock of an item started.
func (s *Setup) DueSince(st domain.State) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, st.Spec.IncidentDate, s.location(st.Spec.Team))
	if err != nil || s.Settings(st.Spec.Team).DueFromFiling {
		return st.FiledAt
	}
	return t
}

// Overdue reports whether the due day has ended in the team's time zone.
func (s *Setup) Overdue(spec domain.ItemSpec, now time.Time) bool {
	day, err := time.ParseInLocation(time.DateOnly, spec.Due, s.location(spec.Team))
	return err == nil && !now.Before(day.AddDate(0, 0, 1))
}
