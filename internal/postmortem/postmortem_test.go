package postmortem_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

func read(t *testing.T, name string) postmortem.Document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := postmortem.Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func parse(t *testing.T, text string) postmortem.Document {
	t.Helper()
	doc, err := postmortem.Parse("", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// brief writes an item as one line: title and the fields that it has.
func brief(it postmortem.Item) string {
	s := it.Title
	for _, f := range []struct {
		name  string
		value *string
	}{
		{"text", it.Text}, {"owner", it.Owner}, {"priority", it.Priority}, {"type", it.Type}, {"written", it.TypeWritten},
		{"due", it.Due}, {"duewritten", it.DueWritten}, {"service", it.Service}, {"ticket", it.Ticket},
	} {
		if f.value != nil && (f.name != "duewritten" || it.Due == nil || *it.Due != *f.value) {
			s += " |" + f.name + "=" + *f.value
		}
	}
	if it.Done {
		s += " |done"
	}
	return s
}

func briefs(doc postmortem.Document) []string {
	out := []string{}
	for _, it := range doc.Items {
		out = append(out, brief(it))
	}
	return out
}

func TestTable(t *testing.T) {
	doc := read(t, "checkout.md")
	want := []string{
		"Validate cards against the recorded set |owner=@alice |priority=P0 |type=preventative |written=Prevent |due=2026-11-20 |service=checkout",
		"Alert when refusals pass 2 % |owner=bob |priority=P1 |type=mitigative |written=Detection |due=2026-12-01 |duewritten=Dec 1, 2026 |ticket=https://github.com/acme/checkout/issues/12",
		"Write the runbook for card-validator_* |type=mitigative |written=Runbook |duewritten=12/01/2026 |ticket=PAY-7 |done",
	}
	if diff := cmp.Diff(want, briefs(doc)); diff != "" {
		t.Error(diff)
	}
	if doc.ID != "checkout" || doc.Title != "Checkout refused cards for 41 minutes" || doc.Date != "2026-11-12" || doc.Severity != "SEV1" ||
		!cmp.Equal(doc.Services, []string{"checkout", "payments"}) || doc.Draft {
		t.Errorf("facts: %+v", doc)
	}
	if doc.Items[0].Line != 30 || doc.Items[2].Line != 32 {
		t.Errorf("lines %d and %d", doc.Items[0].Line, doc.Items[2].Line)
	}
	if !strings.Contains(strings.Join(doc.Notes, "\n"), "line 32: the due date “12/01/2026” is not clear; write YYYY-MM-DD") {
		t.Errorf("notes: %q", doc.Notes)
	}
}

func TestChecklist(t *testing.T) {
	doc := read(t, "search.md")
	want := []string{
		"Rebuild the index in the background |owner=@alice |priority=P1 |type=preventative |written=preventative |due=2026-12-01",
		"Page when the lag passes an hour |owner=@bob |priority=P2 |done",
		"Keep two index versions |owner=@alice |priority=P0 |due=2026-12-24",
		"Limit the batch size. |owner=Bob Example |priority=P1 |due=2026-12-24 |duewritten=24 Dec 2026",
		"type: mitigate; Add a read-only mode",
		"Show the age of the index on the status page |text=- it stands in the footer today |owner=@alice |priority=P3 |due=2026-12-31 |service=search",
		"Raise the disk quota |ticket=https://github.com/acme/search/issues/41",
		"Retry the payment of reindexing |ticket=PAY-12",
		"Drop the old cluster |done",
		"Check the schema in CI |text=The change was merged without it.\nA second paragraph. |type=preventative |written=Prevention",
		"Freeze schema changes |type=preventative |written=Prevention",
		"Tell the teams |type=preventative |written=Prevention",
	}
	if diff := cmp.Diff(want, briefs(doc)); diff != "" {
		t.Error(diff)
	}
	if doc.Title != "Search index went stale" || doc.Date != "2026-10-03" || doc.Severity != "Major" || !doc.Draft ||
		!cmp.Equal(doc.Services, []string{"search", "indexer"}) {
		t.Errorf("facts: %+v", doc)
	}
	if doc.Items[0].Line != 14 {
		t.Errorf("line %d, want 14", doc.Items[0].Line)
	}
}

func TestItemForms(t *testing.T) {
	for name, c := range map[string]struct{ entry, want string }{
		"bare":                      {"Add a limit", "Add a limit"},
		"brackets":                  {"[P1] [prevent] Add a limit", "Add a limit |priority=P1 |type=preventative |written=prevent"},
		"bold with colon":           {"**P1:** Add a limit", "Add a limit |priority=P1"},
		"capitals":                  {"HIGH - Add a limit", "Add a limit |priority=P1"},
		"rank and capital":          {"P2 Add a limit", "Add a limit |priority=P2"},
		"rank within the words":     {"P1 alerts must reach the on-call", "P1 alerts must reach the on-call"},
		"rank with other words":     {"Handle P1 and P2 alike", "Handle P1 and P2 alike"},
		"ordinary word and colon":   {"Monitoring: add a limit", "Monitoring: add a limit"},
		"type and colon":            {"Detection: add an alarm", "add an alarm |type=mitigative |written=Detection"},
		"owner in front":            {"@alice: Add a limit", "Add a limit |owner=@alice"},
		"two owners":                {"Add a limit @alice, @bob", "Add a limit |owner=@alice, @bob"},
		"owner behind a dash":       {"Add a limit — @acme/platform", "Add a limit |owner=@acme/platform"},
		"mail address":              {"Tell help@acme.example", "Tell help@acme.example"},
		"key and value":             {"Add a limit. Owner: @alice. Priority: P1", "Add a limit. |owner=@alice |priority=P1"},
		"keys in brackets":          {"Add a limit (Owner: Alice, Due: 2026-12-01, P1)", "Add a limit |owner=Alice |priority=P1 |due=2026-12-01"},
		"date with a comma":         {"Add a limit (@alice, Oct 12, 2026)", "Add a limit |owner=@alice |due=2026-10-12 |duewritten=Oct 12 2026"},
		"due at the end":            {"Add a limit by 2026-12-01", "Add a limit |due=2026-12-01"},
		"by something else":         {"Sort the list by name", "Sort the list by name"},
		"due unclear":               {"Add a limit, due 12/01/2026", "Add a limit |duewritten=12/01/2026"},
		"due not decided":           {"Add a limit (due: TBD)", "Add a limit"},
		"brackets that say more":    {"Add a limit (see the talk)", "Add a limit (see the talk)"},
		"priority that is none":     {"Say the priority: it is unclear", "Say the priority: it is unclear"},
		"status at the end":         {"Add a limit (done)", "Add a limit |done"},
		"status in a sentence":      {"Say when the job is done", "Say when the job is done"},
		"tick":                      {"✅ Add a limit", "Add a limit |done"},
		"number in brackets":        {"Add a limit (#12)", "Add a limit |ticket=#12"},
		"key in front":              {"[PAY-12] Add a limit", "Add a limit |ticket=PAY-12"},
		"looks like a key":          {"[UTF-8] names", "[UTF-8] names"},
		"address at the end":        {"Add a limit https://github.com/acme/x/issues/3", "Add a limit |ticket=https://github.com/acme/x/issues/3"},
		"browse address":            {"Add a limit (https://acme.atlassian.net/browse/PAY-3)", "Add a limit |ticket=https://acme.atlassian.net/browse/PAY-3"},
		"only a ticket":             {"https://github.com/acme/x/issues/3", "https://github.com/acme/x/issues/3 |ticket=https://github.com/acme/x/issues/3"},
		"linked title":              {"[Add a limit](https://github.com/acme/x/issues/3)", "Add a limit |ticket=https://github.com/acme/x/issues/3"},
		"ordinary link":             {"Read [the guide](https://acme.example/g) again", "Read the guide again"},
		"markup":                    {"Add `rate_limit_*` to *all* __gateways__ &amp; \\*proxies", "Add rate_limit_* to all gateways & *proxies"},
		"image":                     {"Add a limit ![graph](x.png)", "Add a limit"},
		"HTML":                      {"Add a<br>limit <b onclick=x>now</b>", "Add a limit now"},
		"Japanese":                  {"上限を追加（担当：山田、期限：2026年12月1日）", "上限を追加 |owner=山田 |due=2026-12-01 |duewritten=2026年12月1日"},
		"control and private runes": {"Add\u202e a\ue000 \x1blimit", "Add a limit"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, "## Action items\n\n- "+c.entry+"\n")
			if got := strings.Join(briefs(doc), " || "); got != c.want {
				t.Errorf("%q\n got %q\nwant %q", c.entry, got, c.want)
			}
		})
	}
}

