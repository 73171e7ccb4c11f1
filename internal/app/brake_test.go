package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

func (w *world) counter(metric string) (n int) {
	w.t.Helper()
	text := w.call("GET", "/metrics", viewToken, "").text
	for i := 0; i+len(metric) < len(text); i++ {
		if text[i:i+len(metric)] == metric && (i == 0 || text[i-1] == '\n') {
			_, err := fmt.Sscan(text[i+len(metric):], &n)
			require.NoError(w.t, err)
			return n
		}
	}
	w.t.Fatalf("no metric %s", metric)
	return 0
}

func TestTheBrake(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "max_reopens: 2"})
	var lines []line
	for i := range 4 {
		lines = append(lines, line{Title: fmt.Sprintf("Item number %d", i+1)})
	}
	w.filed(lines...)
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "All of them", "Refs #1, refs #2, refs #3, refs #4")
	w.deploy("prod-eu", fix)
	for n := 1; n <= 3; n++ {
		w.close(n)
	}
	w.settle()
	require.Equal(t, "done", w.item(incident+"/3").Status)

	w.pass(time.Minute)
	w.silent(func() {
		w.deploy("prod-eu", base)
		w.pass(31 * time.Minute)
		w.until("held", func() bool { return w.counter("holdfast_reopenings_waiting ") == 3 })
	})
	groups, err := w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Len(t, groups[0].Items, 3)
	require.Equal(t, "held", groups[0].State)
	cause := groups[0].Cause

	// A ticket's own close is never delayed by this.
	w.close(4)
	w.reopened(4)
	require.Equal(t, "closed", w.issue(1).State)

	_, err = w.api.ConfirmReopenings(t.Context(), "deployment/99")
	require.ErrorContains(t, err, "404")
	g, err := w.api.ConfirmReopenings(t.Context(), cause)
	require.NoError(t, err)
	require.Equal(t, "confirmed", g.State)
	for n := 1; n <= 3; n++ {
		w.reopened(n)
	}
	_, err = w.api.DropReopenings(t.Context(), cause)
	require.ErrorContains(t, err, "409")

	// The next one is dropped: the tickets stay closed for this cause alone.
	w.pass(time.Minute)
	w.deploy("prod-eu", fix)
	for n := 1; n <= 4; n++ {
		w.closed(n)
	}
	w.pass(time.Minute)
	w.deploy("prod-eu", base)
	w.pass(31 * time.Minute)
	w.until("held", func() bool { return w.counter("holdfast_reopenings_waiting ") == 4 })
	groups, err = w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
	w.silent(func() {
		_, err = w.api.DropReopenings(t.Context(), groups[0].Cause)
		require.NoError(t, err)
		w.pass(time.Hour)
	})
	require.Equal(t, "closed", w.issue(1).State)
	require.Equal(t, "regressed", w.item(incident+"/1").Status)
	require.Equal(t, 0, w.counter("holdfast_reopenings_waiting "))
	for n := range 4 {
		w.checkLedger(fmt.Sprintf("%s/%d", incident, n+1))
	}
}

func TestAFewReopeningsNeedNobody(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "max_reopens: 2"})
	w.filed(line{Title: "One"}, line{Title: "Two"})
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "Both", "Refs #1, refs #2")
	w.deploy("prod-eu", fix)
	w.close(1)
	w.close(2)
	w.settle()
	w.pass(time.Minute)
	w.deploy("prod-eu", base)
	w.pass(31 * time.Minute)
	w.reopened(1)
	w.reopened(2)
	groups, err := w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Empty(t, groups)
}

func TestPause(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	_, err := w.api.Pause(t.Context())
	require.NoError(t, err)
	w.silent(func() {
		w.file("2026-11-02-other", line{Title: "Filed while paused"})
		w.pass(time.Minute)
		_, err = w.gh.CommentOn(checkout, 1, "bob", "/holdfast due 2099-12-31 later")
		require.NoError(t, err)
	})
	require.Equal(t, "filing", w.item("2026-11-02-other/1").Status)
	state, err := w.api.PauseState(t.Context())
	require.NoError(t, err)
	require.True(t, state.Paused)
	require.Equal(t, "alice", *state.By)
	require.Equal(t, 1, w.counter("holdfast_paused "))
	_, err = w.api.Resume(t.Context())
	require.NoError(t, err)
	w.until("what waited is filed", func() bool { return w.item("2026-11-02-other/1").Ticket != nil })
	w.settle()
	w.checkLedger(id)
}

func TestPauseHoldsReopenings(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	_, err := w.api.Pause(t.Context())
	require.NoError(t, err)
	w.silent(func() { w.merge(checkout, "The fix", "Fixes #1") })
	require.Equal(t, "closed_early", w.item(id).Status)
	held := 0
	for _, e := range w.item(id).Ledger {
		if e.Name == domain.ActionWithheld {
			held++
		}
	}
	require.Equal(t, 1, held, "told once what was not done")
	_, err = w.api.Resume(t.Context())
	require.NoError(t, err)
	w.reopened(1)
	w.checkLedger(id)
}

func TestWithoutEnforcement(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "enforce: false"})
	id := w.one() // new tickets are filed
	w.base()
	w.pass(time.Minute)
	w.silent(func() {
		w.merge(checkout, "The fix", "Fixes #1")
		w.settle()
		_, err := w.api.Waive(t.Context(), id, api.WaiverRequest{Duration: "1d", Reason: "x"})
		require.NoError(t, err)
	})
	require.Equal(t, "closed", w.issue(1).State)
	w.checkLedger(id)
}

func TestEnforceSince(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "enforce_since: 2126-01-01"})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.silent(func() { w.merge(checkout, "The fix", "Fixes #1") })
	require.Equal(t, "closed", w.issue(1).State, "closed before the rule was in force")
	require.Equal(t, "closed_early", w.item(id).Status)
}
