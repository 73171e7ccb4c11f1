package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// insistPatience is how long a client goes on asking a service that dies under it.
const insistPatience = 2 * time.Minute

// insist repeats a call to the service until it is answered, as CI does.
func (w *world) insist(ctx context.Context, call func(ctx context.Context) error) error {
	var last error
	err := poll(ctx, insistPatience, 100*time.Millisecond, func() bool {
		one, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		last = call(one)
		var refused *api.Error
		return last == nil || errors.As(last, &refused) && !refused.Transient()
	})
	return errors.Join(err, last)
}

// ticket is where the ticket of an item is, in either tracker.
type ticket struct {
	repo   string
	number int
	key    string // of Jira
}

// tickets finds all tickets with the marker of an item.
func (w *world) tickets(id string) []ticket {
	var out []ticket
	for _, s := range services {
		for _, is := range w.site.GitHub.Issues(s.repo) {
			if strings.Contains(is.Body, "holdfast:item="+id+" ") {
				out = append(out, ticket{repo: s.repo, number: is.Number})
			}
		}
	}
	for _, p := range []string{"PAY", "OPS"} {
		for _, is := range w.site.Jira.Issues(p) {
			if strings.Contains(is.Description, "holdfast item "+id+" ") {
				out = append(out, ticket{key: is.Key})
			}
		}
	}
	return out
}

func (w *world) ticket(id string) (ticket, error) {
	list := w.tickets(id)
	if len(list) == 0 {
		return ticket{}, fmt.Errorf("%s has no ticket", id)
	}
	return list[0], nil
}

func account(who string) string { return "account-" + who }

func (w *world) comment(id, who, text string) error {
	t, err := w.ticket(id)
	switch {
	case err != nil:
	case t.key != "":
		_, err = w.site.Jira.CommentOn(t.key, account(who), text)
	default:
		_, err = w.site.GitHub.CommentOn(t.repo, t.number, who, text)
	}
	return err
}

func (w *world) closeTicket(id, who, reason string) error {
	t, err := w.ticket(id)
	if err != nil {
		return err
	}
	if t.key == "" {
		return w.site.GitHub.CloseIssue(t.repo, t.number, who, reason)
	}
	if is, ok := w.site.Jira.Issue(t.key); ok && is.Closed() {
		return nil
	}
	resolution := "Done"
	if reason == "not_planned" {
		resolution = "Won't Do"
	}
	return w.site.Jira.TransitionIssue(t.key, account(who), "Done", resolution)
}

func (w *world) closeByMistake(id, who string) error {
	t, err := w.ticket(id)
	if err != nil {
		return err
	}
	if t.key == "" {
		return w.site.GitHub.CloseByMistake(t.repo, t.number, who)
	}
	return w.site.Jira.CloseByMistake(t.key, account(who))
}

func (w *world) reopen(id, who string) error {
	t, err := w.ticket(id)
	if err != nil {
		return err
	}
	if t.key == "" {
		return w.site.GitHub.ReopenIssue(t.repo, t.number, who)
	}
	if is, ok := w.site.Jira.Issue(t.key); ok && !is.Closed() {
		return nil
	}
	return w.site.Jira.TransitionIssue(t.key, account(who), "Reopen", "none")
}

// claim is how a change names the ticket of an item.
func (w *world) claim(id string) (title, text string, err error) {
	t, err := w.ticket(id)
	if err != nil {
		return "", "", err
	}
	if t.key != "" {
		return t.key + ": repair " + id, "", nil
	}
	return "Repair " + id, "Fixes #" + strconv.Itoa(t.number), nil
}

// merge opens and merges a pull request that claims the item.
func (w *world) merge(s service, id, style string) error {
	title, text, err := w.claim(id)
	if err != nil {
		return err
	}
	w.mu.Lock()
	n := len(w.vars)
	w.mu.Unlock()
	branch := fmt.Sprintf("fix-%s-%d", strings.NewReplacer("/", "-").Replace(id), n)
	number, err := w.site.GitHub.OpenPull(s.repo, sandbox.PullRequest{Actor: "bob", Branch: branch, Title: title, Body: text,
		Commits: []sandbox.Commit{{Message: "Work on it", Files: map[string]string{branch: "done\n"}}}})
	if err != nil {
		return err
	}
	sha, err := w.site.GitHub.MergePull(s.repo, number, "bob", style)
	w.set(id, sha)
	return err
}

// push puts a commit on the default branch; with claims it names the ticket.
func (w *world) push(s service, id string, claims bool) error {
	message := "Some work"
	if claims {
		title, text, err := w.claim(id)
		if err != nil {
			return err
		}
		message = strings.TrimSpace(title + "\n\n" + text)
		if t, err := w.ticket(id); err == nil && t.key != "" {
			message = "Repair it\n\nFixes " + t.key
		}
	}
	sha, err := w.site.GitHub.Commit(s.repo, "main", "bob", message, map[string]string{fmt.Sprintf("work-%d", time.Now().UnixNano()): "done\n"})
	w.set(id, sha)
	return err
}

// head is the newest commit of the default branch.
func (w *world) head(s service) string { return w.site.GitHub.Head(s.repo, "main") }

// deploy reports a deployment, as CI or GitHub does.
func (w *world) deploy(ctx context.Context, s service, environment, sha string) error {
	if s.byHook {
		_, err := w.site.GitHub.Deploy(s.repo, environment, sha, "success", "carol")
		return err
	}
	r := report(s, environment, sha, time.Now())
	err := w.insist(ctx, func(ctx context.Context) error { _, _, err := w.client.Deployed(ctx, r); return err })
	if err == nil && w == w.run.rough {
		w.run.promised.deployed(s.name, r.ID)
	}
	return err
}
