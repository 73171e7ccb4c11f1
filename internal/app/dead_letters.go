package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// DeadLetters implements api.Backend.
func (b *Backend) DeadLetters(ctx context.Context) ([]api.DeadLetterView, error) {
	letters, err := b.ledger.DeadLetters(ctx)
	if err != nil {
		return nil, storeError(err)
	}
	out := make([]api.DeadLetterView, 0, len(letters))
	for _, d := range letters {
		out = append(out, letterView(d))
	}
	return out, nil
}

// letterRemedy says in words what to do about a letter.
func letterRemedy(d ledger.DeadLetter) string {
	switch d.Kind {
	case ledger.LetterSubject:
		return "it is tried on by itself, ever more seldom. `holdfast doctor` and the log say what stands in its way; mend that, then: holdfast dead-letters replay " + d.ID
	case ledger.LetterEntry:
		return "the rest goes on without this record. Restore it from a backup of Redis, or forget it: holdfast dead-letters drop " + d.ID
	case ledger.LetterEvent:
		return "nothing has to be sent again: the next sweep finds what a tracker knows. When the cause is mended: holdfast dead-letters replay " + d.ID
	case ledger.LetterDelivery:
		return "this is a defect of Holdfast: report it with what `holdfast dead-letters show` prints. After an upgrade: holdfast dead-letters replay " + d.ID
	case ledger.LetterStore:
		return emptiedRemedy
	}
	return ""
}

func letterView(d ledger.DeadLetter) api.DeadLetterView {
	return api.DeadLetterView{ID: d.ID, Kind: d.Kind, Subject: d.Subject, Reason: d.Reason, Remedy: letterRemedy(d), FirstAt: d.First.UTC(), LastAt: d.Last.UTC(), Count: d.Count}
}

// DeadLetter implements api.Backend.
func (b *Backend) DeadLetter(ctx context.Context, id string) (api.DeadLetterDetail, error) {
	d, err := b.ledger.DeadLetter(ctx, id)
	if err != nil {
		return api.DeadLetterDetail{}, letterError(id, err)
	}
	return api.DeadLetterDetail{DeadLetterView: letterView(d), Payload: d.Payload, Cut: d.Cut}, nil
}

func letterError(id string, err error) error {
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return api.NotFound{What: fmt.Sprintf("dead letter %q; `holdfast dead-letters` lists them", id)}
	case errors.Is(err, ledger.ErrConflict):
		return api.Conflict{Detail: err.Error()}
	}
	return storeError(err)
}

// ReplayDeadLetter implements api.Backend.
func (b *Backend) ReplayDeadLetter(ctx context.Context, by api.Actor, id string) error {
	d, err := b.ledger.DeadLetter(ctx, id)
	if err != nil {
		return letterError(id, err)
	}
	switch d.Kind {
	case ledger.LetterStore:
		return api.Conflict{Detail: "what the store lost is not in this letter: `holdfast rebuild` restores items from the trackers; drop the letter when that is done"}
	case ledger.LetterDelivery:
		err = b.redeliver(ctx, d)
	default:
		err = b.ledger.Replay(ctx, id)
	}
	if err != nil {
		return letterError(id, err)
	}
	b.log.Info("a dead letter is processed again", "subject", d.Subject, "by", by.Name)
	return nil
}

// DropDeadLetter implements api.Backend.
func (b *Backend) DropDeadLetter(ctx context.Context, by api.Actor, id string) error {
	d, err := b.ledger.DeadLetter(ctx, id)
	if err == nil {
		err = b.ledger.DropDeadLetter(ctx, id)
	}
	if err != nil {
		return letterError(id, err)
	}
	b.log.Warn("a dead letter was dropped", "subject", d.Subject, "reason", d.Reason, "by", by.Name)
	return nil
}
