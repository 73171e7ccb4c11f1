package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/app"
)

func newServeCmd(e *env) *cobra.Command {
	var path, level, format string
	var ephemeral bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service",
		Long: `Run the service: take webhooks, postmortems and deployments, file tickets, and
reopen those that are closed before their fix is in production.

State lives in Redis (redis.url). Without one, a private redis-server is
started in data_dir; with --ephemeral everything is kept in process and lost at
the end. SIGHUP reads the configuration again; a bad file keeps the old one.
SIGTERM and SIGINT finish what has begun and end.`,
		Example: `  holdfast check-config -c holdfast.yaml
  holdfast serve -c holdfast.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := e.logger(level, format)
			if err != nil {
				return err
			}
			slog.SetDefault(log)
			return e.serve(cmd.Context(), path, ephemeral, log)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "holdfast.yaml", "configuration file")
	cmd.Flags().BoolVar(&ephemeral, "ephemeral", false, "keep everything in process; it is lost when the process ends")
	cmd.Flags().StringVar(&level, "log-level", "info", "debug, info, warn or error")
	cmd.Flags().StringVar(&format, "log-format", "text", "text or json")
	return cmd
}

// logger writes to standard error; values are quoted, so that no data can
// forge a line.
func (e *env) logger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level %q: want debug, info, warn or error", level)
	}
	o := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(e.errOut, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.errOut, o)), nil
	}
	return nil, usagef("--log-format %q: want text or json", format)
}

func (e *env) serve(ctx context.Context, path string, ephemeral bool, log *slog.Logger) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings {
		log.Warn("configuration", "at", w.Path, "warning", w.Message, "remedy", w.Remedy)
	}
	if ephemeral {
		log.Warn("--ephemeral: everything is kept in process and lost when it ends")
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	a, err := app.New(ctx, cfg, app.Options{Ephemeral: ephemeral, Version: version, Log: log})
	if err != nil {
		return err
	}
	defer a.Close()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-hup:
				reload(ctx, a, path, log)
			case <-ended:
				return
			}
		}
	}()
	// What the start needed (the configuration's syntax tree, patterns) is not
	// needed again, and an idle service would keep it for minutes.
	debug.FreeOSMemory()
	log.Info("serving", "address", a.Addr().String(), "public_url", cfg.PublicURL, "version", version)
	err = a.Run(ctx)
	close(ended)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	log.Info("ended")
	return err
}

func reload(ctx context.Context, a *app.App, path string, log *slog.Logger) {
	cfg, err := config.Load(path)
	if err == nil {
		err = a.Reload(ctx, cfg)
	}
	if err != nil {
		log.Error("the configuration was not reloaded; the old one stays in force", "err", err)
		return
	}
	log.Info("the configuration was reloaded")
}
