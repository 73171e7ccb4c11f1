package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// newRootCmd is the whole command line. A new command is added to the list.
func newRootCmd(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "Keeps postmortem action items open until their fix is in production",
		Long: `Holdfast turns postmortem action items into GitHub or Jira tickets, and reopens
any ticket that is closed before a production deployment contains its fix.

Commands that talk to a server find it at --server or HOLDFAST_URL, and show it
the token in --token or HOLDFAST_TOKEN. Output is a table on a terminal, lines
with tabs in a pipe, and JSON with -o json.`,
		Example: `  holdfast parse postmortem.md
  holdfast file postmortem.md
  holdfast items --status closed_early,regressed
  holdfast deployed --service checkout --environment prod-eu --sha "$GIT_SHA"`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return e.prepare()
		},
	}
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.errOut)
	f := root.PersistentFlags()
	f.StringVar(&e.server, "server", "", "address of the server (default: HOLDFAST_URL, else "+defaultServer+")")
	f.StringVar(&e.token, "token", "", "API token (default: HOLDFAST_TOKEN, which other users of this machine can't see)")
	f.StringVarP(&e.output, "output", "o", "", "table, plain or json (default: table on a terminal, else plain)")

	root.AddCommand(
		newServeCmd(e),
		newDemoCmd(e),
		newSandboxCmd(e),
		newCheckConfigCmd(e),
		newParseCmd(e),
		newFileCmd(e),
		newAdoptCmd(e),
		newItemsCmd(e),
		newShowCmd(e),
		newWhyCmd(e),
		newDeployedCmd(e),
		newWaiveCmd(e),
		newUnwaiveCmd(e),
		newAttestCmd(e),
		newFixedByCmd(e),
		newDoctorCmd(e),
		newPauseCmd(e),
		newResumeCmd(e),
		newReopeningsCmd(e),
		newReportCmd(e),
		newDeadLettersCmd(e),
		newExportCmd(e),
		newImportCmd(e),
		newRebuildCmd(e),
		newVerdictsCmd(e),
		newVersionCmd(e),
	)
	root.SetHelpCommand(newHelpCmd())
	root.InitDefaultCompletionCmd()
	return root
}

// newHelpCmd replaces cobra's, which exits with 0 for a topic that does not
// exist.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("there is no command %q", strings.Join(args, " "))
			}
			target.InitDefaultHelpFlag()
			return target.Help()
		},
	}
}

// noArgs refuses arguments in words that fit: cobra's own call each of them an
// unknown command.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes flags only: what is %q for?", cmd.CommandPath(), args[0])
	}
	return nil
}

// usageError is a wrong question: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run executes one command line and tells its exit code.
func run(ctx context.Context, e *env, args []string) int {
	root := newRootCmd(e)
	root.SetArgs(args)
	ran := false
	wrap(root, &ran)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(e.errOut, "holdfast: %s\n", cleanLines(err.Error()))
	code := exitFailed
	var usage usageError
	if !ran {
		code = exitUsage
		fmt.Fprintf(e.errOut, "\n%s", cmd.UsageString())
	} else if errors.As(err, &usage) {
		code = exitUsage
		fmt.Fprintf(e.errOut, "See: %s --help\n", cmd.CommandPath())
	}
	if cmd.Name() == "deployed" && bestEffort(args) {
		fmt.Fprintln(e.errOut, "holdfast: the deployment was not reported; going on, because of --best-effort")
		return exitDone
	}
	return code
}

// bestEffort looks for the flag by itself: it must hold even if the flags
// can't be parsed.
func bestEffort(args []string) bool {
	return slices.Contains(args, "--best-effort") || slices.Contains(args, "--best-effort=true")
}

// wrap notes that a command's own code was reached, which tells a failure
// from a wrong question, and gives a group without code one that refuses.
func wrap(c *cobra.Command, ran *bool) {
	for _, sub := range c.Commands() {
		wrap(sub, ran)
	}
	inner := c.RunE
	switch {
	case inner != nil:
	case c.Run != nil:
		plain := c.Run
		c.Run = nil
		inner = func(cmd *cobra.Command, args []string) error { plain(cmd, args); return nil }
	default:
		// Without code cobra shows the help and exits with 0, a typo
		// included.
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
		}
		return
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		*ran = true
		return inner(cmd, args)
	}
}
