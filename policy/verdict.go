package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// judgement collects what speaks against an item while it is judged.
type judgement struct {
	not     map[Reason]bool // reasons why it is known not to be verified
	unsure  map[Reason]bool // reasons why it cannot be told
	checks  []Check
	soaksAt time.Time // when the next soak ends
	some    bool      // some environment or some change has it
}

func (j *judgement) check(name, result, format string, args ...any) {
	j.checks = append(j.checks, Check{Name: name, Result: result, Text: fmt.Sprintf(format, args...)})
}

// first gives the reason that goes first, by the contract's order.
func first(set map[Reason]bool) Reason {
	best, found := Reason(""), false
	for r := range set {
		if !found || reasonOrder[r] < reasonOrder[best] {
			best, found = r, true
		}
	}
	return best
}

// judge works out the verdict, without regard to what is to be done about it.
func judge(r Rules, f Facts) (Verdict, Reason, *judgement) {
	j := &judgement{not: map[Reason]bool{}, unsure: map[Reason]bool{}}

	if f.NoTicket {
		j.check("document", "yes", "The postmortem marked it done when it was filed, so it has no ticket.")
		return Exempt, "", j
	}
	if f.Final {
		j.check("adopted", "yes", "The ticket was already closed when it was adopted; it stays as it is until somebody opens it.")
		return Exempt, "", j
	}
	if f.Waived {
		until := "It does not expire."
		if !f.WaiverExpires.IsZero() {
			until = "It ends " + stamp(f.WaiverExpires) + "."
		}
		j.check("waiver", "yes", "A waiver stands. %s", until)
		return Exempt, "", j
	}
	if f.Closed && f.CloseReason != domain.Completed && f.CloseReason != "" {
		if v, ok := judgeCloseReason(r, f, j); ok {
			return v, "", j
		}
	}
	// Once it was reopened for that and a change is linked, the change is what
	// counts.
	if f.WaiverLapsed && (len(f.Changes) == 0 || !f.AcceptedAt.IsZero() && f.AcceptedVerdict == Exempt) {
		j.not[WaiverExpired] = true
		j.check("waiver", "no", "The waiver ended %s.", stamp(f.WaiverExpires))
	}
	judgePeople(f, j)
	judgeChanges(r, f, j)

	switch {
	case fixedElsewhere(j):
		return Verified, "", j
	case len(j.not) > 0:
		return NotVerified, first(j.not), j
	case len(j.unsure) > 0:
		return Unknown, first(j.unsure), j
	}
	return Verified, "", j
}

// fixedElsewhere is true when all that speaks against the item is a waiver
// that ended, while the evidence by itself verifies it.
func fixedElsewhere(j *judgement) bool {
	return len(j.not) == 1 && j.not[WaiverExpired] && len(j.unsure) == 0
}

func judgeCloseReason(r Rules, f Facts, j *judgement) (Verdict, bool) {
	switch f.CloseReason {
	case domain.NotPlanned:
		if r.NotPlannedAllowed {
			j.check("closed as not planned", "yes", "The policy gives leave to close items of this priority as not planned.")
			return Exempt, true
		}
		j.not[NotPlannedWithoutWaiver] = true
		j.check("closed as not planned", "no", "It was closed as not planned, which needs a waiver from an approver.")
	case domain.Duplicate:
		if f.DuplicateOK {
			j.check("closed as duplicate", "yes", "Its original is tracked and now carries the duty.")
			return Exempt, true
		}
		j.not[NotPlannedWithoutWaiver] = true
		j.check("closed as duplicate", "no", "It was closed as a duplicate, but the original is not a tracked item that still stands; that needs a waiver from an approver.")
	}
	return "", false
}

// judgePeople looks at what people did that holds the item back.
func judgePeople(f Facts, j *judgement) {
	if since := f.NewerEvidenceSince; !since.IsZero() {
		newer := f.Attested && !f.AttestedBefore
		for _, c := range f.Changes {
			newer = newer || !c.Before && c.LandedAt.After(since)
		}
		if !newer {
			j.not[ReopenedByPerson] = true
			j.check("reopened by a person", "no", "A person reopened it on %s after it had been accepted. A change that landed after that, an attestation or a waiver is needed.", stamp(since))
		} else {
			j.check("reopened by a person", "yes", "A person reopened it on %s after it had been accepted; there is newer evidence since.", stamp(since))
		}
	}
	if f.OpenPull != "" {
		j.not[NotMerged] = true
		j.check("merged", "no", "%s claims this item and is not merged.", f.OpenPull)
	}
}

