package sandbox

// state is what GET /_sandbox/state shows of GitHub.
func (g *GitHub) state() obj {
	g.mu.Lock()
	var names []string
	for _, r := range g.repos {
		names = append(names, r.full)
	}
	g.mu.Unlock()
	repos := obj{}
	for _, name := range names {
		repos[name] = obj{"issues": orEmpty(g.Issues(name)), "deployments": g.deploymentStates(name)}
	}
	return obj{"repositories": repos, "deliveries": tellDeliveries(g.Deliveries())}
}

func (g *GitHub) deploymentStates(repo string) []obj {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := []obj{}
	if r := g.repo(repo); r != nil {
		for _, d := range r.deployments {
			states := []string{}
			for _, s := range d.statuses {
				states = append(states, s.state)
			}
			out = append(out, obj{"id": d.id, "sha": d.sha, "environment": d.env, "states": states, "created_at": when(d.createdAt)})
		}
	}
	return out
}

// state is what GET /_sandbox/state shows of Jira.
func (j *Jira) state() obj {
	projects := obj{}
	for _, key := range j.opt.Projects {
		projects[key] = obj{"issues": orEmpty(j.Issues(key))}
	}
	return obj{"projects": projects, "deliveries": tellDeliveries(j.Deliveries())}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// tellDeliveries leaves out the bodies, and the secret that an address may hold.
func tellDeliveries(list []Delivery) []obj {
	out := []obj{}
	for _, d := range list {
		one := obj{"id": d.ID, "guid": d.GUID, "event": d.Event, "action": d.Action, "subject": d.Subject, "sent": d.Sent, "status": d.Status}
		if d.Err != "" {
			one["failed"] = true
		}
		if d.Redelivery {
			one["redelivery"] = true
		}
		out = append(out, one)
	}
	return out
}
