package report

import (
	"fmt"
	"slices"
	"strings"
)

// mayRepeat stands on a message in a channel that would not drop a second copy.
const mayRepeat = "This may have come before: nobody knows what became of an earlier attempt to send it."

var eventText = map[Event]string{
	Created:   "Created",
	Merged:    "Merged, awaiting deployment",
	Closed:    "Closed",
	Reopened:  "Closed too early and reopened",
	Regressed: "Regressed",
	Verified:  "Verified",
	Waived:    "Waived",
	Withdrawn: "Withdrawn",
	DueMoved:  "Due date moved",
}

// sentence is the first line of the report.
func sentence(r Report) string {
	var happened []string
	say := func(n int, one, many string) {
		if n > 0 {
			happened = append(happened, fmt.Sprintf("%d %s", n, plural(n, one, many)))
		}
	}
	say(r.Reopened.N, "was closed too early and reopened", "were closed too early and reopened")
	say(r.Shipped.N, "shipped", "shipped")
	say(r.Regressed.N, "regressed", "regressed")
	this := "This week "
	if !r.Span.Complete {
		this = "So far this week "
	}
	if len(happened) == 0 {
		happened = []string{"nothing was reopened, shipped or lost"}
	}
	if r.Open.N == 0 {
		return "Nothing is open. " + this + enumerate(happened) + "."
	}
	open := fmt.Sprintf("%d %s open, %s overdue (%s)", r.Open.N, plural(r.Open.N, "item is", "items are"), noneOr(r.Overdue.N), against(r.Overdue.N-r.OverdueBefore))
	return open + ". " + this + enumerate(happened) + "."
}

func noneOr(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

func against(d int) string {
	switch {
	case d > 0:
		return fmt.Sprintf("%d more than last week", d)
	case d < 0:
		return fmt.Sprintf("%d fewer than last week", -d)
	}
	return "as last week"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// enumerate joins words as people do: a, b and c.
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// credit celebrates what shipped. It names the team, never a person.
func credit(r Report) string {
	who := "The teams"
	if r.Team != "" {
		who = "Team " + r.Team
	}
	switch {
	case r.Shipped.N == 0:
		return "Nothing reached production this week; what is merged is counted above."
	case r.Shipped.N == 1:
		return who + " brought 1 fix into production, verified there. Well done."
	}
	return fmt.Sprintf("%s brought %d fixes into production, verified there. Well done.", who, r.Shipped.N)
}

// about says how the numbers are made.
func (b *builder) about() []string {
	days := "Days over and until are calendar days."
	if b.f.Calendar != nil {
		days = "Days over and until are the team's working days."
	}
	start := "It starts on the day of the postmortem, else with the filing"
	switch teams := b.f.FromFiling; {
	case b.f.Team != "" && slices.Contains(teams, b.f.Team):
		start = "It starts with the filing"
	case b.f.Team == "" && len(teams) > 0:
		start += "; for " + plural(len(teams), "team ", "the teams ") + enumerate(teams) + " always with the filing"
	}
	span := fmt.Sprintf("The period is %s, %s to %s (%s).", b.p.Week, b.from.In(b.p.Location).Format("2006-01-02 15:04"), b.to.In(b.p.Location).Format("2006-01-02 15:04"), b.p.Location)
	if !b.p.Complete() {
		span = strings.TrimSuffix(span, ".") + "; the week is not over."
	}
	out := []string{
		"Open: no verified fix in production yet, and no waiver. Closing a ticket does not change that.",
		"Verified: what runs in every production environment that the item needs contains its fix, for the soak time. Shipped is what was verified in the week and still is.",
		"Overdue: open, and the due day is over in the team's time zone. The due clock stops at verified, not at closed. " + start + ". " + days,
		"Merged, awaiting deployment: the ticket was closed within two minutes of the merge of its fix.",
		span + " What was recorded later counts in the next report; links show the lists as they are now.",
	}
	if b.f.Schedule != "" {
		out = append(out, b.f.Schedule)
	}
	return out
}
