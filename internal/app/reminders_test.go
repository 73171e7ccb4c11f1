package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/messenger/messengertest"
)

// tuesday is seven in the morning of one.
var tuesday = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)

// reminding is an installation that sends mail. It is a Tuesday, seven in the
// morning.
func reminding(t *testing.T) (*world, *messengertest.MailServer, func(days int) string) {
	t.Helper()
	server := messengertest.NewMailServer(t)
	w := prepare(t, scene{rest: fmt.Sprintf("reports: {smtp: {host: 127.0.0.1, port: %d, from: holdfast@acme.example}}", server.Port)})
	w.config = strings.Replace(w.config, "    timezone: UTC\n", "    timezone: UTC\n    workdays: [monday, tuesday, wednesday, thursday, friday]\n", 1)
	w.clock.set(tuesday)
	w.run()
	return w, server, func(days int) string { return tuesday.AddDate(0, 0, days).Format(time.DateOnly) }
}

// words is the text of a mail, however its lines are broken.
func words(m messengertest.Mail) string { return strings.Join(strings.Fields(m.Text), " ") }

// to lists the mails to one address.
func to(s *messengertest.MailServer, address string) (out []messengertest.Mail) {
	for _, m := range s.Mails() {
		if m.To[0] == address {
			out = append(out, m)
		}
	}
	return out
}

func TestOwnersAndLeadsAreRemindedOnce(t *testing.T) {
	t.Parallel()
	w, server, in := reminding(t)
	w.filed(line{Title: "Soon", Priority: "P2", Due: in(2)}, line{Title: "Later", Priority: "P2", Due: in(9)}, line{Title: "Over", Priority: "P2", Due: in(-1)}, line{Title: "Long over", Priority: "P1", Due: in(-9)},
		line{Title: "Of alice", Priority: "P2", Due: in(1), Owner: "alice"})
	w.pass(time.Hour)
	w.settle()
	require.Empty(t, server.Mails(), "quiet until nine")
	w.pass(90 * time.Minute)
	w.until("three digests", func() bool { return len(server.Mails()) == 3 })
	w.settle()
	bob, alice, lead := to(server, "bob@acme.example"), to(server, "alice@acme.example"), to(server, "lead@acme.example")
	require.Len(t, bob, 1)
	require.Len(t, alice, 1)
	require.Len(t, lead, 1)
	for _, title := range []string{"Soon", "Over", "Long over"} {
		require.Equal(t, 1, strings.Count(words(bob[0]), " "+title+" ("), bob[0].Text)
	}
	require.NotContains(t, words(bob[0]), "Later")
	require.NotContains(t, words(bob[0]), "Of alice")
	require.Contains(t, words(lead[0]), "7 days over its due day")
	require.NotContains(t, words(lead[0]), "Soon")

	// Another look and a restart on the same day tell nobody again, and the
	// days after it tell what is new.
	w.halt()
	w.run()
	w.pass(time.Hour)
	w.settle()
	require.Len(t, server.Mails(), 3)
	w.pass(24 * time.Hour)
	w.settle()
	require.Len(t, server.Mails(), 3, "nothing is new on Wednesday")
	w.pass(24 * time.Hour)
	w.until("bob again", func() bool {
		return len(to(server, "bob@acme.example")) == 2 || len(to(server, "alice@acme.example")) == 2
	})
	w.settle()
	require.Contains(t, words(to(server, "alice@acme.example")[1]), "was due on "+in(1))

	// A moved due day is another one.
	w.comment(1, "bob", "/holdfast due "+in(7)+" waiting for the vendor")
	w.settle()
	require.Equal(t, in(7), *w.item(incident + "/1").Due)
	count := len(to(server, "bob@acme.example"))
	w.pass(24 * time.Hour) // Friday, two working days before the due day
	w.until("bob on Friday", func() bool { return len(to(server, "bob@acme.example")) > count })
	w.settle()
	mails := to(server, "bob@acme.example")
	last := words(mails[len(mails)-1])
	require.Contains(t, last, "Soon")
	require.Contains(t, last, "is due on "+in(7))
	w.pass(48 * time.Hour) // Sunday
	w.settle()
	require.Len(t, to(server, "bob@acme.example"), count+1, "nobody works")
}

