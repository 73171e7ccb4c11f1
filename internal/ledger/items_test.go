package ledger

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

func TestFileMakesItemsOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		first := e.file("b-first", 11, "checkout", "cart")
		require.Len(t, e.due(), 11)
		e.clock.Add(time.Hour)
		second := e.file("a-second", 1)
		e.clock.Add(time.Hour)

		pms, err := e.Postmortems(e.ctx)
		require.NoError(t, err)
		require.Len(t, pms, 2)
		require.Equal(t, "b-first", pms[0].ID, "in the order of filing")
		pm, err := e.Postmortem(e.ctx, "a-second")
		require.NoError(t, err)
		require.Equal(t, "About a-second", pm.Title)
		_, err = e.Postmortem(e.ctx, "nobody")
		require.ErrorIs(t, err, ErrNotFound)

		// Again, with a change and one item more.
		lease := e.lease("postmortem/b-first")
		pm.ID, pm.NextN = "b-first", 13
		require.NoError(t, e.File(e.ctx, lease, pm, map[string][]domain.Entry{
			"b-first/2":  {{Kind: domain.Fact, Name: domain.ItemUpdated, Spec: &domain.ItemSpec{ID: "b-first/2", Title: "New"}}},
			"b-first/12": {{Kind: domain.Fact, Name: domain.ItemFiled, Spec: &domain.ItemSpec{ID: "b-first/12"}}},
		}))
		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		pms, err = e.Postmortems(e.ctx)
		require.NoError(t, err)
		require.Len(t, pms, 2)
		require.Equal(t, 13, pms[0].NextN)

		all, err := e.ItemIDs(e.ctx, "", 100)
		require.NoError(t, err)
		require.Equal(t, append(append(append([]string{}, first...), second...), "b-first/12"), all)
		require.Equal(t, "b-first/10", all[9], "by number, not by letter")
		page, err := e.ItemIDs(e.ctx, all[10], 2)
		require.NoError(t, err)
		require.Equal(t, all[11:], page)
		_, err = e.ItemIDs(e.ctx, "nobody/1", 2)
		require.ErrorIs(t, err, ErrNotFound)

		of, err := e.ItemsOfPostmortem(e.ctx, "b-first")
		require.NoError(t, err)
		require.Equal(t, append(first, "b-first/12"), of)
		of, err = e.ItemsOfService(e.ctx, "cart")
		require.NoError(t, err)
		require.Equal(t, first, of)
		entries, err := e.Entries(e.ctx, "b-first/2")
		require.NoError(t, err)
		require.Equal(t, []domain.EntryName{domain.ItemFiled, domain.ItemUpdated}, names(entries))
	})
}

func TestFileIsAllOrNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		err := e.File(e.ctx, e.lease("postmortem/pm"), domain.Postmortem{ID: "pm"}, map[string][]domain.Entry{
			"pm/1": {{Name: domain.ItemFiled, Spec: &domain.ItemSpec{ID: "pm/1"}}},
			"pm/2": {{Name: domain.ItemUpdated, Spec: &domain.ItemSpec{ID: "pm/2"}}},
		})
		require.ErrorIs(t, err, ErrNotFound)
		_, err = e.Postmortem(e.ctx, "pm")
		require.ErrorIs(t, err, ErrNotFound)
		all, err := e.ItemIDs(e.ctx, "", 10)
		require.NoError(t, err)
		require.Empty(t, all)
		require.Empty(t, e.due())
	})
}

func TestLoadAndSave(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.file("pm", 1, "checkout", "cart")[0]
		s, tail, err := e.Load(e.ctx, id)
		require.NoError(t, err)
		require.Zero(t, s.Applied)
		require.Len(t, tail, 1)
		_, _, err = e.Load(e.ctx, "pm/2")
		require.ErrorIs(t, err, ErrNotFound)

		lease := e.lease("item/" + id)
		s = domain.State{Spec: *tail[0].Spec, Reopened: 2, Applied: 1}
		s.Spec.Services = []string{"cart", "search"}
		require.NoError(t, e.Save(e.ctx, lease, s))
		require.NoError(t, e.AppendHeld(e.ctx, lease, id, domain.Entry{Kind: domain.Decided, Name: domain.VerdictReached, Verdict: &domain.VerdictLine{}}))
		require.NoError(t, e.Append(e.ctx, id, false, domain.Entry{Kind: domain.Fact, Name: domain.Unwaived, Note: "<b>&"}))
		got, tail, err := e.Load(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, s, got)
		require.Equal(t, []domain.EntryName{domain.VerdictReached, domain.Unwaived}, names(tail))
		require.EqualValues(t, 2, tail[0].Seq)
		require.EqualValues(t, 3, tail[1].Seq)
		require.Equal(t, "<b>&", tail[1].Note)
		require.Equal(t, e.clock.Now(), tail[1].At)

		for service, want := range map[string][]string{"checkout": {}, "cart": {id}, "search": {id}, "car": {}} {
			of, err := e.ItemsOfService(e.ctx, service)
			require.NoError(t, err)
			require.Equal(t, want, of, service)
		}

		s.Applied = 4
		require.ErrorIs(t, e.Save(e.ctx, lease, s), ErrConflict, "more than there is")
		s.Spec.ID = "pm/9"
		require.ErrorIs(t, e.Save(e.ctx, lease, s), ErrNotFound)
		require.ErrorIs(t, e.Append(e.ctx, "pm/9", true), ErrNotFound)
		require.ErrorIs(t, e.AppendHeld(e.ctx, lease, "pm/9"), ErrNotFound)
		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		e.due()
		require.NoError(t, e.Append(e.ctx, id, true, domain.Entry{Kind: domain.Fact, Name: domain.Unwaived}))
		require.Equal(t, []string{"item/" + id}, e.due())
	})
}

