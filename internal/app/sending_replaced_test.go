package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/messenger/messengertest"
)

func TestANewAddressOfAChannelThatHadItsReportGetsNone(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	fresh := messengertest.NewReceiver(t)
	in.hook.Answer(http.StatusNotFound) // a revoked address
	week := w.monday()
	w.until("the card, and a refusal", func() bool {
		refused := false
		for _, d := range w.deliveries(week) {
			refused = refused || d.Channel == "webhook" && d.Error != ""
		}
		return refused && len(in.teams.Posts()) == 1
	})
	w.settle()
	require.NoError(t, w.app.Reload(t.Context(), w.parse(strings.NewReplacer(in.teams.URL, fresh.URL+"/teams", in.hook.URL, fresh.URL+"/hook").Replace(w.config))))
	w.until("the webhook at its new address", func() bool { return len(fresh.Posts()) == 1 })
	w.pass(time.Hour)
	w.settle()
	require.Len(t, fresh.Posts(), 1, "the card was sent before")
	require.NotEmpty(t, fresh.Posts()[0].Header.Get("X-Holdfast-Signature-256"))
	w.monday()
	w.until("both in the next week", func() bool { return len(fresh.Posts()) == 3 })
	body, err := w.api.Report(t.Context(), "shop", week.Add(1).String(), "text")
	require.NoError(t, err)
	require.NotContains(t, string(body), "that no channel took", "the new address took it")
}
