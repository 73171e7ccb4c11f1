package reconcile

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// hang makes the repository's remote one that takes requests and answers none.
func (w *world) hang() {
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	w.t.Cleanup(s.Close)
	w.t.Cleanup(func() { close(over) })
	w.setup.Services[0].GitURL = s.URL + "/checkout.git"
}

// A repository that never answers must not keep the ticket from being held.
func TestARepositoryThatHangs(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.r.patience = 300 * time.Millisecond
	w.hang()
	w.merge(w.commit("The fix"), 7, id)
	w.deploy("prod-eu", w.commit("Something"))
	w.close(id, domain.Completed)
	require.Zero(t, w.r.Stats.Errors.Load(), "the first attempt does it")
	require.Contains(t, w.ticket(id).Labels, "awaiting-deployment")
	require.True(t, w.ticket(id).Closed)
	require.Equal(t, "evidence_unavailable", w.state(id).Verdict.Reason)

	start := time.Now()
	o, err := w.r.Opinion(context.Background(), w.state(id))
	require.NoError(t, err)
	require.Equal(t, "evidence_unavailable", o.Line.Reason)
	require.Less(t, time.Since(start), time.Minute, "who looks at it need not wait for the repository")
}

// The end of the program ends a fetch, which may otherwise take minutes.
func TestTheEndEndsAFetch(t *testing.T) {
	w := newWorld(t)
	stop, end := context.WithCancel(context.Background())
	err := w.r.longer(context.WithValue(w.ctx, stopping{}, stop), ledger.Lease{}, func(fetching context.Context) error {
		require.NoError(t, fetching.Err())
		end()
		select {
		case <-fetching.Done():
			return fetching.Err()
		case <-time.After(time.Minute):
			return errors.New("it goes on")
		}
	})
	require.ErrorIs(t, err, context.Canceled)
}
