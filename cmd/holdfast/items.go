package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func newItemsCmd(e *env) *cobra.Command {
	var q api.ItemQuery
	var overdue bool
	cmd := &cobra.Command{
		Use:   "items",
		Short: "List action items",
		Long: `List the action items that match every filter given, in order of filing.
Filters with several values take them with commas or repeated.

Statuses: filing, lost, waived, done, regressed, soaking, verified,
closed_early, awaiting_deployment, open.`,
		Example: `  holdfast items --overdue
  holdfast items --status closed_early,regressed --team payments
  holdfast items --service checkout -o json | jq '.items[].ticket.url'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.Limit < 0 {
				return usagef("--limit %d: want 0 for all, or a number above", q.Limit)
			}
			if cmd.Flags().Changed("overdue") {
				q.Overdue = &overdue
			}
			page, err := readItems(cmd.Context(), e.client(), q)
			if err != nil {
				return err
			}
			return e.printItems(page)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&q.Status, "status", nil, "only with this status")
	f.StringSliceVar(&q.Verdict, "verdict", nil, "only with this verdict: verified, not_verified, unknown, exempt")
	f.StringSliceVar(&q.Team, "team", nil, "only of this team")
	f.StringSliceVar(&q.Service, "service", nil, "only of this service")
	f.StringSliceVar(&q.Priority, "priority", nil, "only with this priority: P0 to P4")
	f.StringSliceVar(&q.Type, "type", nil, "only of this type: preventative, mitigative, other")
	f.StringVar(&q.Owner, "owner", "", "only of this owner")
	f.StringVar(&q.Postmortem, "postmortem", "", "only of the postmortem with this id")
	f.BoolVar(&overdue, "overdue", false, "only those past their due date (--overdue=false: only the others)")
	f.StringVar(&q.Q, "q", "", "only with this text in id, title, owner or ticket")
	f.IntVar(&q.Limit, "limit", 100, "at most so many; 0: all")
	return cmd
}

// readItems reads pages until q.Limit items are there; a limit of 0 reads all.
func readItems(ctx context.Context, c *api.Client, q api.ItemQuery) (api.ItemPage, error) {
	wanted := q.Limit
	all := api.ItemPage{Items: []api.ItemView{}}
	for {
		q.Limit = api.MaxPage
		if wanted > 0 {
			q.Limit = min(api.MaxPage, wanted-len(all.Items))
		}
		page, err := c.Items(ctx, q)
		if err != nil {
			return all, err
		}
		all.Items = append(all.Items, page.Items...)
		all.Next = page.Next
		// A server that repeats a cursor must not keep us for ever.
		if page.Next == "" || page.Next == q.Cursor || (wanted > 0 && len(all.Items) >= wanted) {
			return all, nil
		}
		q.Cursor = page.Next
	}
}

func (e *env) printItems(page api.ItemPage) error {
	if e.output == "json" {
		return e.json(map[string]any{"items": page.Items, "next_cursor": api.Text(page.Next)})
	}
	if page.Next != "" {
		defer e.note("More items match: --limit 0 shows all.")
	}
	if len(page.Items) == 0 && e.output == "table" {
		e.note("No items match.")
		return nil
	}
	return e.table(itemHeader, itemRows(page.Items))
}

var itemHeader = []string{"item", "priority", "status", "reason", "due", "owner", "title", "ticket"}

func itemRows(items []api.ItemView) [][]string {
	rows := make([][]string, len(items))
	for i, v := range items {
		due := textOf(v.Due)
		if v.Overdue {
			due = strings.TrimSpace(due + " overdue")
		}
		rows[i] = []string{v.ID, string(v.Priority), v.Status, textOf(v.Reason), due, textOf(v.Owner), v.Title, ticketURL(v.Ticket)}
	}
	return rows
}
