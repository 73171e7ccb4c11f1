package sandbox

import (
	"fmt"
	"slices"
)

// DeleteProject hides a project and all its issues, as deletion and the loss
// of every permission do; RestoreProject shows it again.
func (j *Jira) DeleteProject(key string) error { return j.hide(key, true) }

// RestoreProject undoes DeleteProject.
func (j *Jira) RestoreProject(key string) error { return j.hide(key, false) }

func (j *Jira) hide(key string, hidden bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.project(key)
	if p == nil {
		return fmt.Errorf("no project %s", key)
	}
	p.hidden = hidden
	return nil
}

// SetTransition offers a step of the workflow, or offers it no longer: without
// Reopen nothing leads out of Done.
func (j *Jira) SetTransition(name string, offered bool) error {
	if !slices.ContainsFunc(workflow, func(t transition) bool { return t.name == name }) {
		return fmt.Errorf("the workflow has no step %q", name)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.withdrawn[name] = !offered
	return nil
}
