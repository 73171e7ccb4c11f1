package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// DeadLetterBackend is the part of Backend that keeps what could not be
// processed.
type DeadLetterBackend interface {
	// DeadLetters lists all letters, newest first, without their payloads.
	DeadLetters(ctx context.Context) ([]DeadLetterView, error)
	DeadLetter(ctx context.Context, id string) (DeadLetterDetail, error)
	// ReplayDeadLetter processes again what a letter holds. The letter goes;
	// what fails again becomes a new one.
	ReplayDeadLetter(ctx context.Context, by Actor, id string) error
	DropDeadLetter(ctx context.Context, by Actor, id string) error
}

// DeadLetterView is something that could not be processed.
type DeadLetterView struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind" enum:"subject,entry,event,delivery,store" doc:"subject: work on it fails; entry: a stored record cannot be read; event: the store refuses it; delivery: its handler broke; store: the store lost what it held"`
	Subject string    `json:"subject" doc:"what it is about, e.g. item/2026-11-01-checkout-down/1"`
	Reason  string    `json:"reason"`
	Remedy  string    `json:"remedy" doc:"what to do about it"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	Count   int64     `json:"count" doc:"how often it failed since first_at"`
}

// DeadLetterDetail is a letter with what it holds.
type DeadLetterDetail struct {
	DeadLetterView
	Payload string `json:"payload" doc:"what failed, as it came; of a subject the newest that is known"`
	Cut     bool   `json:"cut" doc:"the payload is only its beginning"`
}

// ReplayedView says what a replay of several letters did.
type ReplayedView struct {
	Replayed []string `json:"replayed" nullable:"false" doc:"ids of the letters that are gone"`
	Kept     []string `json:"kept" nullable:"false" doc:"ids of those that cannot be replayed"`
}

type lettersBody struct {
	DeadLetters []DeadLetterView `json:"dead_letters" nullable:"false"`
}

type lettersOutput struct{ Body lettersBody }

type letterInput struct {
	ID string `path:"id" maxLength:"100"`
}

type letterOutput struct{ Body DeadLetterDetail }

type replayedOutput struct{ Body ReplayedView }

type droppedBody struct {
	Dropped string `json:"dropped" doc:"id of the letter that is gone"`
}

type droppedOutput struct{ Body droppedBody }

func (s *Server) registerDeadLetters() {
	read, operate, rule := need{role: Viewer}, need{role: Operator}, need{role: Admin}
	register(s, operation(http.MethodGet, "/dead-letters", "list-dead-letters", "What could not be processed", read),
		func(ctx context.Context, _ *struct{}) (*lettersOutput, error) {
			letters, err := s.backend.DeadLetters(ctx)
			if err != nil {
				return nil, err
			}
			return &lettersOutput{lettersBody{list(letters)}}, nil
		})
	register(s, operation(http.MethodGet, "/dead-letters/{id}", "get-dead-letter", "One of them, with what it holds", read),
		func(ctx context.Context, in *letterInput) (*letterOutput, error) {
			d, err := s.backend.DeadLetter(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &letterOutput{d}, nil
		})
	register(s, operation(http.MethodPost, "/dead-letters/replay", "replay-dead-letters", "Process all of them again", operate), s.replayAll)
	register(s, operation(http.MethodPost, "/dead-letters/{id}/replay", "replay-dead-letter", "Process one of them again", operate),
		func(ctx context.Context, in *letterInput) (*replayedOutput, error) {
			if err := s.backend.ReplayDeadLetter(ctx, ActorOf(ctx), in.ID); err != nil {
				return nil, err
			}
			return &replayedOutput{ReplayedView{Replayed: []string{in.ID}, Kept: []string{}}}, nil
		})
	register(s, operation(http.MethodDelete, "/dead-letters/{id}", "drop-dead-letter", "Forget one of them", rule),
		func(ctx context.Context, in *letterInput) (*droppedOutput, error) {
			if err := s.backend.DropDeadLetter(ctx, ActorOf(ctx), in.ID); err != nil {
				return nil, err
			}
			return &droppedOutput{droppedBody{in.ID}}, nil
		})
}

func (s *Server) replayAll(ctx context.Context, _ *struct{}) (*replayedOutput, error) {
	letters, err := s.backend.DeadLetters(ctx)
	if err != nil {
		return nil, err
	}
	out := &replayedOutput{ReplayedView{Replayed: []string{}, Kept: []string{}}}
	for _, d := range letters {
		switch err := s.backend.ReplayDeadLetter(ctx, ActorOf(ctx), d.ID); err.(type) { //nolint:errorlint // the backend's own, never wrapped
		case nil:
			out.Body.Replayed = append(out.Body.Replayed, d.ID)
		case Conflict, NotFound:
			out.Body.Kept = append(out.Body.Kept, d.ID)
		default:
			return nil, err
		}
	}
	return out, nil
}

// DeadLetters lists what could not be processed.
func (c *Client) DeadLetters(ctx context.Context) ([]DeadLetterView, error) {
	body, err := fetch[lettersBody](ctx, c, get("/dead-letters", nil))
	return body.DeadLetters, err
}

// DeadLetter reads one letter with what it holds.
func (c *Client) DeadLetter(ctx context.Context, id string) (DeadLetterDetail, error) {
	return fetch[DeadLetterDetail](ctx, c, get("/dead-letters/"+url.PathEscape(id), nil))
}

// ReplayDeadLetter processes one letter again, all of them where id is empty.
func (c *Client) ReplayDeadLetter(ctx context.Context, id string) (ReplayedView, error) {
	path := "/dead-letters/replay"
	if id != "" {
		path = "/dead-letters/" + url.PathEscape(id) + "/replay"
	}
	return fetch[ReplayedView](ctx, c, post(path, nil))
}

// DropDeadLetter forgets one letter.
func (c *Client) DropDeadLetter(ctx context.Context, id string) error {
	_, err := fetch[droppedBody](ctx, c, call{method: "DELETE", path: "/dead-letters/" + url.PathEscape(id)})
	return err
}
