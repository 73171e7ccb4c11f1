package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/config"
)

func newCheckConfigCmd(e *env) *cobra.Command {
	var path string
	var schema bool
	cmd := &cobra.Command{
		Use:   "check-config",
		Short: "Check a configuration and tell all problems at once",
		Long: `Check a configuration without starting anything, and tell every problem at once
with its line and column, what is wrong and what to write instead. Variables
(${NAME}) are taken from the environment and must be set, as for serve.

With --schema the JSON Schema of the file is printed, for editors.`,
		Example: `  holdfast check-config -c holdfast.yaml
  holdfast check-config --schema > holdfast.schema.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if schema {
				b, err := config.Schema()
				if err == nil {
					_, err = fmt.Fprintf(e.out, "%s\n", b)
				}
				return err
			}
			return e.checkConfig(path)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "holdfast.yaml", "configuration file")
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of the configuration")
	return cmd
}

func (e *env) checkConfig(path string) error {
	cfg, err := config.Load(path)
	var problems config.Problems
	if err == nil {
		// What serve would refuse is a problem, too.
		if open := cfg.OpenAPIAllowed(); open != nil {
			problems = config.Problems{{File: path, Path: "api", Message: open.Error()}}
			err = problems
		}
	}
	if e.output == "json" {
		errors.As(err, &problems)
		out := struct {
			OK       bool             `json:"ok"`
			Problems []config.Problem `json:"problems"`
			Warnings []config.Problem `json:"warnings"`
		}{OK: err == nil, Problems: append([]config.Problem{}, problems...), Warnings: []config.Problem{}}
		if cfg != nil {
			out.Warnings = append(out.Warnings, cfg.Warnings...)
		}
		if jsonErr := e.json(out); jsonErr != nil {
			return jsonErr
		}
		if err != nil {
			return errors.New("the configuration has problems")
		}
		return nil
	}
	if err != nil {
		if errors.As(err, &problems) {
			if len(problems) == 1 {
				return fmt.Errorf("1 problem:\n%w", err)
			}
			return fmt.Errorf("%d problems:\n%w", len(problems), err)
		}
		return err
	}
	for _, w := range cfg.Warnings {
		e.say("warning: %s", w.String())
	}
	e.say("%s is fine: %d trackers, %d services, %d teams.", path, len(cfg.Trackers), len(cfg.Services()), len(cfg.Teams))
	return nil
}
