package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// routes lists every call of the REST interface that is answered; all else is
// 404. Handlers registered with state run under g.mu, those with git do not,
// because they run the git program.
func (g *GitHub) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, locked bool, h func(*call) answer) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			s, ok := w.(*slot)
			if !ok {
				return
			}
			if a := g.enter(s.call); a.status != 0 {
				s.answer = a
				return
			}
			if locked {
				g.mu.Lock()
				defer g.mu.Unlock()
			}
			s.answer = h(s.call)
		})
	}
	// state: in a repository, by who may read it. push: by who may write.
	top := func(pattern string, h func(*call) answer) { handle(pattern, true, h) }
	state := func(method, path string, h func(*call) answer) { handle(method+" /repos/{owner}/{repo}"+path, true, h) }
	push := func(method, path string, h func(*call) answer) {
		state(method, path, func(c *call) answer {
			if !g.may(c.repo, c.login, "triage") {
				return forbidden
			}
			return h(c)
		})
	}
	admin := func(method, path string, h func(*call) answer) {
		state(method, path, func(c *call) answer {
			if !g.may(c.repo, c.login, "admin") {
				return notFound
			}
			return h(c)
		})
	}
	git := func(path string, h func(*call) answer) { handle("GET /repos/{owner}/{repo}"+path, false, h) }

	top("GET /user", (*call).getUser)
	top("GET /users/{login}", (*call).getUser)
	top("GET /rate_limit", (*call).getRateLimit)
	top("GET /search/issues", (*call).searchIssues)

	state("GET", "", (*call).getRepo)
	state("GET", "/assignees", (*call).listAssignees)
	state("GET", "/assignees/{login}", (*call).checkAssignee)
	state("GET", "/collaborators", (*call).listCollaborators)
	state("GET", "/collaborators/{login}", (*call).checkAssignee)
	state("GET", "/collaborators/{login}/permission", (*call).getPermission)

	state("GET", "/issues", (*call).listIssues)
	state("POST", "/issues", (*call).createIssue)
	state("GET", "/issues/{number}", (*call).getIssue)
	state("PATCH", "/issues/{number}", (*call).editIssue)
	state("GET", "/issues/{number}/events", (*call).listEvents)
	state("GET", "/issues/{number}/timeline", (*call).listTimeline)
	state("GET", "/issues/{number}/reactions", (*call).listIssueReactions)
	state("POST", "/issues/{number}/reactions", (*call).reactToIssue)
	push("POST", "/issues/{number}/assignees", (*call).addAssignees)
	push("DELETE", "/issues/{number}/assignees", (*call).removeAssignees)

	state("GET", "/comments", (*call).listRepoComments)
	state("GET", "/issues/{number}/comments", (*call).listComments)
	state("POST", "/issues/{number}/comments", (*call).createComment)
	state("GET", "/comments/{id}", (*call).getComment)
	state("PATCH", "/comments/{id}", (*call).editComment)
	state("DELETE", "/comments/{id}", (*call).deleteComment)
	state("GET", "/comments/{id}/reactions", (*call).listReactions)
	state("POST", "/comments/{id}/reactions", (*call).react)

	state("GET", "/labels", (*call).listRepoLabels)
	push("POST", "/labels", (*call).createLabel)
	state("GET", "/labels/{name...}", (*call).getLabel)
	state("GET", "/issues/{number}/labels", (*call).listLabels)
	push("POST", "/issues/{number}/labels", (*call).addLabels)
	push("PUT", "/issues/{number}/labels", (*call).replaceLabels)
	push("DELETE", "/issues/{number}/labels", (*call).removeAllLabels)
	push("DELETE", "/issues/{number}/labels/{name...}", (*call).removeLabel)

	state("GET", "/pulls", (*call).listPulls)
	state("GET", "/pulls/{number}", (*call).getPull)
	state("GET", "/pulls/{number}/files", (*call).listPullFiles)
	state("GET", "/pulls/{number}/merge", (*call).checkMerged)
	git("/pulls/{number}/commits", (*call).listPullCommits)

	git("/commits", (*call).listCommits)
	git("/commits/{ref...}", (*call).getCommit)
	git("/commits/{sha}/pulls", (*call).listCommitPulls)
	git("/commits/{sha}/comments", (*call).listRemarks)
	handle("POST /repos/{owner}/{repo}/commits/{sha}/comments", false, (*call).createRemark)
	git("/compare/{basehead...}", (*call).compare)
	git("/branches", (*call).listBranches)
	git("/branches/{branch...}", (*call).getBranch)
	git("/git/ref/{ref...}", (*call).getRef)
	git("/git/matching-refs/{ref...}", (*call).matchingRefs)
	git("/git/commits/{sha}", (*call).getGitCommit)
	git("/git/trees/{sha...}", (*call).getTree)
	git("/contents/{path...}", (*call).getContents)

	state("GET", "/deployments", (*call).listDeployments)
	handle("POST /repos/{owner}/{repo}/deployments", false, (*call).createDeployment)
	state("GET", "/deployments/{id}", (*call).getDeployment)
	state("GET", "/deployments/{id}/statuses", (*call).listDeploymentStatuses)
	push("POST", "/deployments/{id}/statuses", (*call).createDeploymentStatus)
	state("GET", "/deployments/{id}/statuses/{status}", (*call).getDeploymentStatus)
	state("GET", "/environments", (*call).listEnvironments)

	admin("GET", "/hooks", (*call).listHooks)
	admin("GET", "/hooks/{hook}", (*call).getHook)
	admin("POST", "/hooks/{hook}/pings", (*call).pingHook)
	admin("GET", "/hooks/{hook}/deliveries", (*call).listDeliveries)
	admin("GET", "/hooks/{hook}/deliveries/{id}", (*call).getDelivery)
	admin("POST", "/hooks/{hook}/deliveries/{id}/attempts", (*call).redeliver)
	return mux
}

