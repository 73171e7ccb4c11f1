package claims_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

var shop = claims.Context{
	Repo:          "acme/checkout",
	GitHubTracker: "github",
	GitHubHosts:   []string{"github.com", "http://127.0.0.1:8080/"},
	Repos:         map[string]string{"acme/postmortem-actions": "Acme/Postmortem-Actions"},
	JiraTrackers:  map[string]string{"PAY": "jira", "P2P_X": "jira"},
	JiraHosts:     map[string]string{"https://acme.atlassian.net": "jira", "jira.acme.example": "dc"},
}

// show writes references as the tests expect them: "!" for closing.
func show(refs []claims.Ref) string {
	var out []string
	for _, r := range refs {
		s := string(r.Ticket) + r.Item
		if r.Closing {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestText(t *testing.T) {
	const own = "github:acme/checkout#12!"
	for name, c := range map[string]struct{ text, want string }{
		"keyword and number":                  {"Fixes #12", own},
		"all keywords":                        {"close #1 closes #2 closed #3 fix #4 fixes #5 fixed #6 resolve #7 resolves #8 resolved #9", "github:acme/checkout#1! github:acme/checkout#2! github:acme/checkout#3! github:acme/checkout#4! github:acme/checkout#5! github:acme/checkout#6! github:acme/checkout#7! github:acme/checkout#8! github:acme/checkout#9!"},
		"case and colon":                      {"CLOSES: #12", own},
		"colon without blank":                 {"Fixes:#12", own},
		"blank before the colon":              {"Fixes : #12", own},
		"no blank and no colon":               {"fixes#12", ""},
		"wrapped line":                        {"This change at last fixes\n#12.", own},
		"wrapped line, Windows":               {"This change at last fixes\r\n#12.\r\n", own},
		"a paragraph between":                 {"Fixes\n\n#12", ""},
		"heading and line":                    {"## Fixes\n#12 is the ticket", ""},
		"heading with it":                     {"### Fixes #12", own},
		"list item":                           {"- Fixes #12\n- and more", own},
		"nested list item":                    {"- a\n  - Fixes #12", own},
		"list after the word":                 {"Fixes\n- #12", ""},
		"table cells":                         {"| Fixes | #12 |", ""},
		"bold":                                {"**Fixes** #12", own},
		"bold with colon":                     {"**Fixes:** #12", own},
		"emphasis around":                     {"_Fixes #12_", own},
		"bold reference":                      {"Fixes **#12**", own},
		"brackets around":                     {"(fixes #12)", own},
		"end of sentence":                     {"It fixes #12. Next.", own},
		"dash at line start":                  {"-Fixes #12", own},
		"non-breaking space":                  {"Fixes\u00a0#12", own},
		"full-width colon":                    {"Fixes：#12", own},
		"after a sign beyond ASCII":           {"→ fixes #12", own},
		"emoji":                               {"🔧 Fixes #12 🎉", own},
		"other repository":                    {"Closes acme/payments#7", "github:acme/payments#7!"},
		"other repository, case":              {"Closes acme/Postmortem-actions#7", "github:Acme/Postmortem-Actions#7!"},
		"own repository, case":                {"Closes ACME/Checkout#12", own},
		"GH-12":                               {"Fixes GH-12", own},
		"address":                             {"Resolves https://github.com/acme/checkout/issues/12", own},
		"address with comment":                {"Resolves https://github.com/acme/checkout/issues/12#issuecomment-99.", own},
		"address in angle brackets":           {"Resolves <https://github.com/acme/checkout/issues/12>", own},
		"address with a port":                 {"Resolves http://127.0.0.1:8080/acme/checkout/issues/12, now", own},
		"address of another host":             {"Resolves https://github.example.com/acme/checkout/issues/12", ""},
		"address with a user":                 {"Resolves https://github.com@evil.example/acme/checkout/issues/12", ""},
		"address of a file":                   {"Resolves https://github.com/acme/checkout/blob/12", ""},
		"address of a pull request":           {"Resolves https://github.com/acme/checkout/pull/12", ""},
		"link with number":                    {"Fixes [#12](https://github.com/acme/checkout/issues/12)", own},
		"link with words":                     {"Fixes [the leak](https://github.com/acme/checkout/issues/12).", own},
		"link: the address decides":           {"Fixes [#12](https://redirect.github.com/other/lib/issues/12)", ""},
		"bracketed key":                       {"Fixes [PAY-12]", "jira:PAY-12!"},
		"Jira key":                            {"Resolves PAY-12", "jira:PAY-12!"},
		"Jira key with underscore":            {"Resolves P2P_X-3", "jira:P2P_X-3!"},
		"Jira address":                        {"Fixes https://acme.atlassian.net/browse/PAY-12", "jira:PAY-12!"},
		"Jira address with context path":      {"Fixes https://jira.acme.example/jira/browse/OPS-3?focused=1", "dc:OPS-3!"},
		"Jira key of an unknown project":      {"Resolves ABC-12", ""},
		"Jira key goes on":                    {"Fixes PAY-12-retry", ""},
		"Jira key in small letters":           {"Fixes pay-12", ""},
		"Holdfast's form":                     {"Fixes github:acme/payments#7, fixes jira:PAY-1", "github:acme/payments#7! jira:PAY-1!"},
		"form of an unknown tracker":          {"Fixes gitlab:acme/payments#7", ""},
		"list: each its own keyword":          {"Fixes #12, #13 and PAY-3", own},
		"list with keywords":                  {"Resolves #1, resolves #2", "github:acme/checkout#1! github:acme/checkout#2!"},
		"twice":                               {"Fixes #12. Fixes #12. Refs #12", own},
		"closing wins":                        {"Refs #12\nFixes #12", own},
		"bare mentions":                       {"See #12, PAY-12 and acme/x#1; #13", ""},
		"inside a word":                       {"prefixes #12 suffixed #13 bugfix #14 hotfixes #15", ""},
		"compound":                            {"bug-fixes #12, fix-up #12, fix2 #12, re_fix #12", ""},
		"path":                                {"/fixes #12 and branch.fixes #12", ""},
		"mention of a user":                   {"@fixes #12", ""},
		"longer word":                         {"fixing #12 closer #12 resolver #12 fixedly #12", ""},
		"no number":                           {"fixes #, fixes #x, fixes #0, fixes #012", ""},
		"number goes on":                      {"fixes #12abc fixes #12-rc1 fixes #12.5", ""},
		"number too long":                     {"fixes #1234567890123456789", ""},
		"negated":                             {"This does not fix #12. It doesn't fully fix #12, never fixes #12, cannot resolve #12.", ""},
		"not only":                            {"It not only fixes #12", own},
		"reverts":                             {"Reverts acme/checkout#12\n\nThis reverts commit 1234567.", ""},
		"quoted title of a revert":            {"Revert \"Retry payments (fixes #12)\"\n\nThis reverts commit 1234567.", ""},
		"own claim of a revert":               {"Revert \"Retry (fixes #13)\" (fixes #12)", own},
		"body of a revert":                    {"Revert \"Retry\"\n\nFixes #12", own},
		"revert in a squash list":             {"Work (#40)\n\n* Revert \"Retry (fixes #12)\"\n* Other", ""},
		"conventional revert":                 {"revert: retry (fixes #12)", ""},
		"conventional revert, scope":          {"revert(api): retry (fixes #12)", ""},
		"revert of a revert":                  {"Revert \"Revert \"Retry (fixes #12)\"\"", own},
		"reapplied":                           {"Reapply \"Retry (fixes #12)\"", own},
		"fenced code":                         {"```\nFixes #12\n```", ""},
		"fenced code, tildes, info":           {"~~~~ text\nFixes #12\n~~~\nFixes #12\n~~~~\n", ""},
		"after fenced code":                   {"```\nx\n```\nFixes #12", own},
		"fence without end":                   {"```go\nFixes #12", ""},
		"fence in a list":                     {"1. do\n\n   ```\n   Fixes #12\n   ```\n2. Fixes #13", "github:acme/checkout#13!"},
		"fence ends with its list item":       {"- ```\n  x\n\nFixes #12", own},
		"indented code":                       {"Example:\n\n    Fixes #12\n", ""},
		"indented code, tab":                  {"Example:\n\n\tFixes #12\n", ""},
		"indented continuation":               {"A sentence\n      which fixes #12", own},
		"indented in a list":                  {"1.  Point\n\n    Fixes #12", own},
		"inline code":                         {"Write `Fixes #12` in the body", ""},
		"inline code, two ticks":              {"``Fixes #12 ` ``", ""},
		"inline code over lines":              {"a `code\nFixes #12\nend` b", ""},
		"tick without partner":                {"a ` b\n\nFixes #12 `", own},
		"escaped tick":                        {"\\`Fixes #12\\`", own},
		"code between":                        {"fixes `x` #12", ""},
		"quote":                               {"> Fixes #12", ""},
		"quote in a list":                     {"- > Fixes #12", ""},
		"line after a quote":                  {"> text\nFixes #12", own},
		"comment":                             {"<!-- Fixes #12 -->", ""},
		"comment over lines":                  {"<!--\nFixes #12\n\nCloses #13\n-->\nFixes #14", "github:acme/checkout#14!"},
		"comment in a sentence":               {"Fixes <!-- number --> #12", own},
		"text behind a comment":               {"<!-- x -->Fixes #12", own},
		"comment without end":                 {"<!-- Fixes #12", ""},
		"HTML quotation":                      {"<details><blockquote>\n\nFixes #12 <blockquote>Fixes #13</blockquote> Fixes #14\n</blockquote></details>\n\nFixes #15", "github:acme/checkout#15!"},
		"HTML code":                           {"<pre>\nFixes #12\n</pre> <CODE class=x>Fixes #13</CODE>", ""},
		"HTML list":                           {"<ul><li>Fixes #12</li></ul>", own},
		"refs":                                {"Refs #12", "github:acme/checkout#12"},
		"refs list":                           {"Refs: #1, acme/b#2 and PAY-3, then #4", "github:acme/checkout#1 github:acme/b#2 jira:PAY-3"},
		"refs path":                           {"refs/heads/main and #12", ""},
		"part of":                             {"This is part of #12", "github:acme/checkout#12"},
		"part of, not":                        {"This is not part of #12; a part #12", ""},
		"trailer item":                        {"Body.\n\nHoldfast-Item: 2026-11-20-checkout-outage/3", "2026-11-20-checkout-outage/3"},
		"trailer list":                        {"holdfast-item: pm-1/2, PAY-3 and #4", "pm-1/2 jira:PAY-3 github:acme/checkout#4"},
		"trailer within a line":               {"the trailer Holdfast-Item: pm-1/2", ""},
		"trailer without number":              {"Holdfast-Item: pm-1", ""},
		"trailer with a path":                 {"Holdfast-Item: pm-1/2/3", ""},
		"smart commit":                        {"PAY-12 #close", "jira:PAY-12!"},
		"smart commit, several":               {"PAY-1 PAY-2, PAY-3 #close", "jira:PAY-1! jira:PAY-2! jira:PAY-3!"},
		"smart commit, more commands":         {"PAY-1 #time 1h #comment done #close", "jira:PAY-1!"},
		"smart commit of the next key":        {"PAY-1 #comment x PAY-2 #close", "jira:PAY-2!"},
		"smart commit, words between":         {"PAY-1 breaks when I press #close", ""},
		"smart commit, next line":             {"PAY-1 #comment x\n#close", ""},
		"smart commit, longer word":           {"PAY-1 #closest", ""},
		"smart commit in code":                {"`PAY-12 #close`", ""},
		"only the keyword":                    {"Fixes", ""},
		"empty":                               {"", ""},
		"hostile bytes":                       {"Fixes \x00#12 \x01 Fixes\x01#12 \xff\xfe", ""},
		"commit trailer of other projects":    {"Fixes: 1234567890ab (\"net: x\")", ""},
		"dependency bot, redirected":          {"<li>Fixes <a href=\"https://redirect.github.com/o/l/issues/12\">#12</a></li>", ""},
		"two changes of one line, one quoted": {"Fixes #12\n> Fixes #13\n", own},
	} {
		t.Run(name, func(t *testing.T) {
			if got := show(claims.Text(c.text, shop)); got != c.want {
				t.Errorf("Text(%q)\n got %q\nwant %q", c.text, got, c.want)
			}
		})
	}
}

func TestTextNeedsContext(t *testing.T) {
	if got := claims.Text("Fixes #12, fixes acme/x#1, fixes PAY-1", claims.Context{Repo: "acme/x"}); got != nil {
		t.Errorf("without trackers: %v", got)
	}
	got := claims.Text("Fixes #12, fixes acme/x#1", claims.Context{GitHubTracker: "gh"})
	if show(got) != "gh:acme/x#1!" {
		t.Errorf("without a repository: %v", got)
	}
}

func TestTitle(t *testing.T) {
	for title, want := range map[string]string{
		"PAY-12: retry":             "jira:PAY-12",
		"PAY-12 retry":              "jira:PAY-12",
		" [PAY-12] retry":           "jira:PAY-12",
		"(PAY-12) retry":            "jira:PAY-12",
		"[PAY-12][PAY-13] retry":    "jira:PAY-12 jira:PAY-13",
		"PAY-12, PAY-13: retry":     "jira:PAY-12 jira:PAY-13",
		"PAY-12":                    "jira:PAY-12",
		"retry for PAY-12":          "",
		"fix: PAY-12":               "",
		"PAY-12-hotfix":             "",
		"[PAY-12 retry":             "",
		"Pay-12: retry":             "",
		"ABC-1: retry":              "",
		"Revert \"PAY-12: retry\"":  "",
		"":                          "",
		"PAY-":                      "",
		"PAY-0: zero":               "",
		strings.Repeat("PAY-1", 99): "",
	} {
		if got := show(claims.Title(title, shop)); got != want {
			t.Errorf("Title(%q) = %q, want %q", title, got, want)
		}
	}
}

func TestBranch(t *testing.T) {
	for branch, want := range map[string]string{
		"PAY-12":                      "jira:PAY-12",
		"feature/PAY-12-fix":          "jira:PAY-12",
		"feature/PAY-12_fix":          "jira:PAY-12",
		"pay-12":                      "jira:PAY-12",
		"bugfix/pay-12-retry":         "jira:PAY-12",
		"alice/PAY-12/PAY-13":         "jira:PAY-12 jira:PAY-13",
		"PAY-12fix":                   "",
		"Pay-12":                      "",
		"fix-PAY-12":                  "",
		"abc-1":                       "",
		"revert-41-feature/PAY-12-x":  "",
		"revert-button/PAY-12":        "jira:PAY-12",
		"":                            "",
		"/":                           "",
		"PAY-":                        "",
		"PAY-0":                       "",
		strings.Repeat("PAY-1/", 900): "",
	} {
		if got := show(claims.Branch(branch, shop)); got != want {
			t.Errorf("Branch(%q) = %q, want %q", branch, got, want)
		}
	}
}

func TestFromPullRequest(t *testing.T) {
	got := claims.FromPullRequest(claims.PullRequest{
		Title:    "PAY-12: retry (fixes #1)",
		Body:     "Refs #2\n\nFixes acme/ops#3",
		Branch:   "feature/PAY-12-retry",
		Messages: []string{"PAY-99 mentioned first", "retry\n\nFixes #2"},
	}, shop)
	if want := "jira:PAY-12 github:acme/checkout#1! github:acme/checkout#2! github:acme/ops#3!"; show(got) != want {
		t.Errorf("got %s\nwant %s", show(got), want)
	}

	change := domain.Change{Repo: "acme/checkout", SHA: "abc", How: domain.ClaimCommit}
	want := []domain.Claim{{Item: "pm/1", Change: change}, {Ticket: "jira:PAY-1", Closing: true, Change: change}}
	made := claims.Of(claims.FromCommit("Holdfast-Item: pm/1\nFixes PAY-1", shop), change)
	if diff := cmp.Diff(want, made); diff != "" {
		t.Error(diff)
	}
	if claims.Of(nil, change) != nil {
		t.Error("claims without references")
	}
}

func TestBounds(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString("Fixes #1")
		b.WriteString(strings.Repeat("1", i%3))
		b.WriteString(strings.Repeat("2", i/3%15))
		b.WriteString("\n")
	}
	for i := range 400 {
		b.WriteString("Refs acme/r" + strings.Repeat("x", i%50) + "#" + strings.Repeat("1", 1+i/50) + "\n")
	}
	if got := len(claims.Text(b.String(), shop)); got != claims.MaxRefs {
		t.Errorf("%d references, want the first %d", got, claims.MaxRefs)
	}
	late := strings.Repeat("word ", claims.MaxText/5+1) + "\n\nFixes #12"
	if got := claims.Text(late, shop); got != nil {
		t.Errorf("read beyond the bound: %v", got)
	}
}

// Texts made to be slow for a careless reader must be read in a time that
// grows with their length alone.
func TestHostileTextsAreFast(t *testing.T) {
	ticks := &strings.Builder{}
	for n := 1; ticks.Len() < claims.MaxText; n++ {
		ticks.WriteString(strings.Repeat("`", n) + " ")
	}
	for name, text := range map[string]string{
		"backticks":     ticks.String(),
		"lists":         strings.Repeat("- ", claims.MaxText/2),
		"nested lists":  strings.Repeat(strings.Repeat("- ", 80)+"x\n", claims.MaxText/162),
		"comments":      "a " + strings.Repeat("<!--", claims.MaxText/4),
		"elements":      strings.Repeat("<pre><code>", claims.MaxText/11),
		"keywords":      strings.Repeat("fixes ", claims.MaxText/6),
		"keys":          strings.Repeat("PAY-1 ", claims.MaxText/6),
		"key commands":  strings.Repeat("PAY-1 #x ", claims.MaxText/9),
		"open links":    strings.Repeat("fixes [", claims.MaxText/7),
		"links":         strings.Repeat("fixes [a](http://", claims.MaxText/17),
		"underscores":   strings.Repeat("_", claims.MaxText),
		"emphasis":      strings.Repeat("_a", claims.MaxText/2),
		"blanks":        "fixes" + strings.Repeat(" ", claims.MaxText),
		"jira blocks":   "/holdfast status\n" + strings.Repeat("{code:x}{quote:x}", claims.MaxText/18),
		"reverts":       strings.Repeat("Revert \"", claims.MaxText/8),
		"revert scopes": strings.Repeat("revert(\n", claims.MaxText/8),
		"fences":        strings.Repeat("```\n~~~\n", claims.MaxText/8),
		"refs":          "Refs " + strings.Repeat("#1, ", claims.MaxText/4),
		"commands":      strings.Repeat("/holdfast x\n", claims.MaxText/12),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			claims.Text(text, shop)
			claims.Title(text, shop)
			claims.Commands(text)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %s", took)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"Fixes #12", "> Fixes #1", "```\nFixes #1\n```", "- - `a\n> b` <!-- x -->\nFixes #1",
		"Revert \"x (fixes #1)\"", "PAY-1 #close", "Holdfast-Item: a/1, b/2", "Fixes [#1](https://github.com/a/b/issues/1)",
		"<pre><blockquote>Fixes #1</pre>", "{code}\n/holdfast status\n{code}", "/holdfast waive 3d x", "1. a\n\t\tb\n   ~~~\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		refs := claims.FromPullRequest(claims.PullRequest{Title: s, Body: s, Branch: s, Messages: []string{s}}, shop)
		if len(refs) > claims.MaxRefs {
			t.Fatalf("%d references", len(refs))
		}
		seen := map[string]bool{}
		for _, r := range refs {
			if (r.Ticket == "") == (r.Item == "") {
				t.Fatalf("neither or both: %+v", r)
			}
			if r.Ticket != "" {
				if _, err := domain.ParseRef(string(r.Ticket)); err != nil {
					t.Fatal(err)
				}
			}
			if key := string(r.Ticket) + "|" + r.Item; seen[key] {
				t.Fatalf("twice: %s", key)
			} else {
				seen[key] = true
			}
		}
		// Hidden as a whole, the same text claims nothing.
		quoted := "> " + strings.ReplaceAll(strings.ReplaceAll(s, "\r", "\n"), "\n", "\n> ")
		if got := claims.Text(quoted, shop); got != nil {
			t.Fatalf("a quoted text claims %v", got)
		}
		if got := claims.Commands(quoted); got != nil {
			t.Fatalf("a quoted text commands %v", got)
		}
		for _, c := range claims.Commands(s) {
			if strings.ContainsAny(c.Line+c.Problem+c.Rest, "\n\r\x00\x1b") {
				t.Fatalf("control characters in %+v", c)
			}
			if c.Problem == "" && c.Verb == "" {
				t.Fatalf("no verb and no problem: %+v", c)
			}
		}
	})
}

func BenchmarkFromPullRequest(b *testing.B) {
	pr := claims.PullRequest{
		Title: "PAY-12: retry", Branch: "feature/PAY-12-retry",
		Body: strings.Repeat("Some words about `code` and a [link](https://example.com).\n\n- point\n", 150) + "Fixes #12\n",
	}
	b.SetBytes(int64(len(pr.Body)))
	for b.Loop() {
		if len(claims.FromPullRequest(pr, shop)) != 2 {
			b.Fatal("claims are missing")
		}
	}
}
