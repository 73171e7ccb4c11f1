package config

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The ways in which owners are reminded.
const (
	ViaMail   = "mail"
	ViaChat   = "chat"
	ViaTicket = "ticket"
)

// Reminders says when people are reminded of due days. Nobody is where there is
// no channel to reach them by.
type Reminders struct {
	At        string   `yaml:"at" jsonschema_description:"HH:MM, in the team's time zone, on its working days."`
	Before    Duration `yaml:"before" jsonschema_description:"The owner is told once, so long before the due day. 0: not at all, and nobody is reminded of anything."`
	LeadAfter Duration `yaml:"lead_after" jsonschema_description:"The lead is told once, so long after the due day. 0: not at all."`
	Via       []string `yaml:"via" oneof:"mail chat ticket" jsonschema_description:"How owners are told, the first way that reaches one: mail, chat (of the team), ticket (a comment that mentions the owner)."`
	Quiet     string   `yaml:"quiet" jsonschema_description:"HH:MM-HH:MM, in the team's time zone: what could not be sent before waits until the next working day."`
}

var quietHours = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (v *validator) reminders() {
	const p = "reports.reminders"
	r := v.cfg.Reports.Reminders
	if !clock.MatchString(r.At) {
		v.problem(p+".at", v.quote(p+".at", r.At)+" is no time of day", `write it as "09:00", in quotes`)
	}
	if len(r.Via) == 0 {
		v.problem(p+".via", "names no way", "list mail, chat or ticket; to switch reminders off, set before to 0")
	}
	for i, way := range r.Via {
		if slices.Contains(r.Via[:i], way) {
			at := fmt.Sprintf("%s.via[%d]", p, i)
			v.problem(at, v.quote(at, way)+" stands here twice", "leave one of them out")
		}
	}
	if r.Quiet != "" && !quietHours.MatchString(r.Quiet) {
		v.problem(p+".quiet", v.quote(p+".quiet", r.Quiet)+" is no span of the day", `write it as "18:00-08:00", in quotes`)
		return
	}
	if clock.MatchString(r.At) && r.IsQuiet(r.At) {
		v.problem(p+".at", "lies in the quiet hours "+r.Quiet, "move one of the two")
	}
}

// IsQuiet reports whether a time of day, HH:MM, lies in the quiet hours.
func (r Reminders) IsQuiet(at string) bool {
	if len(r.Quiet) != len("18:00-08:00") {
		return false
	}
	from, to := r.Quiet[:5], r.Quiet[6:]
	if from <= to {
		return from <= at && at < to
	}
	return at >= from || at < to
}

// calendar checks the working days of a team.
func (v *validator) calendar(p string, t Team) {
	for i, h := range t.Holidays {
		if _, err := time.Parse(time.DateOnly, h); err != nil {
			at := fmt.Sprintf("%s.holidays[%d]", p, i)
			v.problem(at, v.quote(at, h)+" is no day", `write it as "2026-12-25"`)
		}
	}
}
