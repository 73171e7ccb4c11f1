package apitest

import (
	"context"
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// DeadLetters lists Letters.
func (b *Backend) DeadLetters(context.Context) ([]api.DeadLetterView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []api.DeadLetterView
	for _, d := range b.Letters {
		out = append(out, d.DeadLetterView)
	}
	return out, b.Fail
}

// DeadLetter shows one of Letters.
func (b *Backend) DeadLetter(_ context.Context, id string) (api.DeadLetterDetail, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.letter(id)
	if i < 0 {
		return api.DeadLetterDetail{}, api.NotFound{What: fmt.Sprintf("dead letter %q", id)}
	}
	return b.Letters[i], b.Fail
}

func (b *Backend) letter(id string) int {
	return slices.IndexFunc(b.Letters, func(d api.DeadLetterDetail) bool { return d.ID == id })
}

// ReplayDeadLetter takes one off Letters; those of the store stay.
func (b *Backend) ReplayDeadLetter(_ context.Context, by api.Actor, id string) error {
	return b.takeLetter("replay", by, id)
}

// DropDeadLetter takes one off Letters.
func (b *Backend) DropDeadLetter(_ context.Context, by api.Actor, id string) error {
	return b.takeLetter("drop", by, id)
}

func (b *Backend) takeLetter(verb string, by api.Actor, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.letter(id)
	switch {
	case i < 0:
		return api.NotFound{What: fmt.Sprintf("dead letter %q", id)}
	case verb == "replay" && b.Letters[i].Kind == "store":
		return api.Conflict{Detail: "this one cannot be replayed"}
	}
	b.did(verb+" dead letter "+id, by)
	b.Letters = slices.Delete(b.Letters, i, i+1)
	return b.Fail
}
