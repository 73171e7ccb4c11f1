package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

func (e *env) letters() []DeadLetter {
	e.t.Helper()
	letters, err := e.DeadLetters(e.ctx)
	require.NoError(e.t, err)
	return letters
}

func TestDeadLettersOfSubjects(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.file("pm", 1)[0]
		lease := e.lease(itemSubject(id))
		later := e.clock.Now().Add(time.Hour)
		letter := DeadLetter{Kind: LetterSubject, Subject: itemSubject(id), Reason: "panic:\nno\x1b[2J", Payload: "[]"}
		require.NoError(t, e.BuryHeld(e.ctx, lease, letter, later))
		require.ErrorIs(t, e.BuryHeld(e.ctx, lease, letter, later), ErrLeaseLost, "the lease has ended with the letter")
		require.NotContains(t, e.due(), itemSubject(id), "it holds up nothing")
		got := e.letters()
		require.Len(t, got, 1)
		require.Equal(t, "panic: no [2J", got[0].Reason, "one line, fit for a log")
		require.Empty(t, got[0].Payload, "lists are short")
		require.EqualValues(t, 1, got[0].Count)
		require.Equal(t, e.clock.Now(), got[0].First)

		// Something new is heard: it is due at once, and its attempts are known.
		e.clock.Add(time.Minute)
		require.NoError(t, e.Touch(e.ctx, e.clock.Now(), itemSubject(id)))
		leases, err := e.Claim(e.ctx, 10, time.Minute)
		require.NoError(t, err)
		require.Len(t, leases, 1)
		require.Equal(t, 1, leases[0].Attempts)
		require.NoError(t, e.BuryHeld(e.ctx, leases[0], letter, later))
		got = e.letters()
		require.Len(t, got, 1, "the same trouble is the same letter")
		require.EqualValues(t, 2, got[0].Count)
		require.Equal(t, time.Minute, got[0].Last.Sub(got[0].First))

		require.NoError(t, e.Replay(e.ctx, got[0].ID))
		require.Empty(t, e.letters())
		require.Equal(t, []string{itemSubject(id)}, e.due())

		require.NoError(t, e.BuryHeld(e.ctx, e.lease(itemSubject(id)), letter, later))
		require.NoError(t, e.Settled(e.ctx, itemSubject(id)))
		require.NoError(t, e.Settled(e.ctx, itemSubject(id)), "it may be gone already")
		require.Empty(t, e.letters())
		require.ErrorIs(t, e.Replay(e.ctx, got[0].ID), ErrNotFound)

		require.NoError(t, e.BuryHeld(e.ctx, e.lease(itemSubject(id)), letter, later))
		require.NoError(t, e.DropDeadLetter(e.ctx, got[0].ID))
		e.clock.Add(2 * time.Hour)
		require.Empty(t, e.due(), "it is given up")
		require.ErrorIs(t, e.DropDeadLetter(e.ctx, got[0].ID), ErrNotFound)
	})
}

func TestDeadLettersAreBounded(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	for i := range lettersKept + 5 {
		e.clock.Add(time.Second)
		require.NoError(t, e.Bury(e.ctx, DeadLetter{Kind: LetterEvent, Subject: fmt.Sprint(i), Payload: "{}"}))
	}
	got := e.letters()
	require.Len(t, got, lettersKept)
	require.Equal(t, fmt.Sprint(lettersKept+4), got[0].Subject, "newest first")
	n, err := e.db.HLen(e.ctx, e.keys.letters()).Result()
	require.NoError(t, err)
	require.EqualValues(t, 4*lettersKept, n, "nothing of the others is left")

	require.NoError(t, e.Bury(e.ctx, DeadLetter{Kind: LetterEvent, Subject: "large", Payload: strings.Repeat("x", 2*payloadKept)}))
	d, err := e.DeadLetter(e.ctx, LetterID(LetterEvent, "large"))
	require.NoError(t, err)
	require.True(t, d.Cut)
	require.Len(t, d.Payload, payloadKept)
	require.ErrorIs(t, e.Replay(e.ctx, d.ID), ErrConflict)
	require.Len(t, e.letters(), lettersKept, "what cannot be replayed stays")
}

// TestDamagedEntry: an item goes on without an entry that cannot be read, and
// gets it back once it can.
func TestDamagedEntry(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.file("pm", 1)[0]
		whole := `{"at":"2026-11-20T09:00:00Z","kind":"fact","name":"unwaived"}`
		for _, text := range []string{`{"at":"2026-11-20T09:00:00Z","kind":"fact","name":"ticket_seen"}`, whole} {
			require.NoError(t, e.db.RPush(e.ctx, e.keys.log(id), text).Err())
		}
		require.NoError(t, e.db.RPush(e.ctx, e.keys.log(id), `{"at": torn`).Err())
		for range 2 {
			_, tail, err := e.Load(e.ctx, id)
			require.NoError(t, err)
			require.Equal(t, []domain.EntryName{domain.ItemFiled, domain.EntryDamaged, domain.Unwaived, domain.EntryDamaged}, names(tail))
			require.EqualValues(t, 4, tail[3].Seq)
		}
		got := e.letters()
		require.Len(t, got, 2)
		torn := LetterID(LetterEntry, entrySubject(id, 4))
		d, err := e.DeadLetter(e.ctx, torn)
		require.NoError(t, err)
		require.Equal(t, `{"at": torn`, d.Payload)
		require.ErrorIs(t, e.Replay(e.ctx, torn), ErrConflict)

		// A version that can read it.
		require.NoError(t, e.db.HSet(e.ctx, e.keys.letters(), torn+":payload", whole).Err())
		require.NoError(t, e.Replay(e.ctx, torn))
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Len(t, entries, 5)
		require.Equal(t, domain.Unwaived, entries[4].Name)
		require.Contains(t, e.due(), itemSubject(id))
	})
}

