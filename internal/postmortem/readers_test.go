package postmortem_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// extensions has a name for each reader.
var extensions = []string{".md", ".html", ".org", ".rst", ".wikitext", ".jira", ".adoc", ".yaml", ".json", ".txt"}

// Documents made to be slow in one of the formats must be refused or read in
// good time, whatever reader gets them.
func TestHostileDocumentsAreFastInEveryFormat(t *testing.T) {
	units := map[string]string{
		"html depth": "<div>", "html lists": "<ul><li>", "html tables": "<table><tr><td>", "html bold": "<b><i>", "html links": "<a href=http://a.b/>", "html spans": "<td rowspan=50 colspan=50>x",
		"html status": "<span class=status>", "html tasks": "<ac:task-list><ac:task><ac:task-body>", "html macros": "<ac:structured-macro><ac:parameter ac:name=key>", "html styles": "<style>.a{font-weight:700}</style>",
		"org stars": "* TODO a\n** TODO b\n", "org deep": "**** a\n", "org drawers": ":PROPERTIES:\n", "org blocks": "#+begin_x\n", "org links": "[[a][b]] ", "org dates": "<2026-12-01 ",
		"rst notes": ".. note::\n\n   ", "rst grids": "+--+\n|a |\n", "rst simple": "== ==\na  b\n", "rst roles": ":a:`", "rst titles": "a\n===\n", "rst lists": ".. list-table::\n\n   * - a\n     - b\n",
		"wiki tables": "{|\n|a||b\n", "wiki depth": "*", "wiki templates": "{{a|", "wiki links": "[[a|", "wiki boxes": "{{a\n", "jira rows": "|a|b[c|\n", "jira marks": "*a _b -c ", "jira macros": "{a:", "jira code": "{code}\n",
		"adoc tables": "|===\n|a\n", "adoc lists": "* a\n** b\n.. c\n", "adoc blocks": "----\n", "adoc links": "link:", "yaml lists": "- ", "yaml maps": "a: {", "yaml anchors": "- &a [*a]\n", "yaml keys": "a:\n b:\n", "yaml quotes": "\"",
		"json lists": "[", "json maps": `{"a":`, "json texts": `{"a":"\n`, "indents": "- a\n - b\n  - c\n", "tabs": "a\tb\n", "pipes": "|a|b\n", "bullets": "• a\n", "boxes": "☐ ", "names": "- a (Bo)\n", "numbers": "1) a\n\n", "colons": "a:\n", "headings": "ACTION ITEMS\n", "keys": "Owner: a | Due: b\n",
		"prose": "We will do it. ", "dates": "12/11/2026 ", "blanks": "{{a}}", "stops": "a. ", "wide": "（１）", "sentinels": "\ue000", "entities": "&#xe000;", "quotes": "'''", "under": "__",
	}
	for name, unit := range units {
		t.Run(name, func(t *testing.T) {
			for _, ext := range extensions {
				for _, width := range []int{30_000, 900} {
					line := strings.Repeat(unit, max(1, width/len(unit)))
					text := strings.Repeat(line+"\n", max(1, 30_000/len(line)))
					start := time.Now()
					_, err := postmortem.Parse("x"+ext, []byte(text))
					if took := time.Since(start); took > time.Minute {
						t.Errorf("x%s, lines of %d: took %s (%v)", ext, width, took, err)
					}
				}
			}
		})
	}
}

// A YAML document of a few lines that unfolds to billions must stay small.
func TestYAMLAliasesStayBounded(t *testing.T) {
	text := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := byte('b'); c <= 'k'; c++ {
		text += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 10), ",") + "]\n"
	}
	start := time.Now()
	if _, err := postmortem.Parse("x.yaml", []byte(text)); err != nil {
		t.Log(err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %s", took)
	}
}