func TestStates(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		ids := e.file("pm", 300)
		lease := e.lease("item/pm/2")
		require.NoError(t, e.Save(e.ctx, lease, domain.State{Spec: domain.ItemSpec{ID: "pm/2", Title: "Saved"}, Applied: 1}))
		states, err := e.States(e.ctx, append([]string{"nobody/1"}, ids...))
		require.NoError(t, err)
		require.Len(t, states, 300)
		require.Equal(t, "Item 1", states[0].Spec.Title)
		require.Equal(t, e.clock.Now(), states[0].FiledAt)
		require.Equal(t, "Saved", states[1].Spec.Title)
		require.Equal(t, "pm/300", states[299].Spec.ID)
	})
}

func TestBind(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		ids := e.file("pm", 2)
		e.due()
		lease := e.lease("item/" + ids[0])
		require.NoError(t, e.Bind(e.ctx, lease, ids[0], ticket12))
		require.NoError(t, e.Bind(e.ctx, lease, ids[0], ticket12))
		require.NoError(t, e.Bind(e.ctx, lease, ids[0], "github:acme/elsewhere#3"))
		require.ErrorIs(t, e.Bind(e.ctx, lease, ids[1], ticket12), ErrConflict)
		require.ErrorIs(t, e.Bind(e.ctx, lease, "pm/9", "jira:PAY-1"), ErrNotFound)
		for _, ref := range []domain.Ref{ticket12, "github:acme/elsewhere#3"} {
			id, err := e.ItemByTicket(e.ctx, ref)
			require.NoError(t, err)
			require.Equal(t, ids[0], id)
		}
		_, err := e.ItemByTicket(e.ctx, "jira:PAY-1")
		require.ErrorIs(t, err, ErrNotFound)
		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		require.Empty(t, e.due(), "nothing waited for the ticket")
	})
}

func TestSwitches(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		paused, by, at, err := e.Paused(e.ctx)
		require.NoError(t, err)
		require.False(t, paused)
		require.Zero(t, by)
		require.Zero(t, at)
		require.NoError(t, e.SetPaused(e.ctx, true, "ops"))
		paused, by, at, err = e.Paused(e.ctx)
		require.NoError(t, err)
		require.True(t, paused)
		require.Equal(t, "ops", by)
		require.Equal(t, e.clock.Now(), at)
		require.NoError(t, e.SetPaused(e.ctx, false, "alice"))
		paused, by, _, err = e.Paused(e.ctx)
		require.NoError(t, err)
		require.False(t, paused)
		require.Equal(t, "alice", by)
	})
}

func TestMeta(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		v, err := e.Meta(e.ctx, "repo/acme/checkout")
		require.NoError(t, err)
		require.Empty(t, v)
		require.NoError(t, e.SetMeta(e.ctx, "repo/acme/checkout", "{}", time.Minute))
		v, err = e.Meta(e.ctx, "repo/acme/checkout")
		require.NoError(t, err)
		require.Equal(t, "{}", v)
		require.Positive(t, e.db.PTTL(e.ctx, e.keys.meta("repo/acme/checkout")).Val())
		require.NoError(t, e.SetMeta(e.ctx, "config", "x", 0))
		require.Negative(t, e.db.PTTL(e.ctx, e.keys.meta("config")).Val())
	})
}

