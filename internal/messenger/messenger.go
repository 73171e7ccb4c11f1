// Package messenger puts one message into one channel: mail, Slack, Microsoft
// Teams, a signed webhook, or files in a directory. It decides nothing: who
// gets a message, when, and whether it was sent before is the caller's
// business. Each Send is one attempt, with a time limit of its own.
package messenger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// attemptTime is how long one attempt may take.
const attemptTime = 30 * time.Second

// Message is one message to one address.
type Message struct {
	// ID is the same for every attempt at this message.
	ID     string
	Digest report.Digest
	// Note is a short message instead of a digest: its title and its text.
	Note *Note
	// Again says that an earlier attempt was neither confirmed nor refused, so
	// that the message may have come before.
	Again bool
	// Thread is what the channel said of the first part of the message, when
	// that was confirmed in an earlier attempt.
	Thread string
	At     time.Time
}

// Note is a short message: a title and lines of text, each with a link.
type Note struct {
	Title string
	Intro string
	Lines []NoteLine
}

// NoteLine is one line of a note.
type NoteLine struct{ Text, Label, URL string }

func (n Note) digest() report.Short {
	s := report.Short{Title: n.Title, Intro: n.Intro}
	for _, l := range n.Lines {
		s.Lines = append(s.Lines, report.ShortLine{Text: l.Text, Label: l.Label, URL: l.URL})
	}
	return s
}

// Channel delivers messages. Its methods may be called concurrently.
type Channel interface {
	// Send makes one attempt. A channel that sends in two parts calls half
	// with what it was told once the first part is confirmed.
	Send(ctx context.Context, m Message, half func(thread string) error) error
}

// Refused is an error that another attempt will not mend by itself, such as a
// rejected address: it is tried again seldom.
type Refused struct{ Err error }

func (e Refused) Error() string { return e.Err.Error() }
func (e Refused) Unwrap() error { return e.Err }

// IsRefused reports whether the channel refused for good.
func IsRefused(err error) bool {
	var r Refused
	return errors.As(err, &r)
}

// Unanswered is an error after which nobody knows whether the message came: it
// was handed over, and no answer told what became of it.
type Unanswered struct{ Err error }

func (e Unanswered) Error() string { return e.Err.Error() }
func (e Unanswered) Unwrap() error { return e.Err }

// MayHaveCome reports whether the message may have come in spite of the error.
func MayHaveCome(err error) bool {
	var u Unanswered
	return errors.As(err, &u)
}

// Busy is an error of a channel that says when it would take the message.
type Busy struct {
	Err   error
	After time.Duration
}

func (e Busy) Error() string { return e.Err.Error() }
func (e Busy) Unwrap() error { return e.Err }

// BusyFor is how long the channel asked to be left alone; 0: it did not say.
func BusyFor(err error) time.Duration {
	var b Busy
	if errors.As(err, &b) {
		return b.After
	}
	return 0
}

// client sends what the channels over HTTP send. A redirect would carry the
// message elsewhere, so none is followed.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends one JSON body and gives the answer's text. What is wrong is told
// without the address, which is a secret.
func post(ctx context.Context, address string, body []byte, header http.Header) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	var written atomic.Bool // the transport goes on by itself after a timeout
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) { written.Store(i.Err == nil) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return "", errors.New("the address can't be used; check it in the configuration")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "holdfast")
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		err = fmt.Errorf("reaching %s: %w", req.URL.Host, err)
		if written.Load() {
			err = Unanswered{err}
		}
		return "", err
	}
	defer resp.Body.Close()
	// The status decides: of an answer that breaks off, what came is enough.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 == 2 {
		return string(text), nil
	}
	err = fmt.Errorf("%s answered %s: %s", req.URL.Host, resp.Status, cut(string(text)))
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusTooEarly, http.StatusServiceUnavailable:
		if s, aerr := strconv.Atoi(resp.Header.Get("Retry-After")); aerr == nil && s > 0 {
			err = Busy{err, time.Duration(min(s, 1<<20)) * time.Second}
		}
		return "", err
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		// What stands behind the gateway may have taken it.
		return "", Unanswered{err}
	}
	if resp.StatusCode < 500 {
		return "", Refused{err}
	}
	return "", err
}

// cut makes a foreign text short and fit for one line of a log.
func cut(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:199]) + "…"
	}
	return s
}
