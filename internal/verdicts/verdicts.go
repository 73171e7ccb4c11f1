// Package verdicts replays recorded stories of tickets, one case a line,
// against the engine that the service uses: containment answers what is where,
// policy decides. It tells the verdict after each event that a case asks
// about.
//
// It reads only what a decider may know: the events that were delivered so
// far, and the commits. It opens no ticket, and has no clock: grace, soak and
// time-outs are off.
package verdicts

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// maxLine bounds one line of a file, in bytes.
	maxLine = 4 << 20
	// maxCases and maxCommits bound a file, in lines.
	maxCases   = 200_000
	maxCommits = 2_000_000
)

// Line is the verdict of one checkpoint.
type Line struct {
	ID      string `json:"id"`
	After   int    `json:"after"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// eachLine hands over the lines of a file, empty ones left out; a .gz file is
// unpacked. An error of visit is returned with the file and the line.
func eachLine(name string, limit int, visit func(n int, line []byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, plain(err))
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		zip, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", name, err)
		}
		defer zip.Close()
		in = zip
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n, kept := 0, 0
	for lines.Scan() {
		n++
		if len(strings.TrimSpace(string(lines.Bytes()[:min(len(lines.Bytes()), 64)]))) == 0 {
			continue
		}
		if kept++; kept > limit {
			return fmt.Errorf("%s: more than %d lines; cut it into several files", name, limit)
		}
		if err := visit(n, lines.Bytes()); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%s, line %d: longer than %d MB; is it one JSON object a line?", name, n+1, maxLine>>20)
	case err != nil:
		return fmt.Errorf("reading %s after line %d: %w", name, n, err)
	}
	return nil
}

// plain takes the file's name out of an error that repeats it.
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// object reads one line. Unknown fields are left alone: other tools keep more
// beside what is read here.
func object(line []byte, v any) error {
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("no JSON object of the right form: %w", err)
	}
	return nil
}
