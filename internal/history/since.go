package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Since lists the commits that the default branch has and old has not, oldest
// first, and tells the branch's head. Of more than limit commits it lists the
// newest. Without old, or when old is not in the mirror any more, it lists those
// that were committed after the given time; with neither it tells the head
// alone. It answers from the mirror: call Sync first.
func (r *Repo) Since(ctx context.Context, old string, after time.Time, limit int) (head string, list []Commit, err error) {
	branch, err := r.DefaultBranch(ctx)
	if err != nil {
		return "", nil, err
	}
	old = strings.ToLower(old)
	g, done, err := r.read(ctx)
	if err != nil {
		return "", nil, err
	}
	head = r.refs["refs/heads/"+branch].commit()
	known := IsSHA(old) && g.Has(old)
	done()
	if head == old || !IsSHA(head) || !known && after.IsZero() {
		return head, nil, nil
	}
	from := "^" + old
	if !known {
		from = "--since=" + after.UTC().Format(time.RFC3339)
	}
	err = r.local(ctx, nil, func(out io.Reader) error {
		in := bufio.NewReader(out)
		for {
			c, err := readCommit(in)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			list = append(list, c)
		}
	}, "-c", "log.mailmap=false", "log", "-z", "--no-patch", "--topo-order", "--encoding=UTF-8", "--max-count="+strconv.Itoa(limit), commitFormat, from, head)
	if err != nil {
		return "", nil, fmt.Errorf("listing what came to the default branch of %s: %w", quote(r.name), err)
	}
	slices.Reverse(list)
	return head, list, nil
}
