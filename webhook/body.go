package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"
)

const (
	maxBody   = 25 << 20 // what GitHub sends at most
	firstRead = 16 << 10 // room for a usual delivery
	// largeBody is the size from which bodies share largeBudget, so that many
	// senders of large bodies, who need no secret for that, cannot exhaust
	// the memory.
	largeBody    = 256 << 10
	largeBudget  = 4 * maxBody
	largeWait    = 5 * time.Second
	largeTimeout = 30 * time.Second
	// drainLimit is how much of a refused body is still read: a sender that
	// is cut off in the middle sees a broken connection, not our answer.
	drainLimit = maxBody + 8<<20
)

var (
	errTooLarge = errors.New("the body is larger than 25 MB")
	errBusy     = errors.New("too many large bodies at once")
)

// largeBodies is what bodies beyond the usual size have to share.
type largeBodies struct {
	budget *semaphore.Weighted
	wait   time.Duration // for a share
}

func newLargeBodies() largeBodies {
	return largeBodies{semaphore.NewWeighted(largeBudget), largeWait}
}

// buffer is a body being held.
type buffer struct {
	b     []byte
	taken int64 // of the budget for large bodies
}

var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, firstRead)} }}

// read takes the request's body into a pooled buffer, which the caller gives
// back with release. The buffer grows with what really comes, not with what
// the sender announces.
func (h *Handler) read(c *gin.Context) (*buffer, error) {
	announced := c.Request.ContentLength
	if announced > maxBody {
		return nil, errTooLarge
	}
	buf := buffers.Get().(*buffer)
	body := http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	for {
		if len(buf.b) == cap(buf.b) {
			if err := h.grow(c, buf, announced); err != nil {
				h.release(buf)
				return nil, err
			}
		}
		n, err := body.Read(buf.b[len(buf.b):cap(buf.b)])
		buf.b = buf.b[:len(buf.b)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			h.release(buf)
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				return nil, errTooLarge
			}
			return nil, err
		}
	}
}

// grow doubles the buffer. The step past largeBody waits for a share of the
// budget, and from then on the sender has to hurry.
func (h *Handler) grow(c *gin.Context, buf *buffer, announced int64) error {
	want := max(2*cap(buf.b), int(min(announced+1, largeBody/4)))
	if want > largeBody && buf.taken == 0 {
		share := int64(maxBody)
		if announced > 0 {
			share = announced
		}
		ctx, cancel := context.WithTimeout(c.Request.Context(), h.large.wait)
		defer cancel()
		if h.large.budget.Acquire(ctx, share) != nil {
			return errBusy
		}
		buf.taken = share
		// Without a deadline a slow sender would keep its share for ever. A
		// writer that knows no deadlines is one of a test.
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(largeTimeout))
	}
	grown := make([]byte, len(buf.b), min(want, maxBody+512))
	copy(grown, buf.b)
	buf.b = grown
	return nil
}

// release gives the buffer back; nothing may refer to its bytes any more.
func (h *Handler) release(buf *buffer) {
	if buf.taken > 0 {
		h.large.budget.Release(buf.taken)
		return // too large to keep
	}
	buf.b = buf.b[:0]
	buffers.Put(buf)
}

// finish reads what a refused sender still sends, within bounds. The server
// does so itself for bodies of usual size.
func (h *Handler) finish(c *gin.Context) {
	if n := c.Request.ContentLength; n >= 0 && n <= largeBody {
		return
	}
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(largeTimeout))
	_, _ = io.CopyN(io.Discard, c.Request.Body, drainLimit)
}
