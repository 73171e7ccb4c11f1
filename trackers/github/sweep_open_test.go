package github

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

func TestOpenPullRequests(t *testing.T) {
	s := newScript(t)
	etag, body := `W/"one"`, `[{"number":4,"state":"open","head":{"sha":"ab12","repo":{"full_name":"acme/checkout"}},"base":{"ref":"main"}},{"number":3,"state":"closed"}]`
	told := 0
	s.on("GET /repos/acme/checkout/pulls", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("state") != "open" {
			_, _ = w.Write([]byte(`[]`))
			return
		}
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		told++
		if r.URL.Query().Get("page") == "" && told > 1 {
			w.Header().Set("Link", `<http://elsewhere.example/x?state=open&page=2>; rel="next"`)
		}
		if r.URL.Query().Get("page") == "2" {
			body = `[{"number":4,"state":"open"},{"number":2,"state":"open"}]`
		}
		_, _ = w.Write([]byte(body))
	})
	tr := adapter(t, s)
	for range 3 {
		got, err := tr.OpenPulls(t.Context(), "acme/checkout")
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, "ab12", got[0].Head)
		require.Equal(t, "acme/checkout", got[0].HeadRepo)
		_, _, err = tr.Landed(t.Context(), "acme/checkout", day) // it has a memory of its own
		require.NoError(t, err)
	}
	require.Equal(t, 1, told, "what has not changed is not told again")

	etag = `W/"two"`
	got, err := tr.OpenPulls(t.Context(), "acme/checkout")
	require.NoError(t, err)
	require.Len(t, got, 2, "page by page, each once")

	s.on("GET /repos/acme/checkout/pulls", answer(404, `{}`))
	_, err = tr.OpenPulls(t.Context(), "acme/checkout")
	require.Equal(t, trackers.NotFound, trackers.ClassOf(err), "the repository is not there")
	s.on("GET /repos/acme/checkout", answer(200, `{"full_name":"acme/checkout"}`))
	got, err = tr.OpenPulls(t.Context(), "acme/checkout")
	require.NoError(t, err)
	require.Empty(t, got, "the server has no such list")
}
