package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// ServerOptions are what the two stand-ins are started with.
type ServerOptions struct {
	Options
	GitHubListen string // host:port; default 127.0.0.1:0
	JiraListen   string
	Flavor       string // of Jira
	Token        string // of the bot on both
	BotLogin     string // default holdfast-bot
	JiraUser     string // default bot@acme.example
	Repos        []string
	Projects     []string
	// People get write permission in all repositories; on Jira their account is
	// account-<name>.
	People []string
	// HoldfastURL is where webhooks go; empty: nowhere.
	HoldfastURL string
	Secret      string
}

// Server is both stand-ins, listening.
type Server struct {
	GitHub             *GitHub
	Jira               *Jira
	GitHubURL, JiraURL string
	servers            []*http.Server
}

// Start makes the stand-ins with their people, repositories and projects, and
// serves them until Close.
func Start(ctx context.Context, o ServerOptions) (_ *Server, err error) {
	o.Options = o.withDefaults()
	o.JiraUser, o.BotLogin = or(o.JiraUser, "bot@acme.example"), or(o.BotLogin, "holdfast-bot")
	s := &Server{
		GitHub: NewGitHub(GitHubOptions{Options: o.Options, Token: o.Token, BotLogin: o.BotLogin}),
		Jira:   NewJira(JiraOptions{Options: o.Options, Flavor: o.Flavor, User: o.JiraUser, Token: o.Token, Projects: o.Projects}),
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.GitHubURL, err = s.listen(ctx, or(o.GitHubListen, "127.0.0.1:0"), s.GitHub, o.Log); err != nil {
		return nil, err
	}
	if s.JiraURL, err = s.listen(ctx, or(o.JiraListen, "127.0.0.1:0"), s.Jira, o.Log); err != nil {
		return nil, err
	}
	s.GitHub.SetURL(s.GitHubURL)
	s.Jira.SetURL(s.JiraURL)
	for _, who := range o.People {
		s.GitHub.AddUser(who, "")
		s.Jira.AddUser("account-"+who, who, who+"@acme.example")
	}
	for _, repo := range o.Repos {
		if err := s.GitHub.CreateRepo(repo); err != nil {
			return nil, err
		}
		for _, who := range o.People {
			s.GitHub.SetPermission(repo, who, "write")
		}
	}
	s.SendTo(o.HoldfastURL, o.Secret)
	return s, nil
}

// SendTo makes both send their webhooks to a Holdfast at this address. An
// empty address ends that.
func (s *Server) SendTo(url, secret string) {
	if url = strings.TrimRight(url, "/"); url == "" {
		s.GitHub.SetWebhook("", "")
		s.Jira.SetWebhook("", "")
		return
	}
	s.GitHub.SetWebhook(url+"/webhooks/github", secret)
	s.Jira.SetWebhook(url+"/webhooks/jira", secret)
}

func (s *Server) listen(ctx context.Context, address string, h http.Handler, log *slog.Logger) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("listening on %s: %w", address, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), nil
}

// Close ends both. Webhooks that were not sent yet are dropped.
func (s *Server) Close() {
	for _, server := range s.servers {
		_ = server.Close() // nobody is left to be told
	}
	s.GitHub.Close()
	s.Jira.Close()
}
