package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// patience is how long a step may take before it counts as not happened.
const patience = time.Minute

// refundIssue is the only ticket in Jira.
const refundIssue = "PAY-1"

// story tells and checks everything, one step after the other.
func (s *stage) story(ctx context.Context) error {
	s.opening()
	filed, err := s.client.File(ctx, api.FileRequest{ContentType: "text/markdown", Name: "postmortem.md", Body: []byte(document)})
	if err != nil {
		return fmt.Errorf("filing the postmortem: %w", err)
	}
	s.tell("A postmortem is filed: %s, with %d action items", filed.Postmortem, len(filed.Items))
	if !s.until(ctx, func() bool { return s.numbers(ctx) }) {
		return fmt.Errorf("not every item has a ticket within %s", patience)
	}

	s.see(ctx, "its tickets are in GitHub and Jira, with priority and type as labels", func() bool {
		is, ok := s.gh.Issue(checkoutRepo, s.timeoutIssue)
		j, jok := s.jira.Issue(refundIssue)
		two, tok := s.gh.Issue(checkoutRepo, s.alertIssue)
		return ok && jok && tok && subset(is.Labels, "P1", "preventative", "postmortem") && subset(two.Labels, "P2", "mitigative") && subset(j.Labels, "P1", "preventative", "postmortem") && j.Priority == "High"
	}, s.issueURL(s.timeoutIssue), s.issueURL(s.alertIssue), s.jiraURL())

	base, err := s.deployBase(ctx)
	if err != nil {
		return err
	}
	fix, err := s.mergeCheckout()
	if err != nil {
		return err
	}
	s.tell("Bob merges the fix, and GitHub closes #%d with the merge: closed early, nothing is deployed yet", s.timeoutIssue)
	s.see(ctx, "Holdfast reopened it, with the label and the reason", func() bool {
		is, _ := s.gh.Issue(checkoutRepo, s.timeoutIssue)
		return is.State == "open" && subset(is.Labels, "awaiting-deployment") && commented(is, "Not in production yet")
	}, s.issueURL(s.timeoutIssue))
	s.quote()

	refund, err := s.mergePayments()
	if err != nil {
		return err
	}
	s.tell("Bob merges the refund fix and closes %s by hand, too early as well", refundIssue)
	s.see(ctx, "Holdfast took Jira's reopen transition, filled its required field and cleared the resolution", func() bool {
		j, _ := s.jira.Issue(refundIssue)
		return j.StatusCategory != "done" && j.Resolution == "" && slices.Contains(j.Labels, "awaiting-deployment") && len(j.Comments) > 0
	}, s.jiraURL())

	if err := s.deploy(ctx, "staging", fix); err != nil {
		return err
	}
	s.tell("The fix goes to staging")
	s.see(ctx, "nothing happens: staging proves nothing", func() bool {
		is, _ := s.gh.Issue(checkoutRepo, s.timeoutIssue)
		return is.State == "open"
	})
	if err := s.deploy(ctx, "prod-eu", fix); err != nil {
		return err
	}
	s.tell("The fix goes to production: CI calls POST /api/v1/deployments")
	s.see(ctx, "Holdfast closed the ticket with the proof", func() bool { return s.closedWithProof() }, s.issueURL(s.timeoutIssue))
	s.quote()
	if _, err := s.gh.Deploy(paymentsRepo, "prod-eu", refund, "success", "alice"); err != nil {
		return err
	}
	s.tell("The refund fix goes to production: GitHub sends a deployment_status")
	s.see(ctx, "Holdfast closed "+refundIssue, func() bool {
		j, _ := s.jira.Issue(refundIssue)
		return j.StatusCategory == "done" && !slices.Contains(j.Labels, "awaiting-deployment")
	}, s.jiraURL())

	if err := s.deploy(ctx, "prod-eu", base); err != nil {
		return err
	}
	s.tell("Checkout is rolled back")
	s.see(ctx, "after rollback_grace Holdfast reopened the ticket: the fix is gone", func() bool {
		is, _ := s.gh.Issue(checkoutRepo, s.timeoutIssue)
		return is.State == "open" && commented(is, "rolled back")
	}, s.issueURL(s.timeoutIssue))
	if err := s.deploy(ctx, "prod-eu", fix); err != nil {
		return err
	}
	s.tell("It is rolled forward again")
	s.see(ctx, "Holdfast closed the ticket", func() bool { return s.closedWithProof() }, s.issueURL(s.timeoutIssue))
	return s.list(ctx)
}