func TestARemindersMailServerThatIsDownIsTriedUntilTheQuietHours(t *testing.T) {
	t.Parallel()
	w, server, in := reminding(t)
	server.Refuse(&smtp.SMTPError{Code: 451, Message: "try later"})
	w.filed(line{Title: "Over", Priority: "P2", Due: in(-1)})
	w.pass(3 * time.Hour)
	w.settle()
	require.Empty(t, server.Mails())
	server.Refuse(nil)
	w.pass(9 * time.Hour) // 19:00
	w.settle()
	require.Empty(t, server.Mails(), "quiet hours")
	w.pass(14*time.Hour + 5*time.Minute) // 9:05 the next day
	w.until("the reminder", func() bool { return len(server.Mails()) == 1 })
}

func TestAnotherPriorityMovesTheDueDay(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "By policy", Priority: "P1"}, line{Title: "By the document", Priority: "P1", Due: "2026-12-24"})
	require.Equal(t, "2026-11-29", *w.item(incident + "/1").Due)
	w.comment(1, "bob", "/holdfast priority P0")
	w.comment(2, "bob", "/holdfast priority P0")
	w.settle()
	require.Equal(t, "2026-11-08", *w.item(incident + "/1").Due)
	require.Equal(t, "2026-12-24", *w.item(incident + "/2").Due, "the document's date stays")
	said := w.issue(1).Comments
	require.Contains(t, said[len(said)-1].Body, "With priority P0 it is due on 2026-11-08.")
	require.Len(t, w.issue(2).Comments, 1, "only the command")
}

// With no mail server and no chat, the owner is told where the work is.
func TestOwnersAreRemindedOnTheTicket(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{rest: "reports: {reminders: {via: [mail, ticket]}}"})
	w.clock.set(tuesday)
	w.run()
	in := func(days int) string { return tuesday.AddDate(0, 0, days).Format(time.DateOnly) }
	w.filed(line{Title: "Soon", Priority: "P2", Due: in(1), Owner: "alice"}, line{Title: "Over", Priority: "P2", Due: in(-3)}, line{Title: "Later", Priority: "P2", Due: in(9)})
	w.settle()
	require.Empty(t, w.issue(1).Comments, "quiet until nine")
	w.pass(150 * time.Minute)
	w.until("both owners are told", func() bool { return len(w.issue(1).Comments) == 1 && len(w.issue(2).Comments) == 1 })
	require.Contains(t, w.issue(1).Comments[0].Body, "**Due on "+in(1)+".**")
	require.Contains(t, w.issue(1).Comments[0].Body, "cc @alice")
	require.Contains(t, w.issue(2).Comments[0].Body, "**Was due on "+in(-3)+".**")
	require.Contains(t, w.issue(2).Comments[0].Body, "cc @bob")

	// Another look, a restart and the next day say nothing again.
	w.halt()
	w.run()
	w.pass(time.Hour)
	w.settle()
	w.pass(24 * time.Hour)
	w.settle()
	require.Len(t, w.issue(1).Comments, 1)
	require.Len(t, w.issue(2).Comments, 1)
	require.Empty(t, w.issue(3).Comments)

	w.pass(24 * time.Hour)
	w.until("the day is over", func() bool { return len(w.issue(1).Comments) == 2 })
	w.settle()
	require.Contains(t, w.issue(1).Comments[1].Body, "**Was due on "+in(1)+".**")
	require.Len(t, w.issue(2).Comments, 1)
}

// Where existing tickets are not to be touched, nobody is reminded on them.
func TestATrialRemindsNobodyOnTickets(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{rest: "reports: {reminders: {via: [ticket]}}", policy: "enforce: false"})
	w.clock.set(tuesday)
	w.run()
	w.filed(line{Title: "Over", Priority: "P2", Due: tuesday.AddDate(0, 0, -3).Format(time.DateOnly)})
	w.pass(150 * time.Minute)
	w.settle()
	require.Empty(t, w.issue(1).Comments)
}

