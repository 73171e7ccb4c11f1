package postmortem_test

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// BenchmarkMegabyte reads a megabyte of Markdown as people write it: much
// text, some lists, a table of items.
func BenchmarkMegabyte(b *testing.B) {
	const report = "## Timeline of shard %d\n\nThe *first* shard was slow for `an hour`, and [the graph](https://acme.example/g) shows why: its disk was full.\nNobody was paged, because the alert watches the mean. A second paragraph line follows here.\n\n" +
		"- 10:00 the queue grew\n- 10:20 **Bob** restarted the workers, which took a while\n- 10:40 all was well again\n\n" +
		"The lookup of a key needs two reads, each of which may wait for the other. See the design for more about that.\n\n"
	text := strings.Repeat(report, (1<<20)/len(report)) + "## Action items\n\n| Action | Owner | Due |\n|---|---|---|\n" + strings.Repeat("| Alert on the p99 of reads | @alice | 2026-12-01 |\n", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		doc, err := postmortem.Parse("x.md", []byte(text))
		if err != nil || len(doc.Items) != 100 {
			b.Fatal(err, len(doc.Items), doc.Notes)
		}
	}
}
