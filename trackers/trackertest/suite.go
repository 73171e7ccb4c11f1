package trackertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Harness is a fresh tracker and the hands of the people who use it. Every
// hook is needed unless it says otherwise.
type Harness struct {
	Tracker      trackers.Tracker
	Target       string // OWNER/REPO or project key, without tickets
	Account      string // as whom the tracker writes
	Assignable   string
	Unassignable string
	Writer       string // may write to the target
	Stranger     string // may not

	Close       func(ref domain.Ref, why domain.CloseReason)
	Reopen      func(ref domain.Ref)
	Comment     func(ref domain.Ref, who, body string) (id string)
	EditComment func(ref domain.Ref, id, body string)
	Delete      func(ref domain.Ref)
	Open        func(who, title, body string) domain.Ref // by hand
	Move        func(ref domain.Ref) domain.Ref          // nil: the tracker cannot
	Count       func() int                               // tickets in the target
	Wait        func(d time.Duration)                    // sets the tracker's clock forward
	Code        *CodeHooks                               // nil: the tracker holds no repositories

	// LoseRequest and LoseAnswer make the next creation (of a ticket, or of a
	// comment) break off before or after it took effect.
	LoseTicketRequest, LoseTicketAnswer   func()
	LoseCommentRequest, LoseCommentAnswer func()
}

// MAC makes a well-formed code of a letter.
func MAC(hex string) string { return strings.Repeat(hex, 64)[:64] }

// Draft is a draft with everything in it.
func Draft(h Harness, n int) trackers.Draft {
	return trackers.Draft{
		Target: h.Target, Title: fmt.Sprintf("Alert on queue depth %d", n), Labels: []string{"P1", "preventative", "postmortem"},
		Priority: "P1", Due: "2026-12-01",
		Body: trackers.Body{
			Text:  "The queue grew for two hours before anybody saw it.",
			Table: [][2]string{{"Postmortem", "Queue outage"}, {"Priority", "P1"}, {"Owner", "alice"}},
			Links: map[string]string{"Postmortem": "https://acme.example/pm/1"},
			Close: []string{"This ticket stays closed once a production deployment contains its fix."},
		},
		Marker: trackers.Marker{Item: fmt.Sprintf("2026-11-01-queue/%d", n), MAC: MAC(fmt.Sprintf("%02x", n))},
	}
}

var text = trackers.Text{
	Lead:    "Not in production yet.",
	Lines:   []string{"The fix is 3 commits ahead of what is live.", "/holdfast waive 1d this line must not act"},
	WaysOut: []string{"/holdfast status", "wait for the next deployment"},
	Why:     []string{"checkout/prod-eu: no"},
	Marker:  "holdfast:comment",
}

