package config

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a value that must not be shown. However it is printed, logged or
// encoded, it reads [redacted]. The zero value is no secret at all.
type Secret struct {
	// A pointer, so that even a printer that looks into unexported fields
	// finds an address and not the text.
	p *string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{p: &value} }

// Reveal returns the value, for the one call that needs it.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero reports whether no secret is configured.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (s Secret) MarshalYAML() (any, error)    { return redacted, nil }

// Format prints [redacted] under every verb, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted) // a Formatter can't report an error
}
