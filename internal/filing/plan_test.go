package filing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

func TestWhatWasNotUnderstoodIsToldWithThePlan(t *testing.T) {
	setup := &reconcile.Setup{Settings: func(string) reconcile.Settings { return reconcile.Settings{} }}
	in := Input{Setup: setup, Defaults: Defaults{Tickets: "github:acme/checkout"}, Now: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		Document: postmortem.Document{ID: "down", Title: "Down", Notes: []string{"line 3: the section holds nothing"}, Items: document("Limit the retries")}}
	plan, err := Make(in)
	require.NoError(t, err)
	require.Equal(t, []string{"line 3: the section holds nothing"}, plan.Warnings)
	require.Equal(t, domain.DefaultPriority, plan.Lines[0].Spec.Priority)

	in.Document.Items = nil
	_, err = Make(in)
	require.EqualError(t, err, "items: the document has no action items: line 3: the section holds nothing")
	in.ID = ".."
	_, err = Make(in)
	require.ErrorContains(t, err, `for example "2026-11-20-checkout-down"`)
}

func TestATicketThatIsAnItemAlready(t *testing.T) {
	setup := &reconcile.Setup{Settings: func(string) reconcile.Settings { return reconcile.Settings{} }, Trackers: map[string]trackers.Tracker{"github": trackertest.NewFake("github", "github", time.Now)}}
	there := domain.State{Spec: domain.ItemSpec{ID: "adopted-github/3", Postmortem: "adopted-github", Title: "Limit the retries of the client"}, Ticket: &domain.Ticket{Ref: "github:acme/checkout#7"}}
	in := Input{Setup: setup, Defaults: Defaults{Tickets: "github:acme/checkout"}, Other: func(r domain.Ref) (domain.State, bool) { return there, r == there.Ticket.Ref },
		Document: postmortem.Document{ID: "down", Items: document("Limit retries of the client | | acme/checkout#7", "Write about it in the runbook | | acme/checkout#7", "Page somebody | | acme/checkout#8")}}
	plan, err := Make(in)
	require.NoError(t, err)
	var got []string
	for _, l := range plan.Lines {
		got = append(got, string(l.Action)+" "+l.Spec.ID+" "+string(l.Spec.AdoptRef))
	}
	require.Equal(t, []string{"tracked adopted-github/3 ", "file down/1 ", "adopt down/2 github:acme/checkout#8"}, got)
	require.Contains(t, plan.Lines[1].Detail, "adopted-github/3")
}
