package verdicts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// Case is the story of one ticket.
type Case struct {
	ID       string              `json:"id"`
	Fixes    []Fix               `json:"fixes"`
	Targets  []Target            `json:"targets"`
	Policy   string              `json:"policy"`
	Services map[string][]string `json:"services"` // service → path prefixes
	Events   []Event             `json:"events"`
	// Expect names the checkpoints; what is expected there is not read. A
	// case without any is asked after each of its events.
	Expect []struct {
		After int `json:"after"`
	} `json:"expect"`

	require int // environments that must have it; 0: all
}

// Fix is one change that resolves the ticket.
type Fix struct {
	PR      string   `json:"pr"`
	Style   string   `json:"style"` // merge, squash, rebase or direct
	Landed  string   `json:"landed"`
	Head    string   `json:"head"`
	Commits []string `json:"commits"`

	own []string
}

func (f Fix) change() containment.Change {
	return containment.Change{Landed: f.Landed, Parts: f.Commits, Head: f.Head, Own: f.own, Rebase: f.Style == "rebase"}
}

// Target is one production environment.
type Target struct {
	Name    string `json:"name"`
	Service string `json:"service"`
}

// Event is one thing that was delivered.
type Event struct {
	Seq     int    `json:"seq"`
	Type    string `json:"type"`
	At      int64  `json:"at"`
	SHA     string `json:"sha"`
	Ref     string `json:"ref"`
	Target  string `json:"target"`
	State   string `json:"state"`
	Percent *int   `json:"percent"`
	ID      number `json:"id"`
	Reason  string `json:"reason"`
}

// number is a deployment's id, which some write as a number and some as text.
type number string

func (n *number) UnmarshalJSON(b []byte) error {
	*n = number(strings.Trim(string(b), `"`))
	if *n == "null" {
		*n = ""
	}
	return nil
}

// below compares two ids as numbers where both are, else as text.
func (n number) below(m number) bool {
	a, errA := strconv.ParseUint(string(n), 10, 64)
	b, errB := strconv.ParseUint(string(m), 10, 64)
	if errA == nil && errB == nil {
		return a < b
	}
	return n != "" && m != "" && n < m
}

// Load reads a file of cases and checks each of them.
func Load(name string) ([]Case, error) {
	var out []Case
	err := eachLine(name, maxCases, func(_ int, line []byte) error {
		var c Case
		if err := object(line, &c); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("case %.80q: %w", c.ID, err)
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no case; give one JSON object a line", name)
	}
	return out, nil
}

var (
	styles = []string{"merge", "squash", "rebase", "direct"}
	types  = []string{"merge", "close", "reopen", "deploy"}
	states = []string{"success", "queued", "in_progress", "failure", "inactive", "error", "pending", "waiting"}
)

func (c *Case) check() error {
	if c.ID == "" {
		return fmt.Errorf("it has no id")
	}
	need, isNumber := strings.CutPrefix(c.Policy, "quorum:")
	switch {
	case c.Policy == "all" || c.Policy == "":
	case c.Policy == "any":
		c.require = 1
	case isNumber:
		n, err := strconv.Atoi(need)
		if err != nil || n < 1 {
			return fmt.Errorf("policy %.80q: want a number above 0 behind quorum", c.Policy)
		}
		if n > len(c.Targets) {
			return fmt.Errorf("policy %.80q needs more than the %d targets that it has", c.Policy, len(c.Targets))
		}
		c.require = n
	default:
		return fmt.Errorf("policy %.80q is unknown: want all, any or quorum:N", c.Policy)
	}
	for _, f := range c.Fixes {
		if f.Style != "" && !slices.Contains(styles, f.Style) {
			return fmt.Errorf("style %.80q is unknown: want one of %s", f.Style, strings.Join(styles, ", "))
		}
		for _, sha := range append([]string{f.Landed}, f.Commits...) {
			if !containment.IsSHA(sha) {
				return fmt.Errorf("a fix names the commit %.80q: want 40 or 64 hex digits", sha)
			}
		}
	}
	for _, t := range c.Targets {
		if t.Name == "" {
			return fmt.Errorf("a target has no name")
		}
		if _, ok := c.Services[t.Service]; !ok && len(c.Services) > 0 {
			return fmt.Errorf("target %.80q is of service %.80q, which services does not name", t.Name, t.Service)
		}
	}
	last := 0
	for i := range c.Events {
		e := &c.Events[i]
		if e.Seq == 0 {
			e.Seq = i + 1
		}
		if e.Seq <= last {
			return fmt.Errorf("event %d comes after event %d: want them in the order of delivery", e.Seq, last)
		}
		last = e.Seq
		if !slices.Contains(types, e.Type) {
			return fmt.Errorf("event %d has the unknown type %.80q: want one of %s", e.Seq, e.Type, strings.Join(types, ", "))
		}
		if e.Type == "deploy" && e.State != "" && !slices.Contains(states, e.State) {
			return fmt.Errorf("event %d has the unknown state %.80q: want one of %s", e.Seq, e.State, strings.Join(states, ", "))
		}
	}
	return nil
}

// checkpoints are the events after which a verdict is asked for.
func (c Case) checkpoints() []int {
	var out []int
	for _, x := range c.Expect {
		out = append(out, x.After)
	}
	if len(c.Expect) == 0 {
		for _, e := range c.Events {
			out = append(out, e.Seq)
		}
	}
	return out
}
