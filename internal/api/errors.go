package api

import (
	"fmt"
	"time"
)

// NotFound says that What does not exist: `item "x/1"`.
type NotFound struct{ What string }

func (e NotFound) Error() string { return fmt.Sprintf("there is no %s", e.What) }

// Invalid says that a value can't be used. Field is its name in the request
// (`service`, `items[2].priority`), or empty when it concerns the whole.
// Several may be joined with errors.Join; all of them are told.
type Invalid struct{ Field, Detail string }

func (e Invalid) Error() string {
	if e.Field == "" {
		return e.Detail
	}
	return e.Field + ": " + e.Detail
}

// Forbidden says why this actor may not do this.
type Forbidden struct{ Reason string }

func (e Forbidden) Error() string { return e.Reason }

// Conflict says what stands against a request that is valid in itself.
type Conflict struct{ Detail string }

func (e Conflict) Error() string { return e.Detail }

// Unavailable says that something needed is away. After is when it is worth
// trying again; 0 when that is not known.
type Unavailable struct {
	Detail string
	After  time.Duration
}

func (e Unavailable) Error() string { return e.Detail }
