package history

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// Commit is what the mirror tells people of one commit.
type Commit struct {
	SHA        string   // all digits, lower case
	Parents    []string // the first is the branch that was merged into
	AuthorName string
	AuthorTime time.Time // whatever the author's clock said
	CommitTime time.Time // whatever the committer's clock said
	Subject    string    // first paragraph, on one line
	Message    string    // whole, subject included, at most maxMessage bytes
}

// maxMessage bounds what is kept of a commit's message.
const maxMessage = 64 << 10

// commitFormat separates fields by NUL, the one byte that none of them can
// hold, so that no name or message can pass for another field. (A mailmap is
// not asked for: it is a file, and the mirror has none.)
const commitFormat = "--format=%H%x00%P%x00%an%x00%at%x00%ct%x00%s%x00%B"

const commitFields = 7

// Commit reads one commit by its whole id. The second result is false when the
// mirror does not have it.
func (r *Repo) Commit(ctx context.Context, sha string) (Commit, bool, error) {
	sha = strings.ToLower(sha)
	g, done, err := r.read(ctx)
	if err != nil {
		return Commit{}, false, err
	}
	known := g.Has(sha)
	done()
	if !known {
		return Commit{}, false, nil
	}
	var c Commit
	err = r.local(ctx, nil, func(out io.Reader) (err error) {
		c, err = readCommit(bufio.NewReader(out))
		return err
	}, "-c", "log.mailmap=false", "log", "-1", "-z", "--no-patch", "--encoding=UTF-8", commitFormat, sha)
	if err != nil {
		return Commit{}, false, fmt.Errorf("reading commit %s of %s: %w", sha, quote(r.name), err)
	}
	return c, true, nil
}

// readCommit reads one record of commitFormat. At the end of the input the
// error is io.EOF.
func readCommit(in *bufio.Reader) (Commit, error) {
	var f [commitFields]string
	for i := range f {
		s, err := readField(in, maxMessage)
		switch {
		case errors.Is(err, io.EOF) && i == 0 && s == "":
			return Commit{}, io.EOF
		case errors.Is(err, io.EOF) && i < commitFields-1:
			return Commit{}, io.ErrUnexpectedEOF
		case err != nil && !errors.Is(err, io.EOF):
			return Commit{}, err
		}
		f[i] = s
	}
	if !IsSHA(f[0]) {
		return Commit{}, fmt.Errorf("git printed %s where a commit id was due", quote(f[0]))
	}
	return Commit{
		SHA: f[0], Parents: strings.Fields(f[1]), AuthorName: f[2],
		AuthorTime: unixTime(f[3]), CommitTime: unixTime(f[4]), Subject: f[5], Message: f[6],
	}, nil
}

// factsFormat is what the rule of containment looks at in a commit.
const factsFormat = "--format=%H%x00%P%x00%ae%x00%at%x00%B"

// readFacts reads one record of factsFormat. At the end of the input the error
// is io.EOF.
func readFacts(in *bufio.Reader) (containment.Commit, error) {
	var f [5]string
	for i := range f {
		s, err := readField(in, maxMessage)
		switch {
		case errors.Is(err, io.EOF) && i == 0 && s == "":
			return containment.Commit{}, io.EOF
		case errors.Is(err, io.EOF) && i < len(f)-1:
			return containment.Commit{}, io.ErrUnexpectedEOF
		case err != nil && !errors.Is(err, io.EOF):
			return containment.Commit{}, err
		}
		f[i] = s
	}
	if !IsSHA(f[0]) {
		return containment.Commit{}, fmt.Errorf("git printed %s where a commit id was due", quote(f[0]))
	}
	c := containment.Commit{SHA: f[0], Parents: strings.Fields(f[1]), Author: strings.ToLower(f[2])}
	c.AuthorTime, _ = strconv.ParseInt(f[3], 10, 64)
	c.Read(f[4])
	return c, nil
}

// readField reads up to the next NUL, keeps at most limit bytes, and skips the
// rest. What is no UTF-8 becomes the replacement character.
func readField(in *bufio.Reader, limit int) (string, error) {
	var kept []byte
	for {
		part, err := in.ReadSlice(0)
		kept = append(kept, part[:min(len(part), limit+1-len(kept))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		kept = bytes.TrimSuffix(kept, []byte{0})
		return strings.ToValidUTF8(string(kept[:min(len(kept), limit)]), "\uFFFD"), err
	}
}

func unixTime(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
