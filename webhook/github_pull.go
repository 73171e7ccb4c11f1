package webhook

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// githubPull reads the event "pull_request". Which tickets a pull request
// claims is read from its title, body and branch.
func (h *Handler) githubPull(d *delivery) (reading, error) {
	var p pull
	if err := scan(d.body, func(s *scanner) { p.read(s) }); err != nil {
		return reading{}, err
	}
	ev, configured := d.ofRepo(domain.EventChange, p.repo.name)
	if !configured {
		return ignore(reasonNotConfigured), nil
	}
	// What an open one would file is shown on it.
	previewed := d.tracker.holds[strings.ToLower(ev.Repo)] && p.sameRepo() && p.state == "open" && p.number > 0
	switch p.action {
	case "opened", "edited", "reopened", "closed", "ready_for_review", "converted_to_draft":
	case "synchronize":
		if previewed {
			ev.Action, ev.Actor, ev.At = p.action, p.sender, firstOf(moment(p.updatedAt, d.now), d.now)
			ev.Ticket = domain.GitHubRef(d.tracker.Name, ev.Repo, int(p.number))
			return reading{events: []domain.Event{ev}}, nil
		}
		return nothing("nothing that Holdfast follows happened to the pull request"), nil
	default:
		return nothing("nothing that Holdfast follows happened to the pull request"), nil
	}
	if p.number <= 0 {
		return reading{}, errNoNumber
	}
	ev.Action, ev.Actor = p.action, p.sender
	ev.At = firstOf(moment(p.updatedAt, d.now), d.now)
	if previewed {
		ev.Ticket = domain.GitHubRef(d.tracker.Name, ev.Repo, int(p.number))
	}
	change := domain.Change{
		Repo: ev.Repo, PullRequest: int(p.number), Head: commitSHA(p.head),
		Base: p.base, DefaultBase: p.repo.isDefault(p.base),
		OpenedAt: moment(p.createdAt, d.now), ClaimedAt: d.now.UTC(),
		How: domain.ClaimPullRequest, Author: p.author, URL: p.url, Title: oneLine(p.title, maxTitle),
	}
	now := d.refs(ev.Repo, p.title, p.body, p.branch)
	switch {
	case p.merged:
		if p.action == "edited" && !p.mayClaimAfterMerge() {
			return nothing("the text was edited after the merge by its author, who has no write permission"), nil
		}
		change.SHA = commitSHA(p.mergeSHA)
		change.LandedAt = firstOf(moment(p.landed, d.now), moment(p.closedAt, d.now), ev.At)
		ev.Claims = claims.Of(now, change)
		ev.Branch, ev.DefaultRef, ev.Head = change.Base, change.DefaultBase, change.SHA
		if len(ev.Claims) == 0 && p.action != "closed" {
			return nothing("the pull request claims no ticket"), nil
		}
		return reading{events: []domain.Event{ev}}, nil
	case !p.sameRepo():
		// Anybody can open one from a fork; it says nothing before the merge.
		return nothing("an open pull request from a fork"), nil
	case p.state == "closed" || p.action == "closed" || p.draft || p.action == "converted_to_draft":
		if p.action != "closed" && p.action != "converted_to_draft" && !previewed {
			return nothing("the pull request is a draft, or is closed"), nil
		}
		ev.Claims = withdrawn(now, change)
	default:
		change.Open = true
		if p.trusted() {
			ev.Claims = claims.Of(now, change)
		}
		ev.Claims = append(ev.Claims, withdrawn(p.dropped(d, ev.Repo, now), change)...)
	}
	if len(ev.Claims) == 0 && !previewed {
		return nothing("the pull request claims no ticket"), nil
	}
	return reading{events: []domain.Event{ev}}, nil
}

// refs reads which configured tickets, or items, a pull request claims.
func (d *delivery) refs(repo, title, body, branch string) []claims.Ref {
	ctx := d.tracker.claims
	ctx.Repo = repo
	return d.knownOnly(claims.FromPullRequest(claims.PullRequest{Title: title, Body: body, Branch: branch}, ctx))
}

func (d *delivery) knownOnly(refs []claims.Ref) []claims.Ref {
	kept := refs[:0]
	for _, r := range refs {
		if r.Item != "" && len(r.Item) <= maxName || d.setup.known(r.Ticket) {
			kept = append(kept, r)
		}
	}
	return kept
}

// dropped are the references that the text made before an edit and no longer
// makes.
func (p *pull) dropped(d *delivery, repo string, now []claims.Ref) []claims.Ref {
	if p.oldTitle == nil && p.oldBody == nil {
		return nil
	}
	title, body := p.title, p.body
	if p.oldTitle != nil {
		title = *p.oldTitle
	}
	if p.oldBody != nil {
		body = *p.oldBody
	}
	kept := map[claims.Ref]bool{}
	for _, r := range now {
		kept[claims.Ref{Ticket: r.Ticket, Item: r.Item}] = true
	}
	var out []claims.Ref
	for _, r := range d.refs(repo, title, body, p.branch) {
		if !kept[claims.Ref{Ticket: r.Ticket, Item: r.Item}] {
			out = append(out, r)
		}
	}
	return out
}

func withdrawn(refs []claims.Ref, change domain.Change) []domain.Claim {
	change.Open, change.SHA, change.LandedAt = false, "", time.Time{}
	out := claims.Of(refs, change)
	for i := range out {
		out[i].Withdrawn = true
	}
	return out
}

// sameRepo reports whether the branch is in the repository itself, where only
// those with write permission can push.
func (p *pull) sameRepo() bool {
	base := p.baseRepo
	if base == "" {
		base = p.repo.name
	}
	return p.headRepo != "" && strings.EqualFold(p.headRepo, base)
}

// trusted reports whether the author has write permission, as far as the
// delivery tells. GitHub always tells; from a server that does not, a branch
// in the repository itself has to do.
func (p *pull) trusted() bool {
	switch p.association {
	case "OWNER", "MEMBER", "COLLABORATOR":
		return true
	}
	return !p.associationSent
}

// mayClaimAfterMerge keeps the author of an old pull request from pointing it
// at new tickets: anybody may edit the text of their own.
func (p *pull) mayClaimAfterMerge() bool {
	return p.trusted() || p.sender != p.author
}
