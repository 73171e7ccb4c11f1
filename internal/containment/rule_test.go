package containment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// story builds an index out of lines, parents before children:
//
//	name: parent parent | key value | key value
//
// The keys are by, at, says (subject), from (cherry-pick), head (the same on
// the pull request), undoes, undoes-pr, undoes-title, mentions (a weak
// revert), pr, patch and pull-only.
func story(t testing.TB, text string) *Index {
	t.Helper()
	x := NewIndex()
	for _, c := range commits(t, text) {
		require.NoError(t, x.Add(c))
	}
	return x
}

func name(s string) string { return fmt.Sprintf("%040x", []byte(s)) }

func commits(t testing.TB, text string) []Commit {
	t.Helper()
	var out []Commit
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), "|")
		who, parents, _ := strings.Cut(fields[0], ":")
		c := Commit{SHA: name(who), Author: "a-" + who, AuthorTime: 1, Subject: "a change that is called " + who}
		for _, p := range strings.Fields(parents) {
			c.Parents = append(c.Parents, name(p))
		}
		for _, f := range fields[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(f), " ")
			switch key {
			case "by":
				c.Author = value
			case "at":
				_, err := fmt.Sscan(value, &c.AuthorTime)
				require.NoError(t, err)
			case "says":
				c.Subject = value
			case "from":
				c.Trailers = append(c.Trailers, name(value))
			case "head":
				c.Heads = append(c.Heads, name(value))
			case "undoes":
				c.Reverts = append(c.Reverts, Revert{SHA: name(value), Strong: true})
			case "mentions":
				c.Reverts = append(c.Reverts, Revert{SHA: name(value)})
			case "undoes-pr":
				r := Revert{Strong: true}
				_, err := fmt.Sscan(value, &r.PullRequest)
				require.NoError(t, err)
				c.Reverts = append(c.Reverts, r)
			case "undoes-title":
				c.Reverts = append(c.Reverts, Revert{Subject: value, Strong: true})
			case "pr":
				_, err := fmt.Sscan(value, &c.PullRequest)
				require.NoError(t, err)
			case "patch":
				c.Patch = value
			case "pull-only":
				c.PullOnly = true
			default:
				t.Fatalf("%q: unknown key %q", line, key)
			}
		}
		out = append(out, c)
	}
	return out
}

func names(list ...string) []string {
	var out []string
	for _, n := range list {
		out = append(out, name(n))
	}
	return out
}

