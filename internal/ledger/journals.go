package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Journal is an item with as much of its ledger as was asked for.
type Journal struct {
	Snapshot domain.State
	// LastAt is when the newest entry was recorded.
	LastAt time.Time
	// Entries is the whole ledger where something was recorded since the time
	// that was asked for, or the snapshot lacks something; else empty.
	Entries []domain.Entry

	gone int64 // entries that left the ledger
}

// Journals reads items in this order; unknown items are left out. Those to
// which nothing was added since come without entries: their snapshot is all
// there is to know. It takes two round trips for each 256 items.
func (l *Ledger) Journals(ctx context.Context, ids []string, since time.Time) ([]Journal, error) {
	out := make([]Journal, 0, len(ids))
	for chunk := range slices.Chunk(ids, statesAtOnce) {
		part, err := l.journals(ctx, chunk, since)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

func (l *Ledger) journals(ctx context.Context, ids []string, since time.Time) ([]Journal, error) {
	saved := make([]*redis.SliceCmd, len(ids))
	newest := make([]*redis.StringCmd, len(ids))
	length := make([]*redis.IntCmd, len(ids))
	_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			saved[i] = p.HMGet(ctx, l.keys.item(id), "s", "a", "o")
			newest[i] = p.LIndex(ctx, l.keys.log(id), -1)
			length[i] = p.LLen(ctx, l.keys.log(id))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) && !poison(err) {
		return nil, fmt.Errorf("reading items: %w", err)
	}
	found := make([]*Journal, len(ids))
	var whole []int
	for i, id := range ids {
		j, complete, err := journalOf(saved[i], newest[i], length[i])
		if poison(err) {
			l.damaged(ctx, entrySubject(id, 0), "", misplaced(err))
			continue // one item must not hide the others
		}
		if err != nil {
			return nil, fmt.Errorf("reading item %s: %w", id, err)
		}
		if j == nil {
			continue
		}
		found[i] = j
		if !complete || !j.LastAt.Before(since) {
			whole = append(whole, i)
		}
	}
	if err := l.fillJournals(ctx, ids, found, whole); err != nil {
		return nil, err
	}
	out := make([]Journal, 0, len(ids))
	for _, j := range found {
		if j != nil {
			out = append(out, *j)
		}
	}
	return out, nil
}

// fillJournals reads the entries of some of the items.
func (l *Ledger) fillJournals(ctx context.Context, ids []string, found []*Journal, whole []int) error {
	if len(whole) == 0 {
		return nil
	}
	logs := make([]*redis.StringSliceCmd, len(whole))
	_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n, i := range whole {
			logs[n] = p.LRange(ctx, l.keys.log(ids[i]), 0, -1)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the ledgers of items: %w", err)
	}
	for n, i := range whole {
		found[i].Entries = l.decodeEntries(ctx, ids[i], logs[n].Val(), found[i].gone)
	}
	return nil
}

// journalOf reads what is saved of an item; complete says that the snapshot
// holds every entry. nil: there is no such item.
func journalOf(saved *redis.SliceCmd, newest *redis.StringCmd, length *redis.IntCmd) (j *Journal, complete bool, err error) {
	text, err := newest.Result()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var last struct {
		At time.Time `json:"at"`
	}
	if json.Unmarshal([]byte(text), &last) != nil {
		return &Journal{}, false, nil //nolint:nilerr // what can be read of the rest is read
	}
	words, err := saved.Result()
	if err != nil {
		return nil, false, err
	}
	j = &Journal{LastAt: last.At}
	if gone, ok := words[2].(string); ok {
		if j.gone, err = strconv.ParseInt(gone, 10, 64); err != nil {
			return nil, false, err
		}
	}
	snapshot, _ := words[0].(string)
	if snapshot == "" {
		return j, false, nil
	}
	if json.Unmarshal([]byte(snapshot), &j.Snapshot) != nil {
		return &Journal{LastAt: last.At}, false, nil //nolint:nilerr // the entries say the same
	}
	applied, _ := words[1].(string)
	n, err := strconv.ParseInt(applied, 10, 64)
	return j, err == nil && n >= length.Val()+j.gone, err
}
