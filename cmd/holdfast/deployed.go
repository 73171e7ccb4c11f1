package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

var shaForm = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// deployedFlags are the flags of one deployed command.
type deployedFlags struct {
	report        api.DeploymentReport
	status        string
	finished      string
	wait, timeout time.Duration
	bestEffort    bool
	whatIf        bool
}

func newDeployedCmd(e *env) *cobra.Command {
	var f deployedFlags
	cmd := &cobra.Command{
		Use:   "deployed --service S --environment E --sha SHA",
		Short: "Report a deployment from CI",
		Long: `Tell the server that a commit was put into an environment of a service, and
print which action items that shipped or took back. It needs a token of
deployments.tokens in the configuration.

A server that does not answer, or is restarting, is tried again for a minute.
The time of the deployment is fixed before the first try, and sent with each,
so that nothing is counted twice. With --best-effort the exit code is always 0:
a pipeline does not fail because Holdfast is away.

With --what-if nothing is reported: it prints what such a deployment would ship
and take back, and what would happen to the tickets. An API token may ask, too.`,
		Example: `  holdfast deployed --service checkout --environment prod-eu --sha "$GITHUB_SHA" \
      --id "$GITHUB_RUN_ID" --best-effort
  holdfast deployed --service checkout --environment prod-eu --version v1.4.2
  holdfast deployed --service checkout --environment prod-eu --sha "$SHA" --percent 10
  holdfast deployed --service checkout --environment prod-eu --sha "$OLD_SHA" --what-if`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if f.whatIf {
				return e.whatIf(cmd.Context(), f)
			}
			return e.deployed(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.report.Service, "service", "", "service that was deployed (required)")
	fl.StringVar(&f.report.Environment, "environment", "", "environment that it was deployed to (required)")
	fl.StringVar(&f.report.SHA, "sha", "", "commit, 7 to 64 hex digits (required unless --version is there)")
	fl.StringVar(&f.report.Version, "version", "", "tag, where the commit is not known")
	fl.StringVar(&f.status, "status", "success", "queued, in_progress, success, failure or inactive")
	fl.StringVar(&f.report.ID, "id", "", "id of the deployment or CI run: the same one again is not counted twice")
	fl.StringVar(&f.report.URL, "url", "", "address of the deployment or CI run")
	fl.StringVar(&f.finished, "finished-at", "", "when it finished, RFC 3339 (default: now)")
	fl.IntVar(&f.report.Percent, "percent", 100, "share of the traffic, 1 to 100")
	fl.DurationVar(&f.wait, "wait", 5*time.Second, "how long to wait for what it shipped; 0s: don't")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "how long to try to report it")
	fl.BoolVar(&f.whatIf, "what-if", false, "only tell what it would ship and take back")
	fl.BoolVar(&f.bestEffort, "best-effort", false, "exit with 0 whatever happens")
	return cmd
}

// check finishes the report. It is strict here, so that a mistake in a
// pipeline is told without a server.
func (f *deployedFlags) check() error {
	r := &f.report
	r.Status = domain.DeploymentStatus(f.status)
	switch {
	case r.Service == "":
		return usagef("--service is missing or empty")
	case r.Environment == "":
		return usagef("--environment is missing or empty")
	case r.SHA == "" && r.Version == "":
		return usagef("--sha is missing or empty (or give --version)")
	case r.SHA != "" && !shaForm.MatchString(r.SHA):
		return usagef("--sha %q: want 7 to 64 hex digits", r.SHA)
	case r.Percent < 1 || r.Percent > 100:
		return usagef("--percent %d: want 1 to 100", r.Percent)
	case f.whatIf && r.Status != domain.Success:
		return usagef("--what-if with --status %s: only a success ships anything", f.status)
	case !slices.Contains(domain.DeploymentStatuses, r.Status):
		return usagef("--status %q: want queued, in_progress, success, failure or inactive", f.status)
	}
	r.FinishedAt = time.Now().UTC()
	if f.finished != "" {
		t, err := time.Parse(time.RFC3339, f.finished)
		if err != nil {
			return usagef("--finished-at %q: want RFC 3339, like 2026-11-20T14:30:00Z", f.finished)
		}
		r.FinishedAt = t
	}
	return nil
}

// deployedResult is what deployed prints with -o json.
type deployedResult struct {
	api.DeployedView
	Repeated bool           `json:"repeated"`
	Handled  bool           `json:"handled"`
	Shipped  []api.ItemView `json:"shipped"`
	TookBack []api.ItemView `json:"took_back"`
}

func (e *env) deployed(ctx context.Context, f deployedFlags) error {
	client := e.client()
	reporting, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	v, repeated, err := client.Deployed(reporting, f.report)
	if err != nil {
		return fmt.Errorf("reporting the deployment: %w", err)
	}
	out := deployedResult{DeployedView: v, Repeated: repeated, Shipped: []api.ItemView{}, TookBack: []api.ItemView{}}
	var seen *api.DeploymentDetail
	if v.Production && f.report.Status == domain.Success && f.wait > 0 {
		if seen = awaitDeployment(ctx, client, v.ID, f); seen != nil {
			out.Handled, out.Shipped, out.TookBack = seen.Handled, seen.Shipped, seen.TookBack
		}
	}
	if e.output == "json" {
		return e.json(out)
	}
	return e.printDeployed(f, out, seen != nil)
}

// awaitDeployment reads the deployment until its items were looked at, or
// wait is over. It returns the last that could be read: what was reported is
// recorded, and failing to read it back is no failure of the report.
func awaitDeployment(ctx context.Context, client *api.Client, id string, f deployedFlags) *api.DeploymentDetail {
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	var last *api.DeploymentDetail
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		d, err := client.Deployment(ctx, id, f.report.Service, f.report.Environment)
		var refused *api.Error
		if err == nil {
			last = &d
		} else if errors.As(err, &refused) && !refused.Transient() {
			return last
		}
		if last != nil && last.Handled {
			return last
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(pause):
		}
	}
}

func (e *env) printDeployed(f deployedFlags, out deployedResult, read bool) error {
	for _, w := range out.Warnings {
		e.note("warning: %s", w)
	}
	if e.output == "table" {
		verb := "Recorded"
		if out.Repeated {
			verb = "Already recorded:"
		}
		e.say("%s deployment %s of %s to %s (%s)", verb, out.ID, f.report.Service, f.report.Environment,
			firstOf(short(strings.ToLower(f.report.SHA)), f.report.Version))
	}
	switch {
	case !out.Production:
		e.note("This environment is not production: it ships no action item.")
	case !read:
		e.note("What it ships is worked out now: holdfast items shows it.")
	case !out.Handled:
		e.note("What it ships is still being worked out: holdfast items shows it.")
	case len(out.Shipped)+len(out.TookBack) == 0:
		e.note("It shipped no action item.")
	}
	var rows [][]string
	for _, group := range []struct {
		word  string
		items []api.ItemView
	}{{"shipped", out.Shipped}, {"took back", out.TookBack}} {
		for _, v := range group.items {
			rows = append(rows, []string{group.word, v.ID, v.Status, v.Title, ticketURL(v.Ticket)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return e.table([]string{"", "item", "status", "title", "ticket"}, rows)
}
