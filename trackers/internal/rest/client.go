// Package rest is what the adapters share below their client libraries: an
// HTTP client that shows its credential to the configured host only, one time
// limit per call, answers of bounded size, and the step from a status code to
// a class of error. It repeats nothing but a read, and that once.
package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Timeout bounds each single call, reading the answer included.
const Timeout = 15 * time.Second

// maxAnswer bounds an answer: a page of 100 tickets with the longest bodies
// stays well below it.
const maxAnswer = 48 << 20

// Authorize puts the credential on a request.
type Authorize func(*http.Request) error

// Client returns a copy of hc (or of a default) that authorizes requests to
// base's host and to no other, and that does not follow a redirect which would
// turn a write into a read: such an answer comes back as it is.
func Client(hc *http.Client, base *url.URL, authorize Authorize) *http.Client {
	c := &http.Client{}
	if hc != nil {
		*c = *hc
	}
	next := c.Transport
	if next == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32 // a burst of closes must not open a connection each
		next = t
	}
	c.Transport = &transport{next: next, base: base, authorize: authorize}
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) >= 5 {
			return errors.New("more than 5 redirects")
		}
		if req.Method != via[0].Method {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return c
}

type transport struct {
	next      http.RoundTripper
	base      *url.URL
	authorize Authorize
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	// The libraries may carry user info of the base address along; the
	// credential is ours to set.
	req.URL.User = nil
	if t.authorize != nil && req.URL.Scheme == t.base.Scheme && req.URL.Host == t.base.Host {
		if err := t.authorize(req); err != nil {
			return nil, &CredentialError{err}
		}
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: maxAnswer}
	return resp, nil
}

// CredentialError says that a request was not sent because its credential
// could not be had.
type CredentialError struct{ Err error }

func (e *CredentialError) Error() string { return fmt.Sprintf("getting the credential: %v", e.Err) }
func (e *CredentialError) Unwrap() error { return e.Err }

type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// Base reads a configured address: http or https with a host. The slash at its
// end is added, everything else is used as it stands.
func Base(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("not an address: it cannot be parsed")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http or https address", u.Redacted())
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	if u.Path == "" || u.Path[len(u.Path)-1] != '/' {
		u.Path += "/"
	}
	u.RawPath = ""
	return u, nil
}
