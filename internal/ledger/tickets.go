package ledger

import (
	"context"
	"fmt"
	"strings"
)

// TicketsIn lists the tickets whose reference, in lower case, begins with the
// prefix, with their items. An item may have several: those that it had before
// it was moved are among them.
func (l *Ledger) TicketsIn(ctx context.Context, prefix string) (map[string]string, error) {
	out := map[string]string{}
	pattern := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(prefix) + "*"
	for cursor := uint64(0); ; {
		words, next, err := l.db.HScan(ctx, l.keys.tickets(), cursor, pattern, 1000).Result()
		if err != nil {
			return nil, fmt.Errorf("listing the tickets of %s: %w", cut(prefix), err)
		}
		for i := 0; i+1 < len(words); i += 2 {
			out[words[i]] = words[i+1]
		}
		if cursor = next; cursor == 0 {
			return out, nil
		}
	}
}
