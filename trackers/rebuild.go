package trackers

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Rebuilder finds on a tracker what Holdfast itself wrote there, after the
// store was lost. It is optional. It reports what it reads and checks no code:
// whether a marker counts is not for a tracker to say.
type Rebuilder interface {
	// Marked calls visit with every ticket of a target whose text carries a
	// marker, in any order. The label only narrows the search where the
	// tracker can: tickets of it are listed first, and all where it has none.
	Marked(ctx context.Context, target, label string, visit func(Marked) error) error
	// Past reads what was said on a ticket and who reopened it.
	Past(ctx context.Context, ref domain.Ref) (Past, error)
}

// Marked is a ticket whose text carries a marker.
type Marked struct {
	Ticket    domain.Ticket
	Marker    Marker // as it stands there
	Body      Body   // Text and Table as Create was given them, as far as they can be read
	Own       bool   // our account made it, or the tracker does not tell who did
	Labelled  bool   // it carries the marker's own label, where the tracker has one
	CreatedAt time.Time
}

// Past is what happened on a ticket.
type Past struct {
	Comments   []Said // oldest first
	Reopenings []Reopening
	Told       bool // the tracker keeps who reopened a ticket
}

// Said is a comment, and whether our account wrote it.
type Said struct {
	Comment
	Own bool
}

// Reopening is one reopening of a ticket, oldest first.
type Reopening struct {
	At  time.Time
	By  string
	Own bool // our account made it
}
