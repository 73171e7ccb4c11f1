package postmortem_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// shortly writes an item as testdata/wild expects it: the title and the
// fields that matter for its ticket. A due date that is no clear day stands
// behind "due?".
func shortly(it postmortem.Item) string {
	s := it.Title
	add := func(name string, value *string) {
		if value != nil {
			s += " |" + name + "=" + *value
		}
	}
	add("owner", it.Owner)
	add("priority", it.Priority)
	add("type", it.TypeWritten)
	if it.Due != nil {
		add("due", it.Due)
	} else {
		add("due?", it.DueWritten)
	}
	add("service", it.Service)
	add("ticket", it.Ticket)
	if it.Done {
		s += " |done"
	}
	return s
}

// Documents in the many forms in which teams write them, made up for this
// test, each beside the items that a reader finds in it. Those whose name
// starts with neg- hold none.
func TestWild(t *testing.T) {
	wants, err := filepath.Glob("testdata/wild/*.want")
	if err != nil || len(wants) < 60 {
		t.Fatalf("only %d documents in testdata/wild: %v", len(wants), err)
	}
	for _, file := range wants {
		name := strings.TrimSuffix(filepath.Base(file), ".want")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata/wild", name))
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
			var want, got []string
			if s := strings.TrimSpace(string(expected)); s != "" {
				want = strings.Split(s, "\n")
			}
			for _, it := range doc.Items {
				got = append(got, shortly(it))
			}
			if strings.HasPrefix(name, "neg-") && want != nil {
				t.Errorf("%s expects items", file)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\nnotes: %q", diff, doc.Notes)
			}
			checkInvariants(t, doc, string(text))
		})
	}
}