// HTML is data: nothing of its markup, scripts or comments reaches an item.
func TestHTMLIsData(t *testing.T) {
	doc, err := postmortem.Parse("x.html", []byte(`<h2>Action items</h2><script>document.write("<li>evil</li>")</script><style>li{}</style><!-- <ul><li>hidden</li></ul> -->
<ul><li onclick="x()">Add a <b onmouseover=y>limit</b> &lt;script&gt;alert(1)&lt;/script&gt;<img src=http://127.0.0.1:9/x onerror=z></li><li hidden>secret</li><li style="display: none">secret</li></ul><iframe src=//x></iframe><template><li>no</li></template>`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Add a limit <script>alert(1)</script>"}, briefs(doc)); diff != "" {
		t.Error(diff)
	}
}

func TestFormatIsSeenWithoutAName(t *testing.T) {
	for name, text := range map[string]string{
		"HTML":     "<!DOCTYPE html><html><body><h2>Action items</h2><ul><li>Add a limit</li></ul></body></html>",
		"fragment": "<h2>Action items</h2>\n<ul>\n<li>Add a limit</li>\n</ul><p>a</p><p>b</p>",
		"JSON":     `{"incident":"x","action_items":["Add a limit"]}`,
		"Jira":     "h1. Down\n\nh2. Action items\n\n# Add a limit\n",
		"wiki":     "== Summary ==\nDown.\n\n== Action items ==\n# Add a limit\n",
		"AsciiDoc": "= Down\n\n== Action items\n\n. Add a limit\n",
		"org":      "#+TITLE: Down\n* Action items\n** TODO Add a limit\n",
		"rst":      "Down\n####\n\n.. contents::\n\nAction items\n============\n\n#. Add a limit\n",
		"YAML":     "title: Down\nseverity: 2\naction_items:\n  - Add a limit\n",
		"Markdown": "# Down\n\n## Action items\n\n1. Add a limit\n",
		"text":     "Action items\n\n1. Add a limit\n",
	} {
		doc, err := postmortem.Parse("", []byte(text))
		if err != nil || len(doc.Items) != 1 || doc.Items[0].Title != "Add a limit" {
			t.Errorf("%s: %q %q %v", name, briefs(doc), doc.Notes, err)
		}
	}
}

// JSON of another shape is read; what looks like a misspelt form of the API is
// an error.
func TestJSONOfAnyShape(t *testing.T) {
	for text, want := range map[string]int{
		`{"action_items":[{"action":"Add a limit","assignee":"bo"}]}`:                                 1,
		`{"postmortem":{"followUps":{"prevent":["Add a limit"],"detect":[{"task":"Add an alarm"}]}}}`: 2,
		`[{"title":"Add a limit","owner":"bo","status":"open"}]`:                                      1,
		`{"items":[{"title":"Add a limit","assignee":"bo","deadline":"2026-12-01"}]}`:                 1,
		`{"items":[{"titel":"Add a limit"}]}`:                                                         -1,
		`{"items":[{"title":"Add a limit","pirority":"P1"}]}`:                                         -1,
		`{"items":[{"title":"Add a limit","priority":"P9"}]}`:                                         -1,
	} {
		doc, err := postmortem.Parse("x.json", []byte(text))
		if want < 0 && err == nil || want >= 0 && (err != nil || len(doc.Items) != want) {
			t.Errorf("%s: %q %v", text, briefs(doc), err)
		}
	}
}

func TestFactsOfTheDocument(t *testing.T) {
	doc := parse(t, "# Mail was late\n\n- **Date**: 2026-11-02\n- **Authors**: Priya, Tom\n- **Affected services**: relay, `outbox`\n\n## Summary\n\nReceipts came an hour late.\n\n## Next steps\n\nNobody wrote any yet.\n")
	if diff := cmp.Diff([]string{"Priya", "Tom"}, doc.Owners); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"relay", "outbox"}, doc.Services); diff != "" {
		t.Error(diff)
	}
	if doc.Summary != "Receipts came an hour late." {
		t.Errorf("summary %q", doc.Summary)
	}
	if len(doc.Notes) != 1 || !strings.HasPrefix(doc.Notes[0], "line 11: the section “Next steps” holds no action items") {
		t.Errorf("notes %q", doc.Notes)
	}
}

