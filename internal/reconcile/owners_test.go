package reconcile

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestOwnersAsWritten(t *testing.T) {
	s := &Setup{People: []domain.Person{{Name: "Alice Example", Email: "alice@acme.example", GitHub: "alice-gh", Jira: "712020:alice"}, {Name: "Bob Example", GitHub: "bob-gh"}},
		Teams: map[string]Team{"shop": {DefaultAssignee: "lead-gh"}}}
	for written, want := range map[string]string{
		"Alice Example": "alice-gh", "alice@acme.example": "alice-gh", "Alice Example <alice@acme.example>": "alice-gh", "Alice Example (SRE)": "alice-gh", "@alice-gh": "alice-gh",
		"Bob Example & Alice Example": "bob-gh", "@bob-gh, @alice-gh": "bob-gh", "Team Payments / Bob Example": "bob-gh", "@stranger": "stranger", "@one, @two": "one",
		"Somebody Else": "lead-gh", "": "lead-gh", "Payments": "lead-gh", "Research and Development": "lead-gh",
	} {
		if got := s.assignee(domain.ItemSpec{Owner: written, Team: "shop"}, "github"); got != want {
			t.Errorf("%q is assigned to %q, want %q", written, got, want)
		}
	}
	if diff := cmp.Diff([]string{"Alice & @bob (SRE)", "Alice", "@bob"}, ownersOf("Alice & @bob (SRE)")); diff != "" {
		t.Error(diff)
	}
	// Each of several owners is one: none of them may approve.
	st := domain.State{}
	for _, o := range ownersOf("Bob Example & Alice Example") {
		addOwner(&st, o)
	}
	if !s.owns(st, "alice@acme.example") || !s.owns(st, "bob-gh") || s.owns(st, "lead-gh") {
		t.Errorf("owners: %q", st.Owners)
	}
}
