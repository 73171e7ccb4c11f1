package reconcile

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

// A token is refused for a second, and sixteen workers find out.
func TestAShortTroubleShutsAGateOnce(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	gs := newGates(func() time.Time { return now }, 16)
	expired := &trackers.Error{Class: trackers.Denied, Status: 401, Err: errors.New("Bad credentials")}
	var passes []*pass
	for range 6 {
		p, _ := gs.enter("item/a", "github", "acme/checkout")
		require.NotNil(t, p)
		passes = append(passes, p)
	}
	for _, p := range passes {
		tr, shut, _ := gs.ill("github", "acme/checkout", expired)
		require.True(t, shut)
		require.Equal(t, now.Add(deniedFirst), tr.Until)
		p.leave()
	}
	// Tried again, and refused again: then it waits longer.
	now = now.Add(deniedFirst)
	p, _ := gs.enter("item/a", "github", "acme/checkout")
	require.True(t, p.probe)
	tr, _, begun := gs.ill("github", "acme/checkout", expired)
	require.False(t, begun)
	require.Equal(t, now.Add(2*deniedFirst), tr.Until)
	p.leave()

	_, wait := gs.enter("item/a", "github", "acme/checkout")
	require.Equal(t, now.Add(2*deniedFirst), wait)
	require.Equal(t, []string{"item/a"}, gs.tryNow(), "an operator has reloaded the configuration")
	p, _ = gs.enter("item/a", "github", "acme/checkout")
	require.NotNil(t, p)
	require.True(t, p.probe)
	p.leave()
}
