package messenger_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/messenger"
)

// talk is a mail server of one connection that answers each word as it is told;
// an empty answer drops the connection. It returns its port and how many mails
// it took.
func talk(t *testing.T, answers map[string]string) (port int, taken func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	count, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		say := func(s string) { _, _ = fmt.Fprint(conn, s+"\r\n") }
		say("220 mail.example ESMTP")
		in, letter := bufio.NewScanner(conn), false
		for in.Scan() {
			word, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
			switch {
			case letter && in.Text() == ".":
				letter, count = false, count+1
				say("250 taken")
				continue
			case letter:
				continue
			}
			answer, set := answers[word]
			switch {
			case set && answer == "":
				return
			case set:
				say(answer)
				if word == "QUIT" || strings.HasPrefix(answer, "421") {
					return
				}
			case word == "DATA":
				letter = true
				say("354 go on")
			default:
				say("250 fine")
			}
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, func() int {
		_ = listener.Close()
		<-done
		return count
	}
}

func send(t *testing.T, m messenger.Mail) error {
	t.Helper()
	m.Host, m.From, m.To, m.TLS = "127.0.0.1", "holdfast@acme.example", "lead@acme.example", messenger.TLSNone
	note := messenger.Note{Title: "Due", Intro: "This is due."}
	return m.Send(t.Context(), messenger.Message{ID: "holdfast.1", Note: &note, At: time.Now()}, func(string) error { return nil })
}

func TestAMailThatTheServerTookIsSentWhateverBecomesOfTheConnection(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]map[string]string{
		"dropped":            {"RSET": ""},
		"closed by a 421":    {"RSET": "421 too busy"},
		"dropped at the end": {"QUIT": ""},
		"all in order":       {"QUIT": "221 bye"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, taken := talk(t, answers)
			require.NoError(t, send(t, messenger.Mail{Port: port}))
			require.Equal(t, 1, taken())
		})
	}
}

func TestAMailServersWordsDoNotRepeatThePassword(t *testing.T) {
	t.Parallel()
	port, taken := talk(t, map[string]string{"EHLO": "250-mail.example\r\n250 AUTH PLAIN", "AUTH": "535 no user bot with hunter2hunter2", "QUIT": "221 bye"})
	err := send(t, messenger.Mail{Port: port, User: "bot", Password: "hunter2hunter2"})
	require.ErrorContains(t, err, "535")
	require.NotContains(t, err.Error(), "hunter2hunter2")
	require.Zero(t, taken())
}
