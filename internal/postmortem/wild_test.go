package postmortem_test

import (
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
	eachDocument(t, "testdata/wild", 60, func(t *testing.T, name string, doc postmortem.Document, want []string) {
		var got []string
		for _, it := range doc.Items {
			got = append(got, shortly(it))
		}
		if strings.HasPrefix(name, "neg-") && want != nil {
			t.Errorf("%s expects items", name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\nnotes: %q", diff, doc.Notes)
		}
	})
}
