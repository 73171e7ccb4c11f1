package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/trackers"
)

type pauseOutput struct{ Body PauseView }

type reopeningsBody struct {
	Reopenings []ReopeningView `json:"reopenings" nullable:"false"`
}

type reopeningsOutput struct{ Body reopeningsBody }

type causeBody struct {
	Cause string `json:"cause" minLength:"1" maxLength:"500" doc:"as the list of reopenings names it"`
}

type causeInput struct{ Body causeBody }

type reopeningOutput struct{ Body ReopeningView }

type doctorBody struct {
	OK       bool               `json:"ok" doc:"nothing is broken; warnings don't count"`
	Findings []trackers.Finding `json:"findings" nullable:"false"`
}

type doctorOutput struct{ Body doctorBody }

type versionOutput struct{ Body VersionView }

func (s *Server) registerOperating() {
	read, rule := need{role: Viewer}, need{role: Admin}
	register(s, operation(http.MethodGet, "/pause", "get-pause", "Whether writing to trackers is stopped", read),
		func(ctx context.Context, _ *struct{}) (*pauseOutput, error) { return paused(s.backend.PauseState(ctx)) })
	register(s, operation(http.MethodPost, "/pause", "pause", "Stop all writing to trackers", rule),
		func(ctx context.Context, _ *struct{}) (*pauseOutput, error) {
			return paused(s.backend.Pause(ctx, ActorOf(ctx)))
		})
	register(s, operation(http.MethodPost, "/resume", "resume", "Start writing to trackers again", rule),
		func(ctx context.Context, _ *struct{}) (*pauseOutput, error) {
			return paused(s.backend.Resume(ctx, ActorOf(ctx)))
		})

	register(s, operation(http.MethodGet, "/reopenings", "list-reopenings", "Reopenings that wait for an operator", read), s.listReopenings)
	register(s, operation(http.MethodPost, "/reopenings/confirm", "confirm-reopenings", "Reopen the tickets that wait", rule),
		s.decideReopenings(s.backend.ConfirmReopenings))
	register(s, operation(http.MethodPost, "/reopenings/drop", "drop-reopenings", "Leave these tickets closed for this cause", rule),
		s.decideReopenings(s.backend.DropReopenings))

	register(s, operation(http.MethodGet, "/doctor", "doctor", "Try each tracker, permission, webhook and transition", read), s.doctor)
	register(s, operation(http.MethodGet, "/version", "get-version", "The version that answers", need{role: Viewer, reads: true}),
		func(context.Context, *struct{}) (*versionOutput, error) {
			return &versionOutput{VersionView{s.version}}, nil
		})
}

func paused(v PauseView, err error) (*pauseOutput, error) {
	if err != nil {
		return nil, err
	}
	return &pauseOutput{v}, nil
}

func (s *Server) listReopenings(ctx context.Context, _ *struct{}) (*reopeningsOutput, error) {
	groups, err := s.backend.Reopenings(ctx)
	if err != nil {
		return nil, err
	}
	out := &reopeningsOutput{reopeningsBody{make([]ReopeningView, len(groups))}}
	for i, g := range groups {
		out.Body.Reopenings[i] = g.filled()
	}
	return out, nil
}

func (s *Server) decideReopenings(decide func(context.Context, Actor, string) (ReopeningView, error)) func(context.Context, *causeInput) (*reopeningOutput, error) {
	return func(ctx context.Context, in *causeInput) (*reopeningOutput, error) {
		g, err := decide(ctx, ActorOf(ctx), strings.TrimSpace(in.Body.Cause))
		if err != nil {
			return nil, err
		}
		return &reopeningOutput{g.filled()}, nil
	}
}

func (s *Server) doctor(ctx context.Context, _ *struct{}) (*doctorOutput, error) {
	findings, err := s.backend.Doctor(ctx)
	if err != nil {
		return nil, err
	}
	out := &doctorOutput{doctorBody{OK: true, Findings: list(findings)}}
	for _, f := range findings {
		out.Body.OK = out.Body.OK && (f.OK || f.Warning)
	}
	return out, nil
}

func (v ReopeningView) filled() ReopeningView {
	v.Items, v.OpenedAt = list(v.Items), v.OpenedAt.UTC()
	return v
}