// judgeChanges asks of each change whether it runs where it must.
func judgeChanges(r Rules, f Facts, j *judgement) {
	if len(f.Changes) == 0 {
		if f.Attested {
			j.check("attestation", "yes", "Work without code, attested on %s.", stamp(f.AttestedAt))
			return
		}
		if f.OpenPull == "" {
			j.check("linked change", "no", "No merged pull request or pushed commit claims this item.")
		}
		j.not[NoLinkedChange] = true
		return
	}
	concerned := map[string]bool{}
	for _, c := range f.Changes {
		j.check("linked change", "yes", "%s", describe(c))
		if len(c.Services) == 0 {
			j.unsure[NoServiceConcerned] = true
			j.check("service", "unknown", "%s concerns none of the configured services, so nobody can say where it must be deployed. Name them with `/holdfast service NAME`.", name(c.Change))
		}
		for _, s := range c.Services {
			concerned[s] = true
		}
	}
	for _, s := range f.Services {
		if concerned[s.Name] {
			judgeService(r, f, s, j)
		}
	}
	// "Partially" needs something that has it; it replaces the plain reason.
	if j.not[NotDeployed] && j.some {
		delete(j.not, NotDeployed)
		j.not[PartiallyDeployed] = true
	}
}

// judgeService counts the environments of one service that have the item.
func judgeService(r Rules, f Facts, s Service, j *judgement) {
	need := s.Require
	if need <= 0 || need > len(s.Targets) {
		need = len(s.Targets)
	}
	if !s.Heard {
		j.not[NoDeploymentHeard] = true
		j.check("deployment of "+s.Name, "no", "No deployment of %s was ever reported. Connect CI: `holdfast deployed --service %s --environment … --sha …` as the last step of the deployment.", s.Name, s.Name)
		return
	}
	if len(s.Targets) == 0 {
		j.not[NoDeploymentHeard] = true
		j.check("deployment of "+s.Name, "no", "%s has no production environment in the configuration, so nothing can prove a deployment. Name one under `production`.", s.Name)
		return
	}
	var has, soaking, unsure int
	against, doubts := map[Reason]bool{}, map[Reason]bool{}
	var soaks []time.Time
	for _, t := range s.Targets {
		switch state, soaksAt := judgeTarget(r, f, s, t, j, against, doubts); state {
		case envHas:
			has++
			j.some = true
		case envSoaks:
			soaking++
			j.some = true
			soaks = append(soaks, soaksAt)
		case envUnsure:
			unsure++
		}
	}
	switch {
	case has >= need:
		if has < len(s.Targets) {
			j.check("enough of "+s.Name, "yes", "%d of %d environments have it, %d needed.", has, len(s.Targets), need)
		}
	case has+soaking+unsure < need:
		for reason := range against {
			j.not[reason] = true
		}
	case has+unsure < need: // soaking is all that is missing for sure
		j.not[Soaking] = true
		j.lookAt(soaks)
	default:
		for reason := range doubts {
			j.unsure[reason] = true
		}
		j.lookAt(soaks)
	}
}

// lookAt asks to be looked at again when the next soak ends: that environment
// may be the one that was missing.
func (j *judgement) lookAt(soaks []time.Time) {
	for _, at := range soaks {
		if j.soaksAt.IsZero() || at.Before(j.soaksAt) {
			j.soaksAt = at
		}
	}
}

type envState int

const (
	envLacks envState = iota
	envHas
	envSoaks
	envUnsure
)

// judgeTarget says whether one environment has every change that concerns its
// service.
func judgeTarget(r Rules, f Facts, s Service, t Target, j *judgement, against, doubts map[Reason]bool) (envState, time.Time) {
	where := t.String()
	if t.Live == nil {
		against[NotDeployed] = true
		for _, c := range f.Changes {
			if contains(c.Services, s.Name) && c.Presence[t.Target].InCanary {
				against[Canary] = true
			}
		}
		j.check(where, "no", "No successful deployment to %s was ever reported.", where)
		return envLacks, time.Time{}
	}
	if !t.Known {
		doubts[RevisionUnknown] = true
		j.check(where, "unknown", "%s runs %s, a commit that the repository does not have.", where, revision(*t.Live))
		return envUnsure, time.Time{}
	}
	state, soaksAt := envHas, time.Time{}
	for _, c := range f.Changes {
		if !contains(c.Services, s.Name) {
			continue
		}
		p := c.Presence[t.Target]
		switch p.Contained {
		case Yes:
			end := p.Since.Add(r.Soak)
			if r.Soak > 0 && f.Now.Before(end) {
				j.check(where, "waiting", "%s is in %s (%s), %s; it must have been there for %s, until %s.", name(c.Change), where, revision(*t.Live), evidence(p), Words(r.Soak), stamp(end))
				if end.After(soaksAt) {
					soaksAt = end
				}
				if state == envHas {
					state = envSoaks
				}
				continue
			}
			j.check(where, "yes", "%s is in %s (%s), %s.", name(c.Change), where, revision(*t.Live), evidence(p))
		case No:
			reason, text := lacking(c, p, t)
			against[reason] = true
			j.check(where, "no", "%s", text)
			state = envLacks
		default:
			reason := p.Reason
			if reason == "" {
				reason = EvidenceUnavailable
			}
			doubts[reason] = true
			j.check(where, "unknown", "Whether %s is in %s (%s) cannot be told: %s.", name(c.Change), where, revision(*t.Live), unsureWords(p, reason))
			if state != envLacks {
				state = envUnsure
			}
		}
	}
	if state == envLacks {
		// Some changes may be there all the same: that is "partially".
		for _, c := range f.Changes {
			if contains(c.Services, s.Name) && c.Presence[t.Target].Contained == Yes {
				j.some = true
			}
		}
	}
	return state, soaksAt
}

