package ledger

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
)

// The kinds of lines of a dump, in the order in which they come.
const (
	LinePostmortem = "postmortem" // ID, Serial, Data
	LineItem       = "item"       // ID, Serial, Services, State, Entries; its entries follow
	LineEntry      = "entry"      // ID of the item, Seq from 1, Data
	LineKey        = "key"        // any other key: Name, Type, Values
	LineDeployment = "deployment" // ID is the receipt, Data
	LineDue        = "due"        // ID is the subject, At
)

// Line is one piece of the store as Dump gives it and a Restore takes it.
type Line struct {
	Kind     string            `json:"kind"`
	ID       string            `json:"id,omitempty"`
	Serial   int64             `json:"serial,omitempty"`
	Seq      int64             `json:"seq,omitempty"`
	Entries  int64             `json:"entries,omitempty"`
	Services []string          `json:"services,omitempty"`
	State    map[string]string `json:"state,omitempty"` // of an item: its snapshot (s) and how many entries are in it (a)
	Data     json.RawMessage   `json:"data,omitempty"`  // as it is stored, byte for byte
	Text     string            `json:"text,omitempty"`  // instead of Data where what is stored is no JSON

	Name    string   `json:"name,omitempty"` // without the prefix of the store
	Type    string   `json:"type,omitempty"` // string, list, hash, set, zset or stream
	Offset  int64    `json:"offset,omitempty"`
	Values  []string `json:"values,omitempty"` // hash: field, value; zset: member, score; stream: id, how many words, words
	Base64  bool     `json:"base64,omitempty"` // of the values, where one is no UTF-8
	Expires int64    `json:"expires_ms,omitempty"`

	At int64 `json:"due_ms,omitempty"` // milliseconds since 1970, like Expires
}

// Size is what a store holds.
type Size struct {
	Postmortems int64 `json:"postmortems"`
	Items       int64 `json:"items"`
	Deployments int64 `json:"deployments"`
}

// Empty reports whether there is nothing that an import would mix with.
func (s Size) Empty() bool { return s == Size{} }

// Size counts what the store holds.
func (l *Ledger) Size(ctx context.Context) (Size, error) {
	var pms, items, deployments *redis.IntCmd
	_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		pms, items = p.ZCard(ctx, l.keys.postmortems()), p.ZCard(ctx, l.keys.items())
		deployments = p.HLen(ctx, l.keys.deployments())
		return nil
	})
	if err != nil {
		return Size{}, fmt.Errorf("counting what the store holds: %w", err)
	}
	return Size{pms.Val(), items.Val(), deployments.Val()}, nil
}

// How much one round trip of a dump reads: entries and values may have a
// megabyte each, names are short.
const (
	dumpLong  = 64
	dumpShort = 500
	// dumpBytes bounds the values of one line, by one value more.
	dumpBytes = 256 << 10
)