// Run is the contract of trackers.Tracker. fresh makes a harness for each test.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	create := func(t *testing.T, h Harness, n int) domain.Ticket {
		t.Helper()
		got, err := h.Tracker.Create(t.Context(), Draft(h, n))
		require.NoError(t, err)
		return got.Ticket
	}
	read := func(t *testing.T, h Harness, ref domain.Ref) domain.Ticket {
		t.Helper()
		got, err := h.Tracker.Ticket(t.Context(), ref)
		require.NoError(t, err)
		return got
	}
	class := func(t *testing.T, err error, want ...trackers.Class) {
		t.Helper()
		var te *trackers.Error
		require.ErrorAs(t, err, &te, "every error is a *trackers.Error")
		require.Contains(t, want, te.Class, err)
		require.NotEmpty(t, te.Op)
		require.NotContains(t, err.Error(), "\n")
	}
	hour := func() time.Time { return time.Now().Add(-time.Hour) }

	t.Run("a ticket is made and read back", func(t *testing.T) {
		h := fresh(t)
		d := Draft(h, 1)
		d.Assignee = h.Assignable
		got, err := h.Tracker.Create(t.Context(), d)
		require.NoError(t, err)
		require.Empty(t, got.Refused)
		require.Equal(t, h.Tracker.Name(), got.Ticket.Ref.Tracker())
		require.Equal(t, h.Target, got.Ticket.Ref.Project())
		_, err = domain.ParseRef(string(got.Ticket.Ref))
		require.NoError(t, err)
		tk := read(t, h, got.Ticket.Ref)
		require.Equal(t, got.Ticket.Ref, tk.Ref)
		require.Equal(t, d.Title, tk.Title)
		require.False(t, tk.Closed)
		require.Empty(t, tk.CloseReason)
		require.Subset(t, tk.Labels, d.Labels)
		require.Equal(t, []string{h.Assignable}, tk.Assignees)
		require.Equal(t, h.Account, tk.Author)
		require.NotEmpty(t, tk.URL)
		require.Equal(t, tk.NativeID, got.Ticket.NativeID)
		require.NotEmpty(t, tk.NativeID)
		require.False(t, tk.UpdatedAt.IsZero())
		for _, part := range []string{d.Body.Text, "Queue outage", d.Body.Close[0], d.Marker.Item, d.Marker.MAC} {
			require.Contains(t, tk.Body, part)
		}
		if h.Tracker.Kind() == "jira" {
			require.Equal(t, d.Due, tk.Due)
		}
	})

	t.Run("a title is one line of bounded length", func(t *testing.T) {
		h := fresh(t)
		d := Draft(h, 1)
		d.Title = "first\nsecond\t" + strings.Repeat("é", 400)
		got, err := h.Tracker.Create(t.Context(), d)
		require.NoError(t, err)
		title := read(t, h, got.Ticket.Ref).Title
		require.True(t, strings.HasPrefix(title, "first second é"), title)
		require.LessOrEqual(t, len([]rune(title)), 256)
		require.True(t, strings.HasSuffix(title, "…"))
	})

	t.Run("a refused assignee does not lose the ticket", func(t *testing.T) {
		h := fresh(t)
		d := Draft(h, 1)
		d.Assignee = h.Unassignable
		got, err := h.Tracker.Create(t.Context(), d)
		require.NoError(t, err)
		require.Len(t, got.Refused, 1)
		require.Contains(t, got.Refused[0], "assignee")
		tk := read(t, h, got.Ticket.Ref)
		require.Empty(t, tk.Assignees)
		require.Subset(t, tk.Labels, d.Labels, "what was not refused is kept")
		require.Contains(t, tk.Body, "Not set on this ticket: assignee "+h.Unassignable)
		require.Contains(t, tk.Body, d.Marker.MAC)
		require.Equal(t, 1, h.Count())
	})

	t.Run("a ticket is found by its marker alone", func(t *testing.T) {
		h := fresh(t)
		one := create(t, h, 1)
		create(t, h, 2)
		d := Draft(h, 1)
		tk, found, err := h.Tracker.Find(t.Context(), h.Target, d.Marker, hour())
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, one.Ref, tk.Ref)

		_, found, err = h.Tracker.Find(t.Context(), h.Target, trackers.Marker{Item: d.Marker.Item, MAC: MAC("f")}, hour())
		require.NoError(t, err)
		require.False(t, found, "the code counts, not the item")

		_, found, err = h.Tracker.Find(t.Context(), h.Target, d.Marker, time.Now().Add(time.Hour))
		require.NoError(t, err)
		require.False(t, found, "made before")

		h.Close(one.Ref, domain.Completed)
		tk, found, err = h.Tracker.Find(t.Context(), h.Target, d.Marker, hour())
		require.NoError(t, err)
		require.True(t, found)
		require.True(t, tk.Closed)
	})

	t.Run("a marker that others wrote does not count", func(t *testing.T) {
		h := fresh(t)
		one := create(t, h, 1)
		d := Draft(h, 1)
		body := read(t, h, one.Ref).Body
		h.Delete(one.Ref)
		h.Open(h.Writer, "a copy", body)
		_, found, err := h.Tracker.Find(t.Context(), h.Target, d.Marker, hour())
		require.NoError(t, err)
		require.False(t, found, "a person's copy")

		evil := Draft(h, 2)
		evil.Body.Text = body
		_, err = h.Tracker.Create(t.Context(), evil)
		require.NoError(t, err)
		_, found, err = h.Tracker.Find(t.Context(), h.Target, d.Marker, hour())
		require.NoError(t, err)
		require.False(t, found, "a marker inside an item's text")
		_, found, err = h.Tracker.Find(t.Context(), h.Target, evil.Marker, hour())
		require.NoError(t, err)
		require.True(t, found, "its own marker counts all the same")
	})

	t.Run("a creation whose answer is lost is uncertain, made once and found", func(t *testing.T) {
		h := fresh(t)
		h.LoseTicketAnswer()
		_, err := h.Tracker.Create(t.Context(), Draft(h, 1))
		class(t, err, trackers.Uncertain)
		require.Equal(t, 1, h.Count())
		_, found, err := h.Tracker.Find(t.Context(), h.Target, Draft(h, 1).Marker, hour())
		require.NoError(t, err)
		require.True(t, found)
	})

	t.Run("a creation that may have been lost is uncertain, and not found", func(t *testing.T) {
		h := fresh(t)
		h.LoseTicketRequest()
		_, err := h.Tracker.Create(t.Context(), Draft(h, 1))
		class(t, err, trackers.Uncertain)
		require.Zero(t, h.Count(), "nothing repeats a creation")
		_, found, err := h.Tracker.Find(t.Context(), h.Target, Draft(h, 1).Marker, hour())
		require.NoError(t, err)
		require.False(t, found)
	})

	t.Run("closes and reopenings by people are seen", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		h.Close(ref, domain.Completed)
		tk := read(t, h, ref)
		require.True(t, tk.Closed)
		require.Equal(t, domain.Completed, tk.CloseReason)
		require.WithinDuration(t, time.Now(), tk.ClosedAt, time.Minute)
		h.Reopen(ref)
		tk = read(t, h, ref)
		require.False(t, tk.Closed)
		require.Empty(t, tk.CloseReason)
		require.True(t, tk.ClosedAt.IsZero())
		h.Close(ref, domain.NotPlanned)
		require.Equal(t, domain.NotPlanned, read(t, h, ref).CloseReason)
	})

	t.Run("an edit reopens and closes and touches no other label", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		h.Close(ref, domain.Completed)
		tk := read(t, h, ref)
		tk, err := h.Tracker.Edit(t.Context(), tk, trackers.Edit{State: trackers.StateOpen, AddLabels: []string{"awaiting-deployment"}})
		require.NoError(t, err)
		require.False(t, tk.Closed)
		require.Subset(t, tk.Labels, []string{"P1", "preventative", "postmortem", "awaiting-deployment"})
		now := read(t, h, ref)
		require.False(t, now.Closed)
		require.ElementsMatch(t, tk.Labels, now.Labels)

		tk, err = h.Tracker.Edit(t.Context(), now, trackers.Edit{AddLabels: []string{"awaiting-deployment"}})
		require.NoError(t, err, "a label that is there is no error")
		require.ElementsMatch(t, now.Labels, tk.Labels)

		tk, err = h.Tracker.Edit(t.Context(), tk, trackers.Edit{State: trackers.StateClosed, RemoveLabels: []string{"awaiting-deployment", "never-there"}})
		require.NoError(t, err)
		require.True(t, tk.Closed)
		require.Equal(t, domain.Completed, tk.CloseReason)
		require.NotContains(t, tk.Labels, "awaiting-deployment")
		require.Subset(t, tk.Labels, []string{"P1", "preventative", "postmortem"})
		require.True(t, read(t, h, ref).Closed)

		tk, err = h.Tracker.Edit(t.Context(), tk, trackers.Edit{State: trackers.StateClosed})
		require.NoError(t, err, "closing what is closed is no error")
		require.True(t, tk.Closed)
	})

	t.Run("labels change without knowing what is there", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		tk, err := h.Tracker.Edit(t.Context(), domain.Ticket{Ref: ref}, trackers.Edit{AddLabels: []string{"awaiting-deployment"}, RemoveLabels: []string{"preventative", "never-there"}})
		require.NoError(t, err)
		require.Subset(t, tk.Labels, []string{"P1", "postmortem", "awaiting-deployment"})
		require.NotContains(t, tk.Labels, "preventative")
	})

	t.Run("an edit changes title and owner", func(t *testing.T) {
		h := fresh(t)
		tk := create(t, h, 1)
		title, who, nobody := "Another title", h.Assignable, ""
		tk, err := h.Tracker.Edit(t.Context(), tk, trackers.Edit{Title: &title, Assignee: &who})
		require.NoError(t, err)
		require.Equal(t, title, tk.Title)
		require.Equal(t, []string{who}, tk.Assignees)
		tk, err = h.Tracker.Edit(t.Context(), tk, trackers.Edit{Assignee: &nobody})
		require.NoError(t, err)
		require.Empty(t, tk.Assignees)
		require.Equal(t, title, read(t, h, tk.Ref).Title)
	})

	t.Run("a comment is written, read, found and written anew", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		_, found, err := h.Tracker.FindComment(t.Context(), ref, text, hour())
		require.NoError(t, err)
		require.False(t, found)

		withMention := text
		withMention.Mention = h.Assignable
		c, err := h.Tracker.AddComment(t.Context(), ref, withMention)
		require.NoError(t, err)
		require.NotEmpty(t, c.ID)
		got, err := h.Tracker.Comment(t.Context(), ref, c.ID)
		require.NoError(t, err)
		require.Equal(t, h.Account, got.Author)
		require.False(t, got.Edited)
		require.Contains(t, got.Body, "Not in production yet.")
		require.Contains(t, got.Body, h.Assignable)
		for line := range strings.Lines(got.Body) {
			require.False(t, strings.HasPrefix(strings.TrimSpace(line), "/holdfast"), "no line of ours is a command: %q", line)
		}
		f, found, err := h.Tracker.FindComment(t.Context(), ref, withMention, hour())
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, c.ID, f.ID)

		other := withMention
		other.Lead = "Shipped."
		require.NoError(t, h.Tracker.EditComment(t.Context(), ref, c.ID, other))
		got, err = h.Tracker.Comment(t.Context(), ref, c.ID)
		require.NoError(t, err)
		require.Contains(t, got.Body, "Shipped.")
		require.NotContains(t, got.Body, "Not in production yet.")
		require.NotContains(t, got.Body, h.Assignable, "an edit mentions nobody")
	})

	t.Run("a comment whose answer is lost is uncertain and found", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		h.LoseCommentRequest()
		_, err := h.Tracker.AddComment(t.Context(), ref, text)
		class(t, err, trackers.Uncertain)
		_, found, err := h.Tracker.FindComment(t.Context(), ref, text, hour())
		require.NoError(t, err)
		require.False(t, found)
		h.LoseCommentAnswer()
		_, err = h.Tracker.AddComment(t.Context(), ref, text)
		class(t, err, trackers.Uncertain)
		_, found, err = h.Tracker.FindComment(t.Context(), ref, text, hour())
		require.NoError(t, err)
		require.True(t, found)
	})

	t.Run("people's comments are told from ours and edits are seen", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		id := h.Comment(ref, h.Writer, "/holdfast status")
		c, err := h.Tracker.Comment(t.Context(), ref, id)
		require.NoError(t, err)
		require.Equal(t, h.Writer, c.Author)
		require.Equal(t, "/holdfast status", c.Body)
		require.False(t, c.Edited)
		_, err = h.Tracker.React(t.Context(), ref, id)
		require.NoError(t, err)
		c, err = h.Tracker.Comment(t.Context(), ref, id)
		require.NoError(t, err)
		require.False(t, c.Edited, "a reaction is no edit")
		if h.EditComment != nil {
			h.EditComment(ref, id, "/holdfast unwaive")
			c, err = h.Tracker.Comment(t.Context(), ref, id)
			require.NoError(t, err)
			require.True(t, c.Edited)
		}
		_, found, err := h.Tracker.FindComment(t.Context(), ref, text, hour())
		require.NoError(t, err)
		require.False(t, found)
	})

	t.Run("what is not there is not found", func(t *testing.T) {
		h := fresh(t)
		tk := create(t, h, 1)
		missing := domain.Ref(strings.TrimSuffix(string(tk.Ref), fmt.Sprint(tk.Ref.Number())) + "99999")
		_, err := h.Tracker.Ticket(t.Context(), missing)
		class(t, err, trackers.NotFound)
		_, err = h.Tracker.Comment(t.Context(), tk.Ref, "987654321")
		class(t, err, trackers.NotFound)
		h.Delete(tk.Ref)
		_, err = h.Tracker.Ticket(t.Context(), tk.Ref)
		class(t, err, trackers.NotFound, trackers.Gone)
		_, err = h.Tracker.Edit(t.Context(), tk, trackers.Edit{State: trackers.StateClosed})
		class(t, err, trackers.NotFound, trackers.Gone)
	})

	t.Run("references that are not ours lead nowhere", func(t *testing.T) {
		h := fresh(t)
		for _, ref := range []domain.Ref{"", "other:acme/x#1", "other:PAY-1", domain.Ref(h.Tracker.Name() + ":../..#1"), domain.Ref(h.Tracker.Name() + ":a/b/c#1"), domain.Ref(h.Tracker.Name() + ":../1-1")} {
			_, err := h.Tracker.Ticket(t.Context(), ref)
			class(t, err, trackers.Invalid)
			_, err = h.Tracker.AddComment(t.Context(), ref, text)
			class(t, err, trackers.Invalid)
		}
	})

	t.Run("a moved ticket tells its new reference", func(t *testing.T) {
		h := fresh(t)
		if h.Move == nil {
			t.Log("this tracker moves no tickets")
			return
		}
		ref := create(t, h, 1).Ref
		to := h.Move(ref)
		require.NotEqual(t, ref, to)
		require.Equal(t, to, read(t, h, ref).Ref)
	})

	t.Run("who may write", func(t *testing.T) {
		h := fresh(t)
		ref := create(t, h, 1).Ref
		for who, want := range map[string]bool{h.Writer: true, h.Stranger: false, "nobody-of-that-name": false, "../../x": false, "": false} {
			got, err := h.Tracker.CanWrite(t.Context(), ref, who)
			if who == "nobody-of-that-name" && err != nil {
				class(t, err, trackers.NotFound)
				err = nil
			}
			require.NoError(t, err, who)
			require.Equal(t, want, got, who)
		}
	})

	t.Run("text from documents stays text", func(t *testing.T) {
		h := fresh(t)
		d := Draft(h, 1)
		d.Body.Text = "see @alice and {panel} [~alice] <script>x</script> ```\nopen"
		d.Body.Table = append(d.Body.Table, [2]string{"a|b\n|c|", "x | y\n| z"})
		got, err := h.Tracker.Create(t.Context(), d)
		require.NoError(t, err)
		body := read(t, h, got.Ticket.Ref).Body
		if h.Tracker.Name() != "fake" {
			for _, live := range map[string][]string{"github": {"see @alice", "<script>"}, "jira": {" {panel}", " [~alice]"}}[h.Tracker.Kind()] {
				require.NotContains(t, body, live)
			}
		}
		_, found, err := h.Tracker.Find(t.Context(), h.Target, d.Marker, hour())
		require.NoError(t, err)
		require.True(t, found)
	})

	t.Run("a very long text is cut and keeps its marker", func(t *testing.T) {
		h := fresh(t)
		d := Draft(h, 1)
		d.Body.Text = strings.Repeat("{long} @text ", 20000)
		got, err := h.Tracker.Create(t.Context(), d)
		require.NoError(t, err)
		_, found, err := h.Tracker.Find(t.Context(), h.Target, d.Marker, hour())
		require.NoError(t, err)
		require.True(t, found)
		require.Contains(t, read(t, h, got.Ticket.Ref).Body, "Queue outage")
	})

	t.Run("a call that is given up has no effect", func(t *testing.T) {
		h := fresh(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := h.Tracker.Create(ctx, Draft(h, 1))
		class(t, err, trackers.Transient)
		require.True(t, errors.Is(err, context.Canceled))
		require.Zero(t, h.Count())
	})

	t.Run("many at once", func(t *testing.T) {
		h := fresh(t)
		var wg sync.WaitGroup
		refs := make([]domain.Ref, 8)
		for i := range refs {
			wg.Go(func() {
				got, err := h.Tracker.Create(t.Context(), Draft(h, i))
				if err != nil {
					t.Errorf("creating: %v", err)
					return
				}
				refs[i] = got.Ticket.Ref
				if _, err := h.Tracker.Edit(t.Context(), got.Ticket, trackers.Edit{State: trackers.StateClosed}); err != nil {
					t.Errorf("closing: %v", err)
				}
				if _, err := h.Tracker.AddComment(t.Context(), got.Ticket.Ref, text); err != nil {
					t.Errorf("commenting: %v", err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 8, h.Count())
		for i, ref := range refs {
			tk, found, err := h.Tracker.Find(t.Context(), h.Target, Draft(h, i).Marker, hour())
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, ref, tk.Ref)
			require.True(t, tk.Closed)
		}
	})

	runSweeps(t, fresh, create, read, class)
	if _, ok := fresh(t).Tracker.(trackers.Rebuilder); ok {
		runRebuilds(t, fresh)
	}
}
