package webhook

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden sends each document of testdata over HTTP and compares what was
// answered and recorded with the golden file beside it.
func TestGolden(t *testing.T) {
	for _, kind := range []string{GitHub, Jira} {
		files, err := filepath.Glob(filepath.Join("testdata", kind, "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".json")
			t.Run(kind+"/"+name, func(t *testing.T) {
				body, err := os.ReadFile(file)
				require.NoError(t, err)
				f := start(t)
				var r reply
				if event, _, _ := strings.Cut(name, "."); kind == GitHub {
					r = f.github(event, "delivery-1", string(body))
				} else {
					r = f.jira("delivery-1", string(body))
				}
				got := marshal(t, struct {
					Status int             `json:"status"`
					Answer json.RawMessage `json:"answer"`
					Events []domain.Event  `json:"events"`
				}{r.Status, json.RawMessage(r.Body), f.take()})
				golden := filepath.Join("testdata", "golden", kind+"."+name+".json")
				if *update {
					require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
					require.NoError(t, os.WriteFile(golden, got, 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err, "run go test -update once and read what it wrote")
				require.Empty(t, cmp.Diff(string(want), string(got)))
			})
		}
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return b.Bytes()
}
