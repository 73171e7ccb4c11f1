package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

func open(t *testing.T) (*ledger.Ledger, redis.UniversalClient) { return openAt(t, time.Now) }

func openAt(t *testing.T, now func() time.Time) (*ledger.Ledger, redis.UniversalClient) {
	db := storetest.Redis(t)
	l := ledger.New(db, ledger.Options{Now: now})
	t.Cleanup(l.Close)
	require.NoError(t, l.Prepare(t.Context(), "1.0"))
	return l, db
}

func fill(t *testing.T, l *ledger.Ledger, items, entries int) {
	ctx := t.Context()
	lease, ok, err := l.ClaimSubject(ctx, "postmortem/pm", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	all := map[string][]domain.Entry{}
	for n := 1; n <= items; n++ {
		id := fmt.Sprintf("pm/%d", n)
		list := []domain.Entry{{Kind: domain.Fact, Name: domain.ItemFiled, Spec: &domain.ItemSpec{ID: id, Postmortem: "pm", N: n, Title: "It's <b>bold</b> & \u2028 odd", Services: []string{"checkout"}}}}
		for i := 1; i < entries; i++ {
			list = append(list, domain.Entry{Kind: domain.Fact, Name: domain.TicketEvent, Note: strings.Repeat("x", 200), Event: &domain.Event{ID: fmt.Sprint(i)}})
		}
		all[id] = list
	}
	require.NoError(t, l.File(ctx, lease, domain.Postmortem{ID: "pm", NextN: items + 1}, all))
	require.NoError(t, l.Done(ctx, lease, time.Time{}))
	_, _, err = l.RecordDeployment(ctx, domain.Deployment{ID: "1", Service: "checkout", Environment: "prod", SHA: strings.Repeat("a", 40), Production: true})
	require.NoError(t, err)
}

func export(t *testing.T, l *ledger.Ledger, o Options) []byte {
	var out bytes.Buffer
	_, err := Write(t.Context(), &out, l, o)
	require.NoError(t, err)
	return out.Bytes()
}

// TestEveryKindOfKeyIsCarried puts a key of each type of Redis under the
// prefix, as versions to come may have them, and finds all of it again.
func TestEveryKindOfKeyIsCarried(t *testing.T) {
	ctx := t.Context()
	l, db := open(t)
	fill(t, l, 3, 5)
	const odd = "\xff\x00 not text"
	p := db.Pipeline()
	for i := range 1300 {
		p.HSet(ctx, "{holdfast}:a-hash", fmt.Sprintf("field %d", i), odd)
		p.RPush(ctx, "{holdfast}:a-list", fmt.Sprint(i))
		p.SAdd(ctx, "{holdfast}:a-set", fmt.Sprint(i))
		p.ZAdd(ctx, "{holdfast}:a-zset", redis.Z{Score: float64(i) + 0.5, Member: fmt.Sprint(i)})
		p.XAdd(ctx, &redis.XAddArgs{Stream: "{holdfast}:a-stream", ID: fmt.Sprintf("%d-1", i+1), Values: []any{"e", fmt.Sprint(i)}})
	}
	p.Set(ctx, "{holdfast}:a-string", "text", time.Hour)
	p.Set(ctx, "{holdfast}:ended", "text", 50*time.Millisecond)
	p.Set(ctx, "{other}:key", "of somebody else", 0)
	_, err := p.Exec(ctx)
	require.NoError(t, err)
	file := export(t, l, Options{Version: "1.0", MarkerKey: []byte("key")})
	time.Sleep(60 * time.Millisecond) // one of them ends on the way

	c, err := Check(bytes.NewReader(file))
	require.NoError(t, err)
	require.Empty(t, c.Problems)
	other, odb := open(t)
	require.NoError(t, Put(ctx, bytes.NewReader(file), other, c, "import/now"))

	keys, err := db.Keys(ctx, "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		switch {
		case strings.HasSuffix(key, ":log"), strings.HasSuffix(key, ":due"), strings.HasSuffix(key, ":lease-gen"), strings.HasPrefix(key, "{other}"):
			continue // one more entry; one more subject; of the processes; not ours
		}
		want, err := db.Dump(ctx, key).Result()
		require.NoError(t, err)
		got, err := odb.Dump(ctx, key).Result()
		require.NoError(t, err, key)
		kind := db.Type(ctx, key).Val()
		if kind == "list" || kind == "string" {
			require.Equal(t, want, got, key)
			continue
		}
		require.Equal(t, content(t, db, key, kind), content(t, odb, key, kind), key)
	}
	n, err := odb.Exists(ctx, "{holdfast}:ended", "{other}:key", "{holdfast}:importing").Result()
	require.NoError(t, err)
	require.Zero(t, n)
	ttl, err := odb.TTL(ctx, "{holdfast}:a-string").Result()
	require.NoError(t, err)
	require.Greater(t, ttl, 50*time.Minute)

	for n := 1; n <= 3; n++ {
		id := fmt.Sprintf("pm/%d", n)
		old, err := l.Entries(ctx, id)
		require.NoError(t, err)
		now, err := other.Entries(ctx, id)
		require.NoError(t, err)
		require.Len(t, now, len(old)+1)
		require.Equal(t, old, now[:len(old)])
		require.Equal(t, domain.Restored, now[len(old)].Name)
	}
	ids, err := other.ItemsOfService(ctx, "checkout")
	require.NoError(t, err)
	require.Equal(t, []string{"pm/1", "pm/2", "pm/3"}, ids)
	d, err := other.Deployment(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, "1", d.ID)
	d2, what, err := other.RecordDeployment(ctx, domain.Deployment{ID: "2", Service: "checkout", Environment: "prod", SHA: strings.Repeat("b", 40), Production: true})
	require.NoError(t, err)
	require.Equal(t, ledger.Recorded, what)
	require.Equal(t, int64(2), d2.Receipt, "it goes on counting")
}

