package webhook

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBrokenDeliveryIsKept: a delivery at which the handler breaks is never
// lost, and never acknowledged before it is kept.
func TestBrokenDeliveryIsKept(t *testing.T) {
	before := githubEvents["push"]
	githubEvents["push"] = func(*Handler, *delivery) (reading, error) { panic("no\nway") }
	t.Cleanup(func() { githubEvents["push"] = before })
	var kept []Broken
	var away error
	f := start(t, func(o *Options) {
		o.Keep = func(_ context.Context, b Broken) error {
			b.Body = append([]byte(nil), b.Body...)
			kept = append(kept, b)
			return away
		}
	})
	const body = `{"ref":"refs/heads/main"}`
	require.Equal(t, http.StatusAccepted, f.github("push", "d-1", body).Status)
	require.Len(t, kept, 1)
	require.Equal(t, "push", kept[0].Event)
	require.Equal(t, "d-1", kept[0].ID)
	require.Equal(t, body, string(kept[0].Body))
	require.Contains(t, kept[0].Reason, "way")
	away = errors.New("the store is away")
	require.Equal(t, http.StatusServiceUnavailable, f.github("push", "d-2", body).Status)
}
