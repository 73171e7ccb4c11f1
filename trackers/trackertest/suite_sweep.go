package trackertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// CodeHooks are what people do to the repositories of a tracker.
type CodeHooks struct {
	Repo       string // OWNER/REPO
	OpenPull   func(who, title, body, branch string) (number int)
	MergePull  func(number int) (sha string)
	ClosePull  func(number int)
	Deploy     func(environment, sha, state string) (id string)
	DeployMore func(id, state string) // one more status
}

// swept drains a sweep, from since until nothing more is to be had at once.
func swept(t *testing.T, s trackers.Sweeper, target string, since time.Time) (trackers.Swept, int) {
	t.Helper()
	var all trackers.Swept
	for n := 1; ; n++ {
		require.Less(t, n, 50, "a sweep must come to an end")
		got, err := s.Changed(t.Context(), target, since)
		require.NoError(t, err)
		require.False(t, got.Until.Before(since), "a sweep never goes back")
		all.Tickets, all.Comments = append(all.Tickets, got.Tickets...), append(all.Comments, got.Comments...)
		if all.Until = got.Until; !got.More {
			return all, n
		}
		require.True(t, got.Until.After(since), "more, but from the same time on")
		since = got.Until
	}
}

func byRef(got trackers.Swept) map[domain.Ref]domain.Ticket {
	out := map[domain.Ref]domain.Ticket{}
	for _, tk := range got.Tickets {
		out[tk.Ref] = tk
	}
	return out
}

func commentIDs(got trackers.Swept) map[string]domain.Ref {
	out := map[string]domain.Ref{}
	for _, c := range got.Comments {
		out[c.ID] = c.Ref
	}
	return out
}

