package config

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// The values of close_when_verified.
const (
	CloseClosedEarly = "closed_early" // only what Holdfast reopened
	CloseAlways      = "always"
	CloseNever       = "never"
)

// The values under not_planned.
const (
	LeaveAllow  = "allow"  // accepted without a waiver
	LeaveWaiver = "waiver" // the default: reopened unless waived
)

// The values of lint.
const (
	LintWarn    = "warn"    // hints are shown
	LintRequire = "require" // a new item with a hint is refused
	LintOff     = "off"     // no hints
)

// The values of due_from.
const (
	DueFromPostmortem = "postmortem"
	DueFromFiling     = "filing"
)

// Policy holds every policy key, for all or for one team.
type Policy struct {
	Enforce           bool                         `yaml:"enforce" jsonschema_description:"false: new tickets are filed; a call that would change an existing one is recorded and not made."`
	EnforceSince      time.Time                    `yaml:"enforce_since" jsonschema_description:"What was closed before is never reopened. A date (its start in UTC) or RFC 3339."`
	Due               map[domain.Priority]Duration `yaml:"due"`
	DueFrom           string                       `yaml:"due_from" oneof:"postmortem filing" jsonschema_description:"When the due clock starts: at the day of the postmortem, else the filing; or always at the filing."`
	Soak              map[domain.Priority]Duration `yaml:"soak" jsonschema_description:"How long a fix must have been live."`
	Grace             Duration                     `yaml:"grace" jsonschema_description:"How long an early close may stand."`
	RollbackGrace     Duration                     `yaml:"rollback_grace"`
	CloseWhenVerified string                       `yaml:"close_when_verified" oneof:"closed_early always never"`
	Watch             Duration                     `yaml:"watch" jsonschema_description:"How long an accepted item can still regress."`
	UnknownTimeout    Duration                     `yaml:"unknown_timeout"`
	SilentAfter       Duration                     `yaml:"silent_after"`
	EscalateAfter     int                          `yaml:"escalate_after"`
	ReopenBackoff     Backoff                      `yaml:"reopen_backoff"`
	MaxReopens        int                          `yaml:"max_reopens"`
	WaiverMax         Duration                     `yaml:"waiver_max"`
	SelfAttest        []domain.Priority            `yaml:"self_attest"`
	NotPlanned        map[domain.Priority]string   `yaml:"not_planned" oneof:"allow waiver" jsonschema_description:"allow: closed as not planned needs no waiver at this priority."`
	Approvers         []string                     `yaml:"approvers"`
	Lint              string                       `yaml:"lint" oneof:"warn require off" jsonschema_description:"What hints on new items do: be shown, refuse the filing, or nothing."`
}

// Backoff is how long the next reopening of an item waits.
type Backoff struct {
	First Duration `yaml:"first"`
	Max   Duration `yaml:"max"`
}

const day = Duration(24 * time.Hour)

func defaultPolicy() Policy {
	return Policy{
		Enforce:           true,
		Due:               map[domain.Priority]Duration{"P0": 7 * day, "P1": 28 * day, "P2": 56 * day, "P3": 90 * day},
		DueFrom:           DueFromPostmortem,
		Soak:              map[domain.Priority]Duration{},
		RollbackGrace:     Duration(30 * time.Minute),
		CloseWhenVerified: CloseClosedEarly,
		Watch:             30 * day,
		UnknownTimeout:    3 * day,
		SilentAfter:       14 * day,
		EscalateAfter:     3,
		ReopenBackoff:     Backoff{First: Duration(time.Minute), Max: day},
		MaxReopens:        20,
		WaiverMax:         90 * day,
		SelfAttest:        []domain.Priority{"P2", "P3", "P4"},
		NotPlanned:        map[domain.Priority]string{},
		Lint:              LintWarn,
	}
}

// clone copies p so that the copy's maps and lists can be changed.
func (p Policy) clone() Policy {
	p.Due, p.Soak, p.NotPlanned = maps.Clone(p.Due), maps.Clone(p.Soak), maps.Clone(p.NotPlanned)
	p.SelfAttest, p.Approvers = slices.Clone(p.SelfAttest), slices.Clone(p.Approvers)
	return p
}

// NotPlannedAllowed reports whether a close as not planned needs no waiver.
func (p Policy) NotPlannedAllowed(pr domain.Priority) bool { return p.NotPlanned[pr] == LeaveAllow }

// MaySelfAttest reports whether the owner may attest at this priority.
func (p Policy) MaySelfAttest(pr domain.Priority) bool { return slices.Contains(p.SelfAttest, pr) }
