// Package messengertest holds what tests send reports to: a stand-in for Slack
// that holds every message against the rules of Block Kit, one for a workflow
// of Microsoft Teams, a receiver of signed webhooks, and a real mail server
// (emersion/go-smtp) on a port of its own. They speak over the network as the
// real ones do.
package messengertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// SlackMessage is a message that the stand-in took.
type SlackMessage struct {
	Channel string       `json:"channel"`
	Thread  string       `json:"thread_ts"`
	Text    string       `json:"text"`
	Blocks  []SlackBlock `json:"blocks"`
	Unfurl  *bool        `json:"unfurl_links"`
	Media   *bool        `json:"unfurl_media"`
}

// SlackBlock is one block of a message.
type SlackBlock struct {
	Type string     `json:"type"`
	Text *SlackText `json:"text"`
}

// SlackText is the text of a block.
type SlackText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
}

// All is every text of the message.
func (m SlackMessage) All() string {
	parts := []string{m.Text}
	for _, b := range m.Blocks {
		if b.Text != nil {
			parts = append(parts, b.Text.Text)
		}
	}
	return strings.Join(parts, "\n")
}

// Slack is a stand-in for Slack with one incoming webhook and one bot.
type Slack struct {
	URL   string // of the webhook
	API   string // base of the methods
	Token string

	mu       sync.Mutex
	messages []SlackMessage
	fail     func(r *http.Request) bool
}

// NewSlack starts a stand-in that ends with the test.
func NewSlack(t testing.TB) *Slack {
	s := &Slack{Token: "xoxb-token-of-the-bot"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /services/T0/B0/secret", func(w http.ResponseWriter, r *http.Request) { s.take(t, w, r, false) })
	mux.HandleFunc("POST /api/chat.postMessage", func(w http.ResponseWriter, r *http.Request) { s.take(t, w, r, true) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL, s.API = server.URL+"/services/T0/B0/secret", server.URL+"/api"
	return s
}

// Fail makes the stand-in answer 503 to the requests that f picks; nil: none.
func (s *Slack) Fail(f func(r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Messages are those that were taken.
func (s *Slack) Messages() []SlackMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SlackMessage(nil), s.messages...)
}

func (s *Slack) take(t testing.TB, w http.ResponseWriter, r *http.Request, bot bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil && s.fail(r) {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	m, err := CheckSlack(body)
	switch {
	case err != nil:
		t.Errorf("Slack would refuse the message: %v\n%s", err, body)
		http.Error(w, "invalid_blocks", http.StatusBadRequest)
		return
	case bot && r.Header.Get("Authorization") != "Bearer "+s.Token:
		fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`)
		return
	case bot && m.Channel == "":
		fmt.Fprint(w, `{"ok":false,"error":"channel_not_found"}`)
		return
	}
	s.messages = append(s.messages, m)
	if bot {
		fmt.Fprintf(w, `{"ok":true,"channel":"C1","ts":"1700000000.%06d"}`, len(s.messages))
		return
	}
	fmt.Fprint(w, "ok")
}

var (
	slackLink    = regexp.MustCompile(`^<https?://[^<>|]+\|[^<>]+>`)
	slackMention = regexp.MustCompile(`@(here|channel|everyone)\b`)
)

// CheckSlack holds a message against the rules of Block Kit, and against those
// of ours: no mention, no command, no link but well-formed ones.
func CheckSlack(body []byte) (SlackMessage, error) {
	var m SlackMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("invalid_json: %w", err)
	}
	if m.Text == "" || len(m.Blocks) == 0 {
		return m, fmt.Errorf("no_text")
	}
	if len(m.Blocks) > 50 {
		return m, fmt.Errorf("%d blocks, at most 50", len(m.Blocks))
	}
	if utf8.RuneCountInString(m.All()) > 40000 {
		return m, fmt.Errorf("msg_too_long: %d characters", utf8.RuneCountInString(m.All()))
	}
	for i, b := range m.Blocks {
		if b.Text == nil {
			return m, fmt.Errorf("block %d has no text", i)
		}
		n := utf8.RuneCountInString(b.Text.Text)
		switch {
		case b.Type == "header" && (b.Text.Type != "plain_text" || n > 150):
			return m, fmt.Errorf("header %d: %s of %d characters", i, b.Text.Type, n)
		case b.Type == "section" && (b.Text.Type != "mrkdwn" || n > 3000):
			return m, fmt.Errorf("section %d: %s of %d characters", i, b.Text.Type, n)
		case b.Type != "header" && b.Type != "section":
			return m, fmt.Errorf("block %d: unknown type %q", i, b.Type)
		case n == 0:
			return m, fmt.Errorf("block %d is empty", i)
		}
		if b.Text.Type == "mrkdwn" {
			if err := checkMarkup(b.Text.Text); err != nil {
				return m, fmt.Errorf("block %d: %w", i, err)
			}
		}
	}
	return m, checkMarkup(m.Text)
}

func checkMarkup(s string) error {
	if w := slackMention.FindString(s); w != "" {
		return fmt.Errorf("mentions everybody: %s", w)
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '<' {
			continue
		}
		link := slackLink.FindString(s[i:])
		if link == "" {
			return fmt.Errorf("markup that is no link: %.60q", s[i:])
		}
		i += len(link) - 1
	}
	return nil
}
