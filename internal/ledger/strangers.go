package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// kindOf is the type that a key of the ledger has where a dump reads it as
// such; empty for all others.
func (k keys) kindOf(name string) string {
	switch key := k.tag + name; key {
	case k.items(), k.postmortems(), k.due():
		return "zset"
	case k.deployments(), k.servicesOf(), k.touched():
		return "hash"
	case k.serial(), k.receipts():
		return "string"
	}
	switch {
	case strings.HasPrefix(name, "postmortem:"):
		return "string"
	case strings.HasPrefix(name, "item:") && strings.HasSuffix(name, ":log"):
		return "list"
	case strings.HasPrefix(name, "item:") && strings.HasSuffix(name, ":state"):
		return "hash"
	}
	return ""
}

// stranger names a key under which somebody else has put something, in words;
// empty where there is none.
func (l *Ledger) stranger(ctx context.Context) (string, error) {
	db, err := l.node(ctx)
	for cursor := uint64(0); err == nil; {
		var names []string
		if names, cursor, err = db.Scan(ctx, cursor, globSigns.Replace(l.keys.tag)+"*", dumpShort).Result(); err != nil {
			break
		}
		kinds := make([]*redis.StatusCmd, len(names))
		if _, err = db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range names {
				kinds[i] = p.Type(ctx, key)
			}
			return nil
		}); err != nil {
			break
		}
		for i, key := range names {
			want := l.keys.kindOf(strings.TrimPrefix(key, l.keys.tag))
			if is := kinds[i].Val(); want != "" && is != want && is != "none" {
				return fmt.Sprintf("the key %s holds a %s, where Holdfast keeps a %s", oneLine(key, 200), is, want), nil
			}
		}
		if cursor == 0 {
			break
		}
	}
	return "", wrap(err, "looking for what is not ours")
}
