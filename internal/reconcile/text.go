package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// The markers by which our own comments are known where the tracker can hide
// them.
const (
	markComment = "holdfast:comment"
	markReply   = "holdfast:reply"
	markAsk     = "holdfast:ask"
	markTell    = "holdfast:tell"
)

// statement is the one comment: what is so, what is known, what to do, the
// ways out, and the checks folded away. It depends only on the decision and
// its facts, so that saying the same again is recognised.
func (w *work) statement(d policy.Decision) trackers.Text {
	t := trackers.Text{Marker: markComment, Why: why(d.Checks)}
	switch {
	case d.Verdict == policy.Verified || d.Verdict == policy.Exempt:
		w.proof(d, &t)
	case d.TimedOut:
		t.Lead = "Cannot be told to be in production."
		t.Lines = append(t.Lines, fmt.Sprintf("For %s it could not be told whether the fix of this item is in production, so the ticket is open again: %s.", policy.Words(w.rules().UnknownTimeout), reasonWords(d.Reason)))
		t.Lines = append(t.Lines, todo(d.Reason, w.s, w.facts)...)
		t.WaysOut = waysOut(d.Reason)
	default:
		t.Lead = lead(d)
		t.Lines = append(known(w.facts), todo(d.Reason, w.s, w.facts)...)
		t.WaysOut = waysOut(d.Reason)
	}
	return t
}

// notReopened is the statement where the tracker refused the reopening that it
// was to follow.
func (w *work) notReopened(d policy.Decision) trackers.Text {
	t := w.statement(d)
	t.Lines = append(t.Lines, "The tracker did not let Holdfast reopen this ticket; `holdfast why` has its words. It carries the label instead, and is tried again at the next close, after a change of the configuration, and once a day.")
	return t
}

func lead(d policy.Decision) string {
	switch d.Reason {
	case policy.RolledBack:
		return "Not in production any more: it was rolled back."
	case policy.Reverted:
		return "Not in production any more: it was reverted."
	case policy.WaiverExpired:
		return "The waiver has ended."
	case policy.NotPlannedWithoutWaiver:
		return "Closed without a fix, and without a waiver."
	case policy.PartiallyDeployed:
		return "Only partly in production."
	case policy.Soaking:
		return "In production, but not for long enough yet."
	}
	return "Not in production yet."
}

// known tells the facts: each change, what runs, how far behind it is.
func known(f policy.Facts) []string {
	var lines []string
	for _, c := range f.Changes {
		line := "The fix is " + changeLink(c.Change)
		if !c.LandedAt.IsZero() {
			line += ", landed " + utc(c.LandedAt)
		}
		lines = append(lines, line+".")
		for _, s := range f.Services {
			if !slices.Contains(c.Services, s.Name) {
				continue
			}
			for _, t := range s.Targets {
				lines = append(lines, standing(s, t, c.Presence[t.Target]))
			}
		}
		for _, flag := range c.Flags {
			lines = append(lines, "Note: "+flag+".")
		}
	}
	return lines
}

func standing(s policy.Service, t policy.Target, p policy.Presence) string {
	where := code(t.String())
	if t.Live == nil {
		if s.Heard {
			return where + ": no successful deployment was reported yet."
		}
		return where + ": no deployment of " + code(s.Name) + " was ever reported."
	}
	live := revisionWords(*t.Live)
	switch {
	case !t.Known:
		return where + " runs " + live + ", a commit that the repository does not have."
	case p.Contained == policy.Yes:
		return where + " runs " + live + ", which contains it."
	case p.Contained == policy.Maybe:
		line := where + " runs " + live + "; whether that contains it cannot be told"
		if p.Evidence != "" {
			line += ": " + p.Evidence
		}
		return line + "."
	case p.Reverted:
		line := where + " runs " + live + ", where a revert undid it"
		if p.Evidence != "" {
			line += " (" + p.Evidence + ")"
		}
		return line + "."
	case p.Partly:
		return where + " runs " + live + ": " + p.Evidence + "."
	case p.Was:
		return where + " runs " + live + ", which does not contain it; an earlier deployment did."
	case p.InCanary:
		return fmt.Sprintf("%s runs %s, which does not contain it; the canary (%d %%) does.", where, live, t.Canary.Percent)
	}
	line := where + " runs " + live
	if p.Behind > 0 {
		plural := "s"
		if p.Behind == 1 {
			plural = ""
		}
		line += fmt.Sprintf(", %d commit%s behind it", p.Behind, plural)
	}
	return line + "."
}

