package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

func get(c *http.Client, method, addr string) func(context.Context) (*http.Response, error) {
	return func(ctx context.Context) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, method, addr, nil)
		if err != nil {
			return nil, err
		}
		return c.Do(req)
	}
}

func TestCredentialStaysWithTheConfiguredHost(t *testing.T) {
	var seen atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
	}))
	defer other.Close()
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(401)
			return
		}
		http.Redirect(w, r, other.URL+"/x", http.StatusMovedPermanently)
	}))
	defer own.Close()
	base, err := Base(own.URL)
	require.NoError(t, err)
	c := Client(nil, base, func(r *http.Request) error { r.Header.Set("Authorization", "Bearer s3cret"); return nil })

	a, err := Do(t.Context(), Read, get(c, "GET", own.URL))
	require.NoError(t, err)
	require.Equal(t, 200, a.Status)
	require.Equal(t, "", seen.Load())

	a, err = Do(t.Context(), Write, get(c, "PATCH", own.URL))
	require.NoError(t, err)
	require.Equal(t, 301, a.Status, "a redirected write must not become a read that seems to succeed")
}

func TestOnlyReadsAreRepeatedAndOnlyOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		effect Effect
		method string
		calls  int32
		class  trackers.Class
	}{
		"read":   {Read, "GET", 2, trackers.Transient},
		"write":  {Write, "PATCH", 1, trackers.Transient},
		"change": {Change, "POST", 1, trackers.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				calls.Add(1)
				panic(http.ErrAbortHandler) // drop the connection
			}))
			defer s.Close()
			base, _ := url.Parse(s.URL)
			c := Client(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, base, nil)
			_, err := Do(t.Context(), tc.effect, get(c, tc.method, s.URL))
			require.Error(t, err)
			require.Equal(t, tc.calls, calls.Load())
			require.Equal(t, tc.class, NetError("x", "", err, tc.effect).Class)
		})
	}
}

func TestRefusedConnectionIsNotUncertain(t *testing.T) {
	s := httptest.NewServer(nil)
	addr := s.URL
	s.Close()
	base, _ := url.Parse(addr)
	_, err := Do(t.Context(), Change, get(Client(nil, base, nil), "POST", addr))
	require.Equal(t, trackers.Transient, NetError("create", "", err, Change).Class)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Do(ctx, Change, get(Client(nil, base, nil), "POST", addr))
	require.Equal(t, trackers.Transient, NetError("create", "", err, Change).Class)
	require.ErrorIs(t, NetError("create", "", err, Change), context.Canceled)
}

// overdue is a context whose time is over when the test says so.
type overdue struct {
	context.Context
	over chan struct{}
}

func (o overdue) Done() <-chan struct{} { return o.over }

func (o overdue) Err() error {
	select {
	case <-o.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestAHangingServerMakesACreationUncertain(t *testing.T) {
	stop := make(chan struct{})
	ctx := overdue{t.Context(), make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(ctx.over)
		<-stop
	}))
	defer s.Close()
	defer close(stop)
	base, _ := url.Parse(s.URL)
	_, err := Do(ctx, Change, get(Client(nil, base, nil), "POST", s.URL))
	e := NetError("create", "", err, Change)
	require.Equal(t, trackers.Uncertain, e.Class)
	require.ErrorIs(t, e, context.DeadlineExceeded)
}

func TestStatusesAndWaits(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for status, want := range map[int]trackers.Class{
		301: trackers.Conflict, 400: trackers.Invalid, 401: trackers.Denied, 403: trackers.Denied, 404: trackers.NotFound,
		409: trackers.Conflict, 410: trackers.Gone, 422: trackers.Invalid, 429: trackers.RateLimited, 500: trackers.Uncertain, 503: trackers.Uncertain,
	} {
		e := StatusError("create", "", Answer{Status: status, Header: http.Header{}}, &Refusal{Status: status}, Change, false, now)
		require.Equal(t, want, e.Class, status)
	}
	require.Equal(t, trackers.Transient, StatusError("read", "", Answer{Status: 502}, &Refusal{}, Read, false, now).Class)

	h := func(k, v string) http.Header { return http.Header{http.CanonicalHeaderKey(k): {v}} }
	require.Equal(t, 7*time.Second, RetryAfter(h("Retry-After", "7"), now))
	require.Equal(t, 30*time.Second, RetryAfter(h("Retry-After", now.Add(30*time.Second).Format(http.TimeFormat)), now))
	require.Equal(t, time.Minute, RetryAfter(h("X-RateLimit-Reset", "1795251660"), time.Unix(1795251600, 0)))
	require.Equal(t, time.Second, RetryAfter(h("Retry-After", "0"), now), "never spin")
	require.Zero(t, RetryAfter(h("Retry-After", "soon"), now))
	require.Zero(t, RetryAfter(http.Header{}, now))
}

func TestErrorsTellNoSecretAndForgeNoLine(t *testing.T) {
	_, err := Base("ftp://bob:s3cret@host")
	require.NotContains(t, err.Error(), "s3cret")
	_, err = Base("http://bob:s3cret@ho st")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
	u, err := Base("https://bob:s3cret@host/api/v3")
	require.NoError(t, err)
	require.Equal(t, "https://host/api/v3/", u.String())

	r := &Refusal{Status: 422, Message: "no\nlevel=error msg=forged" + strings.Repeat("x", 5000)}
	require.NotContains(t, r.Error(), "\n")
	require.Less(t, len(r.Error()), 400)
	require.True(t, Missing(&trackers.Error{Status: 501, Err: errors.New("x")}))
	require.False(t, Missing(&trackers.Error{Status: 500, Err: errors.New("x")}))
}
