package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Long:    `Print the version, the commit and the Go version that this program was built from.`,
		Example: `  holdfast version -o json`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			commit := buildCommit()
			if e.output == "json" {
				return e.json(map[string]string{"version": version, "commit": commit, "go": runtime.Version()})
			}
			e.say("holdfast %s (%s, %s)", version, firstOf(short(commit), "unknown commit"), runtime.Version())
			return nil
		},
	}
}

func buildCommit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
