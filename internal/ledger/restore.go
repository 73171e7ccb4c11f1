package ledger

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// restoreBytes and restoreCommands bound what one round trip of a Restore
// writes.
const (
	restoreBytes    = 1 << 20
	restoreCommands = 500
)

// Restore puts the lines of a dump into an empty store. Nobody may write to
// the store meanwhile. Every step may be repeated: a restore that was broken
// off is run again from the first line. It is for one goroutine.
type Restore struct {
	l      *Ledger
	cause  string // import/<time>, for the entry that each item gets
	digest string

	pipe  redis.Pipeliner
	bytes int
	item  Line // whose entries are coming
	left  int64
}

// Importing returns the digest of the dump whose restore was begun and not
// ended, or "".
func (l *Ledger) Importing(ctx context.Context) (string, error) {
	digest, err := l.db.Get(ctx, l.keys.importing()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("asking whether an import was broken off: %w", err)
	}
	return digest, nil
}

// beginScript marks a store that is being filled.
//
//	KEYS: importing, items, postmortems, deployments   ARGV: digest
//	Result: code
var beginScript = redis.NewScript(`
local had = redis.call('GET', KEYS[1])
if had and had ~= ARGV[1] then return -2 end
if not had and redis.call('EXISTS', KEYS[2], KEYS[3], KEYS[4]) > 0 then return -2 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
`)

// BeginRestore marks the store as being filled with the dump of this digest.
// ErrConflict: it holds something else, or another dump was begun. cause is
// what the ledgers will name.
func (l *Ledger) BeginRestore(ctx context.Context, digest, cause string) (*Restore, error) {
	err := outcome(l.run(ctx, beginScript, []string{l.keys.importing(), l.keys.items(), l.keys.postmortems(), l.keys.deployments()}, digest), "beginning an import")
	if err != nil {
		return nil, err
	}
	return &Restore{l: l, cause: cause, digest: digest, pipe: l.db.Pipeline()}, nil
}

// Put adds a line. It is written with one of the next round trips.
func (r *Restore) Put(ctx context.Context, line Line) error {
	k := r.l.keys
	switch line.Kind {
	case LinePostmortem:
		r.pipe.Set(ctx, k.postmortem(line.ID), line.stored(), 0)
		r.pipe.ZAdd(ctx, k.postmortems(), redis.Z{Score: float64(line.Serial), Member: line.ID})
	case LineItem:
		r.item, r.left = line, line.Entries
		r.pipe.Del(ctx, k.log(line.ID), k.item(line.ID))
		for f, v := range line.State {
			r.pipe.HSet(ctx, k.item(line.ID), f, v)
			r.bytes += len(v)
		}
	case LineEntry:
		r.pipe.RPush(ctx, k.log(line.ID), line.stored())
		if r.left--; r.left == 0 {
			if err := r.finishItem(ctx); err != nil {
				return err
			}
		}
	case LineDeployment:
		r.pipe.HSet(ctx, k.deployments(), line.ID, line.stored())
	case LineDue:
		r.pipe.ZAdd(ctx, k.due(), redis.Z{Score: float64(line.At), Member: line.ID})
	case LineKey:
		if err := r.key(ctx, line); err != nil {
			return fmt.Errorf("key %s: %w", cut(line.Name), err)
		}
	default:
		return fmt.Errorf("a line of the kind %q is not known", cut(line.Kind))
	}
	r.bytes += len(line.Data) + len(line.Text)
	if r.bytes < restoreBytes && r.pipe.Len() < restoreCommands {
		return nil
	}
	return r.Flush(ctx)
}

