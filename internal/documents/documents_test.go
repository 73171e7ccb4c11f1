package documents

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatHappenedToTheDocuments(t *testing.T) {
	wanted := func(p string) bool { return strings.HasSuffix(p, ".md") }
	old := Tree{"same.md": "1", "edited.md": "2", "moved.md": "3", "gone.md": "4", "code.go": "5", "reworked.md": "6", "swap-a.md": "7", "swap-b.md": "8"}
	now := Tree{"same.md": "1", "edited.md": "20", "archive/moved.md": "3", "new.md": "9", "code.go": "50", "archive/reworked.md": "60", "swap-a.md": "8", "swap-b.md": "7"}
	got := Between(old, now, wanted, func(came, went []string) map[string]string {
		require.Equal(t, []string{"archive/reworked.md", "new.md"}, came)
		require.Equal(t, []string{"gone.md", "reworked.md"}, went)
		return map[string]string{"archive/reworked.md": "reworked.md"}
	})
	require.Equal(t, []Change{
		{Renamed, "archive/moved.md", "moved.md", "3"},
		{Renamed, "archive/reworked.md", "reworked.md", "60"},
		{Changed, "edited.md", "", "20"},
		{Added, "new.md", "", "9"},
		{Changed, "swap-a.md", "", "8"},
		{Changed, "swap-b.md", "", "7"},
		{Deleted, "gone.md", "", ""},
	}, got)
	require.Empty(t, Between(now, now, wanted, nil))
}

func TestTwoCopiesOfOneDocument(t *testing.T) {
	all := func(string) bool { return true }
	require.Equal(t, []Change{{Renamed, "b.md", "a.md", "1"}, {Added, "c.md", "", "1"}}, Between(Tree{"a.md": "1"}, Tree{"b.md": "1", "c.md": "1"}, all, nil))
}

func TestTheIdOfAPath(t *testing.T) {
	for file, want := range map[string]string{
		"docs/2026-11/checkout-down.md":  "docs-2026-11-checkout-down",
		"incidents/2026-11-01/README.md": "incidents-2026-11-01",
		"README.md":                      "readme",
		"Störung/Bericht.md":             "storung-bericht",
	} {
		require.Equal(t, want, PathID(file), file)
	}
	long := PathID(strings.Repeat("a-long-folder-name/", 20) + "incident-42.md")
	require.True(t, strings.HasSuffix(long, "incident-42"), long)
	require.LessOrEqual(t, len(long), 80)
}