// Dump gives out everything that the store keeps, but for leases and what can
// be worked out again, in pieces that need little memory. What is written
// meanwhile may be in it or not; what is given out fits together: an item is
// complete up to some entry, the index of deployments names none that does not
// follow it, and a counter is not behind what was counted. A key that this
// version does not know is given out as it stands. The index of tickets may name
// an item that was filed meanwhile; Restore leaves that out. ErrDamaged: something
// else than the ledger's stands under one of its keys, and the error says where.
func (l *Ledger) Dump(ctx context.Context, emit func(Line) error) error {
	for _, part := range []func(context.Context, func(Line) error) error{
		l.dumpPostmortems, l.dumpItems, l.dumpKeys, l.dumpDeployments, l.dumpCounters, l.dumpDue,
	} {
		err := part(ctx, emit)
		if poison(err) {
			if what, asked := l.stranger(ctx); asked == nil && what != "" {
				err = fmt.Errorf("%w: %s", ErrDamaged, what)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ranked walks over a sorted set by ascending score, in chunks.
func (l *Ledger) ranked(ctx context.Context, key string, visit func([]redis.Z) error) error {
	low := "-inf"
	for {
		zs, err := l.db.ZRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{Min: low, Max: "+inf", Count: dumpLong}).Result()
		if err != nil {
			return err
		}
		if len(zs) == 0 {
			return nil
		}
		if err := visit(zs); err != nil {
			return err
		}
		// Scores are serials, so no two are equal.
		low = "(" + strconv.FormatFloat(zs[len(zs)-1].Score, 'f', -1, 64)
	}
}

func (l *Ledger) dumpPostmortems(ctx context.Context, emit func(Line) error) error {
	err := l.ranked(ctx, l.keys.postmortems(), func(zs []redis.Z) error {
		cmds := make([]*redis.StringCmd, len(zs))
		if _, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, z := range zs {
				cmds[i] = p.Get(ctx, l.keys.postmortem(z.Member.(string)))
			}
			return nil
		}); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for i, z := range zs {
			if err := emit(Line{Kind: LinePostmortem, ID: z.Member.(string), Serial: int64(z.Score)}.with(cmds[i].Val())); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "dumping the postmortems")
}

func (l *Ledger) dumpItems(ctx context.Context, emit func(Line) error) error {
	err := l.ranked(ctx, l.keys.items(), func(zs []redis.Z) error {
		for _, z := range zs {
			if err := l.dumpItem(ctx, z.Member.(string), int64(z.Score), emit); err != nil {
				return fmt.Errorf("item %s: %w", z.Member, err)
			}
		}
		return nil
	})
	return wrap(err, "dumping the items")
}

func (l *Ledger) dumpItem(ctx context.Context, id string, serial int64, emit func(Line) error) error {
	var state *redis.MapStringStringCmd
	var services *redis.StringCmd
	var length *redis.IntCmd
	if _, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		// The snapshot before the length: it has no more entries than follow.
		state, services, length = p.HGetAll(ctx, l.keys.item(id)), p.HGet(ctx, l.keys.servicesOf(), id), p.LLen(ctx, l.keys.log(id))
		return nil
	}); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	n := length.Val()
	line := Line{Kind: LineItem, ID: id, Serial: serial, Entries: n, State: state.Val()}
	if s := services.Val(); s != "" {
		line.Services = strings.Split(s, "\n")
	}
	if err := emit(line); err != nil {
		return err
	}
	for at := int64(0); at < n; at += dumpLong {
		words, err := l.db.LRange(ctx, l.keys.log(id), at, min(at+dumpLong, n)-1).Result()
		if err != nil {
			return err
		}
		for i, w := range words {
			if err := emit(Line{Kind: LineEntry, ID: id, Seq: at + int64(i) + 1}.with(w)); err != nil {
				return err
			}
		}
	}
	return nil
}

// with is the line with what is stored, as it stands.
func (l Line) with(stored string) Line {
	if json.Valid([]byte(stored)) {
		l.Data = json.RawMessage(stored)
	} else {
		l.Text = stored
	}
	return l
}

// stored is what with was given.
func (l Line) stored() string {
	if l.Data != nil {
		return string(l.Data)
	}
	return l.Text
}

// node is where all keys of this ledger are, which in a cluster is one node.
func (l *Ledger) node(ctx context.Context) (redis.Cmdable, error) {
	if c, ok := l.db.(*redis.ClusterClient); ok {
		return c.MasterForKey(ctx, l.keys.due())
	}
	return l.db, nil
}

var globSigns = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "^", `\^`)

// dumpKeys gives out the keys that are not given out elsewhere.
func (l *Ledger) dumpKeys(ctx context.Context, emit func(Line) error) error {
	db, err := l.node(ctx)
	for cursor := uint64(0); err == nil; {
		var names []string
		if names, cursor, err = db.Scan(ctx, cursor, globSigns.Replace(l.keys.tag)+"*", dumpShort).Result(); err != nil {
			break
		}
		for _, key := range names {
			name, ours := strings.CutPrefix(key, l.keys.tag)
			if !ours || l.keys.elsewhere(name) {
				continue
			}
			if err = l.dumpKey(ctx, name, emit); err != nil {
				break
			}
		}
		if cursor == 0 {
			break
		}
	}
	return wrap(err, "dumping the other keys")
}

// elsewhere reports whether a key is in another part of a dump, or in none
// because it is worked out again or belongs to the processes of this store.
func (k keys) elsewhere(name string) bool {
	key := k.tag + name
	if slices.Contains([]string{
		k.due(), k.leases(), k.touched(), k.attempts(), k.leaseGen(), k.schema(), k.migration(), k.importing(), k.identity(), k.probe(),
		k.items(), k.byService(), k.servicesOf(), k.byPostmortem(), k.postmortems(), k.deployments(), k.serial(), k.receipts(),
	}, key) {
		return true
	}
	item := strings.HasPrefix(name, "item:") && (strings.HasSuffix(name, ":log") || strings.HasSuffix(name, ":state"))
	return item || strings.HasPrefix(name, "postmortem:")
}

func (l *Ledger) dumpKey(ctx context.Context, name string, emit func(Line) error) error {
	key := l.keys.tag + name
	kind, err := l.db.Type(ctx, key).Result()
	if err != nil {
		return err
	}
	ttl, err := l.db.PTTL(ctx, key).Result()
	if err != nil {
		return err
	}
	line := Line{Kind: LineKey, Name: name, Type: kind}
	if ttl > 0 {
		line.Expires = l.nowMS() + ttl.Milliseconds()
	}
	out := chunks{line: line, emit: emit}
	switch kind {
	case "string":
		var v string
		if v, err = l.db.Get(ctx, key).Result(); err == nil {
			err = out.add(1, v)
		} else if errors.Is(err, redis.Nil) {
			return nil // its time ended just now
		}
	case "list":
		err = l.dumpList(ctx, key, &out)
	case "hash":
		err = scanned(func(at uint64) ([]string, uint64, error) { return l.db.HScan(ctx, key, at, "", dumpShort).Result() }, 2, &out)
	case "zset":
		err = scanned(func(at uint64) ([]string, uint64, error) { return l.db.ZScan(ctx, key, at, "", dumpShort).Result() }, 2, &out)
	case "set":
		err = scanned(func(at uint64) ([]string, uint64, error) { return l.db.SScan(ctx, key, at, "", dumpShort).Result() }, 1, &out)
	case "stream":
		err = l.dumpStream(ctx, key, &out)
	case "none":
		return nil // gone since it was listed
	default:
		err = fmt.Errorf("its type %s is not known", kind)
	}
	if err == nil {
		err = out.flush()
	}
	return wrap(err, "key "+cut(name))
}

