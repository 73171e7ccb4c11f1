package sandbox

import (
	"fmt"
	"strconv"
)

// Act is one thing that a person or CI does on a stand-in. Do is the verb;
// the other fields are what the verb needs.
//
// GitHub: open (repo, title, text), close and reopen (repo, number, reason),
// comment (repo, number, text), edit_comment and delete_comment (repo, id,
// text), edit (title, text), label and unlabel (labels), assign (names),
// delete, transfer (to), lock, unlock, convert (to a discussion), open_pull (repo, branch, base, title, text, message,
// files), merge (repo, number, style), close_pull, push (repo, branch,
// message, files), branch (branch, from), tag (tag, sha), revert and
// cherry_pick (branch, sha), deploy (repo, environment, sha, state),
// deploy_status (id, state), create_repo, delete_repo, restore_repo, archive,
// unarchive (repo), permission (repo, name, level),
// webhook (url, secret), redeliver (id).
//
// Jira: open (project, title, text), close (key, reason: a resolution),
// reopen, transition (key, name), comment, edit_comment (id, text), edit
// (title, text, due), assign (name), delete, move (to), duplicate (to),
// delete_project and restore_project (project), workflow (name of a step,
// state off or on), permission (project, name, level), webhook, redeliver.
type Act struct {
	Do      string            `json:"do"`
	Actor   string            `json:"actor,omitempty"` // login or account
	Repo    string            `json:"repo,omitempty"`
	Number  int               `json:"number,omitempty"`
	Project string            `json:"project,omitempty"`
	Key     string            `json:"key,omitempty"`
	ID      string            `json:"id,omitempty"`
	Title   string            `json:"title,omitempty"`
	Text    string            `json:"text,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Labels  []string          `json:"labels,omitempty"`
	Names   []string          `json:"names,omitempty"`
	Name    string            `json:"name,omitempty"`
	Level   string            `json:"level,omitempty"`
	To      string            `json:"to,omitempty"`
	Branch  string            `json:"branch,omitempty"`
	Base    string            `json:"base,omitempty"`
	From    string            `json:"from,omitempty"`
	Tag     string            `json:"tag,omitempty"`
	Message string            `json:"message,omitempty"`
	Files   map[string]string `json:"files,omitempty"`
	Style   string            `json:"style,omitempty"`
	SHA     string            `json:"sha,omitempty"`
	Trailer bool              `json:"trailer,omitempty"`
	Env     string            `json:"environment,omitempty"`
	State   string            `json:"state,omitempty"`
	Due     string            `json:"due,omitempty"`
	URL     string            `json:"url,omitempty"`
	Secret  string            `json:"secret,omitempty"`
}

// ActResult is what an act made, as far as it made something.
type ActResult struct {
	Number int    `json:"number,omitempty"`
	Key    string `json:"key,omitempty"`
	ID     string `json:"id,omitempty"`
	SHA    string `json:"sha,omitempty"`
}

// defaultActor is who acts where nobody is named.
const defaultActor = "alice"

func (a Act) id() (int64, error) {
	n, err := strconv.ParseInt(a.ID, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: id %q is no number", a.Do, a.ID)
	}
	return n, nil
}

// Act does one thing as a person or CI does it, with the webhooks that follow.
func (g *GitHub) Act(a Act) (out ActResult, err error) {
	if a.Actor == "" {
		a.Actor = defaultActor
	}
	var id int64
	if a.ID != "" {
		if id, err = a.id(); err != nil {
			return out, err
		}
	}
	switch a.Do {
	case "open":
		out.Number, err = g.OpenIssue(a.Repo, a.Actor, a.Title, a.Text)
	case "close":
		err = g.CloseIssue(a.Repo, a.Number, a.Actor, a.Reason)
	case "reopen":
		err = g.ReopenIssue(a.Repo, a.Number, a.Actor)
	case "comment":
		id, err = g.CommentOn(a.Repo, a.Number, a.Actor, a.Text)
		out.ID = strconv.FormatInt(id, 10)
	case "edit_comment":
		err = g.EditComment(a.Repo, id, a.Actor, a.Text)
	case "delete_comment":
		err = g.DeleteComment(a.Repo, id, a.Actor)
	case "edit":
		err = g.EditIssue(a.Repo, a.Number, a.Actor, a.Title, a.Text)
	case "label":
		err = g.Label(a.Repo, a.Number, a.Actor, a.Labels...)
	case "unlabel":
		err = g.Unlabel(a.Repo, a.Number, a.Actor, a.Labels...)
	case "assign":
		err = g.Assign(a.Repo, a.Number, a.Actor, a.Names...)
	case "delete":
		err = g.DeleteIssue(a.Repo, a.Number, a.Actor)
	case "transfer":
		out.Number, err = g.TransferIssue(a.Repo, a.Number, a.Actor, a.To)
	case "open_pull":
		pr := PullRequest{Actor: a.Actor, Branch: a.Branch, Base: a.Base, Title: a.Title, Body: a.Text}
		if len(a.Files) > 0 {
			pr.Commits = []Commit{{Message: a.Message, Files: a.Files}}
		}
		out.Number, err = g.OpenPull(a.Repo, pr)
	case "merge":
		out.SHA, err = g.MergePull(a.Repo, a.Number, a.Actor, or(a.Style, "merge"))
	case "close_pull":
		err = g.ClosePull(a.Repo, a.Number, a.Actor)
	case "push":
		out.SHA, err = g.Commit(a.Repo, or(a.Branch, "main"), a.Actor, a.Message, a.Files)
	case "branch":
		err = g.Branch(a.Repo, a.Branch, or(a.From, "main"), a.Actor)
	case "tag":
		err = g.Tag(a.Repo, a.Tag, a.SHA, a.Actor)
	case "revert":
		out.SHA, err = g.Revert(a.Repo, or(a.Branch, "main"), a.SHA, a.Actor)
	case "cherry_pick":
		out.SHA, err = g.CherryPick(a.Repo, a.Branch, a.SHA, a.Actor, a.Trailer)
	case "deploy":
		id, err = g.Deploy(a.Repo, a.Env, a.SHA, or(a.State, "success"), a.Actor)
		out.ID = strconv.FormatInt(id, 10)
	case "deploy_status":
		err = g.DeployStatus(a.Repo, id, a.State, a.Actor)
	case "create_repo":
		err = g.CreateRepo(a.Repo)
	case "lock", "unlock":
		err = g.Lock(a.Repo, a.Number, a.Actor, a.Do == "lock")
	case "convert":
		err = g.ConvertIssue(a.Repo, a.Number, a.Actor)
	case "delete_repo":
		err = g.DeleteRepo(a.Repo)
	case "restore_repo":
		err = g.RestoreRepo(a.Repo)
	case "archive", "unarchive":
		err = g.Archive(a.Repo, a.Do == "archive")
	case "permission":
		g.SetPermission(a.Repo, a.Name, a.Level)
	case "webhook":
		g.SetWebhook(a.URL, a.Secret)
	case "redeliver":
		err = g.Redeliver(id)
	default:
		err = noSuchAct(a.Do, gitHubActs)
	}
	return out, err
}

// Act does one thing as a person does it, with the webhooks that follow.
func (j *Jira) Act(a Act) (out ActResult, err error) {
	if a.Actor == "" {
		a.Actor = defaultActor
	}
	switch a.Do {
	case "open":
		out.Key, err = j.OpenIssue(a.Project, a.Actor, a.Title, a.Text)
	case "close":
		err = j.TransitionIssue(a.Key, a.Actor, "Done", or(a.Reason, "Done"))
	case "reopen":
		err = j.TransitionIssue(a.Key, a.Actor, "Reopen", "none")
	case "transition":
		err = j.TransitionIssue(a.Key, a.Actor, a.Name, a.Reason)
	case "comment":
		out.ID, err = j.CommentOn(a.Key, a.Actor, a.Text)
	case "edit_comment":
		err = j.EditComment(a.ID, a.Actor, a.Text)
	case "edit":
		err = j.EditIssue(a.Key, a.Actor, a.Title, a.Text, a.Due)
	case "assign":
		err = j.Assign(a.Key, a.Actor, a.Name)
	case "delete":
		err = j.DeleteIssue(a.Key, a.Actor)
	case "move":
		out.Key, err = j.MoveIssue(a.Key, a.To, a.Actor)
	case "duplicate":
		err = j.LinkDuplicate(a.Key, a.To, a.Actor)
	case "delete_project":
		err = j.DeleteProject(a.Project)
	case "restore_project":
		err = j.RestoreProject(a.Project)
	case "workflow":
		err = j.SetTransition(a.Name, a.State != "off")
	case "permission":
		j.SetPermission(a.Project, a.Name, a.Level)
	case "webhook":
		j.SetWebhook(a.URL, a.Secret)
	case "redeliver":
		var id int64
		if id, err = a.id(); err == nil {
			err = j.Redeliver(id)
		}
	default:
		err = noSuchAct(a.Do, jiraActs)
	}
	return out, err
}

// The acts that there are.
const (
	gitHubActs = "open close reopen comment edit_comment delete_comment edit label unlabel assign delete transfer lock unlock convert " +
		"open_pull merge close_pull push branch tag revert cherry_pick deploy deploy_status " +
		"create_repo delete_repo restore_repo archive unarchive permission webhook redeliver"
	jiraActs = "open close reopen transition comment edit_comment edit assign delete move duplicate " +
		"delete_project restore_project workflow permission webhook redeliver"
)

func noSuchAct(do, there string) error {
	return fmt.Errorf("do %q: there is no such act here; there are %s", do, there)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
