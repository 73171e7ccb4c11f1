package trackers

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// ErrConverted is in the chain of an error of class Gone where the ticket
// still shows, but has become something that is no ticket (on GitHub a
// discussion).
var ErrConverted = errors.New("it was converted and is no ticket any more")

// Reacher tells whether the tickets of a target can be read at all. A ticket
// that is not found there may be deleted, or the whole target may be deleted,
// renamed or closed to us: the two call for different things. It is optional.
type Reacher interface {
	// Reach reads the target itself and its list of tickets. Nil: they can be
	// read, so what is not found there is gone.
	Reach(ctx context.Context, target string) error
}

// Tracer finds a ticket by the tracker's own id, which a move does not
// change. It is optional.
type Tracer interface {
	Trace(ctx context.Context, native string) (domain.Ticket, error)
}

// Lister lists all tickets of a target with a label, whatever their state, in
// pages of about a hundred. It costs a call a page, so it is for finding once
// in a while what no list of changes shows: that a ticket is no longer there.
// More than MaxListPages are an error: half a list would make the rest of the
// tickets seem gone. It is optional.
type Lister interface {
	List(ctx context.Context, target, label string) ([]domain.Ref, error)
}

// MaxListPages bounds what a Lister reads.
const MaxListPages = 2000

// DeliveryLog lists the deliveries of a target's webhook that reached nobody,
// as the tracker itself keeps them. It is optional, and needs permissions that
// an installation may not have given.
type DeliveryLog interface {
	// Undelivered lists what was first sent at or after since and never
	// answered with success, oldest first, at most max. until is the since of
	// the next call. since is by the tracker's clock; zero: it only says where
	// to start.
	Undelivered(ctx context.Context, target string, since time.Time, max int) (list []Delivery, until time.Time, err error)
}

// Delivery is a webhook's request as it was sent, without its signature: the
// tracker itself tells it.
type Delivery struct {
	ID    string // the same over redeliveries
	Event string
	Body  []byte
}

// OpenPullLister is a CodeHost that can list the pull requests which are open
// now. Asking again while nothing changed costs next to nothing. It is optional.
type OpenPullLister interface {
	// OpenPulls lists them, the last updated first. A host that has no such list
	// has none.
	OpenPulls(ctx context.Context, repo string) ([]Change, error)
}
