package trackertest

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

type failure struct {
	op     string
	class  trackers.Class
	wait   time.Duration
	after  bool
	always bool
	status int
}

func (x failure) error(op string, ref domain.Ref) error {
	return &trackers.Error{Op: op, Ref: ref, Class: x.class, RetryAfter: x.wait, Status: x.status, Err: errors.New("made to fail by the test")}
}

// FailNext makes the next call of a method (its name, such as "Create"; empty:
// any) fail before it has an effect.
func (f *Fake) FailNext(op string, class trackers.Class) { f.fail(failure{op: op, class: class}) }

// FailAfter makes the next call of a method have its effect and fail all the
// same, as when the answer is lost.
func (f *Fake) FailAfter(op string, class trackers.Class) {
	f.fail(failure{op: op, class: class, after: true})
}

// LimitNext makes the next call of a method hit a rate limit.
func (f *Fake) LimitNext(op string, wait time.Duration) {
	f.fail(failure{op: op, class: trackers.RateLimited, wait: wait})
}

// Down makes every call of a method (empty: of any) fail until Up.
func (f *Fake) Down(op string, class trackers.Class) {
	f.fail(failure{op: op, class: class, always: true})
}

// SignOut makes every call of a method (empty: of any) fail as with an expired
// credential, until Up.
func (f *Fake) SignOut(op string) {
	f.fail(failure{op: op, class: trackers.Denied, always: true, status: http.StatusUnauthorized})
}

// Up ends all failures.
func (f *Fake) Up() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = nil
}

func (f *Fake) fail(x failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, x)
}

// Calls lists the calls so far, of the given methods or of all.
func (f *Fake) Calls(ops ...string) []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Call
	for _, c := range f.calls {
		if len(ops) == 0 || slices.Contains(ops, c.Op) {
			out = append(out, c)
		}
	}
	return out
}

// ForgetCalls empties the list of calls.
func (f *Fake) ForgetCalls() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = nil
}

// Faults is an http.RoundTripper that loses what a test tells it to.
type Faults struct {
	Next http.RoundTripper // nil: http.DefaultTransport

	mu    sync.Mutex
	armed []fault
}

type fault struct {
	match func(*http.Request) bool
	after bool
}

// LoseRequest drops the next request that matches: it never arrives, but the
// client cannot know that.
func (f *Faults) LoseRequest(match func(*http.Request) bool) { f.arm(fault{match, false}) }

// LoseAnswer lets the next request that matches arrive and drops the answer.
func (f *Faults) LoseAnswer(match func(*http.Request) bool) { f.arm(fault{match, true}) }

func (f *Faults) arm(x fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = append(f.armed, x)
}

// RoundTrip implements http.RoundTripper.
func (f *Faults) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	var hit *fault
	if i := slices.IndexFunc(f.armed, func(x fault) bool { return x.match(req) }); i >= 0 {
		x := f.armed[i]
		hit = &x
		f.armed = slices.Delete(f.armed, i, i+1)
	}
	f.mu.Unlock()
	next := f.Next
	if next == nil {
		next = http.DefaultTransport
	}
	if hit != nil && !hit.after {
		return nil, io.ErrUnexpectedEOF
	}
	resp, err := next.RoundTrip(req)
	if hit != nil && err == nil {
		_, _ = io.Copy(io.Discard, resp.Body) // the server has finished; only the client does not learn
		resp.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}

// IsPost matches the creation of whatever ends in the path.
func IsPost(ending string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		p := r.URL.Path
		return r.Method == http.MethodPost && len(p) >= len(ending) && p[len(p)-len(ending):] == ending
	}
}
