package messenger

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// SlackWebhook posts to one channel of Slack through an incoming webhook. It
// can't write into threads, so everything is one message.
type SlackWebhook struct{ URL string }

// Send implements Channel.
func (s SlackWebhook) Send(ctx context.Context, m Message, _ func(string) error) error {
	msg := report.SlackWhole(m.Digest)
	if m.Note != nil {
		msg = m.Note.digest().Slack()
	}
	_, err := post(ctx, s.URL, again(msg, m).JSON(), nil)
	return err
}

// SlackBot posts to a channel with a bot's token, which needs the scope
// chat:write. The detail goes into the thread of the message.
type SlackBot struct {
	API     string // base address of the methods; empty: https://slack.com/api
	Token   string
	Channel string // name or id
}

// slackPost is a call of chat.postMessage.
type slackPost struct {
	report.SlackMessage
	Channel string `json:"channel"`
	Thread  string `json:"thread_ts,omitempty"`
}

type slackAnswer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
	TS    string `json:"ts"`
}

// Send implements Channel. It calls half when the first message stands; the
// parts in the thread are sent after that.
func (s SlackBot) Send(ctx context.Context, m Message, half func(string) error) error {
	messages := report.Slack(m.Digest)
	if m.Note != nil {
		messages = []report.SlackMessage{m.Note.digest().Slack()}
	}
	// The thread is "ts" or "ts/n": the parts up to n are in it.
	thread, sent := m.Thread, 0
	if ts, n, ok := strings.Cut(m.Thread, "/"); ok {
		thread = ts
		_, _ = fmt.Sscan(n, &sent) // our own number
	}
	if thread == "" {
		ts, err := s.post(ctx, again(messages[0], m), "")
		if err != nil {
			return err
		}
		thread, m.Again = ts, false
		if err := half(thread); err != nil {
			return err
		}
	}
	for i := sent + 1; i < len(messages); i++ {
		_, err := s.post(ctx, again(messages[i], m), thread)
		m.Again = false // only the first part may have come before
		if err != nil {
			return err
		}
		if err := half(fmt.Sprintf("%s/%d", thread, i)); err != nil {
			return err
		}
	}
	return nil
}

func (s SlackBot) post(ctx context.Context, msg report.SlackMessage, thread string) (ts string, err error) {
	body, err := json.Marshal(slackPost{msg, s.Channel, thread})
	if err != nil {
		return "", fmt.Errorf("writing the message: %w", err)
	}
	base := s.API
	if base == "" {
		base = "https://slack.com/api"
	}
	text, err := post(ctx, strings.TrimSuffix(base, "/")+"/chat.postMessage", body, http.Header{"Authorization": {"Bearer " + s.Token}})
	if err != nil {
		return "", err
	}
	var a slackAnswer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return "", Unanswered{fmt.Errorf("reading Slack's answer: %w", err)}
	}
	if !a.OK {
		err := fmt.Errorf("the message was refused by Slack: %s", cut(a.Error))
		switch a.Error {
		case "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout":
			return "", err
		}
		return "", Refused{err}
	}
	return a.TS, nil
}

// again says on a message that it may have come before: Slack has no key by
// which it would drop the second.
func again(msg report.SlackMessage, m Message) report.SlackMessage {
	if m.Again {
		return msg.Again()
	}
	return msg
}
