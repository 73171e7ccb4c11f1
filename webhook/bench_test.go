package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

type instantly struct{}

func (instantly) Record(context.Context, domain.Event) (bool, error) { return true, nil }

// silent is a ResponseWriter that keeps nothing but the status.
type silent struct {
	header http.Header
	status int
}

func (w *silent) Header() http.Header         { return w.header }
func (w *silent) Write(b []byte) (int, error) { return len(b), nil }
func (w *silent) WriteHeader(status int)      { w.status = status }

// BenchmarkHandler is our own part of a delivery of 11 KB: all but the HTTP
// server and the store.
func BenchmarkHandler(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	h, err := New(Options{Trackers: testTrackers(), Recorder: instantly{}})
	require.NoError(b, err)
	r := gin.New()
	h.Mount(r)
	link := `"url":"https://api.github.example/repos/acme/checkout/issues/12/labels{/name}","id":123456,"site_admin":false`
	body := []byte(closedIssue[:len(closedIssue)-1] + `,"links":[{` + strings.Repeat(link+"},{", 95) + link + `}]}`)
	header := http.Header{"X-Hub-Signature-256": {sign(githubSecret, body)}, "X-Github-Event": {"issues"}, "X-Github-Delivery": {"5f8b2c1e-0000-4000-8000-000000000000"}}
	req := httptest.NewRequest(http.MethodPost, "/webhooks/github", nil)
	reader := bytes.NewReader(body)
	w := &silent{header: http.Header{}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		req.Header, req.Body, req.ContentLength = header, io.NopCloser(reader), int64(len(body))
		r.ServeHTTP(w, req)
		if w.status != 202 {
			b.Fatal(w.status)
		}
	}
}
