package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newAttestCmd(e *env) *cobra.Command {
	var a api.AttestationRequest
	cmd := &cobra.Command{
		Use:   "attest ITEM URL [NOTE]",
		Short: "Vouch with a link for work that is no code",
		Long: `Give evidence that an item without code is done: a runbook, a drill, a contract.
It verifies items without linked changes only. It needs a token whose person is
an approver; for low priorities (policy.self_attest) the owner may, too.`,
		Example: `  holdfast attest 2026-11-01-checkout-down/2 https://wiki.acme.example/drill "drill of 12 November"`,
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.URL = args[1]
			// The words after the address are the note, as in the comment command.
			if words := strings.TrimSpace(strings.Join(args[2:], " ")); words != "" {
				if a.Note != "" {
					return usagef("the note stands both in --note and after the address; give it once")
				}
				a.Note = words
			}
			v, err := e.client().Attest(cmd.Context(), args[0], a)
			return e.acted(v, err, "Recorded the evidence for %s.", args[0])
		},
	}
	cmd.Flags().StringVar(&a.Note, "note", "", "what the link shows")
	return cmd
}
