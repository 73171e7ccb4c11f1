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
	wants, err := filepath.Glob("testdata/forms/*.want")
	if err != nil || len(wants) < 25 {
		t.Fatalf("only %d documents in testdata/forms: %v", len(wants), err)
	}
	for _, file := range wants {
		name := strings.TrimSuffix(filepath.Base(file), ".want")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata/forms", name))
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
			want := []string{}
			for l := range strings.SplitSeq(strings.TrimSpace(string(expected)), "\n") {
				if l != "" {
					want = append(want, strings.ReplaceAll(l, `\n`, "\n"))
				}
			}
			if diff := cmp.Diff(want, briefs(doc)); diff != "" {
				t.Errorf("%s\nnotes: %q", diff, doc.Notes)
			}
			checkInvariants(t, doc, string(text))
		})
	}
}