// lacking says why a change is not in a target.
func lacking(c Change, p Presence, t Target) (Reason, string) {
	where, live := t.String(), revision(*t.Live)
	switch {
	case p.Reverted:
		by := p.Evidence
		if by == "" {
			by = "undone by a revert"
		}
		return Reverted, fmt.Sprintf("%s is not in effect in what %s runs (%s): %s.", name(c.Change), where, live, by)
	case p.Was:
		return RolledBack, fmt.Sprintf("%s was in %s before; what runs there now (%s) does not contain it.", name(c.Change), where, live)
	case p.InCanary:
		return Canary, fmt.Sprintf("%s is only in the canary of %s (%d %%); %s is live.", name(c.Change), where, t.Canary.Percent, live)
	}
	if p.Partly {
		return PartiallyDeployed, fmt.Sprintf("%s is only partly in %s (%s): %s.", name(c.Change), where, live, p.Evidence)
	}
	return NotDeployed, fmt.Sprintf("%s is not in %s: %s is live%s.", name(c.Change), where, live, behind(p.Behind))
}

func behind(n int) string {
	switch {
	case n < 0:
		return ""
	case n == 1:
		return ", 1 commit behind it"
	case n > 1:
		return fmt.Sprintf(", %d commits behind it", n)
	}
	return ""
}

func unsureWords(p Presence, reason Reason) string {
	if p.Evidence != "" {
		return p.Evidence
	}
	switch reason {
	case ProbableEquivalent:
		return "a commit there looks like it, without proof"
	case RevisionUnknown:
		return "the repository does not have that commit"
	}
	return "the repository could not be read"
}

func evidence(p Presence) string {
	if p.Evidence == "" {
		return "by ancestry"
	}
	return p.Evidence
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func name(c domain.Change) string {
	switch {
	case c.PullRequest != 0 && c.SHA != "":
		return fmt.Sprintf("%s#%d (%s)", c.Repo, c.PullRequest, Short(c.SHA))
	case c.PullRequest != 0:
		return fmt.Sprintf("%s#%d", c.Repo, c.PullRequest)
	}
	return fmt.Sprintf("%s@%s", c.Repo, Short(c.SHA))
}

func describe(c Change) string {
	s := name(c.Change)
	if !c.LandedAt.IsZero() {
		s += " landed " + stamp(c.LandedAt)
	}
	if c.Base != "" {
		s += " on " + c.Base
	}
	s += " (" + howWords(c.Change) + ")"
	if len(c.Flags) > 0 {
		s += "; note: " + strings.Join(c.Flags, "; ")
	}
	return s + "."
}

func howWords(c domain.Change) string {
	switch c.How {
	case domain.ClaimPullRequest:
		return "the pull request claims the item"
	case domain.ClaimCommit:
		return "the commit claims the item"
	case domain.ClaimFixedBy:
		if c.By != "" {
			return "named by " + c.By
		}
		return "named by a person"
	case domain.ClaimDeployment:
		return "named by a deployment"
	}
	return "linked by the tracker"
}

func revision(d domain.Deployment) string {
	rev := Short(d.SHA)
	if rev == "" {
		rev = d.Version
	} else if d.Version != "" {
		rev = d.Version + " = " + rev
	}
	return fmt.Sprintf("%s, deployed %s", rev, stamp(d.FinishedAt))
}

// Short cuts a commit SHA to ten digits for people.
func Short(sha string) string {
	if len(sha) > 10 {
		return sha[:10]
	}
	return sha
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Words prints a duration as people write it: 30m, 24h, 7d.
func Words(d time.Duration) string {
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
