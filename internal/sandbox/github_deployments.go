package sandbox

import (
	"fmt"
	"slices"
)

// deploymentStates are the states of GitHub's deployment statuses.
var deploymentStates = []string{"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}

// Deploy records a deployment of a commit (or of what a branch or tag names)
// with one status, as a CI job does. It returns the id of the deployment.
func (g *GitHub) Deploy(repo, environment, sha, state, actor string) (int64, error) {
	r, err := g.lookup(repo)
	if err != nil {
		return 0, fmt.Errorf("deploying: %w", err)
	}
	full := r.git.resolve(sha)
	if full == "" {
		return 0, fmt.Errorf("deploying %s of %s: no such commit", sha, repo)
	}
	if !slices.Contains(deploymentStates, state) {
		return 0, fmt.Errorf("deploying %s of %s: %q is no state: use one of %v", sha, repo, state, deploymentStates)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.newDeployment(r, &ghDeployment{sha: full, ref: sha, env: environment, creator: actor})
	g.addStatus(r, d, &ghDeploymentStatus{state: state, creator: actor})
	return d.id, nil
}

// DeployStatus gives a deployment one more status.
func (g *GitHub) DeployStatus(repo string, id int64, state, actor string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil || r.deployment(id) == nil {
		return fmt.Errorf("deployment status: no deployment %d in %s", id, repo)
	}
	if !slices.Contains(deploymentStates, state) {
		return fmt.Errorf("deployment status: %q is no state: use one of %v", state, deploymentStates)
	}
	g.addStatus(r, r.deployment(id), &ghDeploymentStatus{state: state, creator: actor})
	return nil
}

// newDeployment and addStatus need g.mu.

func (g *GitHub) newDeployment(r *ghRepo, d *ghDeployment) *ghDeployment {
	now := g.clock()
	d.id, d.createdAt, d.updatedAt = g.id(), now, now
	if d.task == "" {
		d.task = "deploy"
	}
	if d.payload == nil {
		d.payload = obj{}
	}
	// GitHub's own guess, which is wrong for most names.
	d.production = d.production || d.env == "production"
	r.deployments = append(r.deployments, d)
	g.emit(r, "deployment", "created", d.creator, obj{"deployment": g.wireDeployment(r, d), "workflow": nil, "workflow_run": nil})
	return d
}

func (g *GitHub) addStatus(r *ghRepo, d *ghDeployment, s *ghDeploymentStatus) *ghDeploymentStatus {
	now := g.clock()
	s.id, s.at = g.id(), now
	d.statuses, d.updatedAt = append(d.statuses, s), now
	if s.state == "inactive" {
		return s // no webhook for this state
	}
	g.emit(r, "deployment_status", "created", s.creator, obj{
		"deployment": g.wireDeployment(r, d), "deployment_status": g.wireDeploymentStatus(r, d, s),
		"check_run": nil, "workflow": nil, "workflow_run": nil,
	})
	if s.state != "success" || d.production || d.transient {
		return s
	}
	// A success replaces what ran in the environment before; production
	// environments are spared, and nobody is told.
	for _, old := range r.deployments {
		if old != d && old.env == d.env && len(old.statuses) > 0 && old.statuses[len(old.statuses)-1].state == "success" && old.id < d.id {
			old.statuses = append(old.statuses, &ghDeploymentStatus{id: g.id(), state: "inactive", creator: s.creator, at: now})
			old.updatedAt = now
		}
	}
	return s
}