// todo says what to do; usually nothing.
func todo(reason policy.Reason, s *Setup, f policy.Facts) []string {
	switch reason {
	case policy.NotPlannedWithoutWaiver:
		return []string{"An item of this priority is not dropped by closing its ticket: ask an approver for a waiver, or fix it."}
	case policy.WaiverExpired:
		return []string{"Fix it, or ask an approver for another waiver."}
	case policy.ReopenedByPerson:
		return []string{"A person reopened this ticket after it had been accepted, so a change that landed after that is needed: link it, and it closes when that ships."}
	case policy.NotMerged:
		return []string{"Merge " + f.OpenPull + " and deploy it, or say that it is no part of the fix."}
	case policy.NoLinkedChange:
		return []string{"No merged pull request or pushed commit claims this ticket. Mention it with a closing keyword in the pull request, or name the change here."}
	case policy.NoDeploymentHeard:
		return []string{"Nothing has told Holdfast of a deployment yet. Let CI call `holdfast deployed` (or `POST " + strings.TrimSuffix(s.PublicURL, "/") + "/api/v1/deployments`) after each deployment, or send GitHub's `deployment_status` webhooks."}
	case policy.NoServiceConcerned:
		return []string{"Say which service must be deployed."}
	case policy.ProbableEquivalent:
		return []string{"If what looks like the fix is the fix, name that commit and take off the change that it stands for. If not, deploy the change itself: the ticket closes itself when it ships."}
	case policy.RevisionUnknown:
		return []string{"Report a deployment with a commit that the repository has."}
	case policy.Reverted:
		return []string{"Land the fix again and deploy it; name the new change if its pull request does not claim this ticket."}
	}
	if reason == policy.Soaking {
		return []string{"Nothing to do: the ticket closes itself when the fix has been there for the time that its priority asks for; the checks below say until when."}
	}
	return []string{"Nothing to do: the ticket closes itself when the fix ships."}
}

func waysOut(reason policy.Reason) []string {
	out := []string{"/holdfast fixed-by SHA, #NUMBER or the pull request's address", "/holdfast status"}
	switch reason {
	case policy.NoServiceConcerned:
		out = append([]string{"/holdfast service NAME[,NAME]"}, out...)
	case policy.ProbableEquivalent:
		out = append([]string{"/holdfast not-fixed-by SHA or #NUMBER"}, out...)
	case policy.NotMerged:
		out = append([]string{"/holdfast not-fixed-by #NUMBER"}, out...)
	case policy.NoLinkedChange:
		out = append(out, "/holdfast attest URL [note]")
	}
	return append(out, "/holdfast waive DURATION REASON (an approver)")
}

// proof says what makes the item verified or exempt.
func (w *work) proof(d policy.Decision, t *trackers.Text) {
	if d.Verdict == policy.Exempt {
		t.Lead = "Accepted without a deployment."
		if wv := w.st.Waiver; wv != nil {
			line := "Waived by " + wv.Approver + ": " + wv.Reason
			if !wv.ExpiresAt.IsZero() {
				line += " (until " + utc(wv.ExpiresAt) + ")"
			}
			t.Lines = append(t.Lines, line+".")
		}
		return
	}
	t.Lead = "In production."
	if len(w.facts.Changes) == 0 && w.st.Attestation != nil {
		a := w.st.Attestation
		t.Lines = append(t.Lines, fmt.Sprintf("Attested by %s: %s %s", a.By, a.URL, a.Note))
		return
	}
	for _, c := range w.facts.Changes {
		t.Lines = append(t.Lines, "The fix is "+changeLink(c.Change)+".")
		for _, s := range w.facts.Services {
			for _, tg := range s.Targets {
				p := c.Presence[tg.Target]
				if !slices.Contains(c.Services, s.Name) || tg.Live == nil || p.Contained != policy.Yes {
					continue
				}
				line := fmt.Sprintf("%s runs %s, which contains it (%s).", code(tg.String()), revisionWords(*tg.Live), p.Evidence)
				if tg.Live.URL != "" {
					line += " Deployment: " + tg.Live.URL
				}
				t.Lines = append(t.Lines, line)
			}
		}
	}
}

