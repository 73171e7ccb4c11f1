package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/app"
	"github.com/holdfast-dev/holdfast/internal/messenger"
	"github.com/holdfast-dev/holdfast/internal/messenger/messengertest"
	reports "github.com/holdfast-dev/holdfast/internal/report"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// inboxes are all the places that a report can be sent to.
type inboxes struct {
	mail  *messengertest.MailServer
	slack *messengertest.Slack
	teams *messengertest.Receiver
	hook  *messengertest.Receiver
	dir   string
}

// reporting is an installation whose team has every channel, and whose leads
// lead three teams. Nothing is sent before Monday.
func reporting(t *testing.T) (*world, inboxes) {
	t.Helper()
	in := inboxes{messengertest.NewMailServer(t), messengertest.NewSlack(t), messengertest.NewReceiver(t), messengertest.NewReceiver(t), t.TempDir()}
	w := prepare(t, scene{rest: fmt.Sprintf(`
reports:
  smtp: {host: 127.0.0.1, port: %d, from: holdfast@acme.example}
  slack: {bot_token: %s, api_url: %q}
  directors: {people: [{name: Director, email: director@acme.example}]}`, in.mail.Port, in.slack.Token, in.slack.API)})
	w.config = strings.Replace(w.config, "    approvers: [alice]", fmt.Sprintf(`    notify: {slack_webhook: %q, teams_webhook: %q, directory: %q, webhook: {url: %q, secret: secret-of-the-hook-0123456789}}
    approvers: [alice]`, in.slack.URL, in.teams.URL, in.dir, in.hook.URL), 1)
	w.config = strings.Replace(w.config, "\npeople:", `
  - {name: search, timezone: America/New_York, leads: [{name: Lead, email: Lead@acme.example}], notify: {slack_channel: "#search"}}
  - {name: mobile, timezone: Europe/Berlin, leads: [{email: lead@acme.example}, {name: No address}]}
people:`, 1)
	w.run()
	w.filed(line{Title: "Bound the queue @channel <!here> =HYPERLINK(1) <script>x</script>", Priority: "P1", Type: "preventative", Service: "checkout", Owner: "Bob"})
	w.settle()
	return w, in
}

// monday lets time go by until the next Monday, 08:00 in New York, is over.
func (w *world) monday() reports.Week {
	w.t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(w.t, err)
	week := reports.WeekOf(w.clock.now(), zone)
	w.pass(week.Add(1).At(0, 8, 0, zone).Sub(w.clock.now()) + time.Minute)
	return week
}

func TestEveryLeadGetsOneReportAWeekOnEveryChannel(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	require.Empty(t, in.mail.Mails(), "nothing is sent for the week before the first start")
	week := w.monday()
	w.until("all messages", func() bool {
		return len(in.mail.Mails()) == 2 && len(in.slack.Messages()) >= 3 && len(in.teams.Posts()) == 1 && len(in.hook.Posts()) == 1
	})
	w.settle()

	byTo := map[string]messengertest.Mail{}
	for _, m := range in.mail.Mails() {
		require.Len(t, m.To, 1)
		byTo[m.To[0]] = m
	}
	lead := byTo["lead@acme.example"]
	require.Equal(t, "Postmortem actions, week "+week.String()+": shop, search, mobile", decoded(t, lead.Header.Get("Subject")), "three teams, one mail")
	require.Contains(t, lead.Text, "Team search")
	require.Contains(t, lead.Text, "Bound the queue")
	require.Contains(t, lead.HTML, "Bound the queue")
	require.NotContains(t, lead.HTML, "<script>")
	require.NotRegexp(t, `(src|href)="(?:[^hc"]|http:)[^"]*\.(png|css|js)`, lead.HTML)
	require.Len(t, lead.Images, 3, "a chart for each team")
	for id, png := range lead.Images {
		require.Contains(t, lead.HTML, `src="cid:`+id+`"`)
		require.Equal(t, "image/png", http.DetectContentType(png))
	}
	director := byTo["director@acme.example"]
	require.Contains(t, director.HTML, "shop")
	require.Contains(t, director.HTML, "mobile")
	require.NotContains(t, director.Text, "Bound the queue", "one row for each team")

	var whole, thread []messengertest.SlackMessage
	for _, m := range in.slack.Messages() {
		if m.Channel == "" {
			whole = append(whole, m)
		} else {
			require.Equal(t, "#search", m.Channel)
			thread = append(thread, m)
		}
	}
	require.Len(t, whole, 1)
	require.Contains(t, whole[0].All(), "Bound the queue")
	require.GreaterOrEqual(t, len(thread), 2)
	require.Empty(t, thread[0].Thread)
	require.NotEmpty(t, thread[1].Thread, "the detail is in the thread")

	var card struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []map[string]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(in.teams.Posts()[0].Body, &card))
	require.Equal(t, "AdaptiveCard", card.Attachments[0].Content.Type)
	require.NotEmpty(t, card.Attachments[0].Content.Body)

	post := in.hook.Posts()[0]
	require.Equal(t, messenger.Sign("secret-of-the-hook-0123456789", post.Body), post.Header.Get("X-Holdfast-Signature-256"))
	var body struct{ Reports []reports.Report }
	require.NoError(t, json.Unmarshal(post.Body, &body))
	require.Equal(t, 1, body.Reports[0].Open.N)
	for _, ext := range []string{"txt", "md", "html", "csv", "json"} {
		text, err := os.ReadFile(filepath.Join(in.dir, week.String()+"-shop."+ext))
		require.NoError(t, err)
		require.Contains(t, string(text), "Bound the queue", ext)
	}

	// A restart, and a second process, send nothing again.
	w.halt()
	w.run()
	other := second(w)
	w.pass(time.Hour)
	w.settle()
	other()
	require.Len(t, in.mail.Mails(), 2)
	require.Len(t, in.hook.Posts(), 1)
	_, list, err := w.api.Deliveries(t.Context(), week.String())
	require.NoError(t, err)
	require.Len(t, list, 7)
	for _, d := range list {
		require.Equal(t, "sent", d.State, d.To)
	}
}