// finishItem lists the item, now that its ledger is whole.
func (r *Restore) finishItem(ctx context.Context) error {
	k, item := r.l.keys, r.item
	words, err := r.l.encodeEntries([]domain.Entry{{Kind: domain.Fact, Name: domain.Restored, Cause: r.cause, Note: "Brought here by an import; it is looked at anew."}})
	if err != nil {
		return err
	}
	r.pipe.RPush(ctx, k.log(item.ID), words...)
	services := wordList(item.Services)
	r.pipe.HSet(ctx, k.servicesOf(), item.ID, services)
	for s := range strings.SplitSeq(services, "\n") {
		if s != "" {
			r.pipe.ZAdd(ctx, k.byService(), redis.Z{Member: s + "\n" + item.ID})
		}
	}
	pm, _ := splitID(item.ID)
	r.pipe.ZAdd(ctx, k.byPostmortem(), redis.Z{Member: pm + "\n" + item.ID})
	r.pipe.ZAdd(ctx, k.items(), redis.Z{Score: float64(item.Serial), Member: item.ID})
	return nil
}

// key puts a part of any other key back. What has ended since is left out.
func (r *Restore) key(ctx context.Context, line Line) error {
	key := r.l.keys.tag + line.Name
	if line.Expires > 0 && line.Expires <= r.l.nowMS() {
		return nil
	}
	if line.Base64 {
		for i, v := range line.Values {
			b, err := base64.StdEncoding.DecodeString(v)
			if err != nil {
				return err
			}
			line.Values[i] = string(b)
		}
	}
	for _, v := range line.Values {
		r.bytes += len(v)
	}
	switch line.Type {
	case "list", "stream":
		// A key that was listed twice is written twice, from its start.
		if line.Offset == 0 {
			r.pipe.Del(ctx, key)
		}
	}
	switch line.Type {
	case "string":
		if len(line.Values) != 1 {
			return errors.New("a string has one value")
		}
		r.pipe.Set(ctx, key, line.Values[0], 0)
	case "list":
		r.pipe.RPush(ctx, key, anys(line.Values)...)
	case "set":
		r.pipe.SAdd(ctx, key, anys(line.Values)...)
	case "hash":
		if line.Name == strings.TrimPrefix(r.l.keys.tickets(), r.l.keys.tag) {
			var err error
			if line.Values, err = r.known(ctx, line.Values); err != nil {
				return err
			}
		}
		if len(line.Values) > 0 {
			r.pipe.HSet(ctx, key, anys(line.Values)...)
		}
	case "zset":
		for i := 0; i+1 < len(line.Values); i += 2 {
			score, err := strconv.ParseFloat(line.Values[i+1], 64)
			if err != nil {
				return err
			}
			r.pipe.ZAdd(ctx, key, redis.Z{Score: score, Member: line.Values[i]})
		}
	case "stream":
		if err := r.stream(ctx, key, line.Values); err != nil {
			return err
		}
	default:
		return fmt.Errorf("its type %q is not known", cut(line.Type))
	}
	if line.Expires > 0 {
		// The time is by our clock, which the store need not share.
		r.pipe.PExpire(ctx, key, time.UnixMilli(line.Expires).Sub(r.l.now()))
	}
	return nil
}