func runSweeps(t *testing.T, fresh func(t *testing.T) Harness, create func(*testing.T, Harness, int) domain.Ticket,
	read func(*testing.T, Harness, domain.Ref) domain.Ticket, class func(*testing.T, error, ...trackers.Class)) {
	begin := func(t *testing.T) (Harness, trackers.Sweeper) {
		h := fresh(t)
		s, ok := h.Tracker.(trackers.Sweeper)
		require.True(t, ok, "%T is no Sweeper", h.Tracker)
		return h, s
	}
	start := func(t *testing.T, h Harness, s trackers.Sweeper) time.Time {
		t.Helper()
		got, err := s.Changed(t.Context(), h.Target, time.Time{})
		require.NoError(t, err)
		require.False(t, got.Until.IsZero())
		require.Empty(t, got.Tickets, "a first sweep only says where to start")
		require.Empty(t, got.Comments)
		require.False(t, got.More)
		return got.Until
	}

	t.Run("a sweep of an empty target finds what comes after its start", func(t *testing.T) {
		h, s := begin(t)
		at := start(t, h, s)
		got, _ := swept(t, s, h.Target, at)
		require.Empty(t, got.Tickets)
		tk := create(t, h, 1)
		got, _ = swept(t, s, h.Target, got.Until)
		require.Contains(t, byRef(got), tk.Ref)
	})

	t.Run("a sweep lists what changed as it is now, and leaves out the rest", func(t *testing.T) {
		h, s := begin(t)
		quiet, closed, talked := create(t, h, 1).Ref, create(t, h, 2).Ref, create(t, h, 3).Ref
		old := h.Comment(talked, h.Writer, "an old comment")
		h.Wait(10 * time.Minute)
		create(t, h, 4) // what overlaps with the next sweep
		from := start(t, h, s)
		h.Wait(10 * time.Minute)
		h.Close(closed, domain.NotPlanned)
		id := h.Comment(talked, h.Writer, "/holdfast status")
		first, _ := swept(t, s, h.Target, from)

		got := byRef(first)
		require.NotContains(t, got, quiet)
		for _, ref := range []domain.Ref{closed, talked} {
			require.Contains(t, got, ref)
			want := read(t, h, ref)
			want.Body = ""
			require.Empty(t, cmp.Diff(want, got[ref]), "as a reading tells it, without the text")
		}
		require.True(t, got[closed].Closed)
		require.Equal(t, domain.NotPlanned, got[closed].CloseReason)
		require.Equal(t, map[string]domain.Ref{id: talked}, commentIDs(first))
		want, err := h.Tracker.Comment(t.Context(), talked, id)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, first.Comments[0].Comment))

		again, _ := swept(t, s, h.Target, from)
		require.Empty(t, cmp.Diff(first, again), "what was not handled comes again, also when nothing changed since")

		h.Wait(10 * time.Minute)
		h.Reopen(closed)
		if h.EditComment != nil {
			h.EditComment(talked, old, "/holdfast unwaive")
		}
		second, _ := swept(t, s, h.Target, first.Until)
		require.Contains(t, byRef(second), closed)
		require.False(t, byRef(second)[closed].Closed)
		require.NotContains(t, byRef(second), quiet)
		require.NotContains(t, commentIDs(second), old, "an old comment that was edited is no new one")

		h.Wait(10 * time.Minute)
		h.Comment(quiet, h.Writer, "something else")
		second, _ = swept(t, s, h.Target, second.Until)
		third, _ := swept(t, s, h.Target, second.Until)
		require.NotContains(t, byRef(third), closed, "what was told is not told for ever")
		require.NotContains(t, commentIDs(third), id)
	})

	t.Run("a sweep in pieces misses nothing", func(t *testing.T) {
		h, s := begin(t)
		from := start(t, h, s)
		h.Wait(10 * time.Minute)
		want := map[domain.Ref]string{}
		for i := range 230 {
			ref := h.Open(h.Writer, fmt.Sprintf("ticket %d", i), "")
			want[ref] = h.Comment(ref, h.Writer, "/holdfast status")
			if i%7 == 0 {
				h.Wait(time.Second)
			}
		}
		got, _ := swept(t, s, h.Target, from)
		tickets, comments := byRef(got), commentIDs(got)
		for ref, id := range want {
			require.Contains(t, tickets, ref)
			require.Equal(t, ref, comments[id])
		}
		require.LessOrEqual(t, len(got.Tickets), 350, "little comes twice")
	})

	t.Run("a sweep of what is no target leads nowhere", func(t *testing.T) {
		h, s := begin(t)
		for _, target := range []string{"", "../..", "a/b/../c"} {
			_, err := s.Changed(t.Context(), target, time.Time{})
			class(t, err, trackers.Invalid)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Changed(ctx, h.Target, time.Now())
		class(t, err, trackers.Transient)
	})

	code := func(t *testing.T) (Harness, trackers.CodeSweeper, *CodeHooks) {
		h := fresh(t)
		if h.Code == nil {
			t.Log("this tracker holds no repositories")
			return h, nil, nil
		}
		s, ok := h.Tracker.(trackers.CodeSweeper)
		require.True(t, ok, "%T is no CodeSweeper", h.Tracker)
		return h, s, h.Code
	}

	t.Run("a sweep lists what landed", func(t *testing.T) {
		h, s, k := code(t)
		if s == nil {
			return
		}
		k.OpenPull(h.Writer, "Quiet", "", "quiet")
		h.Wait(10 * time.Minute)
		merged, given, open := k.OpenPull(h.Writer, "Fix the queue", "Fixes #7", "fix-a"), k.OpenPull(h.Writer, "Not this way", "", "fix-b"), k.OpenPull(h.Writer, "Still at it", "Refs #7", "fix-c")
		list, from, err := s.Landed(t.Context(), k.Repo, time.Time{})
		require.NoError(t, err)
		require.Empty(t, list)
		require.False(t, from.IsZero())
		h.Wait(10 * time.Minute)
		sha := k.MergePull(merged)
		k.ClosePull(given)
		list, until, err := s.Landed(t.Context(), k.Repo, from)
		require.NoError(t, err)
		require.True(t, until.After(from))
		got := map[int]trackers.Change{}
		for _, c := range list {
			want, err := h.Tracker.(trackers.CodeHost).PullRequest(t.Context(), k.Repo, c.PullRequest)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(want, c), "as a reading tells it")
			got[c.PullRequest] = c
		}
		require.Equal(t, sha, got[merged].SHA)
		require.True(t, got[merged].Merged)
		require.True(t, got[merged].DefaultBase)
		require.True(t, got[merged].Trusted)
		require.Equal(t, "Fixes #7", got[merged].Body)
		require.Equal(t, "fix-a", got[merged].Branch)
		require.False(t, got[merged].LandedAt.IsZero())
		require.Contains(t, got, given)
		require.False(t, got[given].Merged)
		require.Empty(t, got[given].SHA)
		require.False(t, got[given].Open)
		again, _, err := s.Landed(t.Context(), k.Repo, from)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(list, again), "what was not handled comes again")

		h.Wait(10 * time.Minute)
		late := k.OpenPull(h.Writer, "Late", "", "late")
		_, until, err = s.Landed(t.Context(), k.Repo, until)
		require.NoError(t, err)
		for range 2 {
			list, _, err = s.Landed(t.Context(), k.Repo, until)
			require.NoError(t, err)
			require.Len(t, list, 1, "what was told is not told for ever")
			require.Equal(t, late, list[0].PullRequest)
			require.True(t, list[0].Open)
		}
		require.NotEqual(t, open, late)
	})

	t.Run("a sweep lists what was deployed", func(t *testing.T) {
		h, s, k := code(t)
		if s == nil {
			return
		}
		sha := k.MergePull(k.OpenPull(h.Writer, "Fix the queue", "", "fix-a"))
		old, waits := k.Deploy("prod-ap", sha, "success"), k.Deploy("prod-us", sha, "queued")
		h.Wait(10 * time.Minute)
		k.Deploy("staging", sha, "in_progress")
		list, from, err := s.Deployed(t.Context(), k.Repo, time.Time{})
		require.NoError(t, err)
		require.Empty(t, list)
		h.Wait(10 * time.Minute)
		good, bad := k.Deploy("prod-eu", sha, "success"), k.Deploy("prod-eu", sha, "failure")
		k.DeployMore(good, "inactive")
		k.DeployMore(waits, "success")

		sweep := func(from time.Time) (map[string]domain.Deployment, time.Time) {
			list, until, err := s.Deployed(t.Context(), k.Repo, from)
			require.NoError(t, err)
			got := map[string]domain.Deployment{}
			for _, d := range list {
				got[d.ID] = d
				require.Equal(t, sha, d.SHA)
				require.False(t, d.FinishedAt.IsZero())
			}
			return got, until
		}
		got, until := sweep(from)
		require.True(t, until.After(from))
		require.NotContains(t, got, old)
		require.Equal(t, domain.Success, got[good].Status, "a success that is inactive now was one")
		require.Equal(t, "prod-eu", got[good].Environment)
		require.Equal(t, domain.Failure, got[bad].Status)
		require.Equal(t, domain.Success, got[waits].Status, "made before, ended since")
		require.True(t, got[waits].FinishedAt.Before(got[good].FinishedAt), "the time of its making orders it")
		again, _ := sweep(from)
		require.Equal(t, got, again, "what was not handled comes again")

		h.Wait(10 * time.Minute)
		last := k.Deploy("prod-eu", sha, "in_progress")
		_, until = sweep(until)
		for range 2 {
			got, _ = sweep(until)
			require.Len(t, got, 1, "what was told is not told for ever")
			require.Equal(t, domain.InProgress, got[last].Status)
		}
		k.DeployMore(last, "success")
		got, _ = sweep(until)
		require.Equal(t, domain.Success, got[last].Status)
	})
}
