package demo

import (
	"context"
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func (s *stage) paint(code, text string) string {
	if !s.o.Colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.o.Out, format+"\n", args...) }

func (s *stage) opening() {
	s.say("%s", s.paint("1", "Holdfast: the main job, on this machine"))
	s.say("")
	s.say("  Holdfast             %s", s.url)
	s.say("  stand-in for GitHub  %s", s.ghURL)
	s.say("  stand-in for Jira    %s", s.jURL)
	s.say("")
	s.say("Everything is kept in this process and lost when it ends.")
	s.say("")
}

// tell announces what people or CI do.
func (s *stage) tell(format string, args ...any) {
	s.step++
	s.say("%s %s", s.paint("1", fmt.Sprintf("%2d.", s.step)), fmt.Sprintf(format, args...))
}

// see waits until the trackers show it, and says whether they do.
func (s *stage) see(ctx context.Context, what string, so func() bool, links ...string) {
	if s.until(ctx, so) {
		s.say("    %s %s", s.paint("32", "✓"), what)
	} else {
		s.failed++
		s.say("    %s not seen within %s: %s", s.paint("31", "✗"), patience, what)
	}
	for _, l := range links {
		s.say("      %s", s.paint("36", l))
	}
}

// quote shows what a person finds on the ticket.
func (s *stage) quote() {
	is, ok := s.gh.Issue(checkoutRepo, s.timeoutIssue)
	if !ok || len(is.Comments) == 0 {
		return
	}
	body, _, _ := strings.Cut(is.Comments[len(is.Comments)-1].Body, "<details>")
	for line := range strings.SplitSeq(strings.TrimSpace(body), "\n") {
		if strings.TrimSpace(line) != "" {
			s.say("      %s %s", s.paint("2", "│"), line)
		}
	}
}

// list shows what is still open: one item, as soon as the last outcome is
// recorded.
func (s *stage) list(ctx context.Context) error {
	var open []api.ItemView
	done := s.until(ctx, func() bool {
		page, err := s.client.Items(ctx, api.ItemQuery{Limit: 100})
		if err != nil {
			return false
		}
		open = open[:0]
		for _, i := range page.Items {
			if i.Ticket != nil && i.Ticket.State == "open" {
				open = append(open, i)
			}
		}
		return len(open) == 1
	})
	s.tell("What is open")
	for _, i := range open {
		due := ""
		if i.Due != nil {
			due = ", due " + *i.Due
		}
		s.say("    %s  %s  %s%s", i.ID, i.Priority, i.Title, due)
		s.say("      %s", s.paint("36", i.Ticket.URL))
	}
	s.say("")
	if !done {
		return fmt.Errorf("%d items are open; it should be one", len(open))
	}
	return nil
}

func (s *stage) closing() {
	s.say("It goes on serving; end it with ^C. To look further, in another terminal:")
	s.say("")
	s.say("  export HOLDFAST_URL=%s", s.url)
	s.say("  holdfast why 2026-11-01-checkout-down/1      (go run ./cmd/holdfast why …)")
	s.say("  holdfast show 2026-11-01-checkout-down/1")
	s.say("  curl %s/api/v1/items", s.url)
	s.say("")
}