func TestContains(t *testing.T) {
	squash := Change{Landed: name("fix")}
	long := "says retry the payment when the bank is slow"
	cases := []struct {
		name, history, live string
		change              Change
		want                Result
	}{
		{"an ancestor", "base:\nfix: base\nd: fix", "d", squash, Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
		{"not there", "base:\nfix: base\nd: base", "d", squash, Result{Answer: No, Reason: Absent}},
		{"the live commit is unknown", "fix:", "d", squash, Result{Answer: Unknown, Reason: NoLive}},
		{"the change is unknown", "d:", "d", squash, Result{Answer: No, Reason: Absent}},
		{"the history ends before the change could be found", "fix: base\nd: lost", "d", squash, Result{Answer: Unknown, Reason: NoCommits}},
		{"the head of the pull request runs", "base:\nfix: base\nh: base", "h", Change{Landed: name("fix"), Head: name("h")},
			Result{Answer: Yes, Reason: Contained, Sign: PullHead, Carrier: name("h")}},
		{"a cherry-pick with a trailer", "base:\nfix: base\nd: base | from fix", "d", squash, Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("d")}},
		{"it landed on the release branch, and main has the pick", "base:\nfix: base\nd: base | from fix", "fix", Change{Landed: name("d")},
			Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("fix")}},
		{"a squashed backport: the trailer stands on the pull request alone", "base:\nfix: base\nd: base | head fix", "d", squash,
			Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("d")}},
		{"a pick of a pick of a pick", "base:\nfix: base\np: base | from fix\nq: base | from p\nd: base | from q", "d", squash,
			Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("d")}},
		{"four ties are too many", "base:\nfix: base\np: base | from fix\nq: base | from p\nr: base | from q\nd: base | from r", "d", squash, Result{Answer: No, Reason: Absent}},
		{"the same patch", "base:\nfix: base | patch p1\nd: base | patch p1", "d", squash, Result{Answer: Yes, Reason: Contained, Sign: Patch, Carrier: name("d")}},
		{"a patch that nine commits share ties none", "base: | patch p\nfix: base | patch p\na: base | patch p\nb: base | patch p\nc: base | patch p\ne: base | patch p\nf: base | patch p\ng: base | patch p\nd: base | patch p",
			"d", squash, Result{Answer: No, Reason: Absent}},
		{"same author, time and subject", "base:\nfix: base | by x | at 9 | says Fix it (#12)\nd: base | by x | at 9 | says [release-1] fix it (backport #12)", "d", squash,
			Result{Answer: Yes, Reason: Contained, Sign: Triple, Carrier: name("d")}},
		{"a merge is tied by no author", "base:\ns: base\nfix: base s | by x | at 9 | says Merge it\nd: base s | by x | at 9 | says Merge it", "d", squash, Result{Answer: No, Reason: Absent}},
		{"nor is what only a pull request has", "base:\nfix: base | by x | at 9\nh: base | by x | at 9 | pull-only\nd: h | pull-only", "d", squash, Result{Answer: No, Reason: Absent}},
		{"the same author and subject at another time", "base:\nfix: base | by x | at 9 | " + long + "\nd: base | by x | at 10 | " + long, "d", squash,
			Result{Answer: Unknown, Reason: Probable, Carrier: name("d")}},
		{"a short subject is no hint", "base:\nfix: base | by x | at 9 | says fix tests\nd: base | by x | at 10 | says fix tests", "d", squash, Result{Answer: No, Reason: Absent}},
		{"nor is an earlier change on the same line with the same title", "base:\nd: base | by x | at 1 | " + long + "\nfix: d | by x | at 9 | " + long, "d", squash, Result{Answer: No, Reason: Absent}},

		{"a merge by its parts", "base:\np: base\nq: p\nfix: base q\nd: q", "d", Change{Landed: name("fix"), Parts: names("q", "p")},
			Result{Answer: Yes, Reason: Contained, Sign: Branch, Carrier: name("q")}},
		{"some parts of a merge", "base:\np: base\nq: p\nfix: base q\nd: p", "d", Change{Landed: name("fix"), Parts: names("q", "p")},
			Result{Answer: No, Reason: Partial, Found: 1, Parts: 2}},
		{"all parts picked", "base:\np: base\nq: p\nfix: base q\nx: base | from p\nd: x | from q", "d", Change{Landed: name("fix"), Parts: names("q", "p")},
			Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("d")}},
		{"some parts picked", "base:\np: base\nq: p\nfix: base q\nd: base | from p", "d", Change{Landed: name("fix"), Parts: names("q", "p")},
			Result{Answer: Unknown, Reason: Probable, Found: 1, Parts: 2}},
		{"the last of a rebase", "base:\np: base\nfix: p\nd: fix", "d", Change{Landed: name("fix"), Parts: names("fix", "p"), Rebase: true},
			Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
		{"the middle of a rebase", "base:\np: base\nfix: p", "p", Change{Landed: name("fix"), Parts: names("fix", "p"), Rebase: true}, Result{Answer: No, Reason: Partial, Found: 1, Parts: 2}},
		{"only the last of a rebase picked", "base:\np: base\nfix: p\nd: base | from fix", "d", Change{Landed: name("fix"), Parts: names("fix", "p"), Rebase: true},
			Result{Answer: Unknown, Reason: Probable, Found: 1, Parts: 2}},

		{"the commits of a squashed pull request picked one by one", "base:\np: base | pull-only | patch p1\nq: p | pull-only\nfix: base\nx: base | patch p1\nd: x | from q", "d",
			Change{Landed: name("fix"), Own: names("q", "p")}, Result{Answer: Yes, Reason: Contained, Sign: Patch, Carrier: name("x")}},
		{"a commit on top of the head of a squashed pull request runs", "base:\np: base | pull-only\nfix: base\nd: p | pull-only", "d",
			Change{Landed: name("fix"), Own: names("p")}, Result{Answer: Yes, Reason: Contained, Sign: Branch, Carrier: name("p")}},
		{"not all commits of a squashed pull request were picked", "base:\np: base | pull-only | patch p1\nq: p | pull-only\nfix: base\nd: base | patch p1", "d",
			Change{Landed: name("fix"), Own: names("q", "p")}, Result{Answer: No, Reason: Absent}},
		{"they were picked, and the squash is reverted above them", "base:\np: base | pull-only | patch p1\nfix: base\nx: base | patch p1\nd: x | undoes fix", "d",
			Change{Landed: name("fix"), Own: names("p")}, Result{Answer: No, Reason: Absent}},
		{"one of them is reverted, which the squash is not", "base:\np: base | pull-only\nfix: base\nr: fix | undoes p\nd: r", "d",
			Change{Landed: name("fix"), Own: names("p")}, Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
		{"a merge that was picked as one commit", "base:\np: base\nfix: base p | by x | at 9 | says Merge pull request #7 from x/y\nd: base | by x | at 9 | says Merge pull request #7 from x/y", "d",
			Change{Landed: name("fix"), Parts: names("p")}, Result{Answer: Yes, Reason: Contained, Sign: Triple, Carrier: name("d")}},
		{"the title and the number, by another author", "base:\nfix: base | pr 12 | says Fix it (#12)\nd: base | pr 30 | says [1.2] Fix it (#12) (#30)", "d", squash,
			Result{Answer: Unknown, Reason: Probable, Carrier: name("d"), Sign: Number}},
		{"the other way about", "base:\nd: base | pr 12 | says Fix it (#12)\nfix: base | pr 30 | says Fix it (cherry-pick #12 for 1.2) (#30)", "d", squash,
			Result{Answer: Unknown, Reason: Probable, Carrier: name("d"), Sign: Number}},
		{"two picks of one", "base:\nfix: base | pr 20 | says Fix it (#12) (#20)\nd: base | pr 30 | says Fix it (#12) (#30)", "d", squash,
			Result{Answer: Unknown, Reason: Probable, Carrier: name("d"), Sign: Number}},
		{"of a merged pull request by the title of its commit", "base:\np: base | says Fix it\nfix: base p | pr 12\nd: base | pr 30 | says Fix it (#12) (#30)", "d",
			Change{Landed: name("fix"), Parts: names("p")}, Result{Answer: Unknown, Reason: Probable, Carrier: name("d"), Sign: Number}},
		{"the number with another title", "base:\nfix: base | pr 12 | says Fix it (#12)\nd: base | pr 30 | says Test it (#12) (#30)", "d", squash, Result{Answer: No, Reason: Absent}},
		{"the title with another number", "base:\nfix: base | pr 12 | says Fix it (#12)\nd: base | pr 30 | says Fix it (#30)", "d", squash, Result{Answer: No, Reason: Absent}},
		{"landed again on the same line", "base:\nfix: base | pr 12 | says Fix it (#12)\nr: fix | undoes fix\nd: r | pr 30 | says Fix it (#12) (#30)", "d", squash,
			Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("r")}},

		{"reverted", "base:\nfix: base\nr: fix | undoes fix\nd: r", "d", squash, Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("r")}},
		{"the revert is not deployed yet", "base:\nfix: base\nr: fix | undoes fix", "fix", squash, Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
		{"the revert was reverted", "base:\nfix: base\nr: fix | undoes fix\nrr: r | undoes r\nd: rr", "d", squash, Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
		{"and that again", "base:\nfix: base\nr: fix | undoes fix\nrr: r | undoes r\nd: rr | undoes rr", "d", squash,
			Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("r")}},
		{"reverted on main, picked to the release line", "base:\nfix: base\nr: fix | undoes fix\nd: base | from fix", "d", squash, Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("d")}},
		{"the pick is reverted by the name of the original", "base:\nfix: base\np: base | from fix\nd: p | undoes fix", "d", squash,
			Result{Answer: No, Reason: Reverted, Sign: Trailer, Carrier: name("p"), UndoneBy: name("d")}},
		{"a side that never had the revert is merged back", "base:\nfix: base\nr: fix | undoes fix\np: base | from fix\nd: r p", "d", squash,
			Result{Answer: Yes, Reason: Contained, Sign: Trailer, Carrier: name("p")}},
		{"by the number of the pull request", "base:\nfix: base | pr 7\nd: fix | undoes-pr 7", "d", squash, Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("d")}},
		{"by the title", "base:\nfix: base | says Retry it (#7)\nd: fix | undoes-title Retry it", "d", squash, Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("d")}},
		{"the title means the newest below it", "base:\nfix: base | says Retry it\nagain: fix | says Retry it\nd: again | undoes-title Retry it", "d", squash,
			Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
		{"a revert that names nothing, but is the pick of one that does", "base:\nfix: base\nr: fix | undoes fix\nd: fix | undoes-pr 99 | from r", "d", squash,
			Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("d")}},
		{"a part of the merge is reverted", "base:\np: base\nfix: base p\nd: fix | undoes p", "d", Change{Landed: name("fix"), Parts: names("p")},
			Result{Answer: No, Reason: Reverted, Sign: Ancestry, Carrier: name("fix"), UndoneBy: name("d")}},
		{"a message that mentions a revert proves nothing", "base:\nfix: base\nd: fix | mentions fix", "d", squash, Result{Answer: Unknown, Reason: Probable, Carrier: name("fix"), UndoneBy: name("d")}},
		{"a revert of itself is none", "base:\nfix: base | undoes fix\nd: fix", "d", squash, Result{Answer: Yes, Reason: Contained, Sign: Ancestry, Carrier: name("fix")}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := story(t, c.history).Contains(c.change, name(c.live))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			require.NotEmpty(t, strings.TrimSpace(got.Words()+string(got.Reason)))
		})
	}
}

