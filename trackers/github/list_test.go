package github

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ten thousand tickets with the label are no end: what is missing among more of
// them is to be found too.
func TestAListOfMoreThanTenThousandTickets(t *testing.T) {
	const pages = 101
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues", func(w http.ResponseWriter, r *http.Request) {
		page := max(1, number(r.URL.Query().Get("page")))
		if page < pages {
			q := r.URL.Query()
			q.Set("page", strconv.Itoa(page+1))
			w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, q.Encode()))
		}
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, `,{"number":%d}`, (page-1)*100+i+1)
		}
		fmt.Fprintf(w, "[%s]", b.String()[1:])
	})
	got, err := adapter(t, s).List(t.Context(), "acme/checkout", "postmortem")
	require.NoError(t, err)
	require.Len(t, got, pages*100)
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
