package history

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLog reads what git might print: whatever stands in names and messages,
// every record ends, holds a commit id, and is bounded.
func FuzzLog(f *testing.F) {
	sha := strings.Repeat("a1", 20)
	for _, s := range []string{
		"", sha, sha + "\x00\x00alice\x001\x002\x00Fix\x00Fix\n\nFixes #1\n\x00",
		sha + "\x00" + sha + " " + sha + "\x00\xff\xfe\x00nan\x00-1\x00\x1b[31m\x00\u202e\x00" + sha + "\x00\x00\x00\x00\x00\x00",
		sha + "\x00\x00a@b\x001\x00(cherry picked from commit " + sha + ")\nThis reverts commit " + sha + ".\x00",
		strings.Repeat("x", 70_000) + "\x00", sha + "\n" + sha + "\x00\x00\x00\x00\x00\x00\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		in := bufio.NewReader(strings.NewReader(s))
		for n := 0; ; n++ {
			if n > len(s) {
				t.Fatal("it does not end")
			}
			c, err := readCommit(in)
			if err != nil {
				break
			}
			if !IsSHA(c.SHA) || len(c.Message) > maxMessage+utf8.UTFMax || !utf8.ValidString(c.AuthorName+c.Subject+c.Message) || strings.Contains(c.Subject, "\x00") {
				t.Fatalf("%q", c.SHA)
			}
		}
		in.Reset(strings.NewReader(s))
		for n := 0; ; n++ {
			if n > len(s) {
				t.Fatal("it does not end")
			}
			c, err := readFacts(in)
			if errors.Is(err, io.EOF) || err != nil {
				break
			}
			if !IsSHA(c.SHA) {
				t.Fatalf("%q", c.SHA)
			}
		}
	})
}
