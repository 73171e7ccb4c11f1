package main

import (
	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newPauseCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "pause",
		Short: "Stop all writing to trackers",
		Long: `Stop all writing to trackers: no ticket is made, reopened, closed or commented
until holdfast resume. Events are still recorded and nothing is lost. It needs
a token with the role admin.`,
		Example: `  holdfast pause`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := e.client().Pause(cmd.Context())
			return e.pauseState(v, err)
		},
	}
}

func newResumeCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Start writing to trackers again",
		Long: `Start writing to trackers again after holdfast pause. What became due meanwhile
is decided anew and done. It needs a token with the role admin.`,
		Example: `  holdfast resume`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := e.client().Resume(cmd.Context())
			return e.pauseState(v, err)
		},
	}
}

func (e *env) pauseState(v api.PauseView, err error) error {
	switch {
	case err != nil:
		return err
	case e.output == "json":
		return e.json(v)
	case v.Paused:
		e.say("Paused since %s by %s. Go on with: holdfast resume", orDash(when(v.Since)), orDash(textOf(v.By)))
	default:
		e.say("Not paused: Holdfast writes to trackers.")
	}
	return nil
}
