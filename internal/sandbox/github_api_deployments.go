package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

func (c *call) wireDeployment(d *ghDeployment) obj { return c.g.wireDeployment(c.repo, d) }

func (c *call) listDeployments() answer {
	q := c.query
	var found []*ghDeployment
	for _, d := range newestFirst(c.repo.deployments) {
		differs := func(key, value string) bool { return q.Get(key) != "" && q.Get(key) != value }
		if differs("sha", d.sha) || differs("ref", d.ref) || differs("task", d.task) || differs("environment", d.env) {
			continue
		}
		found = append(found, d)
	}
	return list(c, found, c.wireDeployment)
}

// createDeployment runs git to find the commit, so it takes the lock itself.
func (c *call) createDeployment() answer {
	var in struct {
		Ref, Task, Environment, Description string
		Payload                             any
		Transient                           bool `json:"transient_environment"`
		Production                          bool `json:"production_environment"`
	}
	in.Environment = "production"
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	sha := c.repo.git.resolve(in.Ref)
	return c.locked(func() answer {
		switch {
		case !c.g.may(c.repo, c.login, "write"):
			return forbidden
		case in.Ref == "":
			return problem(http.StatusUnprocessableEntity, "Invalid request.\n\n\"ref\" wasn't supplied.")
		case sha == "":
			return problem(http.StatusUnprocessableEntity, "No ref found for: "+in.Ref)
		}
		d := c.g.newDeployment(c.repo, &ghDeployment{
			sha: sha, ref: in.Ref, env: in.Environment, task: in.Task, creator: c.login, description: in.Description,
			payload: in.Payload, transient: in.Transient, production: in.Production,
		})
		return answer{http.StatusCreated, c.wireDeployment(d)}
	})
}

// decode reads the whole body into a struct.
func (c *call) decode(into any) answer {
	b, err := json.Marshal(c.body)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return problem(http.StatusUnprocessableEntity, "Invalid request.\n\n"+err.Error())
	}
	return answer{}
}

func (c *call) getDeployment() answer {
	d := c.repo.deployment(c.id("id"))
	if d == nil {
		return notFound
	}
	return answer{http.StatusOK, c.wireDeployment(d)}
}

func (c *call) listDeploymentStatuses() answer {
	d := c.repo.deployment(c.id("id"))
	if d == nil {
		return notFound
	}
	return list(c, newestFirst(d.statuses), func(s *ghDeploymentStatus) obj { return c.g.wireDeploymentStatus(c.repo, d, s) })
}

func (c *call) getDeploymentStatus() answer {
	if d := c.repo.deployment(c.id("id")); d != nil {
		for _, s := range d.statuses {
			if s.id == c.id("status") {
				return answer{http.StatusOK, c.g.wireDeploymentStatus(c.repo, d, s)}
			}
		}
	}
	return notFound
}

func (c *call) createDeploymentStatus() answer {
	d := c.repo.deployment(c.id("id"))
	if d == nil {
		return notFound
	}
	var in struct {
		State, Description string
		TargetURL          string `json:"target_url"`
		LogURL             string `json:"log_url"`
		EnvironmentURL     string `json:"environment_url"`
	}
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	if !slices.Contains(deploymentStates, in.State) {
		return invalid("DeploymentStatus", "state", "custom", "state must be one of the known states", in.State)
	}
	s := c.g.addStatus(c.repo, d, &ghDeploymentStatus{
		state: in.State, creator: c.login, description: in.Description, targetURL: in.TargetURL, logURL: in.LogURL, envURL: in.EnvironmentURL,
	})
	return answer{http.StatusCreated, c.g.wireDeploymentStatus(c.repo, d, s)}
}

func (c *call) listEnvironments() answer {
	var names []string
	for _, d := range c.repo.deployments {
		if !slices.Contains(names, d.env) {
			names = append(names, d.env)
		}
	}
	from, to := c.page(len(names))
	out := []obj{}
	for i, n := range names[from:to] {
		self := c.g.api("/repos/%s/environments/%s", c.repo.full, n)
		id := c.repo.id + int64(from+i)
		out = append(out, obj{
			"id": id, "node_id": nodeID("Environment", id), "name": n, "url": self, "html_url": self,
			"created_at": when(c.repo.createdAt), "updated_at": when(c.repo.createdAt), "protection_rules": []any{}, "deployment_branch_policy": nil,
		})
	}
	return answer{http.StatusOK, obj{"total_count": len(names), "environments": out}}
}