// The weekly report tells a lead, or a channel, what is due; on its day they
// are not told again.
func TestNobodyIsToldOfOneThingTwiceOnTheDayOfTheReport(t *testing.T) {
	t.Parallel()
	server, slack := messengertest.NewMailServer(t), messengertest.NewSlack(t)
	w := prepare(t, scene{rest: fmt.Sprintf("reports: {weekly: {day: tuesday}, smtp: {host: 127.0.0.1, port: %d, from: holdfast@acme.example}}", server.Port)})
	w.config = strings.Replace(w.config, "    approvers: [alice]", fmt.Sprintf("    notify: {slack_webhook: %q}\n    approvers: [alice]", slack.URL), 1)
	w.config = strings.Replace(w.config, "leads: [{name: Lead, email: lead@acme.example}]", "leads: [{name: Alice, email: alice@acme.example}]", 1)
	w.clock.set(tuesday)
	w.run()
	over := tuesday.AddDate(0, 0, -3).Format(time.DateOnly)
	w.filed(line{Title: "Of the lead", Priority: "P1", Due: over, Owner: "alice"}, line{Title: "Of a stranger", Priority: "P1", Due: over, Owner: "carol"},
		line{Title: "Of bob", Priority: "P1", Due: over, Owner: "bob"})
	w.pass(150 * time.Minute)
	w.until("the report, and bob's reminder", func() bool { return len(server.Mails()) == 2 && len(slack.Messages()) == 1 })
	w.settle()
	require.Len(t, server.Mails(), 2)
	require.Len(t, slack.Messages(), 1)
	require.Contains(t, to(server, "alice@acme.example")[0].Header.Get("Subject"), "week")
	require.Contains(t, words(to(server, "bob@acme.example")[0]), "Of bob")

	w.pass(24 * time.Hour)
	w.until("the day after", func() bool { return len(to(server, "alice@acme.example")) == 2 })
	w.settle()
	require.Contains(t, words(to(server, "alice@acme.example")[1]), "Of the lead")
}

// A team that has a channel and no mail hears there what its lead is to know.
func TestLeadsWithoutAnAddressAreRemindedInTheChannel(t *testing.T) {
	t.Parallel()
	slack := messengertest.NewSlack(t)
	w := prepare(t, scene{})
	w.config = strings.Replace(w.config, "    approvers: [alice]", fmt.Sprintf("    notify: {slack_webhook: %q}\n    approvers: [alice]", slack.URL), 1)
	w.clock.set(tuesday)
	w.run()
	w.filed(line{Title: "Over", Priority: "P2", Due: tuesday.AddDate(0, 0, -6).Format(time.DateOnly), Owner: "carol"})
	w.pass(150 * time.Minute)
	w.until("the owner's", func() bool { return len(slack.Messages()) == 1 })
	w.settle()
	require.Contains(t, slack.Messages()[0].All(), "was due on")
	w.pass(24 * time.Hour)
	w.until("the lead's", func() bool { return len(slack.Messages()) == 2 })
	w.settle()
	require.Contains(t, slack.Messages()[1].All(), "7 days over its due day")
}

func TestADueDayThatIsOverIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	for w.clock.now().UTC().Hour() > 20 { // midnight is not to come in between
		w.clock.ahead.Add(int64(time.Hour))
	}
	today := w.clock.now().UTC()
	id := w.one()
	was := *w.item(id).Due
	w.comment(1, "bob", "/holdfast due "+today.AddDate(0, 0, -1).Format(time.DateOnly)+" I was away")
	w.until("a reply", func() bool { return len(w.issue(1).Comments) == 2 })
	w.settle()
	require.Contains(t, w.issue(1).Comments[1].Body, "is over, as it is "+today.Format(time.DateOnly))
	require.Equal(t, was, *w.item(id).Due)
	w.comment(1, "bob", "/holdfast due "+today.Format(time.DateOnly)+" it is being deployed")
	w.until("the due day of today", func() bool { return *w.item(id).Due == today.Format(time.DateOnly) })
}
