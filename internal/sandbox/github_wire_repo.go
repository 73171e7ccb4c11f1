package sandbox

import (
	"slices"
	"strings"
)

// repoURLs are the addresses below a repository that its description lists,
// with the templates that GitHub writes.
var repoURLs = map[string]string{
	"forks_url": "/forks", "keys_url": "/keys{/key_id}", "collaborators_url": "/collaborators{/collaborator}", "teams_url": "/teams",
	"hooks_url": "/hooks", "issue_events_url": "/issues/events{/number}", "events_url": "/events", "assignees_url": "/assignees{/user}",
	"branches_url": "/branches{/branch}", "tags_url": "/tags", "blobs_url": "/git/blobs{/sha}", "git_tags_url": "/git/tags{/sha}",
	"git_refs_url": "/git/refs{/sha}", "trees_url": "/git/trees{/sha}", "statuses_url": "/statuses/{sha}", "languages_url": "/languages",
	"stargazers_url": "/stargazers", "contributors_url": "/contributors", "subscribers_url": "/subscribers",
	"subscription_url": "/subscription", "commits_url": "/commits{/sha}", "git_commits_url": "/git/commits{/sha}",
	"comments_url": "/comments{/number}", "issue_comment_url": "/issues/comments{/number}", "contents_url": "/contents/{+path}",
	"compare_url": "/compare/{base}...{head}", "merges_url": "/merges", "archive_url": "/{archive_format}{/ref}",
	"downloads_url": "/downloads", "issues_url": "/issues{/number}", "pulls_url": "/pulls{/number}",
	"milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}",
	"labels_url": "/labels{/name}", "releases_url": "/releases{/id}", "deployments_url": "/deployments",
}

func (g *GitHub) wireRepo(r *ghRepo) obj {
	self, page := g.api("/repos/%s", r.full), g.api("/%s", r.full)
	open := r.openIssues()
	out := obj{
		"id": r.id, "node_id": nodeID("Repository", r.id), "name": r.name, "full_name": r.full, "private": !g.opt.Public,
		"owner": g.wireUser(r.owner), "html_url": page, "description": nil, "fork": false, "url": self,
		"created_at": when(r.createdAt), "updated_at": when(r.pushedAt), "pushed_at": when(r.pushedAt),
		"git_url": "git" + strings.TrimPrefix(strings.TrimPrefix(page, "https"), "http") + ".git", "ssh_url": "git@localhost:" + r.full + ".git", "clone_url": page + ".git",
		"svn_url": page, "homepage": nil, "size": 1, "stargazers_count": 0, "watchers_count": 0, "language": nil,
		"has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": true, "has_pages": false, "has_discussions": false,
		"forks_count": 0, "mirror_url": nil, "archived": r.archived, "disabled": false, "open_issues_count": open, "license": nil,
		"allow_forking": true, "is_template": false, "web_commit_signoff_required": false, "topics": []string{}, "custom_properties": obj{},
		"visibility": "private", "forks": 0, "open_issues": open, "watchers": 0, "default_branch": r.branch,
	}
	if g.opt.Public {
		out["visibility"] = "public"
	}
	for key, tail := range repoURLs {
		out[key] = self + tail
	}
	return out
}

// wireRepoFor is the answer for a single repository, with what the caller may
// do there.
func (g *GitHub) wireRepoFor(r *ghRepo, login string) obj {
	out := g.wireRepo(r)
	out["network_count"], out["subscribers_count"] = 0, 0
	out["permissions"] = g.wirePermissions(r, login)
	return out
}

func (g *GitHub) wirePermissions(r *ghRepo, login string) obj {
	return obj{
		"admin": g.may(r, login, "admin"), "maintain": g.may(r, login, "maintain"), "push": g.may(r, login, "write"),
		"triage": g.may(r, login, "triage"), "pull": g.may(r, login, "read"),
	}
}

// side is one end of a pull request.
func (g *GitHub) wireSide(r *ghRepo, ref, sha string) obj {
	return obj{"label": r.owner + ":" + ref, "ref": ref, "sha": sha, "user": g.wireUser(r.owner), "repo": g.wireRepo(r)}
}

func (g *GitHub) wirePull(r *ghRepo, is *ghIssue) obj {
	p, page := is.pull, g.issuePage(r, is)
	self, issue := g.api("/repos/%s/pulls/%d", r.full, is.number), g.api("/repos/%s/issues/%d", r.full, is.number)
	out := obj{
		"url": self, "id": is.id, "node_id": nodeID("PullRequest", is.id), "html_url": page, "diff_url": page + ".diff",
		"patch_url": page + ".patch", "issue_url": issue, "number": is.number, "state": is.state(), "locked": false, "title": is.title,
		"user": g.wireUser(is.author), "body": orNull(is.body), "created_at": when(is.createdAt), "updated_at": when(is.updatedAt),
		"closed_at": when(is.closedAt), "merged_at": when(p.mergedAt), "merge_commit_sha": orNull(p.mergeSHA), "assignee": nil,
		"assignees": g.wireUsers(is.assignees), "requested_reviewers": []any{}, "requested_teams": []any{},
		"labels": g.wireLabels(r, is.labels), "milestone": nil, "draft": false, "commits_url": self + "/commits",
		"review_comments_url": self + "/comments", "review_comment_url": g.api("/repos/%s/pulls/comments{/number}", r.full),
		"comments_url": issue + "/comments", "statuses_url": g.api("/repos/%s/statuses/%s", r.full, p.headSHA),
		"head": g.wireSide(r, p.branch, p.headSHA), "base": g.wireSide(r, p.base, p.baseSHA),
		"author_association": g.association(r, is.author), "auto_merge": nil, "active_lock_reason": nil,
	}
	if len(is.assignees) > 0 {
		out["assignee"] = g.wireUser(is.assignees[0])
	}
	links := obj{}
	for name, href := range map[string]string{
		"self": self, "html": page, "issue": issue, "comments": issue + "/comments", "review_comments": self + "/comments",
		"review_comment": g.api("/repos/%s/pulls/comments{/number}", r.full), "commits": self + "/commits",
		"statuses": g.api("/repos/%s/statuses/%s", r.full, p.headSHA),
	} {
		links[name] = obj{"href": href}
	}
	out["_links"] = links
	return out
}