func TestShape(t *testing.T) {
	x := story(t, `
		base:
		p: base
		m: base
		q: p m
		r: q
		merge: m r
		h1: m | by x | at 1 | says one | pull-only
		h2: h1 | by x | at 2 | says two | pull-only
		l1: merge | by x | at 1 | says one
		l2: l1 | by x | at 2 | says two
		squash: l2 | by x | at 3 | says one and two
		line: base | pr 9
		back: squash | pr 10`)
	require.Equal(t, Change{Landed: name("merge"), Parts: names("r", "p")}, x.Shape(name("merge"), ""))
	require.Equal(t, Change{Landed: name("l2"), Head: name("h2"), Parts: names("l2", "l1"), Rebase: true}, x.Shape(name("l2"), name("h2")))
	require.Equal(t, Change{Landed: name("squash"), Head: name("h2"), Own: names("h2", "h1")}, x.Shape(name("squash"), name("h2")))
	require.Equal(t, Change{Landed: name("back"), Head: name("line")}, x.Shape(name("back"), name("line")), "it brings back what others landed")
	require.Equal(t, Change{Landed: name("base"), Head: name("h2")}, x.Shape(name("base"), name("h2")), "the head was made later")
	require.Equal(t, Change{Landed: name("squash"), Head: name("gone")}, x.Shape(name("squash"), name("gone")))
	require.Equal(t, Change{Landed: name("gone")}, x.Shape(name("gone"), ""))
}