func TestPlaceholdersAreNoItems(t *testing.T) {
	for _, entry := range []string{
		"", "TODO", "TBD", "...", "…", "-", "N/A", "None", "none.", "No action items", "no further actions required", "Action 1", "Action item #2", "Item",
		"Example", "Lorem ipsum dolor", "<action>", "[Action description]", "{{ summary }} [link]", "@handle", "#123", "YYYY-MM-DD",
		"[Action description] - Owner: @name - Due: YYYY-MM-DD", "Monitoring: [alert to add]", "**#[number]**: [Description]", "[ ] TODO",
		"List the action items here", "_To be determined_", "P1", "@alice 2026-12-01", "First action", "なし",
	} {
		doc := parse(t, "# P\n\n## Action items\n\n- [ ] "+entry+"\n\n| Action | Owner |\n|---|---|\n| "+entry+" | alice |\n")
		if len(doc.Items) != 0 {
			t.Errorf("%q became %q", entry, briefs(doc))
		}
		if len(doc.Notes) == 0 || !strings.Contains(doc.Notes[len(doc.Notes)-1], "placeholders") {
			t.Errorf("%q: no note: %q", entry, doc.Notes)
		}
	}
}

func TestSections(t *testing.T) {
	item := "- Add a limit\n"
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"plain":                      {"## Action Items\n" + item, 1},
		"numbered, emoji, colon":     {"## 5. 🛠 Follow-ups:\n" + item, 1},
		"setext":                     {"Action items\n------------\n" + item, 1},
		"two words":                  {"## Corrective and Preventative Measures\n" + item, 1},
		"horizon":                    {"## Long-term improvements (Q1)\n" + item, 1},
		"next steps":                 {"## Next steps\n" + item, 1},
		"with lessons":               {"## Lessons learned and action items\n" + item, 1},
		"question":                   {"## How do we prevent this from happening again?\n" + item, 1},
		"bold line":                  {"**Action items**\n\n" + item, 1},
		"bare line":                  {"Action items:\n\n" + item, 1},
		"Japanese":                   {"## アクションアイテム\n" + item, 1},
		"below lessons":              {"## Lessons learned\n" + item + "### Action items\n" + item, 1},
		"sub-heading goes on":        {"## Action items\n### Gateway\n" + item, 1},
		"ends at the next heading":   {"## Action items\n## Notes\n" + item, 0},
		"ends at a higher heading":   {"### Action items\n## Notes\n" + item, 0},
		"shut sub-heading":           {"## Action items\n### What went wrong\n" + item + "### More\n" + item, 1},
		"title of the document":      {"# Action items are late: a postmortem\n" + item, 0},
		"document of action items":   {"# Action items\n" + item, 1},
		"taken":                      {"## Actions taken\n" + item, 0},
		"timeline":                   {"## Timeline\n" + item, 0},
		"resolution":                 {"## Resolution\n" + item, 0},
		"guide":                      {"## How to write action items\n" + item, 0},
		"a sentence with the words":  {"## Why follow-ups were late in spring\n" + item, 0},
		"list elsewhere":             {"## Impact\n- [ ] Add a limit\n", 0},
		"quoted":                     {"## Action items\n> - Add a limit\n", 0},
		"in a comment":               {"## Action items\n<!--\n- Add a limit\n-->\n", 0},
		"in code":                    {"## Action items\n```\n- Add a limit\n```\n", 0},
		"table anywhere":             {"## Plan\n| Action item | Owner |\n|---|---|\n| Add a limit | bob |\n", 1},
		"table, other order":         {"## Plan\n| Owner | Due | Action |\n|---|---|---|\n| bob | 2026-12-01 | Add a limit |\n", 1},
		"timeline table":             {"## Action items\n| Time | Action | Owner |\n|---|---|---|\n| 10:00 | Rolled back | bob |\n", 0},
		"timeline table with a date": {"## Events\n| Date | Action |\n|---|---|\n| 2026-12-01 | Rolled back |\n", 0},
		"table of figures":           {"## Action items\n| Metric | Value |\n|---|---|\n| a | 1 |\n", 0},
		"table without a title":      {"## Action items\n| Owner | Due |\n|---|---|\n| bob | 2026-12-01 |\n", 0},
		"tasks in a section":         {"## Action items\n| Task | Who |\n|---|---|\n| Add a limit | bob |\n", 1},
		"tasks elsewhere":            {"## Staff\n| Task | Who |\n|---|---|\n| Add a limit | bob |\n", 0},
		"two tables":                 {"## Action items\n### Prevent\n| Action | Owner |\n|---|---|\n| A limit | b |\n### Detect\n| Action | Owner |\n|---|---|\n| An alarm | b |\n", 2},
		"short rows":                 {"## Action items\n| Action | Owner |\n|---|---|\n| A limit |\n| An alarm | b | c | d |\n", 2},
		"children of a box":          {"## Action items\n- [ ] Add a limit\n  - [ ] for reads\n  - [ ] for writes\n", 1},
		"boxes below a label":        {"## Action items\n- Gateway\n  - [ ] Add a limit\n  - [ ] Add an alarm\n", 2},
		"nothing":                    {"", 0},
		"no section":                 {"# A title\n\ntext\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, c.text)
			if len(doc.Items) != c.want {
				t.Errorf("%d items, want %d: %q", len(doc.Items), c.want, briefs(doc))
			}
			if c.want == 0 && len(doc.Notes) == 0 {
				t.Error("no note says why there are no items")
			}
			if doc.Items == nil {
				t.Error("items are null in JSON")
			}
		})
	}
}

