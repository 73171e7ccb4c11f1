package messenger

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// TeamsWebhook posts an Adaptive Card to the address of a workflow of Microsoft
// Teams.
type TeamsWebhook struct{ URL string }

// Send implements Channel.
func (t TeamsWebhook) Send(ctx context.Context, m Message, _ func(string) error) error {
	body := report.Teams(m.Digest, m.Again)
	if m.Note != nil {
		body = m.Note.digest().Teams(m.Again)
	}
	_, err := post(ctx, t.URL, body, nil)
	return err
}
