package jira

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheOrderOfAQueryIsLeftOut(t *testing.T) {
	for in, want := range map[string]string{
		"labels = x ORDER BY created":       "labels = x ",
		"labels = x order  by created DESC": "labels = x ",
		`summary ~ "order by x"`:            `summary ~ "order by x"`,
		"(a = 1)ORDER BY b":                 "(a = 1)",
		"border = by":                       "border = by",
		"order = 3":                         "order = 3",
	} {
		require.Equal(t, want, withoutOrder(in), in)
	}
}