func TestDueDatesOfTheDocument(t *testing.T) {
	for written, want := range map[string]string{
		"2026-12-01": "2026-12-01", "1. Dezember 2026": "2026-12-01", "1er décembre 2026": "2026-12-01", "1 de diciembre de 2026": "2026-12-01", "2026.12.01": "2026-12-01", "2026년 12월 1일": "2026-12-01",
		"Q1 2027": "2027-03-31", "end of Q4": "2026-12-31", "Q1": "2027-03-31", "December 2026": "2026-12-31", "in two weeks": "2026-11-16", "10 days": "2026-11-12", "next week": "2026-11-13", "end of month": "2026-11-30",
		"Dec 1": "2026-12-01", "Jan 5": "2027-01-05", "3月末": "", "12月1日": "2026-12-01", "25/12/2026": "2026-12-25", "01/12/2026": "", "12/11/26": "", "soon": "", "Q4 2026 - Q1 2027": "", "5 business days": "",
	} {
		doc := parse(t, "# X\n\nDate: 2026-11-02\n\n## Action items\n\n| Action | Due |\n|---|---|\n| Add a limit | "+written+" |\n")
		got := ""
		if len(doc.Items) == 1 && doc.Items[0].Due != nil {
			got = *doc.Items[0].Due
		}
		if got != want {
			t.Errorf("%q is %q, want %q", written, got, want)
		}
	}
	// A day beyond 12 elsewhere tells the order of all the document's dates.
	doc := parse(t, "# X\n\nFrom 25/11/2026 on.\n\n## Action items\n\n- Add a limit (due 01/12/2026)\n")
	if len(doc.Items) != 1 || doc.Items[0].Due == nil || *doc.Items[0].Due != "2026-12-01" {
		t.Errorf("%q", briefs(doc))
	}
}

// FuzzReaders gives a text to each reader: none may panic, take long, or give
// what no item may hold.
func FuzzReaders(f *testing.F) {
	f.Add("<h2>Action items</h2><table><tr><td rowspan=2>a<td>Owner<tr><td>b</table><ul class=lst-kix_a-1><li>x<ul><li>y")
	f.Add("* Action items\n** TODO [#A] a :b:\nDEADLINE: <2026-01-02>\n:PROPERTIES:\n:Owner: c\n:END:\n| a | b |\n|--+--|\n")
	f.Add("Action items\n============\n\n.. list-table::\n\n   * - Action\n     - Owner\n   * - a\n     - b\n\n+---+\n| a |\n+---+\n\n== ==\na  b\n== ==\n")
	f.Add("== Action items ==\n* {{phab|T1234}} a [[b|c]]\n{|\n! a !! b\n|-\n| c || d\n|}\n")
	f.Add("h2. Action items\n||Action||Owner||\n|a|[~b]|\n* *c* {status:title=DONE}\n** -d-\n")
	f.Add("= a\n== Action items\n|===\n|Action|Owner\n|a|b\n|===\n* [x] c\n+\nd\n.. e\n")
	f.Add("action_items:\n  - a: &x b\n    owner: *x\n  - c\n")
	f.Add(`{"action_items":[{"action":"a","owner":{"name":"b"}},"c"],"notes":"## Next steps\n- d"}`)
	f.Add("ACTION ITEMS\n1) a (Bo)\n   Owner: b\n• c\n☐ d\na\tb\n1\t2\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 {
			return
		}
		for _, ext := range extensions {
			start := time.Now()
			doc, err := postmortem.Parse("x"+ext, []byte(text))
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%s took %s", ext, took)
			}
			if err == nil && ext != ".json" {
				checkInvariants(t, doc, text)
			}
		}
	})
}