// question asks people to settle what the evidence leaves open.
func (w *work) question(d policy.Decision) trackers.Text {
	t := trackers.Text{Marker: markAsk, Lead: "A question before this can be judged.", Why: why(d.Checks)}
	switch d.Reason {
	case policy.NoServiceConcerned:
		var names []string
		for _, s := range w.s.Services {
			names = append(names, code(s.Name))
		}
		t.Lines = []string{"The fix touches no configured service. Which one must be deployed? Known: " + strings.Join(names[:min(len(names), 30)], ", ") + "."}
		t.WaysOut = []string{"/holdfast service NAME[,NAME]"}
	default:
		t.Lines = []string{"A commit in production looks like the fix, without proof. Is it? If so, name it, and take off the change that it stands for. If not, there is nothing to answer: deploy the change itself."}
		t.WaysOut = []string{"/holdfast fixed-by SHA"}
		for _, c := range w.facts.Changes {
			for _, p := range c.Presence {
				if p.Reason == policy.ProbableEquivalent {
					t.WaysOut = append(t.WaysOut, "/holdfast not-fixed-by "+commandName(c.Change))
					break
				}
			}
		}
	}
	return t
}

// escalation tells the team's lead that closing and reopening goes on.
func (w *work) escalation(d policy.Decision) trackers.Text {
	return trackers.Text{Marker: markTell, Mention: w.lead(), Lead: fmt.Sprintf("Reopened %d times.", w.st.ReopenCount), Why: why(d.Checks), Lines: []string{
		fmt.Sprintf("This ticket is closed again and again before its fix is in production (%s). From now on Holdfast waits longer each time before it reopens it.", reasonWords(d.Reason)),
		"For the team's lead: settle what is missing, or waive the item.",
	}}
}

// lead is the login or account id of the one to be told: the team's first
// lead that has one, else its first approver. A name or address counts only
// where people says whose it is: as a login it would be a stranger's.
func (w *work) lead() string {
	team := w.s.Teams[w.st.Spec.Team]
	var names []string
	for _, l := range team.Leads {
		for _, n := range []string{l.Email, l.Name} {
			if p, ok := w.s.person(n); ok {
				names = append(names, p.GitHub, p.Jira)
			}
		}
		names = append(names, l.GitHub, l.Jira)
	}
	for _, n := range append(names, w.s.approvers(w.st.Spec.Team)...) {
		if id := w.s.handle(n, w.tracker.Kind()); id != "" {
			return id
		}
	}
	return ""
}

// status is the answer to /holdfast status.
func (w *work) status(d policy.Decision) trackers.Text {
	word := strings.ReplaceAll(string(d.Verdict), "_", " ")
	t := trackers.Text{Marker: markReply, Lead: strings.ToUpper(word[:1]) + word[1:] + ".", Why: why(d.Checks)}
	if d.Reason != "" {
		t.Lines = append(t.Lines, "Reason: "+reasonWords(d.Reason)+".")
	}
	t.Lines = append(t.Lines, known(w.facts)...)
	return t
}

func why(checks []policy.Check) []string {
	var out []string
	mark := map[string]string{"yes": "✓", "no": "✗", "unknown": "?", "waiting": "…"}
	for _, c := range checks {
		out = append(out, mark[c.Result]+" "+c.Text)
	}
	return out
}

func reasonWords(r policy.Reason) string { return strings.ReplaceAll(string(r), "_", " ") }

// commandName is a change as a command in a comment takes it.
func commandName(c domain.Change) string {
	if c.PullRequest == 0 {
		return c.SHA
	}
	return c.Key()
}

func changeLink(c domain.Change) string {
	name := code(c.Key())
	if c.PullRequest != 0 && c.SHA != "" {
		name += " (" + code(policy.Short(c.SHA)) + ")"
	}
	if c.PullRequest == 0 {
		name = code(c.Repo + "@" + policy.Short(c.SHA))
	}
	return name
}

func revisionWords(d domain.Deployment) string {
	rev := policy.Short(d.SHA)
	if rev == "" {
		rev = d.Version
	}
	return code(rev) + " (deployed " + utc(d.FinishedAt) + ")"
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
