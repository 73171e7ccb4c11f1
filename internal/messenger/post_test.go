package messenger_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/messenger"
)

func TestWhatBecameOfAPost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  func(http.ResponseWriter)
		taken   bool
		refused bool
		mayHave bool
		busy    time.Duration
	}{
		"taken": {answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }, taken: true},
		"taken, and the answer breaks off": {answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "ok")
		}, taken: true},
		"hung up on":           {answer: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, mayHave: true},
		"lost by a gateway":    {answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) }, mayHave: true},
		"refused for now":      {answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }},
		"refused for a while":  {answer: func(w http.ResponseWriter) { later(w, "90") }, busy: 90 * time.Second},
		"refused until a date": {answer: func(w http.ResponseWriter) { later(w, "Wed, 21 Oct 2026 07:28:00 GMT") }},
		"refused":              {answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				c.answer(w)
			}))
			defer server.Close()
			err := posted(t.Context(), server.URL)
			require.Equal(t, c.taken, err == nil)
			require.Equal(t, c.refused, messenger.IsRefused(err))
			require.Equal(t, c.mayHave, messenger.MayHaveCome(err))
			require.Equal(t, c.busy, messenger.BusyFor(err))
		})
	}
}

func TestAPostThatReachesNobodyDidNotCome(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	err := posted(t.Context(), server.URL)
	require.Error(t, err)
	require.False(t, messenger.MayHaveCome(err))
	require.False(t, messenger.IsRefused(err))
}

// A card for Microsoft Teams may have 28 KB, whatever the titles are made of.
func TestAReminderOfManyLongTitlesFitsIntoACard(t *testing.T) {
	t.Parallel()
	var size int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		size = len(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	note := messenger.Note{Title: "Due", Intro: "These are due."}
	for range 40 {
		note.Lines = append(note.Lines, messenger.NoteLine{Label: "acme/checkout#12", URL: "https://github.example/acme/checkout/issues/12", Text: strings.Repeat("\u6771", 250)})
	}
	require.NoError(t, messenger.TeamsWebhook{URL: server.URL}.Send(t.Context(), messenger.Message{Note: &note, Again: true}, nil))
	require.Less(t, size, 28<<10)
	require.Greater(t, size, 20<<10)
}

func later(w http.ResponseWriter, when string) {
	w.Header().Set("Retry-After", when)
	w.WriteHeader(http.StatusTooManyRequests)
}

func posted(ctx context.Context, address string) error {
	return messenger.TeamsWebhook{URL: address}.Send(ctx, messenger.Message{Note: &messenger.Note{Title: "Due"}}, nil)
}
