package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// view is all that must be the same of an item in both worlds. Nothing in it
// has a time, a commit or a number that the worlds give out by themselves.
type view struct {
	Tickets   int
	Closed    bool
	Reason    string // of the close
	Labels    string
	Assignees string
	Comments  int // by Holdfast
	Reactions int // by Holdfast
	Reopened  int // by Holdfast, as the tracker tells it
	ClosedBy  int // closed by Holdfast, as the tracker tells it
	Service   serviceView
}

// serviceView is what the service says of the item.
type serviceView struct {
	Known                   bool
	Status, Verdict, Why    string
	Changes, Reopened, Cmds int
	DoubleCmds              int // comments whose commands were handled more than once
	OpenIntents             int // intents without an outcome
	DoubleOutcomes          int // outcomes beyond one for an intent
}

// look reads what the trackers and the service show of the items.
func (w *world) look(ctx context.Context, ids []string) map[string]view {
	out := map[string]view{}
	for _, id := range ids {
		var v view
		list := w.tickets(id)
		if v.Tickets = len(list); len(list) > 0 {
			if t := list[0]; t.key == "" {
				is, _ := w.site.GitHub.Issue(t.repo, t.number)
				v.github(is)
			} else {
				is, _ := w.site.Jira.Issue(t.key)
				v.jira(is, w.site.Jira.BotAccount())
			}
		}
		v.Service = w.ask(ctx, id)
		out[id] = v
	}
	return out
}

func (v *view) github(is sandbox.Issue) {
	v.Closed, v.Reason = is.State == "closed", is.StateReason
	v.Labels, v.Assignees = sorted(is.Labels), sorted(is.Assignees)
	if v.Reason == "reopened" {
		v.Reason = ""
	}
	for _, c := range is.Comments {
		if c.Author == bot {
			v.Comments++
		}
		for _, x := range c.Reactions {
			if x.Login == bot {
				v.Reactions++
			}
		}
	}
	for _, e := range is.Events {
		switch {
		case e.Actor != bot:
		case e.Kind == "reopened":
			v.Reopened++
		case e.Kind == "closed":
			v.ClosedBy++
		}
	}
}

func (v *view) jira(is sandbox.JiraIssue, bot string) {
	v.Closed, v.Reason = is.Closed(), is.Resolution
	v.Labels, v.Assignees = sorted(is.Labels), is.Assignee
	for _, c := range is.Comments {
		if c.Author == bot {
			v.Comments++
		}
	}
	for _, m := range is.Moves {
		switch {
		case m.Actor != bot:
		case m.To == "Done":
			v.ClosedBy++
		case m.From == "Done":
			v.Reopened++
		}
	}
}

func sorted(list []string) string {
	return strings.Join(slices.Sorted(slices.Values(list)), " ")
}

// ask reads an item with its ledger.
func (w *world) ask(ctx context.Context, id string) serviceView {
	d, err := w.client.Item(ctx, id)
	if err != nil {
		return serviceView{}
	}
	v := serviceView{Known: true, Status: d.Status, Verdict: d.Verdict, Changes: len(d.Changes), Reopened: d.Reopened}
	if d.Reason != nil {
		v.Why = *d.Reason
	}
	intents, outcomes, commands := map[string]bool{}, map[string]int{}, map[string]int{}
	for _, e := range d.Ledger {
		switch {
		case e.Name == domain.ActionIntended:
			intents[e.Action.ID] = true
		case e.Kind == domain.Outcome && e.Name != domain.ActionWithheld:
			outcomes[e.Action.ID]++
		case e.Name == domain.Commanded:
			commands[e.Command.Comment]++
		}
	}
	for id := range intents {
		if outcomes[id] == 0 {
			v.OpenIntents++
		}
	}
	for _, n := range outcomes {
		v.DoubleOutcomes += n - 1
	}
	for _, n := range commands {
		v.Cmds++
		v.DoubleCmds += n - 1
	}
	return v
}

// differ names what differs, in a fixed order.
func differ(want, have map[string]view) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(want)) {
		a, b := want[id], have[id]
		if a != b {
			out = append(out, fmt.Sprintf("%s: want %+v, have %+v", id, a, b))
		}
	}
	return out
}
