package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// maxProblems bounds what is told of a broken file.
const maxProblems = 20

// Contents is what a file was found to hold.
type Contents struct {
	Header
	Counts    Counts
	MarkerKey string   // with --with-secrets only
	Digest    string   // of the lines before the end
	Damaged   int64    // records that could not be read where it was written either
	Problems  []string // why it cannot be put into a store; at most 20
}

// Check reads a whole file and says what is in it and what is wrong with it.
// It remembers the ids of items and postmortems, so its memory grows with
// their number; everything else is looked at line by line. The error is one of
// reading, not of the file's contents.
func Check(from io.Reader) (Contents, error) {
	c := checker{sum: sha256.New(), ids: map[string]bool{}}
	err := lines(from, c.line)
	switch {
	case errors.Is(err, errStop):
	case errors.Is(err, bufio.ErrTooLong):
		c.problem("line %d is longer than %d MB: this is no export", c.n+1, MaxLine>>20)
	case err != nil:
		return c.Contents, fmt.Errorf("reading the export: %w", err)
	}
	if !c.ended && len(c.Problems) == 0 {
		c.problem("it has no end: the file was cut off. Export again")
	}
	return c.Contents, nil
}

// lines calls visit with each line, without its end.
func lines(from io.Reader, visit func([]byte) error) error {
	in := bufio.NewScanner(from)
	in.Buffer(make([]byte, 64<<10), MaxLine)
	in.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for in.Scan() {
		if err := visit(in.Bytes()); err != nil {
			return err
		}
	}
	return in.Err()
}

// checker looks at one line after the other.
type checker struct {
	Contents
	sum   hash.Hash
	n     int64
	ended bool
	ids   map[string]bool // "i"+item, "p"+postmortem
	item  ledger.Line     // whose entries are coming
	seq   int64
}

// gzipped is how a file that gzip made begins.
var gzipped = []byte{0x1f, 0x8b}

var errStop = errors.New("enough was seen")

func (c *checker) problem(format string, args ...any) {
	if len(c.Problems) < maxProblems {
		c.Problems = append(c.Problems, safe(fmt.Sprintf(format, args...)))
	}
}

func (c *checker) line(text []byte) error {
	if c.ended {
		c.problem("line %d: something follows the end", c.n+1)
		return errStop
	}
	c.n++
	if c.n == 1 && bytes.HasPrefix(text, gzipped) {
		c.problem("it is compressed with gzip: unpack it (gunzip) before it is sent; holdfast import does that by itself")
		return errStop
	}
	var kind struct{ Kind string }
	if err := json.Unmarshal(text, &kind); err != nil {
		c.problem("line %d cannot be read: %v", c.n, err)
		return errStop // nothing after it can be trusted
	}
	if c.n == 1 {
		return c.header(kind.Kind, text)
	}
	if kind.Kind == kindEnd {
		c.end(text)
		return nil
	}
	c.digest(text)
	if kind.Kind == kindKey {
		var k keyLine
		if err := json.Unmarshal(text, &k); err != nil || k.Key == "" || Fingerprint([]byte(k.Key)) != c.Marker {
			c.problem("line %d: the marker key is not the one that the header names", c.n)
		}
		c.MarkerKey = k.Key
		return nil
	}
	var line ledger.Line
	if err := json.Unmarshal(text, &line); err != nil {
		c.problem("line %d cannot be read: %v", c.n, err)
		return errStop
	}
	c.Counts.add(line.Kind)
	if err := ledger.CheckLine(line); err != nil {
		c.problem("line %d: %v", c.n, err)
	}
	if ledger.Damaged(line) {
		c.Damaged++
	}
	c.follows(line)
	return nil
}

