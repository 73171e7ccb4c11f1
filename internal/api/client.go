package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Times that a call may take. Doctor and filing talk to trackers or read
// large documents.
const (
	callTimeout = 30 * time.Second
	longTimeout = 3 * time.Minute
	maxAnswer   = 64 << 20
)

// Client calls the API of a Holdfast server. It is safe for concurrent use.
// Errors of the server are *Error; a server that can't be reached is an error
// that says what to check.
type Client struct {
	base  string
	token string
	http  *http.Client
	now   func() time.Time
	wait  func(ctx context.Context, d time.Duration) error
}

// NewClient makes a client of the server at base, like
// http://127.0.0.1:8080. An empty token sends none, which only a server
// without api.tokens answers, to users on its own machine. It does no I/O; a
// bad base is an error of the first call.
func NewClient(base, token string) *Client {
	return &Client{
		base: strings.TrimRight(strings.TrimSpace(base), "/"), token: strings.TrimSpace(token),
		http: &http.Client{CheckRedirect: sameHost}, now: time.Now, wait: sleep,
	}
}

// sameHost keeps the token from being carried elsewhere by a redirect.
func sameHost(r *http.Request, via []*http.Request) error {
	if len(via) >= 5 || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

// call is one request to be made.
type call struct {
	method, path string
	query        url.Values
	contentType  string
	body         []byte
	timeout      time.Duration
}

func get(path string, query url.Values) call {
	return call{method: http.MethodGet, path: path, query: query}
}

func post(path string, body any) call {
	c := call{method: http.MethodPost, path: path}
	if body != nil {
		c.contentType = JSONType
		c.body, _ = json.Marshal(body) // bodies are plain structs of this package: can't fail
	}
	return c
}

// do makes a call and decodes its answer into out. It returns the status of a
// call that went well.
func (c *Client) do(ctx context.Context, k call, out any) (int, error) {
	if k.timeout == 0 {
		k.timeout = callTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	u, err := url.Parse(c.base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return 0, fmt.Errorf("%q is no address of a server: want http://host:port; set --server or HOLDFAST_URL", redacted(c.base))
	}
	address := c.base + Prefix + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, address, bytes.NewReader(k.body))
	if err != nil {
		return 0, fmt.Errorf("preparing a request to %s: %w", u.Host, err)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	if k.contentType != "" {
		req.Header.Set("Content-Type", k.contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.unreachable(u, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, c.unreachable(u, err)
	}
	if len(body) > maxAnswer {
		return 0, fmt.Errorf("the answer of %s is larger than %d MB: ask for less with --limit", u.Host, maxAnswer>>20)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return 0, asError(resp, body)
	}
	if raw, ok := out.(*[]byte); ok { // the answer as it is
		*raw = body
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return 0, fmt.Errorf("%s did not answer like a Holdfast server: check --server or HOLDFAST_URL: %w", u.Host, err)
	}
	return resp.StatusCode, nil
}

// errUnreachable marks failures of the network, after which a call that may
// be repeated is worth repeating.
var errUnreachable = errors.New("no answer")

func (c *Client) unreachable(u *url.URL, err error) error {
	// The address within *url.Error may carry a password.
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w from %s: %w\nIs the server running (holdfast serve)? Set its address with --server or HOLDFAST_URL", errUnreachable, u.Host, err)
}

func redacted(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return "(unreadable)"
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
