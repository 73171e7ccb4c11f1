package webhook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// TestReadingsDoNotDependOnTheStack reads every document of testdata at many
// depths of the stack: a goroutine's stack is moved when it grows, also in the
// middle of a document, and what was read before must survive that.
func TestReadingsDoNotDependOnTheStack(t *testing.T) {
	for _, kind := range []string{GitHub, Jira} {
		h, delivered := fuzzHandler(t, kind)
		files, err := filepath.Glob(filepath.Join("testdata", kind, "*.json"))
		require.NoError(t, err)
		for _, file := range files {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			read := func() reading {
				if kind == Jira {
					r, _ := h.normaliseJira(delivered(body))
					return r
				}
				event, _, _ := strings.Cut(filepath.Base(file), ".")
				normalise := githubEvents[event]
				if normalise == nil {
					return reading{}
				}
				r, _ := normalise(h, delivered(body))
				return r
			}
			var first string
			for depth := range 120 {
				done := make(chan reading)
				go func() { done <- atDepth(depth, read) }()
				r := <-done
				got := r.ignored + string(marshal(t, r.events))
				if first == "" {
					first = got
				}
				require.Empty(t, cmp.Diff(first, got), "%s at depth %d", file, depth)
			}
		}
	}
}

// atDepth calls read below a stack of n frames.
//
//go:noinline
func atDepth(n int, read func() reading) reading {
	var frame [48]byte
	frame[n%len(frame)] = byte(n)
	if n > 0 {
		r := atDepth(n-1, read)
		if frame[n%len(frame)] != byte(n) {
			panic("the stack was damaged")
		}
		return r
	}
	return read()
}