// A pull request's head tells later what its squash left out, and its commits
// come to a branch later.
func TestLearnedLater(t *testing.T) {
	x := story(t, "base:\nfix: base | by x | at 9\nd: base | pr 8")
	ask := func() Result { return x.Contains(Change{Landed: name("fix")}, name("d")) }
	require.Equal(t, No, ask().Answer)
	require.Equal(t, names("fix", "d"), x.Candidates(Change{Landed: name("fix")}, name("d"), 10))
	require.Equal(t, []int{8}, x.PullRequests(names("d")))
	require.NoError(t, x.Add(commits(t, "h: base | from fix | pull-only")...))
	x.LearnHead(8, name("h"))
	require.Equal(t, Trailer, ask().Sign)

	x = story(t, "base:\nfix: base | by x | at 9\nd: base | by x | at 9 | says a change that is called fix | pull-only")
	require.Equal(t, No, ask().Answer)
	require.NoError(t, x.Add(commits(t, "d: base | by x | at 9 | says a change that is called fix")...))
	require.Equal(t, Triple, ask().Sign)

	x = story(t, "base:\nfix: base\nd: base")
	x.LearnPatch(name("fix"), "p")
	x.LearnPatch(name("d"), "p")
	require.Equal(t, Patch, ask().Sign)
	require.Empty(t, x.Candidates(Change{Landed: name("fix")}, name("d"), 10))
}

// drawn is a history of a few commits that have much in common.
func drawn(rt *rapid.T) []Commit {
	n := rapid.IntRange(2, 25).Draw(rt, "commits")
	all := make([]Commit, n)
	id := func(i int) string { return fmt.Sprintf("%040x", i+1) }
	small := rapid.IntRange(0, 3)
	for i := range all {
		c := Commit{SHA: id(i), Author: fmt.Sprint("a", small.Draw(rt, "author")), AuthorTime: int64(small.Draw(rt, "time")),
			Subject: fmt.Sprint("some long enough subject ", small.Draw(rt, "subject")), PullOnly: small.Draw(rt, "pull only") == 3}
		if i > 0 {
			for _, p := range rapid.SliceOfNDistinct(rapid.IntRange(max(0, i-5), i-1), 0, min(2, i), rapid.ID[int]).Draw(rt, "parents") {
				c.Parents = append(c.Parents, id(p))
			}
		}
		any := rapid.IntRange(0, n-1)
		switch rapid.IntRange(0, 7).Draw(rt, "kind") {
		case 0:
			c.Trailers = []string{id(any.Draw(rt, "origin"))}
		case 1:
			c.Reverts = []Revert{{SHA: id(any.Draw(rt, "undone")), Strong: small.Draw(rt, "strong") > 0}}
		case 2:
			c.Reverts = []Revert{{Subject: fmt.Sprint("some long enough subject ", small.Draw(rt, "title")), Strong: true}}
		case 3:
			c.Patch = fmt.Sprint("p", small.Draw(rt, "patch"))
		case 4:
			c.PullRequest = 1 + small.Draw(rt, "number")
		case 6:
			c.Subject += fmt.Sprintf(" (#%d)", 1+small.Draw(rt, "named number"))
		case 5:
			c.Reverts = []Revert{{PullRequest: 1 + small.Draw(rt, "undone number"), Strong: true}}
		}
		all[i] = c
	}
	return all
}