// second runs another Holdfast on the same store.
func second(w *world) (halt func()) {
	w.t.Helper()
	port, err := storetest.FreePort()
	require.NoError(w.t, err)
	address := w.url[len("http://"):]
	text := strings.ReplaceAll(w.config, address, "127.0.0.1:"+port)
	text = regexp.MustCompile(`(?m)^data_dir: .*$`).ReplaceAllString(text, fmt.Sprintf("data_dir: %q", w.t.TempDir()))
	a, err := app.New(w.t.Context(), w.parse(text), app.Options{Version: "test", Now: w.clock.now, HTTPClient: w.http, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		require.NoError(w.t, <-ran)
		a.Close()
	})
}

func TestTwoProcessesSendOneMessage(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	halt := second(w)
	defer halt()
	week := w.monday()
	w.until("all messages", func() bool { return len(in.mail.Mails()) >= 2 && len(in.hook.Posts()) >= 1 })
	w.pass(time.Hour)
	w.settle()
	require.Len(t, in.mail.Mails(), 2)
	require.Len(t, in.hook.Posts(), 1)
	require.Len(t, in.teams.Posts(), 1)
	_, list, err := w.api.Deliveries(t.Context(), week.String())
	require.NoError(t, err)
	for _, d := range list {
		require.Equal(t, 1, d.Attempts, d.To)
	}
}

func TestAChannelThatIsDownIsTriedAgainAndTold(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	in.mail.DropAfterData(true)
	in.teams.Answer(http.StatusBadGateway)
	in.slack.Fail(func(*http.Request) bool { return true })
	week := w.monday()
	w.until("the hook, and a first mail", func() bool { return len(in.hook.Posts()) == 1 && len(in.mail.Mails()) >= 2 })
	w.settle()
	require.Equal(t, 5, w.counter("holdfast_reports_undelivered"), "two mails, two of Slack, one of Teams")
	w.pass(time.Hour)
	in.mail.DropAfterData(false)
	w.until("the mails again", func() bool { return len(in.mail.Mails()) >= 4 })
	w.settle()
	ids := map[string]map[string]bool{}
	for _, m := range in.mail.Mails() {
		if ids[m.To[0]] == nil {
			ids[m.To[0]] = map[string]bool{}
		}
		ids[m.To[0]][m.Header.Get("Message-Id")] = true
	}
	for to, set := range ids {
		require.Len(t, set, 1, "every attempt at %s carries the same Message-ID", to)
	}
	require.Equal(t, 3, w.counter("holdfast_reports_undelivered"))

	// What no channel takes for days is given up, and the next report says so.
	for range 5 {
		w.pass(24 * time.Hour)
		w.settle()
	}
	_, list, err := w.api.Deliveries(t.Context(), week.String())
	require.NoError(t, err)
	states := map[string]string{}
	for _, d := range list {
		states[d.Channel+" "+d.To] = d.State
		require.NotContains(t, d.Error+d.To, "secret", "the address of a hook is a secret")
	}
	require.Equal(t, "given_up", states["slack #search"])
	require.Equal(t, "sent", states["email lead@acme.example"])
	next := w.monday()
	w.settle()
	body, err := w.api.Report(t.Context(), "shop", next.String(), "text")
	require.NoError(t, err)
	require.Contains(t, string(body), "messages of last week's report that no channel took: slack to 127.0.0.1")
}

func TestARefusedMailIsToldAndTriedSeldom(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	in.mail.Refuse(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	week := w.monday()
	w.settle()
	w.pass(30 * time.Minute)
	w.settle()
	_, list, err := w.api.Deliveries(t.Context(), week.String())
	require.NoError(t, err)
	require.Equal(t, "email", list[0].Channel)
	require.Equal(t, "trying", list[0].State)
	require.Equal(t, 1, list[0].Attempts)
	require.Contains(t, list[0].Error, "no such user")
}

func TestARestartInTheMiddleSendsTheReportOnce(t *testing.T) {
	t.Parallel()
	w, in := reporting(t)
	// The first attempt ends with its process before it is answered.
	reached, release := make(chan struct{}), make(chan struct{})
	first := true
	in.hook.Before(func() {
		if first {
			first = false
			close(reached)
			<-release
		}
	})
	in.hook.Answer(http.StatusServiceUnavailable)
	week := w.monday()
	<-reached
	// As after a kill: the intent is there, no outcome, and the lease runs out.
	done := make(chan struct{})
	go func() { w.halt(); close(done) }()
	close(release)
	<-done
	key := w.redis.HKeys(t.Context(), "{holdfast}:sendings:"+week.String()).Val()
	require.NotEmpty(t, key)
	in.hook.Before(nil)
	in.hook.Answer(http.StatusOK)
	w.run()
	w.pass(2 * time.Minute)
	w.until("the message", func() bool { return len(in.hook.Posts()) == 1 })
	w.pass(time.Hour)
	w.settle()
	require.Len(t, in.hook.Posts(), 1)
	require.NotEmpty(t, in.hook.Posts()[0].Header.Get("Idempotency-Key"))
	require.Len(t, in.mail.Mails(), 2)
}

func decoded(t *testing.T, s string) string {
	t.Helper()
	out, err := wordDecoder.DecodeHeader(s)
	require.NoError(t, err)
	return out
}

var wordDecoder = new(mime.WordDecoder)
