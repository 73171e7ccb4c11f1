package github

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

const twoIssues = `[{"number":1,"state":"open","title":"a","labels":[{"name":"Postmortem"}],"created_at":"2026-11-01T10:00:00Z","updated_at":"2026-11-01T10:00:00Z"},
	{"number":2,"state":"closed","title":"b","labels":[{"name":"postmortem"},{"name":"wontfix"}],"closed_at":"2026-11-02T10:00:00Z","updated_at":"2026-11-02T10:00:00Z"},
	{"number":3,"state":"open","title":"c","labels":[{"name":"postmortem"}],"pull_request":{"url":"x"},"updated_at":"2026-11-02T10:00:00Z"},
	{"number":4,"state":"open","title":"d","labels":[],"updated_at":"2026-11-02T10:00:00Z"}]`

func numbers(found []trackers.Found) []int {
	out := []int{}
	for _, f := range found {
		out = append(out, f.Ref.Number())
	}
	return out
}

func TestWhatAListCanAnswerIsNotSearchedFor(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues", answer(200, twoIssues)) // a server that filters nothing
	tr := adapter(t, s)
	for query, want := range map[string][]int{
		"label:postmortem": {1, 2}, `label:"postmortem" is:open`: {1}, "label:postmortem -label:wontfix": {1}, "is:closed": {2}, "is:issue repo:ACME/checkout -label:postmortem": {4},
	} {
		found, more, err := tr.Search(t.Context(), query, []string{"acme/checkout"}, time.Time{}, 10)
		require.NoError(t, err, query)
		require.False(t, more)
		require.Equal(t, want, numbers(found), query)
	}
	found, more, err := tr.Search(t.Context(), "label:postmortem", []string{"acme/checkout"}, time.Time{}, 1)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, []int{1}, numbers(found))
	found, _, err = tr.Search(t.Context(), "label:postmortem", []string{"acme/checkout"}, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), 10)
	require.NoError(t, err)
	require.Equal(t, []int{2}, numbers(found), "what is older was seen before")
}

func TestServersWithoutASearch(t *testing.T) {
	for _, status := range []int{404, 405, 501} {
		s := newScript(t)
		s.on("GET /search/issues", answer(status, `{}`))
		s.on("GET /repos/acme/checkout/issues", answer(200, twoIssues))
		_, _, err := adapter(t, s).Search(t.Context(), "retries in:title", []string{"acme/checkout"}, time.Time{}, 10)
		require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
		require.ErrorContains(t, err, "label:")
	}
	s := newScript(t)
	s.on("GET /search/issues", answer(422, `{"message":"Validation Failed","errors":[{"message":"the field size: is not known"}]}`))
	_, _, err := adapter(t, s).Search(t.Context(), "size:big", []string{"acme/checkout"}, time.Time{}, 10)
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
	require.ErrorContains(t, err, "the field size: is not known")
}

func TestMoreThanASearchShows(t *testing.T) {
	s := newScript(t)
	const all = 1300
	s.on("GET /search/issues", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		first := 1
		if _, at, ok := strings.Cut(q.Get("q"), "created:>="); ok {
			from, err := time.Parse("2006-01-02T15:04:05Z", at)
			require.NoError(t, err)
			first = int(from.Sub(day)/time.Second) + 1
		}
		var page int
		_, _ = fmt.Sscan(q.Get("page"), &page)
		var items []string
		for n := first + (page-1)*100; n < first+page*100 && n <= all; n++ {
			at := day.Add(time.Duration(n-1) * time.Second).Format(time.RFC3339)
			items = append(items, fmt.Sprintf(`{"number":%d,"state":"open","created_at":%q,"updated_at":%q,"repository_url":"https://api.gh.example/repos/acme/checkout"}`, n, at, at))
		}
		items = append(items, `{"number":7777,"state":"open","repository_url":"https://api.gh.example/repos/other/place"}`)
		_, _ = fmt.Fprintf(w, `{"total_count":%d,"items":[%s]}`, all-first+1, strings.Join(items, ","))
	})
	found, more, err := adapter(t, s).Search(t.Context(), "retries", []string{"acme/checkout"}, time.Time{}, 5000)
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, found, all)
}
