package webhook

import (
	"cmp"
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
	var p deploymentPayload
	err := scan(d.body, func(s *scanner) { p.read(s) })
	if err != nil {
		return reading{}, err
	}
	ev, configured := d.ofRepo(domain.EventDeployment, p.repo.name)
	if !configured {
		return ignore(reasonNotConfigured), nil
	}
	if p.id == "" {
		return reading{}, errNoNumber
	}
	result, known := deploymentStates[p.state]
	if !known {
		return nothing("not a state of a deployment that Holdfast follows"), nil
	}
	targets := h.deployments(d.tracker.Name, ev.Repo, oneLine(p.environment, maxName))
	if len(targets) == 0 {
		return nothing("no service is deployed from this repository"), nil
	}
	commit, ref := commitSHA(p.sha), p.ref
	if strings.EqualFold(ref, commit) && commit != "" {
		ref = ""
	}
	if commit == "" && ref == "" {
		return reading{}, errNoNumber
	}
	ev.Action, ev.Actor, ev.Head = p.state, p.actor, commit
	ev.At = firstOf(moment(p.statusAt, d.now), d.now)
	for _, t := range targets {
		ev.Deployments = append(ev.Deployments, domain.Deployment{
			ID: p.id, Service: t.Service, Environment: t.Environment, Production: t.Production,
			SHA: commit, Version: ref, Status: result, Percent: 100,
			FinishedAt: firstOf(moment(p.createdAt, d.now), d.now).UTC(), ReceivedAt: d.now.UTC(),
			URL: p.page, Source: d.tracker.Name + " delivery " + d.id,
		})
	}
	return reading{events: []domain.Event{ev}}, nil
}

// deploymentPayload is the part of a deployment_status event that matters.
type deploymentPayload struct {
	repo                         repository
	id, sha, ref, createdAt      string // of the deployment
	environment                  string
	state, statusAt, page, actor string // of the status
}

func (p *deploymentPayload) read(s *scanner) {
	var sender, link, statusEnv string
	s.object(func(key []byte) {
		switch string(key) {
		case "deployment_status":
			s.object(func(key []byte) {
				switch string(key) {
				case "state":
					p.state = oneLine(s.str(), maxName)
				case "created_at":
					p.statusAt = s.str()
				case "environment":
					statusEnv = s.str()
				case "log_url":
					p.page = webURL(s.str())
				case "target_url":
					link = webURL(s.str())
				case "creator":
					p.actor = s.login()
				default:
					s.skip()
				}
			})
		case "deployment":
			s.object(func(key []byte) {
				switch string(key) {
				case "id":
					p.id = s.id()
				case "sha":
					p.sha = s.str()
				case "ref":
					p.ref = oneLine(s.str(), maxName)
				case "environment":
					p.environment = s.str()
				case "created_at":
					p.createdAt = s.str()
				default:
					s.skip()
				}
			})
		case "repository":
			p.repo = s.repository()
		case "sender":
			sender = s.login()
		default:
			s.skip()
		}
	})
	p.page = cmp.Or(p.page, link)
	p.actor = cmp.Or(p.actor, sender)
	p.environment = cmp.Or(p.environment, statusEnv)
}
