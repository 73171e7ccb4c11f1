// Package sandbox is a GitHub and a Jira that run in this process and speak
// over real HTTP: enough of the REST interfaces for unmodified clients, real
// git repositories behind git's own HTTP backend, and signed webhooks. The
// demo, the end-to-end tests and fault injection stand on it.
//
// It keeps its state in memory and its repositories in one directory. It
// refuses to be clever for its callers: it knows nothing of Holdfast, keeps
// the awkward habits of the services (a resolution that stays, a merge commit
// on a pull request that was never merged, an edit within the second that
// leaves no trace in the times), and it is no place for secrets: its pages
// for browsers are open to whoever reaches its port.
package sandbox

import (
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options are what both stand-ins need.
type Options struct {
	// Dir holds the git repositories. Jira does not use it.
	Dir string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log gets one debug line for each request; nil means silence.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Request is one call that a stand-in answered.
type Request struct {
	At     time.Time
	Method string
	Path   string // as the client sent it, without the query
	Query  string
	User   string // login or account of the caller, empty without credentials
	Status int
}

// keptRequests bounds the memory that a long demo or load test needs.
const keptRequests = 100_000

// requestLog remembers the newest requests. It is safe for concurrent use.
type requestLog struct {
	mu   sync.Mutex
	list []Request
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= keptRequests {
		l.list = append(l.list[:0], l.list[len(l.list)/2:]...)
	}
	l.list = append(l.list, r)
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Request(nil), l.list...)
}

// obj is a JSON object on its way out.
type obj = map[string]any

// maxBody is the most that a request body may hold: both services refuse far
// smaller ones, this only keeps a broken client from filling the memory.
const maxBody = 10 << 20

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// statusRecorder remembers the status that went out.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
