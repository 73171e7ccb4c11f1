package api_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/api/apitest"
)

func TestExportAndImport(t *testing.T) {
	b := &apitest.Backend{Exported: strings.Repeat("a line\n", 1_000_000)}
	s := serve(t, b)
	c := api.NewClient(s.url, apitest.AdminSecret)
	var file bytes.Buffer
	require.NoError(t, c.Export(t.Context(), false, &file))
	require.Equal(t, b.Exported, file.String())
	file.Reset()
	require.NoError(t, c.Export(t.Context(), true, &file))
	require.True(t, strings.HasSuffix(file.String(), "secrets\n"))

	v, err := c.Import(t.Context(), strings.NewReader(b.Exported), true)
	require.NoError(t, err)
	require.True(t, v.DryRun)
	require.Empty(t, b.Imported)
	_, err = c.Import(t.Context(), strings.NewReader(b.Exported), false)
	require.NoError(t, err)
	require.Equal(t, b.Exported, b.Imported, "larger than any other body may be")
	_, err = c.Import(t.Context(), strings.NewReader(""), false)
	require.ErrorContains(t, err, "body: it is empty")
	require.NotContains(t, err.Error(), "body.body")

	for _, secret := range []string{apitest.ViewerSecret, apitest.OperatorSecret, apitest.CISecret} {
		weak := api.NewClient(s.url, secret)
		require.ErrorContains(t, weak.Export(t.Context(), false, &file), "admin")
		_, err := weak.Import(t.Context(), strings.NewReader("x"), false)
		require.ErrorContains(t, err, "admin")
	}
	b.Fail = api.Conflict{Detail: "not now"}
	require.ErrorContains(t, c.Export(t.Context(), false, &file), "not now (409)")
}
