package reconcile

import "testing"

func TestWithin(t *testing.T) {
	cases := []struct {
		glob, file string
		want       bool
	}{
		{"services/checkout/**", "services/checkout/a.go", true},
		{"services/checkout/**", "services/checkout/deep/er/a.go", true},
		{"services/checkout/**", "services/checkout-old/a.go", false},
		{"services/checkout", "services/checkout/a.go", true},
		{"services/checkout/", "services/checkout/deep/a.go", true},
		{"./services/checkout/**", "services/checkout/a.go", true},
		{"services/*/api", "services/pay/api/x.proto", true},
		{"services/*/api", "services/pay/sub/api/x.proto", false},
		{"**/*.proto", "x.proto", true},
		{"**/*.proto", "a/b/x.proto", true},
		{"**/*.proto", "a/b/x.go", false},
		{"**/checkout/**/*.go", "a/checkout/b/c/d.go", true},
		{"**/checkout/**/*.go", "a/b/c/d.go", false},
		{"**", "anything", true},
		{"Makefile", "Makefile", true},
		{"Makefile", "a/Makefile", false},
		{"a[", "a[", false},
	}
	for _, c := range cases {
		if got := within([]string{c.glob}, c.file); got != c.want {
			t.Errorf("%s of %s: got %v", c.file, c.glob, got)
		}
	}
}
