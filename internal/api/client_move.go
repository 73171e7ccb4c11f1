package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Export writes everything that the server has recorded. Whether the file is
// whole is told by its last line alone.
func (c *Client) Export(ctx context.Context, secrets bool, to io.Writer) error {
	q := url.Values{}
	if secrets {
		q.Set("with_secrets", "true")
	}
	resp, u, err := c.stream(ctx, get("/export", q), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(to, resp.Body); err != nil {
		return fmt.Errorf("reading the export: %w", c.unreachable(u, err))
	}
	return nil
}

// Import sends an export to be put into the server's store.
func (c *Client) Import(ctx context.Context, from io.Reader, dryRun bool) (ImportView, error) {
	q := url.Values{}
	if dryRun {
		q.Set("dry_run", strconv.FormatBool(dryRun))
	}
	k := call{method: http.MethodPost, path: ImportPath, query: q, contentType: ExportType}
	resp, u, err := c.stream(ctx, k, from)
	if err != nil {
		return ImportView{}, err
	}
	defer resp.Body.Close()
	var v ImportView
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&v); err != nil {
		return v, fmt.Errorf("reading the answer of %s: %w", u.Host, err)
	}
	return v, nil
}

// stream makes a call that takes as long as it takes.
func (c *Client) stream(ctx context.Context, k call, body io.Reader) (*http.Response, *url.URL, error) {
	u, err := url.Parse(c.base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, nil, fmt.Errorf("%q is no address of a server: want http://host:port; set --server or HOLDFAST_URL", redacted(c.base))
	}
	address := c.base + Prefix + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, address, body)
	if err != nil {
		return nil, u, fmt.Errorf("preparing a request to %s: %w", u.Host, err)
	}
	req.Header.Set("Accept", ExportType+", application/json, application/problem+json")
	if k.contentType != "" {
		req.Header.Set("Content-Type", k.contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, u, c.unreachable(u, err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return resp, u, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, u, errors.Join(asError(resp, nil), c.unreachable(u, err))
	}
	return nil, u, asError(resp, text)
}

// Rebuild restores items from the markers in their tickets.
func (c *Client) Rebuild(ctx context.Context, r RebuildRequest) (RebuildView, error) {
	k := post("/rebuild", rebuildBody(r))
	k.timeout = slowTime
	return fetch[RebuildView](ctx, c, k)
}
