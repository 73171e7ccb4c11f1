package history

import (
	"bufio"
	"context"
	"fmt"
	"io"
)

// objects reads objects of one kind that the mirror has, in the order of ids.
// visit may leave a body unread; it ends at the object's length.
func (r *Repo) objects(ctx context.Context, ids []string, kind string, visit func(id string, length int64, body io.Reader) error) error {
	return r.local(ctx, lines(ids), func(in io.Reader) error {
		text := bufio.NewReader(in)
		for {
			head, err := text.ReadString('\n')
			if err == io.EOF && head == "" {
				return nil
			}
			var id, is string
			var length int64
			if _, serr := fmt.Sscanf(head, "%s %s %d", &id, &is, &length); err != nil || serr != nil || is != kind {
				return fmt.Errorf("git printed %s where a %s was due", quote(head), kind)
			}
			body := &io.LimitedReader{R: text, N: length}
			if err := visit(id, length, body); err != nil {
				return err
			}
			if _, err := io.CopyN(io.Discard, text, body.N+1); err != nil { // what was left, and the end of the line
				return err
			}
		}
	}, "cat-file", "--batch")
}
