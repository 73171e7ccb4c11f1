package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// shippedAtOnce is how many items the measured deployment ships.
const shippedAtOnce = 10

// BenchmarkTrackerCalls counts, at the stand-ins, what Holdfast asks of a
// tracker for each pull request that is opened and claims a ticket, for each
// ticket that is closed early, and for each item that one deployment ships.
func BenchmarkTrackerCalls(b *testing.B) {
	for _, tracker := range []string{"github", "jira"} {
		b.Run(tracker, func(b *testing.B) {
			c := countCalls(b, tracker, shippedAtOnce)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(perItem(c.claimed, shippedAtOnce), "calls/claim")
			b.ReportMetric(perItem(c.early, shippedAtOnce), "calls/early-close")
			b.ReportMetric(perItem(c.shipped, shippedAtOnce), "calls/item-shipped")
			results.add(tracker+" calls per early close", fmt.Sprintf("%.3g", perItem(c.early, shippedAtOnce)), "listed below", "said")
			results.add(tracker+" calls per item shipped", fmt.Sprintf("%.3g", perItem(c.shipped, shippedAtOnce)), "listed below", "said")
			results.addCalls(tracker, c, shippedAtOnce)
		})
	}
}

// TestTrackerCalls keeps the numbers from growing unnoticed.
func TestTrackerCalls(t *testing.T) {
	const n = 3
	for tracker, most := range map[string]float64{"github": 3, "jira": 8} {
		c := countCalls(t, tracker, n)
		require.LessOrEqual(t, perItem(c.claimed, n), 2.0, "%s, claimed:\n%s", tracker, listed(c.claimed))
		require.LessOrEqual(t, perItem(c.early, n), most, "%s, closed early:\n%s", tracker, listed(c.early))
		require.LessOrEqual(t, perItem(c.shipped, n), most, "%s, shipped:\n%s", tracker, listed(c.shipped))
	}
}

// counts are calls by their kinds, for each of the three steps.
type counts struct{ claimed, early, shipped map[string]int }

// countCalls opens a pull request for each of n tickets, has the tickets
// closed by the merges before anything is deployed, then ships all by one
// deployment. All is done once before, so that what is asked once an hour is
// not counted.
func countCalls(t testing.TB, tracker string, n int) (c counts) {
	t.Helper()
	s := startSite(t, nil)
	home, service := repo, "checkout"
	if tracker == "jira" {
		home, service = payments, "payments"
	}
	first, err := s.gh.Commit(home, "main", "bob", "Before", map[string]string{"a": "1"})
	require.NoError(t, err)
	_, err = s.gh.Deploy(home, production, first, "success", "bob")
	require.NoError(t, err)
	for round := range 2 {
		var items []line
		for i := range n {
			items = append(items, line{Title: title(round*n + i), Service: service})
		}
		ids := s.file(fmt.Sprintf("review-%d", round), items)
		var tickets []string
		for _, id := range ids {
			s.until("a ticket for "+id, func() bool {
				it, err := s.api.Item(t.Context(), id)
				require.NoError(t, err)
				if it.Ticket == nil {
					return false
				}
				_, ref, _ := strings.Cut(string(it.Ticket.Ref), ":")
				tickets = append(tickets, ref)
				return true
			})
		}
		s.settle()
		// The stand-ins know times to the second, as the services do: what
		// happens next must not seem to have happened before.
		time.Sleep(1100 * time.Millisecond)
		s.take(tracker)
		var pulls []int
		for i, ticket := range tickets {
			pulls = append(pulls, s.claim(home, fmt.Sprintf("%d-%d", round, i), ticket))
		}
		s.settle()
		c.claimed = s.take(tracker)
		var head string
		for i, ticket := range tickets {
			head = s.land(home, pulls[i], ticket)
		}
		s.until("all reopened", func() bool {
			return !slices.ContainsFunc(tickets, func(ticket string) bool { return s.closed(ticket) || s.comments(ticket) == 0 })
		})
		s.settle()
		c.early = s.take(tracker)
		time.Sleep(1100 * time.Millisecond)
		_, err = s.gh.Deploy(home, production, head, "success", "bob")
		require.NoError(t, err)
		s.until("all closed", func() bool {
			return !slices.ContainsFunc(tickets, func(ticket string) bool { return !s.closed(ticket) })
		})
		s.settle()
		c.shipped = s.take(tracker)
	}
	return c
}

// claim opens a pull request that claims the ticket.
func (s *site) claim(home, name, ticket string) int {
	s.t.Helper()
	pr := sandbox.PullRequest{Actor: "bob", Branch: "fix-" + name, Title: "Fix " + name, Body: "Fixes " + ticket,
		Commits: []sandbox.Commit{{Message: "Fix " + name, Files: map[string]string{name: name}}}}
	if home == payments {
		pr.Title, pr.Body = ticket+": fix", ""
	}
	n, err := s.gh.OpenPull(home, pr)
	require.NoError(s.t, err)
	return n
}

// land merges the pull request; the ticket is closed by it, in Jira by its
// owner.
func (s *site) land(home string, pull int, ticket string) string {
	s.t.Helper()
	merged, err := s.gh.MergePull(home, pull, "bob", "squash")
	require.NoError(s.t, err)
	if home == payments {
		require.NoError(s.t, s.jira.TransitionIssue(ticket, "account-bob", "Done", "Done"))
	}
	return merged
}

func (s *site) closed(ticket string) bool {
	if is, ok := s.jira.Issue(ticket); ok {
		return is.Closed()
	}
	is, ok := s.gh.Issue(repo, numberOf(ticket))
	require.True(s.t, ok, ticket)
	return is.State == "closed"
}

func (s *site) comments(ticket string) int {
	if is, ok := s.jira.Issue(ticket); ok {
		return len(is.Comments)
	}
	is, ok := s.gh.Issue(repo, numberOf(ticket))
	require.True(s.t, ok, ticket)
	return len(is.Comments)
}

func numberOf(ticket string) int {
	n := 0
	_, number, _ := strings.Cut(ticket, "#")
	_, _ = fmt.Sscan(number, &n)
	return n
}

// take counts the calls since the last one by their kinds. GitHub is the code
// host in both cases; its calls stand by their own names.
func (s *site) take(tracker string) map[string]int {
	count := map[string]int{}
	for _, c := range s.ghSeen.take() {
		name := c.route()
		if tracker == "jira" {
			name = "at GitHub: " + name
		}
		count[name]++
	}
	for _, c := range s.jSeen.take() {
		count[c.route()]++
	}
	return count
}

// git reports whether a call is one of git's own.
func git(route string) bool {
	return strings.HasSuffix(route, "/info/refs") || strings.HasSuffix(route, "/git-upload-pack")
}

// perItem is how many calls of the trackers' interfaces there were for each
// item; git's own do not count against a tracker's limits.
func perItem(count map[string]int, items int) float64 {
	n := 0
	for route, times := range count {
		if !git(route) {
			n += times
		}
	}
	return float64(n) / float64(items)
}

func sorted(count map[string]int) []string {
	return slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
}

func listed(count map[string]int) string {
	var b strings.Builder
	for _, route := range sorted(count) {
		fmt.Fprintf(&b, "%5d  %s\n", count[route], route)
	}
	return b.String()
}