// What is to be forgotten in an hour is forgotten in an hour, also where the
// clock of the store is ahead of ours.
func TestTheStoreHasAClockOfItsOwn(t *testing.T) {
	behind := func() time.Time { return time.Now().Add(-240 * time.Hour) }
	l, db := openAt(t, behind)
	fill(t, l, 1, 1)
	require.NoError(t, db.Set(t.Context(), "{holdfast}:a-string", "text", time.Hour).Err())
	file := export(t, l, Options{Version: "1.0", MarkerKey: []byte("key")})
	c, err := Check(bytes.NewReader(file))
	require.NoError(t, err)
	other, odb := openAt(t, behind)
	require.NoError(t, Put(t.Context(), bytes.NewReader(file), other, c, "import/now"))
	require.Equal(t, "text", odb.Get(t.Context(), "{holdfast}:a-string").Val())
	require.Greater(t, odb.TTL(t.Context(), "{holdfast}:a-string").Val(), 50*time.Minute)
}

// content is what a key holds, whatever the order in which it is kept.
func content(t *testing.T, db redis.UniversalClient, key, kind string) any {
	ctx := t.Context()
	var v any
	var err error
	switch kind {
	case "hash":
		v, err = db.HGetAll(ctx, key).Result()
	case "set":
		var list []string
		list, err = db.SMembers(ctx, key).Result()
		m := map[string]bool{}
		for _, s := range list {
			m[s] = true
		}
		v = m
	case "zset":
		v, err = db.ZRangeWithScores(ctx, key, 0, -1).Result()
	case "stream":
		v, err = db.XRange(ctx, key, "-", "+").Result()
	default:
		t.Fatalf("%s: a key of the type %s", key, kind)
	}
	require.NoError(t, err)
	return v
}

func TestTheMarkerKeyIsCarriedOnlyWhenAskedFor(t *testing.T) {
	l, _ := open(t)
	fill(t, l, 1, 1)
	plain := export(t, l, Options{MarkerKey: []byte("a secret key")})
	require.NotContains(t, string(plain), "a secret key")
	c, err := Check(bytes.NewReader(plain))
	require.NoError(t, err)
	require.Empty(t, c.Problems)
	require.Empty(t, c.MarkerKey)
	require.Equal(t, Fingerprint([]byte("a secret key")), c.Marker)

	c, err = Check(bytes.NewReader(export(t, l, Options{MarkerKey: []byte("a secret key"), Secrets: true})))
	require.NoError(t, err)
	require.Empty(t, c.Problems)
	require.Equal(t, "a secret key", c.MarkerKey)
}