func TestDamagedItems(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	ids := e.file("pm", 3)
	lease := e.lease(itemSubject(ids[0]))
	require.NoError(t, e.Save(e.ctx, lease, domain.State{Spec: domain.ItemSpec{ID: ids[0], Title: "Item 1"}, Applied: 1}))
	require.NoError(t, e.db.HSet(e.ctx, e.keys.item(ids[0]), "s", `{"spec": torn`).Err())
	require.NoError(t, e.db.LSet(e.ctx, e.keys.log(ids[1]), 0, `torn`).Err())

	states, err := e.States(e.ctx, ids)
	require.NoError(t, err)
	require.Len(t, states, 2, "an item of which nothing is known hides no other")
	require.Equal(t, "Item 1", states[0].Spec.Title, "from the entry that filed it")

	snapshot, tail, err := e.Load(e.ctx, ids[0])
	require.NoError(t, err)
	require.Empty(t, snapshot.Spec.ID)
	require.Equal(t, []domain.EntryName{domain.ItemFiled}, names(tail), "the entries say it all again")
	_, _, err = e.Load(e.ctx, ids[1])
	require.ErrorIs(t, err, ErrDamaged)
	require.Len(t, e.letters(), 2)

	// Its entries told it all, and the snapshot is saved anew.
	require.NoError(t, e.Replay(e.ctx, LetterID(LetterEntry, entrySubject(ids[0], 0))))
	require.Len(t, e.letters(), 1)
}

// TestMisplacedItems: something else than a ledger under an item's keys hides
// no other item, and is not taken for a store that is away.
func TestMisplacedItems(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	ids := e.file("pm", 3)
	require.NoError(t, e.Save(e.ctx, e.lease(itemSubject(ids[0])), domain.State{Spec: domain.ItemSpec{ID: ids[0], Title: "Item 1"}, Applied: 1}))
	for _, key := range []string{e.keys.log(ids[0]), e.keys.log(ids[1]), e.keys.item(ids[2])} {
		require.NoError(t, e.db.Set(e.ctx, key, "garbage", 0).Err())
	}

	states, err := e.States(e.ctx, ids)
	require.NoError(t, err)
	require.Len(t, states, 2)
	require.Equal(t, ids[0], states[0].Spec.ID, "from its snapshot")
	require.Equal(t, ids[2], states[1].Spec.ID, "from the entry that filed it")

	journals, err := e.Journals(e.ctx, ids, time.Time{})
	require.NoError(t, err)
	require.Empty(t, journals)

	_, _, err = e.Load(e.ctx, ids[1])
	require.ErrorIs(t, err, ErrDamaged)
	require.False(t, Away(err))
}

// TestDamagedDeployment: what ran before is not taken for what runs now.
func TestDamagedDeployment(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	target := domain.Target{Service: "checkout", Environment: "prod-eu"}
	for i := range 2 {
		_, _, err := e.RecordDeployment(e.ctx, domain.Deployment{ID: fmt.Sprint(i), Service: "checkout", Environment: "prod-eu", SHA: "abcdef1",
			Status: domain.Success, Percent: 100, FinishedAt: e.clock.Now().Add(time.Duration(i) * time.Minute)})
		require.NoError(t, err)
	}
	require.NoError(t, e.db.HSet(e.ctx, e.keys.deployments(), "2", "torn").Err())
	list, err := e.Successes(e.ctx, []domain.Target{target}, 5)
	require.NoError(t, err)
	require.Len(t, list[target], 2)
	require.Empty(t, list[target][0].SHA, "something runs there of which nobody knows the commit")
	all, err := e.Deployments(e.ctx, "checkout", "", 0, 10)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Len(t, e.letters(), 1)
}

// TestRefusedEvent: an event that the store refuses for ever is kept, and can
// be recorded once the reason is gone.
func TestRefusedEvent(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	require.NoError(t, e.db.Set(e.ctx, e.keys.claims("jira:bad-1"), "no list", 0).Err())
	ev := domain.Event{ID: "bad", Tracker: "github", Kind: domain.EventPush, Claims: []domain.Claim{claim("jira:BAD-1", 1)}}
	require.True(t, e.record(ev), "its sender must not send it for ever")
	got := e.letters()
	require.Len(t, got, 1)
	require.Equal(t, LetterEvent, got[0].Kind)
	d, err := e.DeadLetter(e.ctx, got[0].ID)
	require.NoError(t, err)
	var kept domain.Event
	require.NoError(t, json.Unmarshal([]byte(d.Payload), &kept))
	require.Equal(t, ev.Claims[0].Ticket, kept.Claims[0].Ticket)
	require.ErrorIs(t, e.Replay(e.ctx, d.ID), ErrConflict)
	require.Len(t, e.letters(), 1)

	require.NoError(t, e.db.Del(e.ctx, e.keys.claims("jira:bad-1")).Err())
	require.NoError(t, e.Replay(e.ctx, d.ID))
	require.Empty(t, e.letters())
	n, err := e.db.LLen(e.ctx, e.keys.claims("jira:bad-1")).Result()
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.False(t, e.record(ev), "it is recorded now")
}