func TestFacts(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, id, title, date, severity string
	}{
		"nothing":             {"", "text", "", "", "", ""},
		"from the heading":    {"", "# Search is *slow*\n", "search-is-slow", "Search is slow", "", ""},
		"date in the title":   {"", "# 2026-11-02: Search is slow\n", "2026-11-02-search-is-slow", "2026-11-02: Search is slow", "2026-11-02", ""},
		"date in the name":    {"2026-11-02-slow.md", "# Slow\n", "2026-11-02-slow", "Slow", "2026-11-02", ""},
		"name that all have":  {"docs/README.md", "# Slow\n\nDate: 2026-11-02\n", "2026-11-02-slow", "Slow", "2026-11-02", ""},
		"front matter":        {"x.md", "---\nid: INC 42/a\ntitle: T\ndate: 2026-11-02\nsev: 1\n---\n# H\n", "INC-42-a", "T", "2026-11-02", "1"},
		"TOML":                {"x.md", "+++\ntitle = \"T\"\ndate = 2026-11-02\n+++\n", "x", "T", "2026-11-02", ""},
		"open front matter":   {"x.md", "---\ntitle: T\n\n# H\n", "x", "T", "", ""},
		"table":               {"x.md", "# H\n| Field | Value |\n|---|---|\n| Date | Nov 2, 2026 |\n| Severity | SEV2 |\n", "x", "H", "2026-11-02", "SEV2"},
		"list":                {"x.md", "# H\n- **Date**: 2 November 2026\n- **Severity:** SEV2\n", "x", "H", "2026-11-02", "SEV2"},
		"date with a clock":   {"x.md", "# H\n\nDate: 2026-11-02 10:04 UTC\n", "x", "H", "2026-11-02", ""},
		"date in two orders":  {"x.md", "# H\n\nDate: 02/11/2026\n", "x", "H", "", ""},
		"template's severity": {"x.md", "# H\n\nSeverity: SEV1 / SEV2 / SEV3\n", "x", "H", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := postmortem.Parse(c.file, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			got := []string{doc.ID, doc.Title, doc.Date, doc.Severity}
			if diff := cmp.Diff([]string{c.id, c.title, c.date, c.severity}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBrokenFrontMatterKeepsTheItems(t *testing.T) {
	doc := parse(t, "---\ntitle: [\n---\n## Action items\n- Add a limit\n")
	if len(doc.Items) != 1 || len(doc.Notes) != 1 || !strings.Contains(doc.Notes[0], "front matter") {
		t.Errorf("%+v", doc)
	}
}

// One mistake must not turn a draft into tickets, nor cost the document its id.
func TestBrokenFrontMatterKeepsItsPlainLines(t *testing.T) {
	for name, front := range map[string]string{
		"a colon in the title": "---\ntitle: Down: again\nid: \"inc-7\"\nstatus: draft\n---\n",
		"an open bracket":      "---\nid: inc-7\nservices: [a\nstatus: 'draft'\n---\n",
		"TOML":                 "+++\nid = \"inc-7\"\nserv ices [\ndraft = true\n+++\n",
	} {
		doc := parse(t, front+"## Action items\n- Add a limit\n")
		if doc.ID != "inc-7" || !doc.Draft || len(doc.Items) != 1 || len(doc.Notes) != 1 {
			t.Errorf("%s: %+v", name, doc)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		data string
		want error
		says string
	}{
		"too large":     {"x.md", strings.Repeat("a\n", postmortem.MaxBytes/2+1), postmortem.ErrTooLarge, "at most 2097152"},
		"not UTF-8":     {"x.md", "\xff\xfe", postmortem.ErrMalformed, "save it as UTF-8"},
		"binary":        {"x.md", "a\x00b", postmortem.ErrMalformed, "UTF-8"},
		"PDF":           {"x.PDF", "%PDF-1.7", postmortem.ErrUnsupported, "export it as Markdown"},
		"long line":     {"x.md", strings.Repeat("a", 300<<10), postmortem.ErrMalformed, "line 1"},
		"nested quotes": {"x.md", "ok\n" + strings.Repeat("> ", 5000) + "x", postmortem.ErrMalformed, "line 2 nests too deeply"},
		"brackets":      {"x.md", "# A\n\n" + strings.Repeat("[", 20000), postmortem.ErrMalformed, "line 3 is where the markup gets too much"},
	} {
		_, err := postmortem.Parse(c.file, []byte(c.data))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Documents made to be slow must be refused or read in good time.
func TestHostileDocumentsAreFast(t *testing.T) {
	for name, unit := range map[string]string{
		"quotes": "> ", "deep lists": "- ", "brackets": "[", "images": "![", "links": "[a](", "stars": "*a **b ", "underscores": "_a__b ",
		"ticks": "`a``b ", "tildes": "~a~~b ", "angles": "<a ", "comments": "<!-- ", "tables": "|a", "entities": "&amp;", "backslashes": `\`,
		"keys": "owner: due: ", "handles": "@a, ", "colons": "a: ", "closing brackets": "]", "sections": "## Action items\n- a\n",
		"definitions": "[a]: b\n", "quote lines": ">\n", "list lines": "- a\n", "growing lists": "- a\n  ", "numbers": "1. a\n", "boxes": "- [ ] a b\n",
		"tables of lines": "|a|b|\n|-|-|\n|c|d|\n\n", "addresses": "http://a.b/", "mail": "a@b.c ", "footnotes": "[^1]: a\n", "html": "<div>\n", "references": "[a][b] ",
		"dashes": "---\n", "fences": "```\n", "legends": "- P0: a\n\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, lead := range []string{"", "## Action items\n- "} {
				for _, size := range []int{10_000, 100_000} {
					for _, width := range []int{size, 900} { // on one line, and on many
						line := strings.Repeat(unit, max(1, width/len(unit)))
						text := lead + strings.Repeat(line+"\n", size/len(line))
						start := time.Now()
						_, err := postmortem.Parse("x.md", []byte(text))
						if took := time.Since(start); took > time.Minute {
							t.Errorf("%q, %d bytes in lines of %d: took %s (%v)", lead, size, width, took, err)
						}
					}
				}
			}
		})
	}
}

// Rows are not filled up to the width of a header that nobody needs.
func TestWideTablesTakeLittleMemory(t *testing.T) {
	text := "# A\n\n" + strings.Repeat("a|", 300) + "\n" + strings.Repeat("-|", 300) + "\n" + strings.Repeat("x\n", 20_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	parse(t, text)
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 200 {
		t.Errorf("%d MiB for %d KiB of text", took, len(text)>>10)
	}
}

// Much ordinary markup is no reason to refuse a document.
func TestLongListsAndTablesAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"list":  "## Timeline\n\n" + strings.Repeat("- 10:02 the *pool* of `checkout` was **exhausted** for _all_\n", 12_000) + "\n## Action items\n\n- Add a limit\n",
		"table": "## Timeline\n\n| Time | Event |\n|---|---|\n" + strings.Repeat("| 10:02 | the *pool* of `checkout` was **exhausted** |\n", 12_000) + "\n## Action items\n\n- Add a limit\n",
		"items": "## Action items\n\n" + strings.Repeat("- [ ] **P1** Add a *limit* (owner: @alice)\n", 12_000),
	} {
		want := 1
		if name == "items" {
			want = postmortem.MaxItems
		}
		if doc := parse(t, text); len(doc.Items) != want {
			t.Errorf("%s: %d items, want %d", name, len(doc.Items), want)
		}
	}
}

func TestPrintedForm(t *testing.T) {
	doc := parse(t, "## Action items\n- Add a limit\n")
	got, err := json.Marshal(doc.Items[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"title":"Add a limit","priority":null,"type":null,"type_written":null,"owner":null,"due":null,"due_written":null,"service":null,"ticket":null,"done":false,"line":2}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

// The public documents that the corpus holds are only read where they are.
func TestCorpusIsReadWithoutError(t *testing.T) {
	files, err := filepath.Glob("../../../shared/postmortems/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Log("no corpus beside the module: only the package's own documents were read")
		files = []string{"testdata/checkout.md", "testdata/search.md"}
	}
	items := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := postmortem.Parse(filepath.Base(f), data)
		if err != nil {
			t.Errorf("%s: %v", f, err)
		}
		items += len(doc.Items)
		if strings.Contains(strings.ToLower(f), "template") && len(doc.Items) > 0 {
			t.Errorf("%s: a template has items: %q", f, briefs(doc))
		}
		checkInvariants(t, doc, string(data))
	}
	if items < 15 {
		t.Errorf("only %d items in %d documents", items, len(files))
	}
}
