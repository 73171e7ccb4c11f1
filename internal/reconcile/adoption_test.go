package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// adoptRef records an item for a ticket that exists, as an adoption does.
func (w *world) adoptRef(id string, ref domain.Ref) {
	w.t.Helper()
	lease, ok, err := w.ledger.ClaimSubject(w.ctx, "postmortem/adopted-github", time.Minute)
	require.NoError(w.t, err)
	require.True(w.t, ok)
	spec := domain.ItemSpec{ID: id, Postmortem: "adopted-github", N: 1, Title: "There was a ticket", Priority: "P2", Type: domain.Other, Adoption: true, AdoptRef: ref}
	require.NoError(w.t, w.ledger.File(w.ctx, lease, domain.Postmortem{ID: "adopted-github", NextN: 9}, map[string][]domain.Entry{
		id: {{At: w.now(), Kind: domain.Fact, Name: domain.ItemFiled, Cause: "test", Spec: &spec}}}))
	require.NoError(w.t, w.ledger.Done(w.ctx, lease, time.Time{}))
	w.drain()
}

func TestATicketThatCannotBeAdoptedGetsNoOther(t *testing.T) {
	w := newWorld(t)
	taken := w.file(1)[0]
	w.gh.ForgetCalls()
	w.adoptRef("adopted-github/1", w.ref(taken)) // it is an item of a document
	w.adoptRef("adopted-github/2", domain.GitHubRef("github", repoName, 999))
	for _, id := range []string{"adopted-github/1", "adopted-github/2"} {
		st := w.state(id)
		require.Nil(t, st.Ticket)
		require.True(t, st.Lost)
		require.Equal(t, "lost", st.Verdict.Status)
	}
	require.Empty(t, w.gh.Calls("Create"))
	require.Equal(t, taken, w.state(taken).Spec.ID)
	w.advance(48 * time.Hour)
	require.Empty(t, w.gh.Calls("Create"))
}
