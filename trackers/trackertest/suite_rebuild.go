package trackertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// runRebuilds is the contract of trackers.Rebuilder, for trackers that have it.
func runRebuilds(t *testing.T, fresh func(t *testing.T) Harness) {
	rebuilder := func(t *testing.T, h Harness) trackers.Rebuilder {
		b, ok := h.Tracker.(trackers.Rebuilder)
		require.True(t, ok, "the tracker has a marker, and cannot find it")
		return b
	}
	list := func(t *testing.T, h Harness) map[string]trackers.Marked {
		t.Helper()
		out := map[string]trackers.Marked{}
		require.NoError(t, rebuilder(t, h).Marked(t.Context(), h.Target, "postmortem", func(m trackers.Marked) error {
			_, twice := out[string(m.Ticket.Ref)]
			require.False(t, twice, "%s is told twice", m.Ticket.Ref)
			out[string(m.Ticket.Ref)] = m
			return nil
		}))
		return out
	}

	t.Run("what was written is found again", func(t *testing.T) {
		h := fresh(t)
		var made []domain.Ticket
		for n := range 3 {
			d := Draft(h, n+1)
			if n == 2 {
				d.Labels = []string{"P1"} // somebody took the label off
			}
			got, err := h.Tracker.Create(t.Context(), d)
			require.NoError(t, err)
			made = append(made, got.Ticket)
		}
		h.Close(made[1].Ref, domain.Completed)
		h.Open(h.Writer, "By hand", "No marker here")
		got := list(t, h)
		require.Len(t, got, 3)
		for n, tk := range made {
			m := got[string(tk.Ref)]
			d := Draft(h, n+1)
			require.Equal(t, d.Marker, m.Marker)
			require.Empty(t, cmp.Diff(d.Body.Table, m.Body.Table))
			require.Equal(t, d.Body.Text, m.Body.Text)
			require.True(t, m.Own)
			require.Equal(t, n == 1, m.Ticket.Closed)
			require.False(t, m.CreatedAt.IsZero())
		}
	})

	t.Run("a marker in somebody else's ticket is told as theirs", func(t *testing.T) {
		h := fresh(t)
		got, err := h.Tracker.Create(t.Context(), Draft(h, 1))
		require.NoError(t, err)
		tk, err := h.Tracker.Ticket(t.Context(), got.Ticket.Ref)
		require.NoError(t, err)
		ref := h.Open(h.Writer, "Copied", tk.Body)
		_, err = h.Tracker.Edit(t.Context(), domain.Ticket{Ref: ref, Labels: []string{}}, trackers.Edit{AddLabels: []string{"postmortem"}})
		require.NoError(t, err)
		all := list(t, h)
		require.Len(t, all, 2)
		require.False(t, all[string(ref)].Own)
		require.False(t, all[string(ref)].Labelled)
	})

	t.Run("what was said and who reopened it", func(t *testing.T) {
		h := fresh(t)
		got, err := h.Tracker.Create(t.Context(), Draft(h, 1))
		require.NoError(t, err)
		ref := got.Ticket.Ref
		h.Close(ref, domain.Completed)
		tk, err := h.Tracker.Ticket(t.Context(), ref)
		require.NoError(t, err)
		_, err = h.Tracker.Edit(t.Context(), tk, trackers.Edit{State: trackers.StateOpen})
		require.NoError(t, err)
		ours, err := h.Tracker.AddComment(t.Context(), ref, text)
		require.NoError(t, err)
		theirs := h.Comment(ref, h.Writer, "/holdfast status")
		past, err := rebuilder(t, h).Past(t.Context(), ref)
		require.NoError(t, err)
		own := map[string]bool{}
		for _, c := range past.Comments {
			own[c.ID] = c.Own
		}
		require.Equal(t, map[string]bool{ours.ID: true, theirs: false}, own)
		require.True(t, past.Told)
		require.Len(t, past.Reopenings, 1)
		require.True(t, past.Reopenings[0].Own)

		h.Close(ref, domain.Completed)
		h.Reopen(ref)
		past, err = rebuilder(t, h).Past(t.Context(), ref)
		require.NoError(t, err)
		require.Len(t, past.Reopenings, 2)
		require.False(t, past.Reopenings[1].Own)
		require.NotEmpty(t, past.Reopenings[1].By)
	})
}
