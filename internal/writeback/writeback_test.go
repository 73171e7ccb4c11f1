package writeback

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

func link(i int) Link {
	return Link{Item: i, Text: fmt.Sprintf("acme/checkout#%d", i+1), URL: fmt.Sprintf("https://github.example/acme/checkout/issues/%d", i+1)}
}

func TestLinksArePutIntoDocuments(t *testing.T) {
	for name, tc := range map[string]struct{ in, out string }{
		"an empty column for tickets": {
			"# Down\n\n## Action items\n\n| Action item | Owner | Ticket |\n|---|---|---|\n| Add retries | alice | |\n| Write the runbook | bob | TBD |\n",
			"# Down\n\n## Action items\n\n| Action item | Owner | Ticket |\n|---|---|---|\n| Add retries | alice | [acme/checkout#1](https://github.example/acme/checkout/issues/1) |\n| Write the runbook | bob | [acme/checkout#2](https://github.example/acme/checkout/issues/2) |\n"},
		"a table without one": {
			"# Down\n\n## Action items\n\nAction item | Owner\n--- | ---\nAdd retries   | alice\nWrite `a\\|b` down | bob\n",
			"# Down\n\n## Action items\n\nAction item | Owner\n--- | ---\nAdd retries ([acme/checkout#1](https://github.example/acme/checkout/issues/1))   | alice\nWrite `a\\|b` down ([acme/checkout#2](https://github.example/acme/checkout/issues/2)) | bob\n"},
		"a list, with other line ends and blanks": {
			"# Down\r\n\r\n## Action items\r\n\r\n- [ ] Add retries (P1, owner: alice)  \r\n* Write the runbook\r\n",
			"# Down\r\n\r\n## Action items\r\n\r\n- [ ] Add retries (P1, owner: alice) ([acme/checkout#1](https://github.example/acme/checkout/issues/1))  \r\n* Write the runbook ([acme/checkout#2](https://github.example/acme/checkout/issues/2))\r\n"},
		"the last line has no end": {
			"# Down\n\n## Action items\n\n1. Add retries\n2. Write the runbook",
			"# Down\n\n## Action items\n\n1. Add retries ([acme/checkout#1](https://github.example/acme/checkout/issues/1))\n2. Write the runbook ([acme/checkout#2](https://github.example/acme/checkout/issues/2))"},
	} {
		t.Run(name, func(t *testing.T) {
			out, edits, skipped, err := Apply("down.md", []byte(tc.in), []Link{link(0), link(1)})
			require.NoError(t, err)
			require.Empty(t, skipped)
			require.Equal(t, tc.out, string(out))
			require.Len(t, edits, 2)
			again, edits, skipped, err := Apply("down.md", out, []Link{link(0), link(1)})
			require.NoError(t, err)
			require.Empty(t, skipped)
			require.Empty(t, edits, "what names its ticket is left alone")
			require.Equal(t, tc.out, string(again))
			doc, err := postmortem.Parse("down.md", out)
			require.NoError(t, err)
			for i, item := range doc.Items {
				require.NotNil(t, item.Ticket)
				require.Contains(t, *item.Ticket, link(i).URL)
			}
		})
	}
}

func TestAnEntryOverSeveralLines(t *testing.T) {
	in := "# Down\n\n## Action items\n\n- Add retries to the client\n  of the payment provider\n- Write the runbook\n"
	out, edits, skipped, err := Apply("down.md", []byte(in), []Link{link(0), link(1)})
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, edits, 2)
	doc, err := postmortem.Parse("down.md", out)
	require.NoError(t, err)
	require.Equal(t, "Add retries to the client of the payment provider", doc.Items[0].Title)
}

func TestWhereNoPlaceIsFound(t *testing.T) {
	in := "# Down\n\n## Action items\n\n| Action item | Ticket |\n|---|---|\n| Add retries | ask bob |\n"
	out, edits, skipped, err := Apply("down.md", []byte(in), []Link{link(0)})
	require.NoError(t, err)
	require.Equal(t, in, string(out))
	require.Empty(t, edits)
	require.Len(t, skipped, 1)

	bad := Link{Item: 0, Text: "x](javascript:1)[", URL: "https://a.example/) <script>"}
	out, _, skipped, err = Apply("down.md", []byte("# Down\n\n## Action items\n\n- Add retries\n"), []Link{bad})
	require.NoError(t, err)
	require.NotContains(t, string(out), "script")
	require.Len(t, skipped, 1)
	_, _, _, err = Apply("down.md", []byte(in), []Link{link(5)})
	require.Error(t, err)
	require.True(t, Possible("a/B.MD"))
	require.False(t, Possible("a.html"))
}

func FuzzEveryOtherLineStays(f *testing.F) {
	f.Add("# Down\n\n## Action items\n\n- Add retries\n- Write\n")
	f.Add("| Action | Ticket |\n|-|-|\n| Add | |\n")
	f.Add("---\ntitle: x\n---\n## Action items\n\n| Action\n|-\n| `|` Add\n")
	f.Fuzz(func(t *testing.T, in string) {
		doc, err := postmortem.Parse("x.md", []byte(in))
		if err != nil || len(doc.Items) == 0 || len(doc.Items) > 5 {
			return
		}
		var links []Link
		for i := range doc.Items {
			links = append(links, link(i))
		}
		out, edits, _, err := Apply("x.md", []byte(in), links)
		if err != nil {
			t.Fatal(err)
		}
		a, b := strings.Split(in, "\n"), strings.Split(string(out), "\n")
		if len(a) != len(b) {
			t.Fatalf("%d lines became %d", len(a), len(b))
		}
		changed := 0
		for i := range a {
			if a[i] != b[i] {
				changed++
			}
		}
		if changed != len(edits) {
			t.Fatalf("%d lines changed, %d edits", changed, len(edits))
		}
	})
}
