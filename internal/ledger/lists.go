package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// ItemIDs lists at most limit items in the order of their filing, by number
// within one filing. after is the last id of the page before, "" for the first.
// ErrNotFound: there is no item after.
func (l *Ledger) ItemIDs(ctx context.Context, after string, limit int) ([]string, error) {
	if limit <= 0 {
		return nil, nil
	}
	low := "-inf"
	if after != "" {
		serial, err := l.db.ZScore(ctx, l.keys.items(), after).Result()
		if errors.Is(err, redis.Nil) {
			err = ErrNotFound
		}
		if err != nil {
			return nil, fmt.Errorf("listing items after %q: %w", cut(after), err)
		}
		low = "(" + strconv.FormatInt(int64(serial), 10)
	}
	ids, err := l.db.ZRangeByScore(ctx, l.keys.items(), &redis.ZRangeBy{Min: low, Max: "+inf", Count: int64(limit)}).Result()
	if err != nil {
		return nil, fmt.Errorf("listing items: %w", err)
	}
	return ids, nil
}

// statesAtOnce is how many snapshots one round trip reads.
const statesAtOnce = 256

// States returns the snapshots of these items, in this order; unknown items
// are left out. An item that was filed but never looked at has only the Spec
// and the time of its first entry.
func (l *Ledger) States(ctx context.Context, ids []string) ([]domain.State, error) {
	out := make([]domain.State, 0, len(ids))
	for chunk := range slices.Chunk(ids, statesAtOnce) {
		saved := make([]*redis.StringCmd, len(chunk))
		first := make([]*redis.StringCmd, len(chunk))
		_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, id := range chunk {
				saved[i] = p.HGet(ctx, l.keys.item(id), "s")
				first[i] = p.LIndex(ctx, l.keys.log(id), 0)
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) && !poison(err) {
			return nil, fmt.Errorf("reading items: %w", err)
		}
		for i, id := range chunk {
			s, ok, err := stateOf(saved[i], first[i])
			if errors.Is(err, ErrDamaged) {
				// One item must not hide the others. Its own worker reads it from
				// its entries, where they can be read.
				if text := saved[i].Val(); text != "" {
					l.damaged(ctx, entrySubject(id, 0), text, err)
				} else {
					l.damaged(ctx, entrySubject(id, 1), first[i].Val(), err)
				}
				s, ok, err = stateOf(redis.NewStringResult("", redis.Nil), first[i])
				ok = ok && err == nil
			} else if err != nil {
				return nil, fmt.Errorf("reading item %s: %w", id, err)
			}
			if ok {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

func stateOf(saved, first *redis.StringCmd) (s domain.State, ok bool, err error) {
	switch text, err := saved.Result(); {
	case err == nil:
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return domain.State{}, false, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return s, true, nil
	case !errors.Is(err, redis.Nil):
		return s, false, misplaced(err)
	}
	text, err := first.Result()
	if errors.Is(err, redis.Nil) {
		return s, false, nil
	}
	if err != nil {
		return s, false, misplaced(err)
	}
	var e domain.Entry
	err = json.Unmarshal([]byte(text), &e)
	if err == nil {
		err = whole([]domain.Entry{e})
	}
	if err != nil {
		return s, false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return domain.State{Spec: *e.Spec, FiledAt: e.At}, true, nil
}

// ItemsOfService lists the items that need this service's production, by
// postmortem and number.
func (l *Ledger) ItemsOfService(ctx context.Context, service string) ([]string, error) {
	ids, err := l.listed(ctx, l.keys.byService(), service)
	if err != nil {
		return nil, fmt.Errorf("items of service %s: %w", service, err)
	}
	return ids, nil
}

// ItemsOfPostmortem lists the items of a postmortem by number.
func (l *Ledger) ItemsOfPostmortem(ctx context.Context, id string) ([]string, error) {
	ids, err := l.listed(ctx, l.keys.byPostmortem(), id)
	if err != nil {
		return nil, fmt.Errorf("items of postmortem %s: %w", id, err)
	}
	return ids, nil
}

// listed reads one heading of an index whose members are heading LF item.
func (l *Ledger) listed(ctx context.Context, key, heading string) ([]string, error) {
	members, err := l.db.ZRangeByLex(ctx, key, &redis.ZRangeBy{Min: "[" + heading + "\n", Max: "(" + heading + "\v"}).Result()
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m[len(heading)+1:]
	}
	slices.SortFunc(ids, byNumber)
	return ids, nil
}

// byNumber orders item ids by postmortem, then by number.
func byNumber(a, b string) int {
	pa, na := splitID(a)
	pb, nb := splitID(b)
	return cmp.Or(cmp.Compare(pa, pb), cmp.Compare(na, nb), cmp.Compare(a, b))
}

func splitID(id string) (postmortem string, n int) {
	i := strings.LastIndexByte(id, '/')
	if i < 0 {
		return id, 0
	}
	n, _ = strconv.Atoi(id[i+1:])
	return id[:i], n
}
