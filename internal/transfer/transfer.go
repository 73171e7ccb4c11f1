// Package transfer writes everything that a store keeps to one file, and puts
// such a file into another store. The file is text, one JSON value a line: a
// header, the lines of the dump, and an end with their number and digest, so
// that a file that was cut off or changed is noticed before anything is
// written. It needs memory for one line, not for the file. It refuses to judge
// what it carries.
package transfer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// Format is the version of the file's own form.
const Format = 1

// MaxLine is the longest line that is read, in bytes: a ledger's entries and
// snapshots have at most one megabyte each, and escapes make them longer.
const MaxLine = 16 << 20

// The kinds of lines beside those of the dump.
const (
	kindHeader = "header"
	kindKey    = "marker_key"
	kindEnd    = "end"
)

// Header is the first line of a file.
type Header struct {
	Kind    string      `json:"kind"`
	Format  int         `json:"holdfast_export"`
	Schema  int         `json:"schema"`
	Version string      `json:"version"` // of the Holdfast that wrote it
	At      time.Time   `json:"at"`
	Paused  bool        `json:"paused"` // writing to trackers was stopped
	Marker  string      `json:"marker"` // fingerprint of the marker key
	Size    ledger.Size `json:"size"`   // when it was begun
}

// Counts are what a file holds.
type Counts struct {
	Postmortems int64 `json:"postmortems"`
	Items       int64 `json:"items"`
	Entries     int64 `json:"entries"`
	Deployments int64 `json:"deployments"`
	Keys        int64 `json:"keys"` // parts of everything else
	Due         int64 `json:"due"`
}

func (c *Counts) add(kind string) {
	switch kind {
	case ledger.LinePostmortem:
		c.Postmortems++
	case ledger.LineItem:
		c.Items++
	case ledger.LineEntry:
		c.Entries++
	case ledger.LineDeployment:
		c.Deployments++
	case ledger.LineKey:
		c.Keys++
	case ledger.LineDue:
		c.Due++
	}
}

// keyLine carries the marker key, where that was asked for.
type keyLine struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
}

// end is the last line.
type end struct {
	Kind   string `json:"kind"`
	Lines  int64  `json:"lines"` // before this one
	SHA256 string `json:"sha256"`
	Counts Counts `json:"counts"`
}

// Fingerprint names a marker key without telling it.
func Fingerprint(markerKey []byte) string {
	sum := sha256.Sum256(append([]byte("holdfast marker key\x00"), markerKey...))
	return hex.EncodeToString(sum[:8])
}

// Options say what is written beside the dump.
type Options struct {
	Version   string
	MarkerKey []byte
	Secrets   bool // write the marker key, too
	Now       time.Time
}

// Write writes the whole store. After an error the file has no end, which a
// reader notices.
func Write(ctx context.Context, to io.Writer, l *ledger.Ledger, o Options) (Counts, error) {
	schema, _, err := l.StoredSchema(ctx)
	if err != nil {
		return Counts{}, err
	}
	size, err := l.Size(ctx)
	if err != nil {
		return Counts{}, err
	}
	paused, _, _, err := l.Paused(ctx)
	if err != nil {
		return Counts{}, err
	}
	w := newWriter(to)
	_ = w.line(Header{Kind: kindHeader, Format: Format, Schema: schema, Version: o.Version, At: o.Now.UTC(), Paused: paused, Marker: Fingerprint(o.MarkerKey), Size: size})
	if o.Secrets {
		_ = w.line(keyLine{kindKey, string(o.MarkerKey)})
	}
	var counts Counts
	if err := l.Dump(ctx, func(line ledger.Line) error {
		counts.add(line.Kind)
		return w.line(line)
	}); err != nil {
		return counts, err
	}
	last := end{kindEnd, w.lines, hex.EncodeToString(w.sum.Sum(nil)), counts}
	_ = w.line(last) // w.err holds the first that failed
	if err := w.out.Flush(); err != nil || w.err != nil {
		return counts, fmt.Errorf("writing the export: %w", firstOf(w.err, err))
	}
	return counts, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// writer writes lines and digests them. It keeps its first error.
type writer struct {
	out   *bufio.Writer
	sum   hash.Hash
	enc   *json.Encoder
	lines int64
	err   error
}

func newWriter(to io.Writer) *writer {
	w := &writer{out: bufio.NewWriterSize(to, 64<<10), sum: sha256.New()}
	w.enc = json.NewEncoder(io.MultiWriter(w.out, w.sum))
	w.enc.SetEscapeHTML(false) // what is stored is carried as it stands
	return w
}

func (w *writer) line(v any) error {
	if w.err == nil {
		w.err = w.enc.Encode(v)
		w.lines++
	}
	return w.err
}

// safe bounds what a file holds before it goes into a message.
func safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