// enter finds the repository of a call and refuses whoever may not see it: a
// private repository is 404 to strangers. Status 0 lets the call in.
func (g *GitHub) enter(c *call) answer {
	owner, name := c.path("owner"), c.path("repo")
	if owner == "" {
		return answer{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c.repo = g.repo(owner + "/" + name)
	if c.repo == nil || !g.may(c.repo, c.login, "read") {
		return notFound
	}
	if c.repo.archived && c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return problem(http.StatusForbidden, "Repository was archived so is read-only.")
	}
	return answer{}
}

func (c *call) getUser() answer {
	login := c.path("login")
	if login == "" {
		login = c.login
	}
	u := c.g.users[strings.ToLower(login)]
	if u == nil {
		return notFound
	}
	out, _ := c.g.wireUser(login).(obj)
	for _, k := range []string{"company", "email", "hireable", "bio", "location", "twitter_username"} {
		out[k] = nil
	}
	for _, k := range []string{"public_repos", "public_gists", "followers", "following"} {
		out[k] = 0
	}
	out["user_view_type"] = "public"
	out["name"], out["blog"], out["created_at"], out["updated_at"] = u.login, "", when(u.at), when(u.at)
	if strings.EqualFold(login, c.login) {
		for _, k := range []string{"private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators"} {
			out[k] = 0
		}
		out["two_factor_authentication"], out["user_view_type"] = true, "private"
		c.head.Set("X-OAuth-Scopes", "repo, admin:repo_hook")
	}
	return answer{http.StatusOK, out}
}

func (c *call) getRateLimit() answer {
	b := c.g.rate(c.login)
	one := obj{"limit": c.g.opt.RateLimit, "used": b.used, "remaining": c.g.opt.RateLimit - b.used, "reset": b.reset.Unix()}
	return answer{http.StatusOK, obj{"resources": obj{"core": one, "search": one, "graphql": one}, "rate": one}}
}

func (c *call) getRepo() answer { return answer{http.StatusOK, c.g.wireRepoFor(c.repo, c.login)} }

// members lists the accounts with access, by name.
func (c *call) members() []string {
	var out []string
	for _, u := range sortedUsers(c.g.users) {
		if c.g.assignable(c.repo, u.login) {
			out = append(out, u.login)
		}
	}
	return out
}

func (c *call) listAssignees() answer {
	return list(c, c.members(), func(l string) obj { o, _ := c.g.wireUser(l).(obj); return o })
}

func (c *call) listCollaborators() answer {
	return list(c, c.members(), func(l string) obj {
		o, _ := c.g.wireUser(l).(obj)
		o["permissions"], o["role_name"] = c.g.wirePermissions(c.repo, l), c.g.permission(c.repo, l)
		return o
	})
}

func (c *call) checkAssignee() answer {
	if c.g.users[strings.ToLower(c.path("login"))] == nil || !c.g.assignable(c.repo, c.path("login")) {
		return notFound
	}
	return nothingHere
}

func (c *call) getPermission() answer {
	login := c.path("login")
	if c.g.users[strings.ToLower(login)] == nil {
		return notFound
	}
	if !c.g.may(c.repo, c.login, "write") {
		return problem(http.StatusForbidden, "Must have push access to view collaborator permission.")
	}
	role := c.g.permission(c.repo, login)
	// The old field knows four words; the role has the finer ones.
	old := map[string]string{"triage": "read", "maintain": "write"}[role]
	if old == "" {
		old = role
	}
	user, _ := c.g.wireUser(login).(obj)
	user["permissions"], user["role_name"] = c.g.wirePermissions(c.repo, login), role
	return answer{http.StatusOK, obj{"permission": old, "role_name": role, "user": user}}
}

// since reads a time of the query.
func since(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