func anys(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

func (r *Restore) stream(ctx context.Context, key string, words []string) error {
	for len(words) > 0 {
		n := 0
		if len(words) > 1 {
			n, _ = strconv.Atoi(words[1]) // 0 is refused with what is too short
		}
		if n <= 0 || n%2 != 0 || len(words) < 2+n {
			return errors.New("an entry of a stream is not whole")
		}
		r.pipe.XAdd(ctx, &redis.XAddArgs{Stream: key, ID: words[0], Values: anys(words[2 : 2+n])})
		words = words[2+n:]
	}
	return nil
}

// known leaves out the tickets of items that are not in the dump.
func (r *Restore) known(ctx context.Context, words []string) ([]string, error) {
	if err := r.Flush(ctx); err != nil {
		return nil, err
	}
	var out []string
	there := make([]*redis.IntCmd, 0, len(words)/2)
	if _, err := r.l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := 0; i+1 < len(words); i += 2 {
			there = append(there, p.Exists(ctx, r.l.keys.log(words[i+1])))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for i, c := range there {
		if c.Val() == 1 {
			out = append(out, words[2*i], words[2*i+1])
		}
	}
	return out, nil
}

// Flush writes what was put so far.
func (r *Restore) Flush(ctx context.Context) error {
	if r.pipe.Len() == 0 {
		return nil
	}
	_, err := r.pipe.Exec(ctx)
	r.bytes = 0
	return wrap(err, "writing to the store")
}

// endScript's counterpart for a restore: the store is whole.
//
//	KEYS: queue, importing, schema   ARGV: channel, now, subject, digest, schema, by
//	Result: code
var endRestoreScript = queueScript(`
local channel, now, subject, digest, schema, by = arg(), arg(), arg(), arg(), arg(), arg()
if redis.call('GET', KEYS[5]) ~= digest then return -2 end
redis.call('HSET', KEYS[6], 'version', schema, 'by', by)
redis.call('DEL', KEYS[5])
touch(subject, now)
wake(channel)
return 1
`)

// Finish writes what is left, marks the store as whole and of this schema, and
// makes subject due, which has the items looked at. The caller then calls
// Prepare, which migrates a store of an older schema.
func (r *Restore) Finish(ctx context.Context, subject string, schema int, by string) error {
	if err := r.Flush(ctx); err != nil {
		return err
	}
	k := r.l.keys
	return outcome(r.l.run(ctx, endRestoreScript, append(k.queue(), k.importing(), k.schema()), k.channel(), r.l.nowMS(), subject, r.digest, schema, by), "ending the import")
}

// CheckLine says what is wrong with the form of a line, as far as it can be
// told from the line alone.
func CheckLine(line Line) error {
	switch line.Kind {
	case LinePostmortem:
		if line.ID == "" || line.Serial <= 0 {
			return fmt.Errorf("postmortem %q: it has no id or no serial", cut(line.ID))
		}
	case LineItem:
		if pm, n := splitID(line.ID); pm == "" || n <= 0 || line.Serial <= 0 || line.Entries <= 0 {
			return fmt.Errorf("item %q: its id, serial or number of entries is wrong", cut(line.ID))
		}
		// A ledger that was cut down after the retention says how many are gone.
		gone, err := strconv.ParseInt(cmp.Or(line.State["o"], "0"), 10, 64)
		if err != nil || gone < 0 {
			return fmt.Errorf("item %q: %q is no number of entries that are gone", cut(line.ID), cut(line.State["o"]))
		}
		if applied, err := strconv.ParseInt(line.State["a"], 10, 64); line.State["s"] != "" && (err != nil || applied < 0 || applied-gone > line.Entries) {
			return fmt.Errorf("item %q: its snapshot holds %q entries, and its ledger has %d", cut(line.ID), cut(line.State["a"]), gone+line.Entries)
		}
	case LineEntry, LineDeployment:
		if line.stored() == "" {
			return fmt.Errorf("%s of %q: it holds nothing", line.Kind, cut(line.ID))
		}
	case LineDue:
		if kind, id, ok := strings.Cut(line.ID, "/"); !ok || kind == "" || id == "" {
			return fmt.Errorf("due: %q is no subject", cut(line.ID))
		}
	case LineKey:
		if line.Name == "" || len(line.Values) == 0 || (line.Type == "hash" || line.Type == "zset") && len(line.Values)%2 != 0 {
			return fmt.Errorf("key %q: it has no name, or its values are not whole", cut(line.Name))
		}
	default:
		return fmt.Errorf("a line of the kind %q is not known", cut(line.Kind))
	}
	return nil
}

// Damaged reports whether what the line carries cannot be read by this
// version. The ledger knows how to go on without it, so it is carried all the
// same.
func Damaged(line Line) bool {
	switch line.Kind {
	case LinePostmortem:
		return json.Unmarshal([]byte(line.stored()), new(domain.Postmortem)) != nil
	case LineItem:
		s, ok := line.State["s"]
		return ok && json.Unmarshal([]byte(s), new(domain.State)) != nil
	case LineEntry:
		var e domain.Entry
		return json.Unmarshal([]byte(line.stored()), &e) != nil || complete(e) != nil
	case LineDeployment:
		_, err := decodeDeployment(line.ID, line.stored())
		return err != nil
	}
	return false
}
