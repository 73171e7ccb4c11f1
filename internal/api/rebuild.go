package api

// RebuildRequest says what is rebuilt.
type RebuildRequest struct {
	DryRun  bool
	Tracker string // empty: all
}

type rebuildBody struct {
	DryRun  bool   `json:"dry_run,omitempty" doc:"record nothing, say what would be restored"`
	Tracker string `json:"tracker,omitempty" maxLength:"100" doc:"only this tracker"`
}

type rebuildInput struct{ Body rebuildBody }

type rebuildOutput struct{ Body RebuildView }

// RebuildView is what a rebuild found on the trackers.
type RebuildView struct {
	DryRun   bool          `json:"dry_run" doc:"nothing was recorded"`
	Items    []RebuiltView `json:"items" nullable:"false"`
	Skipped  []SkippedView `json:"skipped" nullable:"false" doc:"tickets with a marker that are not restored"`
	Warnings []string      `json:"warnings" nullable:"false"`
	Cause    *string       `json:"cause" nullable:"true" doc:"under which reopenings that it brings would wait"`
}

// RebuiltView is an item whose ticket was found.
type RebuiltView struct {
	Item   string  `json:"item"`
	Ticket string  `json:"ticket"`
	URL    string  `json:"url"`
	State  string  `json:"state" enum:"open,closed"`
	Title  string  `json:"title"`
	Action string  `json:"action" enum:"restore,known" doc:"known: the store has it, and it is left as it is"`
	Note   *string `json:"note" nullable:"true"`
}

// SkippedView is a ticket with a marker that is not restored.
type SkippedView struct {
	Ticket string `json:"ticket"`
	URL    string `json:"url"`
	Item   string `json:"item" doc:"as its marker says"`
	Why    string `json:"why"`
}
