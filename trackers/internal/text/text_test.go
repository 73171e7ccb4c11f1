package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCleanDropsWhatCouldForgeALine(t *testing.T) {
	require.Equal(t, "a\nb\nc\td", Clean("a\r\nb\rc\td\x00\x1b"))
	require.Equal(t, "ab", Clean("a\u202eb"))
	require.Equal(t, "a\uFFFDb", Clean("a\xffb"))
	require.Equal(t, "a b c", OneLine("  a\n\n b\u2028c "))
}

func TestCutCountsUTF16AndKeepsCharactersWhole(t *testing.T) {
	require.Equal(t, "abc", Cut("abc", 3))
	require.Equal(t, "ab…", Cut("abcd", 3))
	require.Equal(t, "ééé", Cut("ééé", 3))
	require.Equal(t, "😀…", Cut("😀😀", 3))
	require.Equal(t, "", Cut("abc", 0))
	for limit := 1; limit < 12; limit++ {
		got := Cut("aé😀b漢😀", limit)
		require.LessOrEqual(t, Len(got), limit)
		require.Equal(t, got, strings.ToValidUTF8(got, "?"))
	}
}

func TestBriefIsOneBoundedLine(t *testing.T) {
	got := Brief(strings.Repeat("x\n", 1<<20))
	require.LessOrEqual(t, Len(got), 300)
	require.NotContains(t, got, "\n")
}
