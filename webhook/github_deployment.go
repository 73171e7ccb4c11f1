package webhook

import (
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// deploymentStates maps GitHub's states. A state that is not among them says
// nothing about what is live.
var deploymentStates = map[string]domain.DeploymentStatus{
	"success": domain.Success, "failure": domain.Failure, "error": domain.Failure,
	"queued": domain.Queued, "pending": domain.Queued, "waiting": domain.Queued,
	"in_progress": domain.InProgress, "inactive": domain.Inactive,
}

// githubDeployment reads the event "deployment_status". The time that orders
// deployments is the creation of the deployment, not of its status: a job
// that was started earlier and ended later did not deploy the newer commit.
func (h *Handler) githubDeployment(d *delivery) (reading, error) {
	var state, statusAt, statusURL, statusEnv, actor, sender string
	var id, sha, ref, environment, createdAt, page string
	var repo repository
	status := func(s *scanner) func(key []byte) {
		return func(key []byte) {
			switch string(key) {
			case "state":
				state = s.str()
			case "created_at":
				statusAt = s.str()
			case "environment":
				statusEnv = s.str()
			case "log_url":
				page = webURL(s.str())
			case "target_url":
				statusURL = webURL(s.str())
			case "creator":
				actor = s.login()
			default:
				s.skip()
			}
		}
	}
	deployment := func(s *scanner) func(key []byte) {
		return func(key []byte) {
			switch string(key) {
			case "id":
				id = s.id()
			case "sha":
				sha = s.str()
			case "ref":
				ref = oneLine(s.str(), maxName)
			case "environment":
				environment = s.str()
			case "created_at":
				createdAt = s.str()
			default:
				s.skip()
			}
		}
	}
	err := scan(d.body, func(s *scanner) {
		s.object(func(key []byte) {
			switch string(key) {
			case "deployment_status":
				s.object(status(s))
			case "deployment":
				s.object(deployment(s))
			case "repository":
				repo = s.repository()
			case "sender":
				sender = s.login()
			default:
				s.skip()
			}
		})
	})
	if err != nil {
		return reading{}, err
	}
	ev, configured := d.ofRepo(domain.EventDeployment, repo.name)
	if !configured {
		return ignore(reasonNotConfigured), nil
	}
	if id == "" {
		return reading{}, errNoNumber
	}
	result, known := deploymentStates[state]
	if !known {
		return ignore("not a state of a deployment that Holdfast follows"), nil
	}
	if environment == "" {
		environment = statusEnv
	}
	targets := h.deployments(d.tracker.Name, ev.Repo, oneLine(environment, maxName))
	if len(targets) == 0 {
		return ignore("no service is deployed from this repository"), nil
	}
	if actor == "" {
		actor = sender
	}
	if page == "" {
		page = statusURL
	}
	commit := commitSHA(sha)
	if strings.EqualFold(ref, commit) && commit != "" {
		ref = ""
	}
	if commit == "" && ref == "" {
		return reading{}, errNoNumber
	}
	ev.Action, ev.Actor, ev.Head = state, actor, commit
	ev.At = firstOf(moment(statusAt, d.now), d.now)
	for _, t := range targets {
		ev.Deployments = append(ev.Deployments, domain.Deployment{
			ID: id, Service: t.Service, Environment: t.Environment, Production: t.Production,
			SHA: commit, Version: ref, Status: result, Percent: 100,
			FinishedAt: firstOf(moment(createdAt, d.now), d.now).UTC(), ReceivedAt: d.now.UTC(),
			URL: page, Source: d.tracker.Name + " delivery " + d.id,
		})
	}
	return reading{events: []domain.Event{ev}}, nil
}
