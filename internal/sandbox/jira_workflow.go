package sandbox

import (
	"fmt"
	"slices"
)

// transition is an edge of the workflow. Ids hold only in the status that the
// edge leaves.
type transition struct {
	id, name string
	from     []*jiStatus
	to       *jiStatus
	screen   string // "" means that no field can be sent
	required string // field without which it is refused
}

var workflow = []transition{
	{id: "11", name: "Start Progress", from: []*jiStatus{statusToDo}, to: statusInProgress},
	{id: "12", name: "Stop Progress", from: []*jiStatus{statusInProgress}, to: statusToDo},
	{id: "21", name: "Done", from: []*jiStatus{statusToDo, statusInProgress}, to: statusDone, screen: "done"},
	{id: "31", name: "Reopen", from: []*jiStatus{statusDone}, to: statusToDo, screen: "reopen", required: ReopenField},
}

// transitions are the edges that leave the status of an issue. It needs j.mu.
func (j *Jira) transitions(is *jiIssue) []transition {
	var out []transition
	for _, t := range workflow {
		if slices.Contains(t.from, is.status) && !j.withdrawn[t.name] {
			out = append(out, t)
		}
	}
	return out
}

// transition moves an issue along an edge. Closing sets the resolution to Done
// where none was chosen; reopening leaves it alone: it stays until somebody
// clears it. It needs j.mu.
func (j *Jira) transition(is *jiIssue, actor string, t transition, todo []setter) {
	items := []jiItem{{field: "status", fieldID: "status", from: is.status.id, fromText: is.status.name, to: t.to.id, in: t.to.name}}
	if is.status.category != t.to.category {
		is.statusChanged = j.clock()
	}
	is.status = t.to
	for _, s := range todo {
		items = append(items, s(is)...)
	}
	if t.to == statusDone && is.resolution == "" {
		is.resolution, is.resolvedAt = "Done", j.clock()
		items = append(items, jiItem{field: "resolution", fieldID: "resolution", to: jiResolutions.id(resolutionBase, "Done"), in: "Done"})
	}
	j.changed(is, actor, "issue_generic", items)
}

// TransitionIssue moves an issue by the name of a transition, as a person
// does; the reason that Reopen demands is filled in. A resolution is set when
// one is given; "none" clears it.
func (j *Jira) TransitionIssue(key, actor, name, resolution string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.take(key, actor, name, resolution)
}

// take takes a transition by its name. It needs j.mu.
func (j *Jira) take(key, actor, name, resolution string) error {
	is, err := j.target(key)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if resolution != "" && resolution != "none" && !slices.Contains(jiResolutions, resolution) {
		return fmt.Errorf("%s %s: %q is no resolution: use one of %v", name, key, resolution, jiResolutions)
	}
	j.ensure(actor)
	for _, t := range j.transitions(is) {
		if t.name != name {
			continue
		}
		var todo []setter
		if resolution != "" {
			raw := "null"
			if resolution != "none" {
				raw = fmt.Sprintf(`{"name":%q}`, resolution)
			}
			s, problem := j.readNamed("resolution", []byte(raw), raw == "null")
			if problem != "" {
				return fmt.Errorf("%s %s: %s", name, key, problem)
			}
			todo = append(todo, s)
		}
		if t.required != "" {
			s, problem := j.readCustom(t.required, fmt.Appendf(nil, "%q", "reopened by "+actor))
			if problem != "" {
				return fmt.Errorf("%s %s: %s", name, key, problem)
			}
			todo = append(todo, s)
		}
		j.transition(is, actor, t, todo)
		return nil
	}
	return fmt.Errorf("%s %s: the workflow has no such step from %s", name, key, is.status.name)
}
