package ledger

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// away are the words with which a server says that it cannot serve now. They
// stand at the beginning of its answer, or, from Redis 6.2, within the one of
// the script.
var away = []string{"OOM ", "READONLY ", "LOADING ", "MISCONF ", "NOREPLICAS ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "BUSY ", "UNKILLABLE ",
	"NOAUTH ", "WRONGPASS ", "NOPERM ", "MOVED ", "ASK ", "NOSCRIPT ", "EXECABORT ", "UNBLOCKED ", "max number of clients"}

// poison reports whether the server refused a script because of what it was
// given or found, so that the same again would be refused again.
func poison(err error) bool {
	if err == nil || !isReply(err) {
		return false
	}
	text := err.Error()
	for _, w := range away {
		if strings.Contains(text, w) {
			return false
		}
	}
	return strings.Contains(text, "WRONGTYPE") || strings.Contains(text, "user_script") || strings.Contains(text, "record script")
}

// Refusal is what a store that answers says when it cannot serve now, without
// the place in our script that it names; empty for any other error.
func Refusal(err error) string {
	if err == nil || !isReply(err) {
		return ""
	}
	text := err.Error()
	for _, w := range away {
		if _, rest, ok := strings.Cut(text, w); ok {
			rest, _, _ = strings.Cut(rest, "script: ")
			rest, _, _ = strings.Cut(rest, ", on @user_script")
			return cut(strings.TrimSpace(w + rest))
		}
	}
	return ""
}

// Away reports whether an error of this package means that the store did not
// answer or cannot serve now, as opposed to one that stays.
func Away(err error) bool {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrLeaseLost) {
		return false
	}
	if isReply(err) {
		return !poison(err)
	}
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, redis.ErrClosed) ||
		errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errUnsettled)
}
