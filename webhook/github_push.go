package webhook

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// maxClaims bounds the claims of one event: a push that makes more becomes
// several events, at most maxParts. GitHub tells of 2048 commits at most.
const (
	maxClaims = 200
	maxParts  = 20
)

// commit is the part of a pushed commit that matters.
type commit struct {
	sha, message, url, at, author string
}

func (s *scanner) commit() (c commit) {
	var name string
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			c.sha = commitSHA(s.str())
		case "message":
			c.message = s.str()
		case "url":
			c.url = webURL(s.str())
		case "timestamp":
			c.at = s.str()
		case "author":
			s.object(func(key []byte) {
				switch string(key) {
				case "username":
					name = oneLine(s.str(), maxPerson)
				case "email":
					c.author = oneLine(s.str(), maxPerson)
				default:
					s.skip()
				}
			})
		default:
			s.skip()
		}
	})
	// The address is what remains where GitHub knows no account.
	if name != "" {
		c.author = name
	}
	return c
}

// githubPush reads the event "push". A commit that comes to a branch claims
// what its message says; a push to the default branch is kept even without a
// claim, since it tells that the repository moves.
func (h *Handler) githubPush(d *delivery) (reading, error) {
	var ref, before, after, sender, pusher, headAt string
	var deleted bool
	var repo repository
	var commits []commit
	err := scan(d.body, func(s *scanner) {
		s.object(func(key []byte) {
			switch string(key) {
			case "ref":
				ref = s.str()
			case "before":
				before = commitSHA(s.str())
			case "after":
				after = commitSHA(s.str())
			case "deleted":
				deleted = s.boolean()
			case "commits":
				s.array(func() { commits = append(commits, s.commit()) })
			case "head_commit":
				headAt = s.commit().at
			case "repository":
				repo = s.repository()
			case "sender":
				sender = s.login()
			case "pusher":
				s.object(func(key []byte) {
					if string(key) == "name" {
						pusher = oneLine(s.str(), maxPerson)
					} else {
						s.skip()
					}
				})
			default:
				s.skip()
			}
		})
	})
	if err != nil {
		return reading{}, err
	}
	ev, configured := d.ofRepo(domain.EventPush, repo.name)
	branch, isBranch := strings.CutPrefix(ref, "refs/heads/")
	isTag := strings.HasPrefix(ref, "refs/tags/")
	switch {
	case !configured:
		return ignore(reasonNotConfigured), nil
	case !isTag && (!isBranch || branch == ""):
		return nothing("a push to something that is no branch and no tag"), nil
	case deleted:
		return nothing("a branch or tag was deleted"), nil
	}
	ev.Action, ev.Actor = "pushed", sender
	if ev.Actor == "" {
		ev.Actor = pusher
	}
	ev.Head, ev.Before = after, before
	ev.At = firstOf(sane(time.Unix(repo.pushedAt, 0), d.now), moment(headAt, d.now), d.now)
	if isTag {
		// A deployment of that version may wait for it. Its commits came, or
		// come, with a branch.
		return reading{events: []domain.Event{ev}}, nil
	}
	ev.Branch, ev.DefaultRef = oneLine(branch, maxName), repo.isDefault(branch)
	return reading{events: inParts(ev, h.pushClaims(d, &ev, commits))}, nil
}

// inParts deals the claims out to as many events as they need. The first has
// the id of the delivery, so that there is always one that has it.
func inParts(ev domain.Event, made []domain.Claim) []domain.Event {
	id, parts := ev.ID, []domain.Event(nil)
	for len(parts) == 0 || len(made) > 0 {
		ev.Claims = made[:min(len(made), maxClaims)]
		made = made[len(ev.Claims):]
		parts = append(parts, ev)
		ev.ID = id + "/" + strconv.Itoa(len(parts)+1)
	}
	return parts
}

// pushClaims reads what the messages of the commits claim.
func (h *Handler) pushClaims(d *delivery, ev *domain.Event, commits []commit) []domain.Claim {
	ctx := d.tracker.claims
	ctx.Repo = ev.Repo
	var out []domain.Claim
	for _, c := range commits {
		if c.sha == "" {
			continue
		}
		refs := d.knownOnly(claims.FromCommit(c.message, ctx))
		if len(refs) == 0 {
			continue
		}
		if len(out)+len(refs) > maxClaims*maxParts {
			h.log.Warn("a push claims more tickets than are kept; those who look at the tickets themselves find the rest", "event_id", ev.ID, "kept", len(out))
			break
		}
		out = append(out, claims.Of(refs, domain.Change{
			Repo: ev.Repo, SHA: c.sha, Base: ev.Branch, DefaultBase: ev.DefaultRef,
			LandedAt: firstOf(moment(c.at, d.now), ev.At), ClaimedAt: d.now.UTC(),
			How: domain.ClaimCommit, Author: c.author, URL: c.url, Title: firstLine(c.message),
		})...)
	}
	return out
}
