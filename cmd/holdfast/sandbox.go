package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// maxFaultsFile bounds the file of --faults.
const maxFaultsFile = 1 << 20

func newSandboxCmd(e *env) *cobra.Command {
	o := sandbox.ServerOptions{People: []string{"alice", "bob", "carol"}}
	var file string
	var seed uint64
	var verbose bool
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the stand-ins for GitHub and Jira alone",
		Long: `Run a stand-in for GitHub and one for Jira, over real HTTP and real git, to
try Holdfast against or to drive a test from outside. Everything is kept in this
process and lost when it ends.

Both take --token as the access token of Holdfast's account (on GitHub
holdfast-bot, on Jira bot@acme.example). The people alice, bob and carol may
write everywhere; on Jira their accounts are account-alice and so on. Webhooks go
to /webhooks/github and /webhooks/jira below --webhook-url, signed with --secret.

Each stand-in has an interface of its own, for callers on this machine alone:

  GET  /_sandbox/state    tickets with labels and comments, deployments, deliveries
  POST /_sandbox/act      what people and CI do: {"do":"close","repo":"acme/checkout","number":1}
  GET  /_sandbox/faults   the faults in force, and how often each kind has struck
  PUT  /_sandbox/faults   other faults; {"rules":[]} ends them

Acts on GitHub: open close reopen comment edit_comment delete_comment edit label
unlabel assign delete transfer lock unlock convert open_pull merge close_pull push branch tag revert
cherry_pick deploy deploy_status create_repo delete_repo restore_repo archive
unarchive permission webhook redeliver.
Acts on Jira: open close reopen transition comment edit_comment edit assign
delete move duplicate delete_project restore_project workflow permission webhook
redeliver.

Faults are {"seed":1,"rules":[RULE…]}, a rule is
  {"match":{"method":"POST","path":"/issues$","target":"acme/checkout","event":""},
   "kind":"drop_after","probability":0.1,"after":"0s","after_n":0,"count":0,"duration":"0s",
   "params":{"delay":"0s","delay_max":"0s","status":0,"retry_after":0,"offset":"0s"}}
with all but kind left out at will. A duration makes a spell of each strike: all
that matches meanwhile is struck as well.
Kinds for requests: latency rate_limit secondary_limit server_error late_error
drop_before drop_after slow_body expired_token denied outage refused not_found
gone. For webhooks
(matched by event and target): hook_lost hook_duplicated hook_late
hook_reordered. And clock, which sets the stand-in's clock off by params.offset.`,
		Example: `  holdfast sandbox --listen 127.0.0.1:9001 --jira-listen 127.0.0.1:9002 --webhook-url http://127.0.0.1:8080
  holdfast sandbox --repo acme/checkout --project PAY --faults faults.json --seed 7
  curl -X PUT -H 'Content-Type: application/json' http://127.0.0.1:9001/_sandbox/faults \
    -d '{"seed":7,"rules":[{"kind":"server_error","probability":0.05}]}'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			if o.Flavor != "cloud" && o.Flavor != "datacenter" {
				return usagef("--flavor %q: want cloud or datacenter", o.Flavor)
			}
			if o.Token == "" {
				return usagef("--token is empty: both stand-ins need one to tell who calls")
			}
			faults, err := readFaults(file)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("seed") {
				faults.Seed = seed
			}
			if o.Dir, err = os.MkdirTemp("", "holdfast-sandbox-"); err != nil {
				return fmt.Errorf("making a directory for the repositories: %w", err)
			}
			defer func() { _ = os.RemoveAll(o.Dir) }() // a temporary directory
			if verbose {
				o.Log = slog.New(slog.NewTextHandler(e.errOut, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			s, err := sandbox.Start(ctx, o)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := errors.Join(s.GitHub.SetFaults(faults), s.Jira.SetFaults(faults)); err != nil {
				return err
			}
			if e.output == "json" {
				err = e.json(map[string]any{"github": s.GitHubURL, "jira": s.JiraURL, "repositories": o.Repos, "projects": o.Projects, "seed": faults.Seed})
			} else {
				_, err = fmt.Fprintf(e.out, "github %s\njira %s\n", s.GitHubURL, s.JiraURL)
			}
			if err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.GitHubListen, "listen", "127.0.0.1:0", "address of the stand-in for GitHub; port 0: any free one")
	f.StringVar(&o.JiraListen, "jira-listen", "127.0.0.1:0", "address of the stand-in for Jira")
	f.StringVar(&o.Flavor, "flavor", "cloud", "of Jira: cloud or datacenter")
	f.StringArrayVar(&o.Repos, "repo", []string{"acme/checkout"}, "repository OWNER/NAME, made with one commit; may be repeated")
	f.StringArrayVar(&o.Projects, "project", []string{"PAY"}, "key of a Jira project; may be repeated")
	f.StringVar(&o.HoldfastURL, "webhook-url", "", "address of a Holdfast, such as http://127.0.0.1:8080; empty: no webhooks")
	f.StringVar(&o.Secret, "secret", "sandbox-webhook-secret", "secret that signs the webhooks")
	f.StringVar(&o.Token, "token", "sandbox-token", "access token of Holdfast's account")
	f.StringVar(&file, "faults", "", "file with faults as JSON")
	f.Uint64Var(&seed, "seed", 0, "seed of the faults, before the one in the file")
	f.BoolVarP(&verbose, "verbose", "v", false, "print each request to standard error")
	return cmd
}

// readFaults reads the file of --faults; without one there are none.
func readFaults(path string) (sandbox.Faults, error) {
	var out sandbox.Faults
	if path == "" {
		return out, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return out, fmt.Errorf("reading the faults: %w", err)
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, maxFaultsFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		return out, fmt.Errorf("reading the faults in %s: %w", path, err)
	}
	if err := out.Validate(); err != nil {
		return out, fmt.Errorf("the faults in %s: %w", path, err)
	}
	return out, nil
}
