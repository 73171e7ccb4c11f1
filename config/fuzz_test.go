package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// FuzzParse: whatever the file holds, it is either a configuration, or it has
// problems that stand inside the file and can be logged line by line; and the
// answer is the same the second time.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/mistakes/*.yaml", "../docs/examples/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds in " + pattern)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte(minimal))
	o := Options{
		Getenv:   env(map[string]string{"EMPTY": "", "LINES": "a\nb", "SEVEN": "7"}),
		Dir:      "/etc/holdfast",
		ReadFile: func(string) ([]byte, error) { return []byte("secret-from-a-file"), nil },
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := o.Parse("holdfast.yaml", data)
		_, again := o.Parse("holdfast.yaml", data)
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("first %v, then %v", err, again)
		}
		if err == nil {
			if c == nil || len(c.Trackers) == 0 || c.Listen == "" || len(c.Services()) != len(c.ServiceList) {
				t.Fatalf("accepted, but incomplete: %+v", c)
			}
			return
		}
		var problems Problems
		if c != nil || !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("refused without problems: %v", err)
		}
		lines := strings.Count(string(data), "\n") + 2 // a mistake can be told at the end of the file
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
				t.Fatalf("%+v stands nowhere in %d lines", p, lines)
			}
			if strings.ContainsFunc(p.String(), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q can't be logged as one line", p.String())
			}
		}
	})
}
