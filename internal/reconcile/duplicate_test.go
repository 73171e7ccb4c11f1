package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// The duplicates of a ticket that is closed as a duplicate itself are told, also
// where the process that saw it died before it told them.
func TestDuplicatesAreToldThatTheirOriginalNoLongerStands(t *testing.T) {
	for _, dies := range []bool{false, true} {
		w := newWorld(t)
		ids := w.file(3)
		original, dup, other := ids[0], ids[1], ids[2]
		w.gh.CloseAsDuplicate(w.ref(dup), w.ref(original))
		w.hear(domain.Event{Kind: domain.EventTicket, Action: "closed", Ticket: w.ref(dup), Actor: "bob"})
		require.Equal(t, "exempt", w.state(dup).Verdict.Verdict)
		require.True(t, w.ticket(dup).Closed)
		w.advance(time.Minute)

		w.gh.CloseAsDuplicate(w.ref(original), w.ref(other))
		ev := domain.Event{ID: "late", Tracker: "github", Kind: domain.EventTicket, Action: "closed", Ticket: w.ref(original), Actor: "bob", At: w.now()}
		if dies {
			_, err := w.ledger.Record(w.ctx, ev)
			require.NoError(t, err)
			leases, err := w.ledger.Claim(w.ctx, 50, leaseTime)
			require.NoError(t, err)
			require.Len(t, leases, 1)
			one := &work{r: w.r, s: w.setup, lease: leases[0], id: original}
			require.NoError(t, one.reload(w.ctx))
			_, err = one.run(w.ctx)
			require.NoError(t, err)
			require.False(t, stands(w.state(original)))
			w.restart()
			w.advance(leaseTime + time.Second)
		} else {
			w.hear(ev)
		}
		w.advance(10 * time.Second) // what was counted with it
		require.False(t, w.ticket(dup).Closed, "died: %t", dies)
	}
}