func (c *checker) header(kind string, text []byte) error {
	err := json.Unmarshal(text, &c.Header)
	switch {
	case err != nil, kind != kindHeader, c.Format == 0:
		c.problem("this is no export of Holdfast: its first line is no header")
		return errStop
	case c.Format > Format:
		c.problem("the file has format %d, written by Holdfast %s; this one reads formats up to %d: import it with that version", c.Format, c.Version, Format)
		return errStop
	case c.Schema > ledger.Schema:
		c.problem("the file has schema %d, written by Holdfast %s; this one knows schemas up to %d: import it with that version or a newer one", c.Schema, c.Version, ledger.Schema)
		return errStop
	}
	c.digest(text)
	return nil
}

// digest takes a line into the digest; writing to one never fails.
func (c *checker) digest(text []byte) {
	c.sum.Write(text)
	c.sum.Write([]byte{'\n'})
}

// follows checks what a line must agree with that came before it.
func (c *checker) follows(line ledger.Line) {
	if line.Kind != ledger.LineEntry {
		c.complete()
	}
	switch line.Kind {
	case ledger.LinePostmortem:
		c.once("p", "postmortem", line.ID)
	case ledger.LineItem:
		c.once("i", "item", line.ID)
		if i := strings.LastIndexByte(line.ID, '/'); i > 0 && !c.ids["p"+line.ID[:i]] {
			c.problem("line %d: item %q belongs to a postmortem that is not in the file", c.n, line.ID)
		}
		c.item, c.seq = line, 0
	case ledger.LineEntry:
		if c.seq++; line.ID != c.item.ID || line.Seq != c.seq {
			c.problem("line %d: entry %d of item %q comes where entry %d of %q must: the ledger has a gap", c.n, line.Seq, line.ID, c.seq, c.item.ID)
			c.seq = line.Seq
		}
	} // a deployment may come twice: the store lists them while they change
}

// complete checks that the item before had all its entries.
func (c *checker) complete() {
	if c.seq != c.item.Entries {
		c.problem("line %d: item %q has %d entries in the file, and %d were announced", c.n, c.item.ID, c.seq, c.item.Entries)
	}
	c.item, c.seq = ledger.Line{}, 0
}

func (c *checker) once(kind, word, id string) {
	if c.ids[kind+id] {
		c.problem("line %d: %s %q is there twice", c.n, word, id)
	}
	c.ids[kind+id] = true
}

func (c *checker) end(text []byte) {
	c.complete()
	c.ended = true
	var e end
	if err := json.Unmarshal(text, &e); err != nil {
		c.problem("line %d cannot be read: %v", c.n, err)
		return
	}
	c.Digest = hex.EncodeToString(c.sum.Sum(nil))
	switch {
	case e.Lines != c.n-1:
		c.problem("the end announces %d lines, and %d are there: the file was cut or joined", e.Lines, c.n-1)
	case e.SHA256 != c.Digest:
		c.problem("its digest is not that of its lines: the file was changed. Export again")
	case e.Counts != c.Counts:
		c.problem("the end announces other counts than are there: the file was changed. Export again")
	}
}

// Put puts a file that Check found to be whole into the store. cause is
// import/<time>; its subject is made due at the end. An error leaves the store
// marked as not whole: the same file may be put again.
func Put(ctx context.Context, from io.Reader, l *ledger.Ledger, c Contents, cause string) error {
	r, err := l.BeginRestore(ctx, c.Digest, cause)
	if err != nil {
		return err
	}
	n := 0
	err = lines(from, func(text []byte) error {
		n++
		var kind struct{ Kind string }
		if err := json.Unmarshal(text, &kind); err != nil {
			return fmt.Errorf("line %d of the export: %w", n, err)
		}
		switch kind.Kind {
		case kindHeader, kindKey, kindEnd:
			return nil
		}
		var line ledger.Line
		if err := json.Unmarshal(text, &line); err != nil {
			return fmt.Errorf("line %d of the export: %w", n, err)
		}
		if err := r.Put(ctx, line); err != nil {
			return fmt.Errorf("line %d of the export: %w", n, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.Finish(ctx, cause, c.Schema, c.Version)
}
