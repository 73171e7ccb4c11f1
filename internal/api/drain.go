package api

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Bounds on what is still read of a body that was refused for its size. The
// server itself reads on by a quarter of a megabyte.
const (
	drainLimit = 64 << 20
	drainTime  = 20 * time.Second
	drainIdle  = 2 * time.Second // a sender that stops reads our answer, or is gone
)

// drain sends the answer, and then reads what a refused sender still sends: one
// that is cut off in the middle sees a broken connection and never the answer.
func drain(c *gin.Context) {
	if c.Request.Header.Get("Expect") != "" {
		return // it has waited for the answer, and sends nothing
	}
	c.Writer.Flush()
	conn := http.NewResponseController(c.Writer)
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	end := time.Now().Add(drainTime)
	buf := make([]byte, 32<<10)
	for read := 0; read < drainLimit && time.Now().Before(end); {
		if conn.SetReadDeadline(time.Now().Add(drainIdle)) != nil {
			return // without a deadline a silent sender would keep us here
		}
		n, err := io.ReadFull(c.Request.Body, buf)
		if err != nil {
			return
		}
		read += n
	}
}
