package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/messenger/messengertest"
	reports "github.com/holdfast-dev/holdfast/internal/report"
)

const mayRepeat = "This may have come before"

// deliveries lists what became of the messages of a week, by channel and
// address.
func (w *world) deliveries(week reports.Week) map[string]api.DeliveryView {
	w.t.Helper()
	_, list, err := w.api.Deliveries(w.t.Context(), week.String())
	require.NoError(w.t, err)
	out := map[string]api.DeliveryView{}
	for _, d := range list {
		out[d.Channel+" "+d.To] = d
	}
	return out
}

// noted counts the first messages of Slack, and says how many carry the note
// where people read it: in a block, as Slack shows the text only in
// notifications.
func noted(list []messengertest.SlackMessage) (first, withNote int) {
	for _, m := range list {
		if m.Thread != "" {
			continue
		}
		first++
		for _, b := range m.Blocks {
			if strings.Contains(b.Text.Text, mayRepeat) {
				withNote++
			}
		}
	}
	return first, withNote
}

func TestAMessageWhoseAnswerWasLostSaysThatItMayHaveComeBefore(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	hangUp := func() { panic(http.ErrAbortHandler) }
	in.teams.Before(hangUp)
	in.slack.Fail(func(*http.Request) bool { hangUp(); return true })
	week := w.monday()
	w.until("three lost answers", func() bool {
		lost := 0
		for _, d := range w.deliveries(week) {
			if d.Error != "" {
				lost++
			}
		}
		return lost == 3
	})
	in.teams.Before(nil)
	in.slack.Fail(nil)
	w.pass(time.Hour)
	w.until("the messages", func() bool {
		first, _ := noted(in.slack.Messages())
		return first == 2 && len(in.teams.Posts()) == 1
	})
	first, withNote := noted(in.slack.Messages())
	require.Equal(t, first, withNote)
	require.Contains(t, string(in.teams.Posts()[0].Body), mayRepeat)
}

func TestAMessageThatWasRefusedForNowComesWithoutANote(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	in.teams.Answer(http.StatusTooManyRequests)
	in.slack.Fail(func(*http.Request) bool { return true })
	week := w.monday()
	w.until("three failures", func() bool {
		failed := 0
		for _, d := range w.deliveries(week) {
			if d.Error != "" {
				failed++
			}
		}
		return failed == 3
	})
	in.teams.Answer(http.StatusAccepted)
	in.slack.Fail(nil)
	w.pass(time.Hour)
	w.until("the messages", func() bool {
		first, _ := noted(in.slack.Messages())
		return first == 2 && len(in.teams.Posts()) == 1
	})
	_, withNote := noted(in.slack.Messages())
	require.Zero(t, withNote)
	require.NotContains(t, string(in.teams.Posts()[0].Body), mayRepeat)
}

func TestAfterADeathBetweenSendingAndRecordingTheMessageSaysThatItMayHaveComeBefore(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	week := reports.WeekOf(w.clock.now(), time.UTC)
	// What a process leaves that dies between the two: the intent alone.
	for _, wk := range []reports.Week{week.Add(-1), week, week.Add(1)} {
		for channel, address := range map[string]string{"teams": in.teams.URL, "slack": in.slack.URL} {
			sum := sha256.Sum256([]byte(address))
			require.NoError(t, w.redis.HSet(t.Context(), "{holdfast}:sendings:"+wk.String(), channel+"/"+hex.EncodeToString(sum[:8]),
				`{"week":"`+wk.String()+`","channel":"`+channel+`","message_id":"holdfast.x","attempts":1}`).Err())
		}
	}
	w.monday()
	w.until("the messages", func() bool {
		first, _ := noted(in.slack.Messages())
		return first == 2 && len(in.teams.Posts()) == 1
	})
	_, withNote := noted(in.slack.Messages())
	require.Equal(t, 1, withNote, "of two channels, one was begun")
	require.Contains(t, string(in.teams.Posts()[0].Body), mayRepeat)
}
