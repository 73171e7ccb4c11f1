package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

type itemOutput struct{ Body ItemView }

type waiverBody struct {
	Duration string `json:"duration" pattern:"^([0-9]{1,6}[smhdw])+$" patternDescription:"a duration like 30m, 24h, 7d or 4w" maxLength:"40" example:"4w"`
	Reason   string `json:"reason" minLength:"1" maxLength:"2000"`
}

type waiverInput struct {
	ItemPath
	Body waiverBody
}

type attestationBody struct {
	URL  string `json:"url" minLength:"1" maxLength:"2000" doc:"http or https address of the evidence"`
	Note string `json:"note,omitempty" maxLength:"2000"`
}

type attestationInput struct {
	ItemPath
	Body attestationBody
}

type changeInput struct {
	ItemPath
	Body changeBody
}

func (s *Server) registerActions() {
	approve := need{person: true}
	op := operation(http.MethodPost, "/items/{postmortem}/{n}/waiver", "waive-item", "Waive an item for a time; the token's person must be an approver", approve)
	register(s, created(op), s.waive)
	register(s, operation(http.MethodDelete, "/items/{postmortem}/{n}/waiver", "unwaive-item", "Take a waiver back", approve), s.unwaive)
	op = operation(http.MethodPost, "/items/{postmortem}/{n}/attestation", "attest-item", "Vouch with a link for work that is no code; the token's person must be an approver", approve)
	register(s, created(op), s.attest)

	operate := need{role: Operator}
	op = operation(http.MethodPost, "/items/{postmortem}/{n}/changes", "link-change", "Name a pull request or commit as (part of) the fix", operate)
	register(s, created(op), s.linkChange)
	op = operation(http.MethodPost, "/items/{postmortem}/{n}/retry", "retry-item", "Look at an item now and try again what failed", operate)
	op.DefaultStatus = http.StatusAccepted
	register(s, op, s.retry)
}

func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

func (s *Server) waive(ctx context.Context, in *waiverInput) (*itemOutput, error) {
	reason := strings.TrimSpace(in.Body.Reason)
	if reason == "" {
		return nil, Invalid{"reason", "say why in a few words"}
	}
	return s.item(s.backend.Waive(ctx, ActorOf(ctx), in.id(), WaiverRequest{Duration: in.Body.Duration, Reason: reason}))
}

func (s *Server) unwaive(ctx context.Context, in *ItemPath) (*itemOutput, error) {
	return s.item(s.backend.Unwaive(ctx, ActorOf(ctx), in.id()))
}

func (s *Server) attest(ctx context.Context, in *attestationInput) (*itemOutput, error) {
	if !webAddress(in.Body.URL) {
		return nil, Invalid{"url", "expected an http or https address"}
	}
	return s.item(s.backend.Attest(ctx, ActorOf(ctx), in.id(), AttestationRequest{URL: in.Body.URL, Note: strings.TrimSpace(in.Body.Note)}))
}

func (s *Server) linkChange(ctx context.Context, in *changeInput) (*itemOutput, error) {
	ref, err := in.Body.ref()
	if err != nil {
		return nil, err
	}
	return s.item(s.backend.LinkChange(ctx, ActorOf(ctx), in.id(), ref))
}

func (s *Server) retry(ctx context.Context, in *ItemPath) (*itemOutput, error) {
	return s.item(s.backend.Retry(ctx, ActorOf(ctx), in.id()))
}

func (s *Server) item(v ItemView, err error) (*itemOutput, error) {
	if err != nil {
		return nil, err
	}
	return &itemOutput{v.filled()}, nil
}

// webAddress reports whether s is an absolute http or https address without
// a user or password in it.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
