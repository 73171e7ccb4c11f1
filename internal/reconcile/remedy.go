package reconcile

import "github.com/holdfast-dev/holdfast/policy"

// Remedy is what to do about a verdict, one clause, for whoever reads its
// checks; empty where the checks say it themselves, or there is only to wait.
func Remedy(reason policy.Reason) string {
	switch reason {
	case policy.NoLinkedChange:
		return "claim the ticket in the pull request (`Fixes …`), or name the change with `/holdfast fixed-by …` or `holdfast fixed-by`; for work that is no code, `/holdfast attest URL`"
	case policy.NotMerged:
		return "merge and deploy it, or `/holdfast not-fixed-by …`"
	case policy.ReopenedByPerson:
		return "land a further change, and deploy it"
	case policy.NotDeployed, policy.RolledBack:
		return "deploy a build that contains it; the ticket then closes itself"
	case policy.PartiallyDeployed:
		return "deploy the rest; the ticket then closes itself"
	case policy.Canary:
		return "finish the roll-out"
	case policy.Reverted:
		return "land the fix again and deploy it; where its pull request does not claim the ticket, `/holdfast fixed-by …`"
	case policy.ProbableEquivalent:
		return "if it is the fix, `/holdfast fixed-by …` with that commit, and `/holdfast not-fixed-by …` with the change that it stands for; if not, deploy the change"
	case policy.RevisionUnknown:
		return "push that commit, or report a deployment with one that the repository has"
	}
	return ""
}
