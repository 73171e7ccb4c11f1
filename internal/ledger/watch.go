package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// watchScript adds words to those under which an item is found.
//
//	KEYS: watched, watchesOf   ARGV: item, words, LF between   Result: 1
var watchScript = redis.NewScript(`
local old = redis.call('HGET', KEYS[2], ARGV[1]) or ''
local have = {}
for w in string.gmatch(old, '[^\n]+') do have[w] = true end
for w in string.gmatch(ARGV[2], '[^\n]+') do
  if not have[w] then
    have[w] = true
    old = old == '' and w or old .. '\n' .. w
    redis.call('ZADD', KEYS[1], 0, w .. '\n' .. ARGV[1])
  end
end
redis.call('HSET', KEYS[2], ARGV[1], old)
return 1
`)

// Watch lists an item under further words, for Watching. Save replaces them by
// State.Watches. Whoever judges an item adds its words before reading what is
// live: then either it sees a new deployment, or the deployment finds the item.
func (l *Ledger) Watch(ctx context.Context, itemID string, words []string) error {
	err := l.run(ctx, watchScript, []string{l.keys.watched(), l.keys.watchesOf()}, itemID, wordList(words)).Err()
	if err != nil {
		return fmt.Errorf("watching for item %s: %w", itemID, err)
	}
	return nil
}

// watchingAtOnce is how many words one round trip looks up.
const watchingAtOnce = 512

// Watching lists the items that are listed under any of these words, by
// postmortem and number, each once.
func (l *Ledger) Watching(ctx context.Context, words []string) ([]string, error) {
	var ids []string
	for chunk := range slices.Chunk(words, watchingAtOnce) {
		found := make([]*redis.StringSliceCmd, len(chunk))
		_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, w := range chunk {
				found[i] = p.ZRangeByLex(ctx, l.keys.watched(), &redis.ZRangeBy{Min: "[" + w + "\n", Max: "(" + w + "\v"})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("looking for items that watch: %w", err)
		}
		for i, w := range chunk {
			for _, m := range found[i].Val() {
				ids = append(ids, m[len(w)+1:])
			}
		}
	}
	slices.SortFunc(ids, byNumber)
	return slices.Compact(ids), nil
}

// Watched counts the items that are listed under a word.
func (l *Ledger) Watched(ctx context.Context, word string) (int64, error) {
	n, err := l.db.ZLexCount(ctx, l.keys.watched(), "["+word+"\n", "("+word+"\v").Result()
	if err != nil {
		return 0, fmt.Errorf("counting the items that watch %q: %w", cut(word), err)
	}
	return n, nil
}

// Loaded is what Load gives of one item.
type Loaded struct {
	ID       string
	Snapshot domain.State
	Tail     []domain.Entry
	Err      error // this one cannot be read
}

// LoadAll is Load of many items in few round trips; unknown items are left out.
func (l *Ledger) LoadAll(ctx context.Context, ids []string) ([]Loaded, error) {
	if err := loadScript.Load(ctx, l.db).Err(); err != nil {
		return nil, fmt.Errorf("loading items: %w", err)
	}
	out := make([]Loaded, 0, len(ids))
	for chunk := range slices.Chunk(ids, statesAtOnce) {
		replies := make([]*redis.Cmd, len(chunk))
		_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, id := range chunk {
				replies[i] = loadScript.EvalSha(ctx, p, []string{l.keys.item(id), l.keys.log(id)})
			}
			return nil
		})
		if err != nil && !redis.HasErrorPrefix(err, "NOSCRIPT") {
			return nil, fmt.Errorf("loading items: %w", err)
		}
		for i, id := range chunk {
			one := Loaded{ID: id}
			switch words, err := replies[i].StringSlice(); {
			case err != nil: // the store forgot the script meanwhile
				one.Snapshot, one.Tail, one.Err = l.Load(ctx, id)
			case len(words) >= 2:
				one.Snapshot, one.Tail, one.Err = l.decodeLoaded(ctx, id, words)
			default:
				continue
			}
			if errors.Is(one.Err, ErrNotFound) {
				continue
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// wordList writes words as the index keeps them.
func wordList(words []string) string {
	clean := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" || strings.ContainsAny(w, "\n\r") })
	slices.Sort(clean)
	return strings.Join(slices.Compact(clean), "\n")
}
