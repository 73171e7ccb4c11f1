package main

import (
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/demo"
)

func newDemoCmd(e *env) *cobra.Command {
	var exit, verbose bool
	var listen string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on this machine, without an account",
		Long: `Show the main job on this machine: the real service, with stand-ins for GitHub
and Jira over real HTTP with signed webhooks and real git repositories. No
account, configuration or Redis is needed, and nothing is kept.

The story is told step by step, each step as it is seen in the trackers; then
everything goes on serving, to be looked at. With --exit it ends after the story,
with 0 only if every step happened.`,
		Example: `  holdfast demo
  holdfast demo --exit`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
			defer stop()
			log := slog.New(slog.DiscardHandler)
			if verbose {
				log = slog.New(slog.NewTextHandler(e.errOut, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			slog.SetDefault(log)
			return demo.Run(ctx, demo.Options{Out: e.out, Listen: listen, Colours: e.colours, Exit: exit, Version: version, Log: log})
		},
	}
	cmd.Flags().BoolVar(&exit, "exit", false, "end after the story; exit 0 only if every step happened")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "print the service's log to standard error")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address for Holdfast; any free port where it is taken")
	return cmd
}
