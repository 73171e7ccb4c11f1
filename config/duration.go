package config

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Duration is a time span written as 30m, 24h, 7d, 4w, or combined from large
// to small as 1d12h. A day is 24 hours.
type Duration time.Duration

var units = []struct {
	name string
	size time.Duration
}{
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

const durationForm = "write a number with w, d, h, m or s, as in 30m, 24h, 7d or 1d12h"

var errDuration = errors.New("is no duration")

// ParseDuration reads the written form. A negative span, a fraction, a missing
// unit (but for 0) and units in another order than from large to small are
// errors.
func ParseDuration(s string) (Duration, error) {
	if s == "0" {
		return 0, nil
	}
	if s == "" || len(s) > 64 {
		return 0, errDuration
	}
	var total time.Duration
	next := 0 // index of the largest unit that may still come
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		n, ok := atoi(s[:digits])
		if !ok {
			return 0, errDuration
		}
		s = s[digits:]
		name := s[:len(s)-len(strings.TrimLeft(s, "wdhms"))]
		i := next
		for i < len(units) && units[i].name != name {
			i++
		}
		if i == len(units) {
			return 0, errDuration
		}
		next, s = i+1, s[len(name):]
		if int64(n) > int64(math.MaxInt64-total)/int64(units[i].size) {
			return 0, fmt.Errorf("is longer than %d years", math.MaxInt64/int64(365*24*time.Hour))
		}
		total += time.Duration(n) * units[i].size
	}
	return Duration(total), nil
}

// String is the form that ParseDuration reads, in days and smaller units.
func (d Duration) String() string {
	rest := time.Duration(d)
	if rest == 0 {
		return "0s"
	}
	var b strings.Builder
	if rest < 0 {
		b.WriteByte('-')
		rest = rest.Abs()
	}
	for _, u := range units[1:] {
		if n := rest / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			rest %= u.size
		}
	}
	return b.String()
}

// MarshalText writes the form of String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q %w; %s", cut(string(text)), err, durationForm)
	}
	*d = v
	return nil
}

func (d *Duration) decodeNode(dec *decoder, n ast.Node, path string) {
	s, ok := dec.text(n, path, "a duration")
	if !ok {
		return
	}
	v, err := ParseDuration(s.value)
	if err != nil {
		dec.problem(path, s.shown()+" "+err.Error(), durationForm)
		return
	}
	*d = v
}
