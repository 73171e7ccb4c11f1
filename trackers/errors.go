package trackers

import (
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Class says what an error means for the next step.
type Class string

// The classes of errors. They come from typed errors and status codes, never
// from message text.
const (
	Transient   Class = "transient"    // try again later
	Uncertain   Class = "uncertain"    // a write that may have happened: look before trying again
	RateLimited Class = "rate_limited" // wait RetryAfter
	NotFound    Class = "not_found"
	Gone        Class = "gone"     // deleted for good
	Conflict    Class = "conflict" // the state changed under us: read again
	Denied      Class = "denied"   // permission or credential
	Invalid     Class = "invalid"  // the tracker refuses what we ask; repeating does not help
)

// Error is what every adapter returns.
type Error struct {
	Op         string // what was tried: "create ticket"
	Ref        domain.Ref
	Class      Class
	RetryAfter time.Duration // with RateLimited; 0: unknown
	Status     int           // HTTP status, 0 when there was none
	Err        error
}

func (e *Error) Error() string {
	where := ""
	if e.Ref != "" {
		where = " " + string(e.Ref)
	}
	return fmt.Sprintf("%s%s: %v (%s)", e.Op, where, e.Err, e.Class)
}

func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of err, Transient when it carries none.
func ClassOf(err error) Class {
	var te *Error
	if errors.As(err, &te) {
		return te.Class
	}
	return Transient
}
