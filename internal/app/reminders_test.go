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

// reminding is an installation that sends mail. It is a Tuesday, seven in the
// morning.
func reminding(t *testing.T) (*world, *messengertest.MailServer, func(days int) string) {
	t.Helper()
	server := messengertest.NewMailServer(t)
	w := prepare(t, scene{rest: fmt.Sprintf("reports: {smtp: {host: 127.0.0.1, port: %d, from: holdfast@acme.example}}", server.Port)})
	w.config = strings.Replace(w.config, "    timezone: UTC\n", "    timezone: UTC\n    workdays: [monday, tuesday, wednesday, thursday, friday]\n", 1)
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(7 * time.Hour)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	w.clock.ahead.Store(int64(time.Until(day)))
	w.run()
	return w, server, func(days int) string { return day.AddDate(0, 0, days).Format(time.DateOnly) }
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