// wirePullFull is the answer for a single pull request and what webhooks
// carry.
func (g *GitHub) wirePullFull(r *ghRepo, is *ghIssue) obj {
	p, out := is.pull, g.wirePull(r, is)
	added, deleted := 0, 0
	for _, f := range p.files {
		added, deleted = added+f.additions, deleted+f.deleted
	}
	out["merged"], out["merged_by"], out["comments"], out["review_comments"] = p.merged, g.wireUser(p.mergedBy), len(is.comments), 0
	out["maintainer_can_modify"], out["commits"], out["additions"] = false, len(p.commits), added
	out["deletions"], out["changed_files"] = deleted, len(p.files)
	out["mergeable"], out["rebaseable"], out["mergeable_state"] = p.mergeable, p.mergeable, "clean"
	if is.closed {
		out["mergeable"], out["rebaseable"], out["mergeable_state"] = nil, nil, "unknown"
	} else if !p.mergeable {
		out["mergeable_state"] = "dirty"
	}
	return out
}

func wirePerson(p person, at any) obj { return obj{"name": p.name, "email": p.email, "date": at} }

// loginOf finds the account of a commit's author: GitHub goes by the address.
func (g *GitHub) loginOf(p person) string {
	name, ok := strings.CutSuffix(p.email, "@acme.example")
	if u := g.users[strings.ToLower(name)]; ok && u != nil {
		return u.login
	}
	return ""
}

func (g *GitHub) wireCommit(r *ghRepo, c gitCommit) obj {
	self, page := g.api("/repos/%s/commits/%s", r.full, c.sha), g.api("/%s/commit/%s", r.full, c.sha)
	parents := []any{}
	for _, p := range c.parents {
		parents = append(parents, obj{"sha": p, "url": g.api("/repos/%s/commits/%s", r.full, p), "html_url": g.api("/%s/commit/%s", r.full, p)})
	}
	return obj{
		"sha": c.sha, "node_id": nodeID("Commit", r.id) + c.sha, "url": self, "html_url": page, "comments_url": self + "/comments",
		"commit": obj{
			"url":    g.api("/repos/%s/git/commits/%s", r.full, c.sha),
			"author": wirePerson(c.author, when(c.authored)), "committer": wirePerson(c.committer, when(c.at)), "message": c.message,
			"tree": obj{"sha": c.tree, "url": g.api("/repos/%s/git/trees/%s", r.full, c.tree)}, "comment_count": 0,
			"verification": obj{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
		"author": g.wireUser(g.loginOf(c.author)), "committer": g.wireUser(g.loginOf(c.committer)), "parents": parents,
	}
}

func (g *GitHub) wireFiles(r *ghRepo, sha string, files []fileChange) []any {
	out := []any{}
	for _, f := range files {
		out = append(out, obj{
			"sha": f.blob, "filename": f.name, "status": f.status, "additions": f.additions, "deletions": f.deleted,
			"changes": f.additions + f.deleted, "blob_url": g.api("/%s/blob/%s/%s", r.full, sha, f.name),
			"raw_url": g.api("/%s/raw/%s/%s", r.full, sha, f.name), "contents_url": g.api("/repos/%s/contents/%s?ref=%s", r.full, f.name, sha),
		})
	}
	return out
}

func (g *GitHub) wireDeployment(r *ghRepo, d *ghDeployment) obj {
	self := g.api("/repos/%s/deployments/%d", r.full, d.id)
	return obj{
		"url": self, "id": d.id, "node_id": nodeID("Deployment", d.id), "sha": d.sha, "ref": d.ref, "task": d.task, "payload": d.payload,
		"original_environment": d.env, "environment": d.env, "description": orNull(d.description), "creator": g.wireUser(d.creator),
		"created_at": when(d.createdAt), "updated_at": when(d.updatedAt), "statuses_url": self + "/statuses",
		"repository_url": g.api("/repos/%s", r.full), "transient_environment": d.transient, "production_environment": d.production,
		"performed_via_github_app": nil,
	}
}

func (g *GitHub) wireDeploymentStatus(r *ghRepo, d *ghDeployment, s *ghDeploymentStatus) obj {
	deployment := g.api("/repos/%s/deployments/%d", r.full, d.id)
	return obj{
		"url": g.api("/repos/%s/deployments/%d/statuses/%d", r.full, d.id, s.id), "id": s.id, "node_id": nodeID("DeploymentStatus", s.id),
		"state": s.state, "creator": g.wireUser(s.creator), "description": s.description, "environment": d.env, "target_url": s.targetURL,
		"created_at": when(s.at), "updated_at": when(s.at), "deployment_url": deployment, "repository_url": g.api("/repos/%s", r.full),
		"environment_url": s.envURL, "log_url": s.logURL, "performed_via_github_app": nil,
	}
}

// newestFirst is a list turned round, as most of GitHub's lists are.
func newestFirst[T any](list []T) []T {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}
