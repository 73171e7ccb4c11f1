package messenger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// Hook posts reports as JSON to an address of the receiver's own. The body is
// signed: X-Holdfast-Signature-256 is "sha256=" and the hex digits of its
// HMAC-SHA256 under Secret.
type Hook struct {
	URL    string
	Secret string
}

type hookBody struct {
	Event    string          `json:"event"` // weekly_report or reminder
	ID       string          `json:"id"`
	Week     string          `json:"week,omitempty"`
	Title    string          `json:"title"`
	Overview []report.Report `json:"overview,omitempty"`
	Reports  []report.Report `json:"reports,omitempty"`
	Note     *report.Short   `json:"note,omitempty"`
}

// Send implements Channel. X-Holdfast-Delivery and Idempotency-Key are the same
// for every attempt, so the receiver can drop one that came before.
func (h Hook) Send(ctx context.Context, m Message, _ func(string) error) error {
	b := hookBody{Event: "weekly_report", ID: m.ID, Week: m.Digest.Week(), Title: m.Digest.Title(), Overview: m.Digest.Overview, Reports: m.Digest.Reports}
	if m.Note != nil {
		note := m.Note.digest()
		b = hookBody{Event: "reminder", ID: m.ID, Title: note.Title, Note: &note}
	}
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("writing the message: %w", err)
	}
	header := http.Header{}
	header.Set("X-Holdfast-Event", b.Event)
	header.Set("X-Holdfast-Delivery", m.ID)
	header.Set("Idempotency-Key", m.ID)
	header.Set("X-Holdfast-Signature-256", Sign(h.Secret, body))
	_, err = post(ctx, h.URL, body, header)
	return err
}

// Sign is the signature of a body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
