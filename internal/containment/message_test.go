package containment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	a, b := strings.Repeat("a1", 20), strings.Repeat("b2", 20)
	cases := []struct {
		name, message string
		merge         bool
		want          Commit
	}{
		{"plain", "Retry it\n\nBecause.\n", false, Commit{Subject: "Retry it"}},
		{"a squash names its pull request", "Retry it (#12)\n", false, Commit{Subject: "Retry it (#12)", PullRequest: 12}},
		{"a forward-port keeps the number of the first", "Retry it (#12) (#13)", false, Commit{Subject: "Retry it (#12) (#13)", PullRequest: 13}},
		{"a merge", "Merge pull request #12 from alice/retry\n\nRetry it", true, Commit{Subject: "Merge pull request #12 from alice/retry", PullRequest: 12}},
		{"a merge that has the title of its pull request", "Retry it (#12)", true, Commit{Subject: "Retry it (#12)", PullRequest: 12}},
		{"a merge by a bot that tests first", "Auto merge of #12 - alice:retry, r=bob\n\nRetry it", true, Commit{Subject: "Auto merge of #12 - alice:retry, r=bob", PullRequest: 12}},
		{"on Azure DevOps", "Merged PR 12: Retry it", false, Commit{Subject: "Merged PR 12: Retry it", PullRequest: 12}},
		{"a merge on GitLab", "Merge branch 'retry' into 'main'\n\nRetry it\n\nSee merge request acme/checkout!12", true, Commit{Subject: "Merge branch 'retry' into 'main'", PullRequest: 12}},
		{"a cherry-pick", "Retry it\n\n(cherry picked from commit " + a + ")\n(cherry picked from commit " + b + ")\n", false, Commit{Subject: "Retry it", Trailers: []string{a, b}}},
		{"cut, and in other words", "Retry it\n\nCherry-picked from A1A1A1A1", false, Commit{Subject: "Retry it", Trailers: []string{"a1a1a1a1"}}},
		{"a revert by git", "Revert \"Retry it\"\n\nThis reverts commit " + a + ".\n", false,
			Commit{Subject: `Revert "Retry it"`, Reverts: []Revert{{SHA: a, Strong: true}, {Subject: "Retry it", Strong: true}}}},
		{"of a merge", "Revert \"Merge pull request #7 from x/y\"\n\nThis reverts commit " + a + ", reversing\nchanges made to " + b + ".", false,
			Commit{Subject: `Revert "Merge pull request #7 from x/y"`, Reverts: []Revert{{SHA: a, Strong: true}, {Subject: "Merge pull request #7 from x/y", Strong: true}}}},
		{"of a revert", "Revert \"Revert \"Retry it\"\"\n\nThis reverts commit " + a + ".", false,
			Commit{Subject: `Revert "Revert "Retry it""`, Reverts: []Revert{{SHA: a, Strong: true}, {Subject: `Revert "Retry it"`, Strong: true}}}},
		{"of a revert, by a newer git", "Reapply \"Retry it\"\n\nThis reverts commit " + a + ".", false,
			Commit{Subject: `Reapply "Retry it"`, Reverts: []Revert{{SHA: a, Strong: true}, {Subject: `Revert "Retry it"`, Strong: true}}}},
		{"by the button", "Revert \"Retry it\" (#9)\n\nReverts acme/checkout#7", false,
			Commit{Subject: `Revert "Retry it" (#9)`, PullRequest: 9, Reverts: []Revert{{PullRequest: 7, Strong: true}, {Subject: "Retry it", Strong: true}}}},
		{"by the button, merged", "Merge pull request #9 from acme/revert-7-retry\n\nRevert \"Retry it\"", true,
			Commit{Subject: "Merge pull request #9 from acme/revert-7-retry", PullRequest: 9, Reverts: []Revert{{PullRequest: 7, Strong: true}, {Subject: "Retry it", Strong: true}}}},
		{"that merge, picked", "Merge pull request #9 from acme/revert-7\n\nRevert \"Retry it\"", false,
			Commit{Subject: "Merge pull request #9 from acme/revert-7", Reverts: []Revert{{PullRequest: 7, Strong: true}, {Subject: "Retry it", Strong: true}}}},
		{"conventional", "revert(pay): feat: retry it\n\nThis reverts commit " + a[:10], false,
			Commit{Subject: "revert(pay): feat: retry it", Reverts: []Revert{{SHA: a[:10], Strong: true}, {Subject: "feat: retry it", Strong: true}}}},
		{"on a release branch", "[release-1.2] Revert \"Retry it\"", false, Commit{Subject: `[release-1.2] Revert "Retry it"`, Reverts: []Revert{{Subject: "Retry it", Strong: true}}}},
		{"a squash that lists its own steps", "Big change (#8)\n\n* Retry it\n* Revert \"Retry it\"\n\nThis reverts commit " + a + ".", false,
			Commit{Subject: "Big change (#8)", PullRequest: 8, Reverts: []Revert{{SHA: a}}}},
		{"a title that only begins like one", "Reverter: new service", false, Commit{Subject: "Reverter: new service"}},
		{"nothing at all", "", false, Commit{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got Commit
			if c.merge {
				got.Parents, c.want.Parents = []string{"p", "q"}, []string{"p", "q"}
			}
			got.Read(c.message)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string][]int{
		"Retry it":             nil,
		"Retry it (#12)":       {12},
		"Retry it (#12) (#30)": {30, 12},
		"Retry it (cherry-pick #12 for 1.2) (#30)":    {30, 12},
		"[1.2] Retry it (backport of acme/pay#7)":     nil,
		"See #12: retry it (#30)":                     {30},
		strings.Repeat("(backport ", 3000) + "(#1)))": nil,
	} {
		require.Equal(t, want, numbers(in), "%.60q", in)
	}
}

func TestNormal(t *testing.T) {
	for in, want := range map[string]string{
		"Retry it (#12)":                     "retry it",
		"[release-1.2] Retry it (#12) (#13)": "retry it",
		"Retry it (backport of #7) (#8)":     "retry it",
		"Retry it (cherry-pick #7)":          "retry it",
		"[a] [b] Retry it - #7":              "retry it",
		"Retry it (again)":                   "retry it (again)",
		"[only a mark]":                      "",
		strings.Repeat("[", 5000) + "x (#1)": strings.Repeat("[", 5000) + "x",
		strings.Repeat("(backport ", 3000):   strings.ToLower(strings.TrimSpace(strings.Repeat("(backport ", 3000))),
	} {
		if got := normal(in); got != want {
			t.Errorf("%.60q: got %.60q", in, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Revert \"Revert \"x\"\"\n\nThis reverts commit abcdef1.\n(cherry picked from commit 1234567)", true)
	f.Add("Merge pull request #1 from a/revert-2-b\n\nReverts a/b#3", false)
	f.Fuzz(func(t *testing.T, message string, merge bool) {
		c := Commit{}
		if merge {
			c.Parents = []string{"a", "b"}
		}
		c.Read(message)
		if len(c.Trailers) > maxRefs || len(c.Reverts) > 2*maxRefs+2 || c.PullRequest < 0 || strings.Contains(c.Subject, "\n") {
			t.Errorf("%q: %+v", message, c)
		}
		normal(c.Subject)
	})
}
