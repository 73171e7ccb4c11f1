package main

import (
	"regexp"

	"github.com/spf13/cobra"
)

var (
	repoCommit = regexp.MustCompile(`^([\w.-]+/[\w.-]+)@([0-9a-fA-F]{7,64})$`)
	commitURL  = regexp.MustCompile(`^https?://[^/\s]+/(?:[^\s]+/)?([\w.-]+/[\w.-]+)/commit/([0-9a-fA-F]{7,64})$`)
	onlyNumber = regexp.MustCompile(`^[0-9]{1,6}$`)
)

func newFixedByCmd(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "fixed-by ITEM SHA|PULL_REQUEST",
		Short: "Name a pull request or commit as the fix of an item",
		Long: `Link a change to an item: it then needs that change in production. The change is
a commit (SHA, OWNER/NAME@SHA or its address) or a pull request (12, #12,
OWNER/NAME#12 or its address). Without a repository, that of the item's service
is meant.`,
		Example: `  holdfast fixed-by 2026-11-01-checkout-down/1 '#34'
  holdfast fixed-by 2026-11-01-checkout-down/1 acme/checkout#34
  holdfast fixed-by 2026-11-01-checkout-down/1 9f8e7d6c5b4a`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			item, change := args[0], args[1]
			client, repo, sha := e.client(), "", ""
			if m := repoCommit.FindStringSubmatch(change); m != nil {
				repo, sha = m[1], m[2]
			} else if m := commitURL.FindStringSubmatch(change); m != nil {
				repo, sha = m[1], m[2]
			} else if shaForm.MatchString(change) && !onlyNumber.MatchString(change) {
				sha = change
			}
			if sha != "" {
				v, err := client.LinkCommit(cmd.Context(), item, repo, sha)
				return e.acted(v, err, "Linked %s to %s.", change, item)
			}
			v, err := client.LinkPullRequest(cmd.Context(), item, change)
			return e.acted(v, err, "Linked %s to %s.", change, item)
		},
	}
}
