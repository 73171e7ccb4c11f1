package domain

import (
	"strings"
	"testing"
)

// A reference that is taken has all its parts, and none that leads elsewhere.
func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"github:acme/checkout#12", "jira:PAY-12", "github:../..#1", "jira:PAY-0", "x:y", "github:a/b#1\n", "jira:PAY-12/../x", "github:a/b#99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			return
		}
		if r.Tracker() == "" || r.Project() == "" || r.Number() <= 0 || strings.ContainsAny(s, " \t\r\n?&%\\") || string(r) != s {
			t.Fatalf("%q: %q %q %d", s, r.Tracker(), r.Project(), r.Number())
		}
	})
}
