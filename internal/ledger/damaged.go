package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// ErrDamaged: what is stored of an item, a deployment or a postmortem cannot be
// read. It is kept as a dead letter.
var ErrDamaged = errors.New("what is stored cannot be read")

// placeholder stands for an entry that cannot be read, so that the entries
// around it keep their places and the item goes on without it.
func placeholder(seq int64, err error) domain.Entry {
	return domain.Entry{Seq: seq, Kind: domain.Fact, Name: domain.EntryDamaged, Note: "This entry cannot be read: " + oneLine(err.Error(), 200) + "."}
}

// entrySubject names one entry of an item in a dead letter; 0 is its snapshot.
func entrySubject(item string, seq int64) string {
	return "item/" + item + " entry " + strconv.FormatInt(seq, 10)
}

// entryItem is the item of a subject that entrySubject made; false for a
// snapshot, which is made anew.
func entryItem(subject string) (string, bool) {
	rest, ok := strings.CutPrefix(subject, "item/")
	i := strings.LastIndex(rest, " entry ")
	if !ok || i < 0 || rest[i:] == " entry 0" {
		return "", false
	}
	return rest[:i], true
}

// snapshotItem is the item of a snapshot's subject that entrySubject made.
func snapshotItem(subject string) (string, bool) {
	rest, ok := strings.CutPrefix(subject, "item/")
	id, snapshot := strings.CutSuffix(rest, " entry 0")
	return id, ok && snapshot
}

// damaged keeps what could not be read as a dead letter, once in this process:
// it may be read again at every look. It is a help: reading goes on whether or
// not it could be kept.
func (l *Ledger) damaged(ctx context.Context, subject, text string, cause error) {
	if !l.told.first(subject) {
		return
	}
	l.log.Error("a stored record cannot be read", "subject", subject, "err", cause, "remedy", "holdfast dead-letters")
	if err := l.Bury(ctx, DeadLetter{Kind: LetterEntry, Subject: subject, Reason: cause.Error(), Payload: text}); err != nil {
		l.log.Warn("it could not be kept as a dead letter", "subject", subject, "err", err)
	}
}

// misplaced is err, as ErrDamaged where the store answers and something else
// than it should stands under the key.
func misplaced(err error) error {
	if poison(err) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// complete reports an entry without what its name calls for: whoever folds it
// relies on that.
func complete(e domain.Entry) error {
	var there bool
	switch e.Name {
	case domain.ItemFiled, domain.ItemUpdated, domain.ServicesSet, domain.DueSet, domain.PrioritySet, domain.TypeSet, domain.ReminderDue:
		there = e.Spec != nil
	case domain.TicketEvent, domain.TicketClosed, domain.PersonReopened, domain.CommentSeen:
		there = e.Event != nil
	case domain.TicketSeen, domain.TicketMoved:
		there = e.Ticket != nil
	case domain.Commanded:
		there = e.Command != nil
	case domain.ChangeLinked, domain.ChangeWithdrawn, domain.ChangeRejected:
		there = e.Change != nil
	case domain.ReopeningsHeld, domain.ReopeningsFreed, domain.ReopeningsDropped:
		there = e.Brake != nil
	case domain.VerdictReached:
		there = e.Verdict != nil
	case domain.ActionIntended, domain.ActionDone, domain.ActionFailed, domain.ActionWithheld:
		there = e.Action != nil
	default:
		there = true
	}
	if !there {
		return fmt.Errorf("an entry %s without what belongs to it", e.Name)
	}
	return nil
}

// whole reports an item without the entry that filed it: nothing can be done
// about such an item.
func whole(entries []domain.Entry) error {
	if len(entries) > 0 && entries[0].Spec != nil {
		return nil
	}
	return fmt.Errorf("%w: the entry that filed the item is not there", ErrDamaged)
}

// once remembers what was told.
type once struct {
	mu   sync.Mutex
	seen map[string]bool
}

// first reports whether it is asked about this for the first time.
func (o *once) first(s string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen[s] {
		return false
	}
	if o.seen == nil || len(o.seen) >= lettersKept {
		o.seen = map[string]bool{}
	}
	o.seen[s] = true
	return true
}
