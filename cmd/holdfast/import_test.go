package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnExportThatWasCompressedIsUnpacked(t *testing.T) {
	const plain = "{\"kind\":\"header\"}\n{\"kind\":\"end\"}\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, plain)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for name, file := range map[string]string{"packed": packed.String(), "plain": plain} {
		in, err := unpacked(bytes.NewReader([]byte(file)))
		require.NoError(t, err, name)
		got, err := io.ReadAll(in)
		require.NoError(t, err, name)
		require.Equal(t, plain, string(got), name)
	}
	in, err := unpacked(bytes.NewReader(nil))
	require.NoError(t, err)
	got, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Empty(t, got, "the server says what is wrong with it")
}