func scanned(next func(uint64) ([]string, uint64, error), width int, out *chunks) error {
	for cursor := uint64(0); ; {
		words, at, err := next(cursor)
		if err != nil {
			return err
		}
		for one := range slices.Chunk(words, width) {
			if err := out.add(1, one...); err != nil {
				return err
			}
		}
		if cursor = at; cursor == 0 {
			return nil
		}
	}
}

func (l *Ledger) dumpList(ctx context.Context, key string, out *chunks) error {
	for at := int64(0); ; at += dumpLong {
		words, err := l.db.LRange(ctx, key, at, at+dumpLong-1).Result()
		if err != nil || len(words) == 0 {
			return err
		}
		for _, w := range words {
			if err := out.add(1, w); err != nil {
				return err
			}
		}
	}
}

func (l *Ledger) dumpStream(ctx context.Context, key string, out *chunks) error {
	for from := "-"; ; {
		list, err := l.db.XRangeN(ctx, key, from, "+", dumpLong).Result()
		if err != nil || len(list) == 0 {
			return err
		}
		for _, m := range list {
			words := []string{m.ID, strconv.Itoa(2 * len(m.Values))}
			for f, v := range m.Values {
				words = append(words, f, fmt.Sprint(v))
			}
			if err := out.add(1, words...); err != nil {
				return err
			}
		}
		from = "(" + list[len(list)-1].ID
	}
}

// chunks gathers the values of one key into lines of a bounded length.
type chunks struct {
	line Line
	emit func(Line) error
	size int
	next int64
}

// add adds n elements that belong together.
func (c *chunks) add(n int64, words ...string) error {
	for _, w := range words {
		c.size += len(w)
		c.line.Base64 = c.line.Base64 || !utf8.ValidString(w)
	}
	c.line.Values = append(c.line.Values, words...)
	c.next += n
	if c.size < dumpBytes && len(c.line.Values) < dumpShort {
		return nil
	}
	return c.flush()
}

func (c *chunks) flush() error {
	if len(c.line.Values) == 0 {
		return nil
	}
	if c.line.Base64 {
		for i, v := range c.line.Values {
			c.line.Values[i] = base64.StdEncoding.EncodeToString([]byte(v))
		}
	}
	err := c.emit(c.line)
	c.line.Values, c.line.Base64, c.line.Offset, c.size = nil, false, c.next, 0
	return err
}

func (l *Ledger) dumpDeployments(ctx context.Context, emit func(Line) error) error {
	for cursor := uint64(0); ; {
		words, at, err := l.db.HScan(ctx, l.keys.deployments(), cursor, "", dumpShort).Result()
		if err != nil {
			return wrap(err, "dumping the deployments")
		}
		for i := 0; i+1 < len(words); i += 2 {
			if err := emit(Line{Kind: LineDeployment, ID: words[i]}.with(words[i+1])); err != nil {
				return err
			}
		}
		if cursor = at; cursor == 0 {
			return nil
		}
	}
}

func (l *Ledger) dumpCounters(ctx context.Context, emit func(Line) error) error {
	for _, key := range []string{l.keys.serial(), l.keys.receipts()} {
		v, err := l.db.Get(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err == nil {
			err = emit(Line{Kind: LineKey, Name: strings.TrimPrefix(key, l.keys.tag), Type: "string", Values: []string{v}})
		}
		if err != nil {
			return wrap(err, "dumping a counter")
		}
	}
	return nil
}

// dumpDue tells when what is to be looked at. A subject that is leased is due
// when its lease ends, or when it was touched for meanwhile.
func (l *Ledger) dumpDue(ctx context.Context, emit func(Line) error) error {
	for cursor := uint64(0); ; {
		words, at, err := l.db.ZScan(ctx, l.keys.due(), cursor, "", dumpShort).Result()
		if err != nil {
			return wrap(err, "dumping what is due")
		}
		for i := 0; i+1 < len(words); i += 2 {
			score, err := strconv.ParseFloat(words[i+1], 64)
			if err != nil {
				return wrap(err, "dumping what is due")
			}
			due := int64(score)
			touched, err := l.db.HGet(ctx, l.keys.touched(), words[i]).Int64()
			switch {
			case errors.Is(err, redis.Nil):
				touched = math.MaxInt64
			case err != nil:
				return wrap(err, "dumping what is due")
			}
			if err := emit(Line{Kind: LineDue, ID: words[i], At: min(due, touched)}); err != nil {
				return err
			}
		}
		if cursor = at; cursor == 0 {
			return nil
		}
	}
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
