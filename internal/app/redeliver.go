package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/webhook"
)

// brokenDelivery is a delivery as a dead letter holds it. Its signature and
// secret are not kept: a replay signs it again.
type brokenDelivery struct {
	Kind        string `json:"kind"`
	Tracker     string `json:"tracker"`
	Event       string `json:"event,omitempty"`
	ID          string `json:"id,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Body        string `json:"body,omitempty"`
	Bytes       []byte `json:"bytes,omitempty"` // in place of Body where that is no text
}

// keepBroken makes a dead letter of a delivery at which its handler broke.
func (a *App) keepBroken(ctx context.Context, b webhook.Broken) error {
	d := brokenDelivery{Kind: b.Kind, Tracker: b.Tracker, Event: b.Event, ID: b.ID, ContentType: b.ContentType}
	if utf8.Valid(b.Body) {
		d.Body = string(b.Body)
	} else {
		d.Bytes = bytes.Clone(b.Body)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keeping a delivery: %w", err)
	}
	return a.ledger.Bury(ctx, ledger.DeadLetter{Kind: ledger.LetterDelivery, Subject: "delivery " + b.Tracker + "/" + b.ID, Reason: b.Reason, Payload: string(text)})
}

// redeliver hands a kept delivery to the webhooks again, as its sender would.
func (a *App) redeliver(ctx context.Context, letter ledger.DeadLetter) error {
	var d brokenDelivery
	if err := json.Unmarshal([]byte(letter.Payload), &d); err != nil {
		return fmt.Errorf("only the beginning of this delivery was kept; the sweep finds what it told: %w", ledger.ErrConflict)
	}
	t, ok := a.cfg.Load().Tracker(d.Tracker)
	if !ok {
		return fmt.Errorf("the tracker %s is not configured any more: %w", d.Tracker, ledger.ErrConflict)
	}
	body := d.Bytes
	if body == nil {
		body = []byte(d.Body)
	}
	mac := hmac.New(sha256.New, []byte(t.WebhookSecret.Reveal()))
	mac.Write(body)
	signature := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/"+d.Kind+"/"+url.PathEscape(d.Tracker), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("delivering again: %w", err)
	}
	req.Header.Set("Content-Type", d.ContentType)
	if t.Kind == config.GitHub {
		req.Header.Set("X-Hub-Signature-256", signature)
		req.Header.Set("X-GitHub-Event", d.Event)
		req.Header.Set("X-GitHub-Delivery", d.ID)
	} else {
		req.Header.Set("X-Hub-Signature", signature)
		req.Header.Set("X-Atlassian-Webhook-Identifier", d.ID)
	}
	// The letter goes first: a handler that breaks again writes it anew.
	if err := a.ledger.DropDeadLetter(ctx, letter.ID); err != nil {
		return err
	}
	w := &answered{header: http.Header{}}
	(*a.handler.Load()).ServeHTTP(w, req)
	if w.status >= http.StatusBadRequest {
		if err := a.ledger.Bury(ctx, letter); err != nil {
			return err
		}
		return fmt.Errorf("it was refused with status %d: %w", w.status, ledger.ErrConflict)
	}
	return nil
}

// answered takes an answer that nobody reads.
type answered struct {
	header http.Header
	status int
}

func (w *answered) Header() http.Header { return w.header }

func (w *answered) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(b), nil
}

func (w *answered) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}
