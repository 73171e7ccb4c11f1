package messengertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Post is a request that a Receiver took.
type Post struct {
	Header http.Header
	Body   []byte
}

// Receiver takes what is posted to it: a workflow of Microsoft Teams, or a
// webhook of one's own.
type Receiver struct {
	URL string

	mu     sync.Mutex
	posts  []Post
	status int
	before func()
}

// NewReceiver starts a receiver that ends with the test.
func NewReceiver(t testing.TB) *Receiver {
	r := &Receiver{status: http.StatusAccepted}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		status, before := r.status, r.before
		r.mu.Unlock()
		if before != nil {
			before()
		}
		if err == nil && status/100 == 2 {
			r.mu.Lock()
			r.posts = append(r.posts, Post{req.Header, body})
			r.mu.Unlock()
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hook"
	return r
}

// Answer sets the status of the next answers.
func (r *Receiver) Answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// Before is called while a request waits for its answer; nil: nothing is.
func (r *Receiver) Before(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = f
}

// Posts are those that were answered with a success.
func (r *Receiver) Posts() []Post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Post(nil), r.posts...)
}
