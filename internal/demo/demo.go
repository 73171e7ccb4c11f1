// Package demo tells the story of Holdfast on one machine: the real service,
// with stand-ins for GitHub and Jira over real HTTP and real git repositories.
// Each step is looked up in the trackers themselves; what Holdfast says of
// itself counts for nothing here. Nothing leaves this machine and nothing is
// kept.
package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/app"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// Options are what a demo is told with.
type Options struct {
	Out     io.Writer
	Listen  string // for Holdfast itself; taken if free, else any port
	Colours bool
	Exit    bool // end after the story instead of serving on
	Version string
	Log     *slog.Logger
	// HTTPClient is what Holdfast talks to the stand-ins with; nil: the default.
	HTTPClient *http.Client
}

// stage is everything that runs during the demo.
type stage struct {
	o      Options
	gh     *sandbox.GitHub
	jira   *sandbox.Jira
	ghURL  string
	jURL   string
	url    string // of Holdfast
	client *api.Client
	step   int
	failed int
	// The issues of the story, in acme/checkout.
	timeoutIssue, alertIssue int
}

// Run tells the story, then serves until ctx ends, unless Exit is set. The
// error says which steps did not happen.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "holdfast-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary directory
	s := &stage{o: o}
	stop, err := s.standIns(ctx, dir)
	defer stop()
	if err != nil {
		return err
	}
	listener, err := listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	s.url = "http://" + listener.Addr().String()
	cfg, err := config.Parse("demo", []byte(s.config()))
	if err != nil {
		return fmt.Errorf("the demo's own configuration: %w", err)
	}
	a, err := app.New(ctx, cfg, app.Options{Ephemeral: true, Version: o.Version, Log: o.Log, Listener: listener, HTTPClient: o.HTTPClient})
	if err != nil {
		return err
	}
	defer a.Close()
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ran; err != nil && o.Log != nil {
			o.Log.Debug("the service ended", "err", err)
		}
	}()
	s.client = api.NewClient(s.url, "")
	s.gh.SetWebhook(s.url+"/webhooks/github", hookSecret)
	s.jira.SetWebhook(s.url+"/webhooks/jira", hookSecret)

	if err := s.story(ctx); err != nil {
		return err
	}
	if s.failed > 0 {
		return fmt.Errorf("%d steps did not happen as told", s.failed)
	}
	if o.Exit {
		return nil
	}
	s.closing()
	select {
	case err := <-ran:
		ran <- nil
		return err
	case <-ctx.Done():
		return nil
	}
}

// listen takes the wanted address if it is free, else any port beside it.
func listen(ctx context.Context, want string) (net.Listener, error) {
	lc := &net.ListenConfig{}
	if want != "" {
		if l, err := lc.Listen(ctx, "tcp", want); err == nil {
			return l, nil
		}
	}
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return l, nil
}

// standIns starts the stand-ins, with people, repositories and permissions.
func (s *stage) standIns(ctx context.Context, dir string) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for i := len(stops) - 1; i >= 0; i-- {
			stops[i]()
		}
	}
	log := slog.New(slog.DiscardHandler)
	serve := func(h http.Handler) (string, error) {
		l, err := listen(ctx, "")
		if err != nil {
			return "", err
		}
		server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
		go func() { _ = server.Serve(l) }() // ends with Close
		stops = append(stops, func() { _ = server.Close() })
		return "http://" + l.Addr().String(), nil
	}
	s.gh = sandbox.NewGitHub(sandbox.GitHubOptions{Options: sandbox.Options{Dir: dir, Log: log}, Token: botToken, BotLogin: "holdfast-bot"})
	stops = append(stops, s.gh.Close)
	s.jira = sandbox.NewJira(sandbox.JiraOptions{Options: sandbox.Options{Dir: dir, Log: log}, User: "bot@acme.example", Token: botToken, Projects: []string{"PAY"}})
	stops = append(stops, s.jira.Close)
	if s.ghURL, err = serve(s.gh); err != nil {
		return stop, err
	}
	if s.jURL, err = serve(s.jira); err != nil {
		return stop, err
	}
	s.gh.SetURL(s.ghURL)
	s.jira.SetURL(s.jURL)
	for _, who := range []string{"alice", "bob"} {
		s.gh.AddUser(who, "")
		s.jira.AddUser("account-"+who, who, who+"@acme.example")
	}
	for _, repo := range []string{checkoutRepo, paymentsRepo} {
		if err := s.gh.CreateRepo(repo); err != nil {
			return stop, err
		}
		for _, who := range []string{"alice", "bob"} {
			s.gh.SetPermission(repo, who, "write")
		}
	}
	return stop, nil
}