// TestAnyDamageIsNoticed cuts the file at every line, leaves every line out,
// and changes a byte in each.
func TestAnyDamageIsNoticed(t *testing.T) {
	l, _ := open(t)
	fill(t, l, 2, 3)
	file := export(t, l, Options{})
	rows := bytes.SplitAfter(file, []byte("\n"))
	rows = rows[:len(rows)-1]
	problems := func(what string, parts ...[]byte) {
		t.Helper()
		c, err := Check(bytes.NewReader(bytes.Join(parts, nil)))
		require.NoError(t, err)
		require.NotEmpty(t, c.Problems, what)
	}
	for i := range rows {
		problems(fmt.Sprintf("cut before line %d", i+1), rows[:i]...)
		without := append(append([][]byte{}, rows[:i]...), rows[i+1:]...)
		problems(fmt.Sprintf("without line %d", i+1), without...)
		twice := append(append(append([][]byte{}, rows[:i+1]...), rows[i]), rows[i+1:]...)
		problems(fmt.Sprintf("line %d twice", i+1), twice...)
		changed := bytes.Clone(rows[i])
		at := len(changed) / 2
		changed[at] ^= 1
		problems(fmt.Sprintf("line %d changed", i+1), append(append(append([][]byte{}, rows[:i]...), changed), rows[i+1:]...)...)
	}
	c, err := Check(bytes.NewReader(file))
	require.NoError(t, err)
	require.Empty(t, c.Problems)
	c, err = Check(strings.NewReader("\x1f\x8b\x08\x00 anything"))
	require.NoError(t, err)
	require.Len(t, c.Problems, 1)
	require.Contains(t, c.Problems[0], "gunzip")
}

// TestMemoryDoesNotGrowWithTheFile exports and checks a ledger of many
// megabytes.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	l, _ := open(t)
	fill(t, l, 20, 1)
	ctx := t.Context()
	big := domain.Entry{Kind: domain.Fact, Name: domain.TicketEvent, Note: strings.Repeat("x", 50_000)}
	for n := 1; n <= 20; n++ {
		for range 8 {
			require.NoError(t, l.Append(ctx, fmt.Sprintf("pm/%d", n), false, big, big, big, big, big))
		}
	}
	m := meter{}
	n, err := Write(ctx, &m, l, Options{})
	require.NoError(t, err)
	require.Equal(t, int64(20*41), n.Entries)
	require.Greater(t, m.written, 40_000_000)
	require.Less(t, m.most, uint64(30_000_000), "at once in memory")
}

// meter counts what is written, and how much memory is in use meanwhile.
type meter struct {
	written, at int
	most        uint64
}

func (m *meter) Write(b []byte) (int, error) {
	if m.written += len(b); m.written-m.at > 5_000_000 {
		m.at = m.written
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		m.most = max(m.most, s.HeapAlloc)
	}
	return len(b), nil
}

func TestAnotherFileIsRefusedWhileOneIsHalfIn(t *testing.T) {
	l, _ := open(t)
	fill(t, l, 2, 2)
	file := export(t, l, Options{})
	c, err := Check(bytes.NewReader(file))
	require.NoError(t, err)
	to, _ := open(t)
	_, err = to.BeginRestore(t.Context(), c.Digest, "import/one")
	require.NoError(t, err)
	_, err = to.BeginRestore(t.Context(), "another", "import/two")
	require.ErrorIs(t, err, ledger.ErrConflict)
	require.NoError(t, Put(t.Context(), bytes.NewReader(file), to, c, "import/one"))
	_, err = to.BeginRestore(t.Context(), c.Digest, "import/one")
	require.ErrorIs(t, err, ledger.ErrConflict, "it is full now")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Write(ctx, &bytes.Buffer{}, l, Options{})
	require.Error(t, err)
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"kind":"header","holdfast_export":1,"schema":1}` + "\n" + `{"kind":"item","id":"a/1","serial":1,"entries":1}` + "\n" + `{"kind":"end"}`))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Check(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Problems {
			if strings.ContainsAny(p, "\n\r\x1b") || len(p) > 300 {
				t.Fatalf("a problem may forge a line: %q", p)
			}
		}
		if len(c.Problems) == 0 && !json.Valid(bytes.SplitN(data, []byte("\n"), 2)[0]) {
			t.Fatal("taken for an export")
		}
	})
}
