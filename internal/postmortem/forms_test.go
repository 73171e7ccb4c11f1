package postmortem_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// Documents written for this test, in the formats and languages that are
// read; beside each stand the items that a reader would find in it.
func TestForms(t *testing.T) {
	eachDocument(t, "testdata/forms", 25, func(t *testing.T, _ string, doc postmortem.Document, lines []string) {
		want := []string{}
		for _, l := range lines {
			if l != "" {
				want = append(want, strings.ReplaceAll(l, `\n`, "\n"))
			}
		}
		if diff := cmp.Diff(want, briefs(doc)); diff != "" {
			t.Errorf("%s\nnotes: %q", diff, doc.Notes)
		}
	})
}

// eachDocument parses the documents of a directory that have a file of what is
// wanted beside them, at least so many, and looks at each with those lines.
func eachDocument(t *testing.T, dir string, least int, look func(t *testing.T, name string, doc postmortem.Document, lines []string)) {
	t.Helper()
	wants, err := filepath.Glob(filepath.Join(dir, "*.want"))
	if err != nil || len(wants) < least {
		t.Fatalf("only %d documents in %s: %v", len(wants), dir, err)
	}
	for _, file := range wants {
		name := strings.TrimSuffix(filepath.Base(file), ".want")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			expected, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := postmortem.Parse(name, text)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			if s := strings.TrimSpace(string(expected)); s != "" {
				lines = strings.Split(s, "\n")
			}
			look(t, name, doc, lines)
			checkInvariants(t, doc, string(text))
		})
	}
}