func TestGroups(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		_, err := e.Group(e.ctx, "deployment/1")
		require.ErrorIs(t, err, ErrNotFound)
		_, err = e.SetGroup(e.ctx, "deployment/1", GroupCounting, GroupClear, "")
		require.ErrorIs(t, err, ErrNotFound)
		opened := e.clock.Now()
		_, err = e.JoinGroup(e.ctx, "deployment/1", "a rollback", "pm/10")
		require.NoError(t, err)
		_, err = e.JoinGroup(e.ctx, "deployment/1", "", "pm/10")
		require.NoError(t, err)
		g, err := e.JoinGroup(e.ctx, "deployment/1", "", "pm/9")
		require.NoError(t, err)
		require.Equal(t, Group{Cause: "deployment/1", Note: "a rollback", State: GroupCounting, OpenedAt: opened,
			Items: []string{"pm/9", "pm/10"}}, g)
		e.clock.Add(time.Hour)
		_, err = e.JoinGroup(e.ctx, "config/x", "", "pm/1")
		require.NoError(t, err)

		ok, err := e.SetGroup(e.ctx, "deployment/1", GroupHeld, GroupConfirmed, "ops")
		require.NoError(t, err)
		require.False(t, ok)
		ok, err = e.SetGroup(e.ctx, "deployment/1", GroupCounting, GroupHeld, "")
		require.NoError(t, err)
		require.True(t, ok)
		require.Negative(t, e.db.PTTL(e.ctx, e.keys.group("deployment/1")).Val(), "what waits is never forgotten")
		ok, err = e.SetGroup(e.ctx, "deployment/1", GroupHeld, GroupDropped, "ops")
		require.NoError(t, err)
		require.True(t, ok)
		require.Positive(t, e.db.PTTL(e.ctx, e.keys.group("deployment/1")).Val())
		g, err = e.JoinGroup(e.ctx, "deployment/1", "", "pm/11")
		require.NoError(t, err)
		require.Equal(t, GroupDropped, g.State)
		require.Equal(t, "ops", g.By)
		require.Equal(t, e.clock.Now(), g.DecidedAt)
		require.Len(t, g.Items, 3)

		all, err := e.Groups(e.ctx)
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, g, all[0])
		require.NoError(t, e.db.Del(e.ctx, e.keys.group("deployment/1")).Err())
		all, err = e.Groups(e.ctx)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.EqualValues(t, 1, e.db.ZCard(e.ctx, e.keys.groups()).Val())
	})
}

// TestScriptsTouchOnlyDeclaredKeys: Redis Cluster forbids what a single server
// lets pass.
func TestScriptsTouchOnlyDeclaredKeys(t *testing.T) {
	call := regexp.MustCompile(`redis\.p?call\('([A-Z]+)', ([^,)]+)`)
	n := 0
	for _, text := range []string{
		queuePrelude, recordBody, deploymentPrelude, strings.ReplaceAll(strings.ReplaceAll(indexPrelude, "byService,", "KEYS[0],"), "servicesOf,", "KEYS[0],"),
	} {
		for _, m := range call.FindAllStringSubmatch(text, -1) {
			n++
			if m[1] == "PUBLISH" {
				continue
			}
			require.True(t, strings.HasPrefix(m[2], "KEYS["), "%s %s", m[1], m[2])
		}
	}
	require.Greater(t, n, 20)
}

// TestEveryKeyIsInOneSlot, whatever the prefix.
func TestEveryKeyIsInOneSlot(t *testing.T) {
	for _, prefix := range []string{"", "team-a", "}odd{", "{x}"} {
		k := newKeys(prefix)
		tag := "{" + cleanPrefix(prefix) + "}"
		for _, key := range append(append(k.queue(), k.deploymentKeys()...), k.seen(), k.seenBefore(), k.group("{c}"), k.meta("d"), k.ofTarget(place("{s", "e}"))) {
			require.True(t, strings.HasPrefix(key, tag+":"), key)
		}
	}
}

func TestPrefixesKeepInstallationsApart(t *testing.T) {
	db := storetest.Redis(t)
	a, b := New(db, Options{Prefix: "a"}), New(db, Options{Prefix: "b"})
	defer a.Close()
	defer b.Close()
	for _, l := range []*Ledger{a, b} {
		first, err := l.Record(t.Context(), closedEvent("1", ticket12))
		require.NoError(t, err)
		require.True(t, first)
	}
	keys, err := db.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 4, "deliveries and events of each")
}

// TestEvictedScripts: a restarted server has forgotten all scripts.
func TestEvictedScripts(t *testing.T) {
	e := newEnv(t, storetest.NewServer(t).Client())
	e.file("pm", 1)
	require.NoError(t, e.db.(*redis.Client).ScriptFlush(e.ctx).Err())
	require.Equal(t, []string{"item/pm/1"}, e.due())
	require.True(t, e.record(closedEvent(fmt.Sprint(1), ticket12)))
}