// Where the answer differs between two live commits, one of the commits under
// which the change is looked for is told to be touched.
func TestTouchedTellsAllThatDiffers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := drawn(rt)
		x := NewIndex()
		require.NoError(rt, x.Add(all...))
		any := rapid.IntRange(0, len(all)-1)
		for range 20 {
			head := all[any.Draw(rt, "head")].SHA
			c := x.Shape(all[any.Draw(rt, "fix")].SHA, head)
			a, b := all[any.Draw(rt, "before")].SHA, all[any.Draw(rt, "after")].SHA
			touched, ok := x.Touched([]string{a, b}, x.News())
			if x.Contains(c, a).Answer == x.Contains(c, b).Answer || !ok {
				continue
			}
			watched := slices.Concat([]string{c.Landed, head}, c.Parts, c.Own)
			require.True(rt, slices.ContainsFunc(watched, func(sha string) bool { return slices.Contains(touched, sha) }), "%v: %v in %s, %v in %s", c, x.Contains(c, a), a, x.Contains(c, b), b)
		}
	})
}

// What is known after commits came one by one, in between questions and in any
// order, is what is known when all come at once.
func TestIncrementalEqualsWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := drawn(rt)
		n := len(all)
		id := func(i int) string { return fmt.Sprintf("%040x", i+1) }
		whole := NewIndex()
		require.NoError(rt, whole.Add(all...))

		step := NewIndex()
		order := all
		if rapid.Bool().Draw(rt, "shuffled") {
			order = slices.Clone(all)
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
			rng.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		fix, live := rapid.IntRange(0, n-1), rapid.IntRange(0, n-1)
		for _, c := range order {
			early := c
			early.PullOnly = c.PullOnly || rapid.IntRange(0, 4).Draw(rt, "first a pull request") == 0
			require.NoError(rt, step.Add(early))
			step.Contains(step.Shape(id(fix.Draw(rt, "asked")), id(fix.Draw(rt, "of"))), id(live.Draw(rt, "in"))) // fills what is kept
			require.NoError(rt, step.Add(c))
		}
		for range 10 {
			landed, head := id(fix.Draw(rt, "fix")), id(fix.Draw(rt, "head"))
			c, d := whole.Shape(landed, head), id(live.Draw(rt, "live"))
			if head == d {
				c.Head = ""
			}
			want, got := whole.Contains(c, d), step.Contains(c, d)
			require.Equal(rt, want.Answer, got.Answer, "%v in %v: %v, %v", c, d, want, got)
			require.Equal(rt, want.Reason, got.Reason)
		}
	})
}

// Parents in a circle, and reverts of one another, end.
func TestCirclesEnd(t *testing.T) {
	x := NewIndex()
	require.NoError(t, x.Add(
		Commit{SHA: name("a"), Parents: names("c"), Reverts: []Revert{{SHA: name("b"), Strong: true}}},
		Commit{SHA: name("b"), Parents: names("a"), Reverts: []Revert{{SHA: name("a"), Strong: true}}},
		Commit{SHA: name("c"), Parents: names("b"), Reverts: []Revert{{SHA: name("a"), Strong: true}}},
		Commit{SHA: name("fix")}))
	x.Contains(Change{Landed: name("a")}, name("c"))
	require.NotEqual(t, Yes, x.Contains(Change{Landed: name("fix")}, name("c")).Answer)
	require.ErrorContains(t, x.Check(), "circle")
}

// The head of a pull request that is stacked on another one may run: it holds
// the commits of both, which no branch has.
func TestCommitsOfAStackedPullRequestAreCompared(t *testing.T) {
	x := NewIndex()
	id := func(c string) string { return strings.Repeat(c, 40) }
	for _, c := range []Commit{{SHA: id("1")}, {SHA: id("2"), Parents: []string{id("1")}}, {SHA: id("3"), Parents: []string{id("1")}, PullOnly: true},
		{SHA: id("4"), Parents: []string{id("3")}, PullOnly: true}} {
		require.NoError(t, x.Add(c))
	}
	require.Contains(t, x.Candidates(Change{Landed: id("2")}, id("4"), 10), id("3"))
}