// numbers learns which issue is which: tickets are made side by side, in no
// particular order.
func (s *stage) numbers(ctx context.Context) bool {
	page, err := s.client.Items(ctx, api.ItemQuery{Limit: 100})
	if err != nil || len(page.Items) != 3 {
		return false
	}
	for _, i := range page.Items {
		if i.Ticket == nil {
			return false
		}
	}
	s.timeoutIssue, s.alertIssue = page.Items[0].Ticket.Ref.Number(), page.Items[1].Ticket.Ref.Number()
	return true
}

// deployBase reports what runs before any fix.
func (s *stage) deployBase(ctx context.Context) (string, error) {
	base, err := s.gh.Commit(checkoutRepo, "main", "alice", "Release notes", map[string]string{"NOTES": "one\n"})
	if err != nil {
		return "", err
	}
	if err := s.deploy(ctx, "prod-eu", base); err != nil {
		return "", err
	}
	first, err := s.gh.Commit(paymentsRepo, "main", "alice", "Release notes", map[string]string{"NOTES": "one\n"})
	if err != nil {
		return "", err
	}
	_, err = s.gh.Deploy(paymentsRepo, "prod-eu", first, "success", "alice")
	return base, err
}

func (s *stage) mergeCheckout() (string, error) {
	n, err := s.gh.OpenPull(checkoutRepo, sandbox.PullRequest{Actor: "bob", Branch: "timeouts", Title: "Time out calls to the provider", Body: fmt.Sprintf("Fixes #%d", s.timeoutIssue),
		Commits: []sandbox.Commit{{Message: "Time out after 2 s", Files: map[string]string{"client.go": "package client\n\nconst timeout = 2\n"}}}})
	if err != nil {
		return "", err
	}
	return s.gh.MergePull(checkoutRepo, n, "bob", "squash")
}

func (s *stage) mergePayments() (string, error) {
	n, err := s.gh.OpenPull(paymentsRepo, sandbox.PullRequest{Actor: "bob", Branch: "refunds", Title: refundIssue + ": retry refunds",
		Commits: []sandbox.Commit{{Message: "Retry refunds", Files: map[string]string{"refund.go": "package refund\n\nconst tries = 3\n"}}}})
	if err != nil {
		return "", err
	}
	sha, err := s.gh.MergePull(paymentsRepo, n, "bob", "merge")
	if err != nil {
		return "", err
	}
	return sha, s.jira.TransitionIssue(refundIssue, "account-bob", "Done", "Done")
}

// deploy reports a deployment of checkout as CI does, and waits until it was
// handled.
func (s *stage) deploy(ctx context.Context, environment, sha string) error {
	v, _, err := s.client.Deployed(ctx, api.DeploymentReport{Service: "checkout", Environment: environment, SHA: sha, Status: domain.Success, Percent: 100, FinishedAt: time.Now()})
	if err != nil {
		return fmt.Errorf("reporting a deployment: %w", err)
	}
	if !s.until(ctx, func() bool {
		d, err := s.client.Deployment(ctx, v.ID, "checkout", environment)
		return err == nil && d.Handled
	}) {
		return fmt.Errorf("the deployment %s was not handled within %s", v.ID, patience)
	}
	return nil
}

func (s *stage) closedWithProof() bool {
	is, _ := s.gh.Issue(checkoutRepo, s.timeoutIssue)
	return is.State == "closed" && !slices.Contains(is.Labels, "awaiting-deployment") && commented(is, "In production")
}

func commented(is sandbox.Issue, words string) bool {
	return slices.ContainsFunc(is.Comments, func(c sandbox.Comment) bool { return strings.Contains(c.Body, words) })
}

func subset(have []string, want ...string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}

func (s *stage) issueURL(n int) string {
	return fmt.Sprintf("%s/%s/issues/%d", s.ghURL, checkoutRepo, n)
}

func (s *stage) jiraURL() string { return s.jURL + "/browse/" + refundIssue }

// until asks again and again until it is so, or patience ends.
func (s *stage) until(ctx context.Context, so func() bool) bool {
	end := time.Now().Add(patience)
	for !so() {
		if ctx.Err() != nil || time.Now().After(end) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}
