package webhook

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// retryAfter is in seconds.
const retryAfter = "5"

var (
	bodyRecorded = []byte(`{"status":"recorded"}`)
	typeJSON     = []string{"application/json"}
	typeProblem  = []string{"application/problem+json"}
)

func ignoredBody(reason string) []byte {
	return []byte(`{"status":"ignored","reason":` + strconv.Quote(reason) + `}`)
}

func answer(c *gin.Context, status int, body []byte) {
	c.Writer.Header()["Content-Type"] = typeJSON
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // a sender that is gone asks again
}

// refuse answers with a problem as RFC 9457 describes it.
func refuse(c *gin.Context, status int, detail string) {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, detail})
	if err != nil {
		body = []byte(`{}`)
	}
	c.Writer.Header()["Content-Type"] = typeProblem
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body)
}

// complaints keeps a flood of bad deliveries from becoming a flood of log
// lines: one line a minute for each subject. The counters tell how many.
type complaints struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// may reports whether it is time for another line. Subjects come from a small
// fixed set.
func (c *complaints) may(subject string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.last[subject]; ok && now.Sub(last) < time.Minute {
		return false
	}
	if c.last == nil {
		c.last = map[string]time.Time{}
	}
	c.last[subject] = now
	return true
}

// unsigned answers a delivery that nobody vouches for.
func (h *Handler) unsigned(c *gin.Context, kind string, d *delivery, detail string) {
	h.count(kind, "", "other", "unsigned")
	if h.complaints.may("unsigned", d.now) {
		h.log.Warn("a delivery was refused: its signature is missing or wrong", "reason", detail)
	}
	h.finish(c)
	refuse(c, http.StatusUnauthorized, detail)
}

// unreadable answers a request whose body could not be read.
func (h *Handler) unreadable(c *gin.Context, kind string, d *delivery, err error) {
	switch {
	case errors.Is(err, errTooLarge):
		h.count(kind, "", "other", "too_large")
		h.finish(c)
		refuse(c, http.StatusUnauthorized, "The body is larger than 25 MB, the most that a tracker sends, so its signature was not checked.")
	case errors.Is(err, errBusy):
		h.count(kind, "", "other", "busy")
		c.Header("Retry-After", retryAfter)
		refuse(c, http.StatusServiceUnavailable, "Too many large deliveries at once. Send it again later.")
	default:
		h.count(kind, "", "other", "cut_off")
		if h.complaints.may("cut_off", d.now) {
			h.log.Warn("a delivery ended before its announced length", "err", err)
		}
		refuse(c, http.StatusBadRequest, "The body ended before its announced length.")
	}
}
