package history

import "github.com/holdfast-dev/holdfast/internal/containment"

// Answer is what the history says to a question. Unknown means that the
// commits at hand do not settle it; it is never a weak no.
type Answer = containment.Answer

// The three answers, spelled as the API spells them.
const (
	Yes     = containment.Yes
	No      = containment.No
	Unknown = containment.Unknown
)

// ErrUnknown is returned where a number or a branch is asked for and the
// commits at hand do not tell it.
var ErrUnknown = containment.ErrUnknown

// IsSHA reports whether s is a whole commit id: 40 or 64 hex digits.
func IsSHA(s string) bool { return containment.IsSHA(s) }
