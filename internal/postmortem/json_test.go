package postmortem_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

func TestJSON(t *testing.T) {
	doc, err := postmortem.ParseJSON([]byte(`{"id":"inc 7","title":"Slow","date":"2026-11-02","severity":"SEV2","services":["search"],"source":"https://acme.example/7",
		"items":[{"title":"Add a limit","text":"At\nthe gate","priority":"high","type":"Detection","owner":"alice","due":"Dec 1, 2026","service":"search","ticket":"PAY-3","done":true},
		         {"title":"Second","priority":null,"type":"preventative","type_written":"Repair","due_written":"soon"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Add a limit |text=At\nthe gate |owner=alice |priority=P1 |type=mitigative |written=Detection |due=2026-12-01 |duewritten=Dec 1, 2026 |service=search |ticket=PAY-3 |done",
		"Second |type=preventative |written=Repair |duewritten=soon",
	}
	if diff := cmp.Diff(want, briefs(doc)); diff != "" {
		t.Error(diff)
	}
	if doc.ID != "inc-7" || doc.Title != "Slow" || doc.Date != "2026-11-02" || doc.Source != "https://acme.example/7" {
		t.Errorf("%+v", doc)
	}
}

// What is printed can be sent back, and says the same.
func TestPrintedItemsComeBack(t *testing.T) {
	for _, name := range []string{"checkout.md", "search.md"} {
		doc := read(t, name)
		body, err := json.Marshal(map[string]any{"title": doc.Title, "date": doc.Date, "items": doc.Items})
		if err != nil {
			t.Fatal(err)
		}
		again, err := postmortem.ParseJSON(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(doc.Items, again.Items); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestJSONProblemsAreToldAtOnce(t *testing.T) {
	_, err := postmortem.ParseJSON([]byte(`{"date":"02/11/2026","items":[{"title":"A limit","priority":"P9","due":"tomorrow"},{"title":"TODO"}]}`))
	if !errors.Is(err, postmortem.ErrMalformed) {
		t.Fatal(err)
	}
	for _, want := range []string{"date: “02/11/2026”", "items[0].priority: “P9” is none of P0 to P4", "items[0].due: “tomorrow”", "items[1].title: “TODO”"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	for _, bad := range []string{"", "[]", "{", `{"items":[]} x`, `{"item":[]}`, `{"items":[{"titel":"x"}]}`, `{"items":"x"}`, "{\"items\":[\n{\"title\":1}]}"} {
		if _, err := postmortem.ParseJSON([]byte(bad)); !errors.Is(err, postmortem.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if doc, err := postmortem.ParseJSON([]byte(`{"title":"x","items":[]}`)); err != nil || len(doc.Notes) != 1 || doc.ID != "x" {
		t.Errorf("%+v %v", doc, err)
	}
}

func TestForeignJSON(t *testing.T) {
	for data, want := range map[string]bool{
		`{"incident":{"follow_ups":[{"title":"Limit the retries"}]}}`: true,
		`[{"summary":"Limit the retries","assignee":"alice"}]`:        true,
		`{"title":"Down","items":[{"title":"x","prio":"P1"}]}`:        false,
		`{"title":"Down","itmes":[{"title":"x"}]}`:                    false,
		`{"title":"Down"}`: false,
		`{"items":`:        false,
	} {
		if got := postmortem.Foreign([]byte(data)); got != want {
			t.Errorf("%s: %t", data, got)
		}
	}
}

func TestDate(t *testing.T) {
	for s, want := range map[string]string{
		"2026-12-01": "2026-12-01", " 2026-1-2 ": "2026-01-02", "2026/12/01": "2026-12-01", "2026年12月1日": "2026-12-01", "２０２６-12-01": "2026-12-01",
		"Dec 1, 2026": "2026-12-01", "December 1st 2026": "2026-12-01", "Sept 3, 2026": "2026-09-03", "1 Dec 2026": "2026-12-01", "3rd of March 2026": "2026-03-03",
		"Tue, 1 Dec 2026": "2026-12-01", "by 2026-12-01": "2026-12-01", "2026-12-01T10:00:00Z": "2026-12-01", "2026-12-01 10:00 UTC": "2026-12-01", "2026-12-01 (tentative)": "2026-12-01",
		"12/01/2026": "", "01.12.2026": "", "2026-13-01": "", "2026-02-30": "", "Feb 29, 2026": "", "Dec 1": "", "2026-12": "", "tomorrow": "", "": "", "Q4 2026": "",
		"2026-12-01 or 2026-12-08": "", "moved from 2026-12-01": "", "12026-12-01": "", "2026-12-011": "", "Foo 1, 2026": "", "0001-01-01": "", "Decem 1, 2026": "",
	} {
		got, ok := postmortem.Date(s)
		if got != want || ok != (want != "") {
			t.Errorf("Date(%q) = %q, %v, want %q", s, got, ok, want)
		}
	}
}

func TestPriorityAndType(t *testing.T) {
	for s, want := range map[string]string{
		"P0": "P0", "p-1": "P1", "Prio 2": "P2", "SEV1": "P1", "Critical": "P0", "High": "P1", "medium": "P2", "LOW": "P3", "trivial": "P4", "高": "P1", "🔴 High": "P1",
		"P1 (high)": "P1", "1": "", "P5": "", "": "", "soon": "", "P10": "", "highway": "",
	} {
		if got, _ := postmortem.Priority(s); got != want {
			t.Errorf("Priority(%q) = %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]string{
		"Prevent": "preventative", "preventive": "preventative", "Repair": "preventative", "root cause": "preventative", "予防（Prevent）": "preventative",
		"Mitigate": "mitigative", "Detection": "mitigative", "alerting": "mitigative", "Runbook": "mitigative", "limit damage": "mitigative", "検知": "mitigative",
		"Process": "other", "Other": "other", "docs": "other", "Mitigate/Prevent": "mitigative",
	} {
		if got := postmortem.Type(s); got != want {
			t.Errorf("Type(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"2026-11-02", "Search is slow"}: "2026-11-02-search-is-slow", {"", "Öl, naïve & Co."}: "ol-naive-co",
		{"", "Don't / panic"}: "dont-panic", {"2026-11-02", ""}: "2026-11-02", {"", ""}: "", {"2026-11-02", "2026-11-02 slow"}: "2026-11-02-slow",
	} {
		if got := postmortem.Slug(in[0], in[1]); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
	a, b := postmortem.Slug("", "障害報告"), postmortem.Slug("", "別の障害")
	if a == b || !strings.HasPrefix(a, "pm-") {
		t.Errorf("%q and %q", a, b)
	}
	if long := postmortem.Slug("2026-11-02", strings.Repeat("word ", 100)); len(long) > 80 || strings.HasSuffix(long, "-") {
		t.Errorf("%q", long)
	}
}

var iso = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// checkInvariants checks what holds for every document.
func checkInvariants(t *testing.T, doc postmortem.Document, source string) {
	t.Helper()
	lines := 1 + strings.Count(source, "\n") + strings.Count(source, "\r")
	for _, it := range doc.Items {
		switch {
		case strings.TrimSpace(it.Title) == "" || strings.ContainsAny(it.Title, "\n\r\x1b\x00") || !utf8.ValidString(it.Title):
			t.Errorf("title %q", it.Title)
		case it.Priority != nil && !slices.Contains([]string{"P0", "P1", "P2", "P3", "P4"}, *it.Priority):
			t.Errorf("priority %q", *it.Priority)
		case it.Type != nil && !slices.Contains([]string{"preventative", "mitigative", "other"}, *it.Type):
			t.Errorf("type %q", *it.Type)
		case it.Due != nil && !iso.MatchString(*it.Due):
			t.Errorf("due %q", *it.Due)
		case it.Line < 1 || it.Line > lines:
			t.Errorf("line %d of %d", it.Line, lines)
		}
		for _, f := range []*string{it.Owner, it.DueWritten, it.Service, it.Ticket, it.TypeWritten, it.Text} {
			if f != nil && (*f == "" || strings.ContainsFunc(*f, func(r rune) bool { return r >= 0xE000 && r <= 0xF8FF })) {
				t.Errorf("%q of %q", *f, it.Title)
			}
		}
	}
	if doc.Date != "" && !iso.MatchString(doc.Date) {
		t.Errorf("date %q", doc.Date)
	}
	if doc.ID != postmortem.CleanID(doc.ID) {
		t.Errorf("id %q", doc.ID)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("x.md", "---\ntitle: a\n---\n# b\n## Action items\n- [ ] **P1** c @d (due 2026-12-01, #3)\n  - Owner: e\n")
	f.Add("y.md", "## Follow-ups\n| Action | Owner | Due |\n|---|---|---|\n| a [Issue](https://github.com/a/b/issues/1) | b | Oct 1, 2026 |\n")
	f.Add("z.json", `{"items":[{"title":"a","priority":"P1","due":"2026-12-01"}]}`)
	f.Add("", "Action items\n\n1. **Lead words.** rest ✅\n\n   ![x](y) ~~z~~ <b>\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		if len(text) > 10_000 {
			return
		}
		start := time.Now()
		doc, err := postmortem.Parse(name, []byte(text))
		if err != nil {
			return
		}
		if strings.ToLower(name) == name && !strings.HasSuffix(name, ".json") {
			checkInvariants(t, doc, text)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("took %s", took)
		}
		again, err := postmortem.Parse(name, []byte(text))
		if diff := cmp.Diff(doc, again); err != nil || diff != "" {
			t.Errorf("not the same the second time: %v %s", err, diff)
		}
	})
}

func TestIDsInOtherScriptsDiffer(t *testing.T) {
	require.Equal(t, "storung", postmortem.CleanID("störung"))
	require.NotEqual(t, postmortem.CleanID("障害-1"), postmortem.CleanID("事故-1"))
	require.NotEqual(t, postmortem.Slug("2026-11-01", "Redis 障害"), postmortem.Slug("2026-11-01", "Redis 事故"))
	for _, s := range []string{"störung", "障害-1", "INC-12", strings.Repeat("障害-long-", 30)} {
		require.Equal(t, postmortem.CleanID(s), postmortem.CleanID(postmortem.CleanID(s)), s)
		require.LessOrEqual(t, len(postmortem.CleanID(s)), 80)
	}
}
