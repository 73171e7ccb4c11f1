package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// pollEvery is how often the server is asked for new tickets.
const pollEvery = time.Second

// awaitTickets reads the filed items until none waits for its ticket, and
// puts what it read in filed. patience bounds the time without a new ticket.
func (e *env) awaitTickets(ctx context.Context, client *api.Client, filed []api.FiledView, patience time.Duration) error {
	total := 0
	for _, v := range filed {
		total += len(v.Items)
	}
	bar := e.bar(total)
	defer func() { _ = bar.Exit() }()
	done, since := -1, time.Now()
	for {
		now, err := refresh(ctx, client, filed)
		if ctx.Err() != nil {
			return errors.New("stopped waiting: the server goes on filing. See it with holdfast items --status filing; filing the same document again makes no second ticket")
		}
		var refused *api.Error
		if errors.As(err, &refused) && !refused.Transient() {
			return fmt.Errorf("reading the filed items: %w", err)
		}
		if err == nil && now > done {
			done, since = now, time.Now()
			_ = bar.Set(done)
		}
		if done == total {
			return nil
		}
		if time.Since(since) > patience {
			return fmt.Errorf("%d of %d items have no ticket yet: the server goes on. holdfast doctor says what is wrong, holdfast items --status filing shows what waits", total-max(done, 0), total)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

// refresh reads the items of the filed postmortems again, and counts those
// that do not wait for a ticket.
func refresh(ctx context.Context, client *api.Client, filed []api.FiledView) (int, error) {
	done := 0
	for i := range filed {
		page, err := readItems(ctx, client, api.ItemQuery{Postmortem: filed[i].Postmortem})
		if err != nil {
			return 0, err
		}
		current := make(map[string]api.ItemView, len(page.Items))
		for _, it := range page.Items {
			current[it.ID] = it
		}
		for k, it := range filed[i].Items {
			if fresh, ok := current[it.ID]; ok {
				filed[i].Items[k] = fresh
				it = fresh
			}
			if it.Status != "filing" {
				done++
			}
		}
	}
	return done, nil
}

// bar is a progress bar on a terminal, and nothing elsewhere.
func (e *env) bar(total int) *progressbar.ProgressBar {
	to := e.errOut
	if !isTerminal(to) {
		to = io.Discard
	}
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(to), progressbar.OptionSetDescription("tickets"),
		progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionEnableColorCodes(false))
}
