package filing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
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
