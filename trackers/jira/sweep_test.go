package jira

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

var day = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// index answers searches by the time of update, as Data Center pages them.
type index struct {
	at    map[int]time.Time
	after func() // called once the first page was told
	more  string // further fields
}

var (
	byMilliseconds = regexp.MustCompile(`^project = "PAY" AND updated >= (\d{13}) ORDER BY updated ASC$`)
	byMinutes      = regexp.MustCompile(`^project = "PAY" AND updated >= "(\d{4}-\d\d-\d\d \d\d:\d\d)" ORDER BY updated ASC$`)
)

func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var from time.Time
	if m := byMilliseconds.FindStringSubmatch(q.Get("jql")); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64)
		from = time.UnixMilli(ms)
	} else if m := byMinutes.FindStringSubmatch(q.Get("jql")); m != nil {
		from, _ = time.Parse("2006-01-02 15:04", m[1])
	}
	var numbers []int
	for n, at := range x.at {
		if !at.Before(from) {
			numbers = append(numbers, n)
		}
	}
	slices.SortFunc(numbers, func(a, b int) int {
		if n := x.at[a].Compare(x.at[b]); n != 0 {
			return n
		}
		return a - b
	})
	start, _ := strconv.Atoi(q.Get("startAt"))
	size, _ := strconv.Atoi(q.Get("maxResults"))
	var out []string
	for _, n := range numbers[min(start, len(numbers)):min(start+size, len(numbers))] {
		out = append(out, fmt.Sprintf(`{"id":"1%04d","key":"PAY-%d","fields":{"summary":"t","updated":"%s","status":{"id":"1","name":"To do","statusCategory":{"key":"new"}}%s}}`,
			n, n, x.at[n].Format("2006-01-02T15:04:05.000-0700"), x.more))
	}
	_, _ = fmt.Fprintf(w, `{"startAt":%d,"total":%d,"issues":[%s]}`, start, len(numbers), strings.Join(out, ","))
	if x.after != nil {
		x.after()
		x.after = nil
	}
}

const noComments = `,"comment":{"comments":[],"total":0}`

func drained(t *testing.T, tr *Tracker, since time.Time) map[int]bool {
	t.Helper()
	seen := map[int]bool{}
	for range 30 {
		got, err := tr.Changed(t.Context(), "PAY", since)
		require.NoError(t, err)
		for _, tk := range got.Tickets {
			seen[tk.Ref.Number()] = true
		}
		if since = got.Until; !got.More {
			return seen
		}
	}
	t.Fatal("the sweep does not come to an end")
	return nil
}

func TestASweepAsksInMillisecondsAndOverlaps(t *testing.T) {
	for flavor, path := range map[Flavor]string{Cloud: "search/jql", DataCenter: "search"} {
		s := newScript(t)
		x := &index{more: noComments, at: map[int]time.Time{1: day.Add(-time.Hour), 2: day.Add(90 * time.Second)}}
		s.on("GET "+path, x.ServeHTTP)
		got, err := adapter(t, s, Options{Flavor: flavor}).Changed(t.Context(), "PAY", day.Add(700*time.Millisecond))
		require.NoError(t, err)
		require.Len(t, got.Tickets, 1)
		require.Equal(t, day.Add(30*time.Second), got.Until, "a minute before the newest: the search lags")
		require.Len(t, s.requests("GET"), 1, "comments come with the search")
		u, err := url.Parse(strings.Fields(s.requests("GET")[0])[1])
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf(`project = "PAY" AND updated >= %d ORDER BY updated ASC`, day.UnixMilli()), u.Query().Get("jql"), "whole seconds, in milliseconds")
		require.NotContains(t, u.Query().Get("fields"), "description")
	}
}

func TestASweepSkipsNothingThatMovesMeanwhile(t *testing.T) {
	s := newScript(t)
	x := &index{more: noComments, at: map[int]time.Time{}}
	for n := range 150 {
		x.at[n+1] = day.Add(time.Duration(n) * time.Second)
	}
	x.after = func() { x.at[50] = day.Add(time.Hour) }
	s.on("GET search", x.ServeHTTP)
	require.Len(t, drained(t, adapter(t, s, Options{Flavor: DataCenter}), day), 150)
}

func TestASweepOfMany(t *testing.T) {
	for name, step := range map[string]time.Duration{"in one second": 0, "one after the other": time.Second} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			x := &index{more: noComments, at: map[int]time.Time{}}
			for n := range 1250 {
				x.at[n+1] = day.Add(time.Duration(n) * step)
			}
			s.on("GET search", x.ServeHTTP)
			require.Len(t, drained(t, adapter(t, s, Options{Flavor: DataCenter}), day), 1250)
		})
	}
}

func TestASweepOfAServerThatKnowsNoMilliseconds(t *testing.T) {
	s := newScript(t)
	x := &index{more: noComments, at: map[int]time.Time{1: day.Add(-time.Hour), 2: day.Add(2 * time.Minute), 3: day.Add(3 * time.Minute)}}
	s.on("GET search/jql", func(w http.ResponseWriter, r *http.Request) {
		if byMilliseconds.MatchString(r.URL.Query().Get("jql")) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"errorMessages":["Date value is invalid."]}`))
			return
		}
		x.ServeHTTP(w, r)
	})
	tr := adapter(t, s, Options{})
	got, err := tr.Changed(t.Context(), "PAY", day)
	require.NoError(t, err)
	require.Len(t, got.Tickets, 2, "what is older is left out")
	require.Equal(t, day.Add(2*time.Minute), got.Until)

	s.on("GET search/jql", answer(400, `{"errorMessages":["The value 'PAY' does not exist for the field 'project'."]}`))
	_, err = tr.Changed(t.Context(), "PAY", day)
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
	require.ErrorContains(t, err, "does not exist")
}

func TestWhereASweepStarts(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		date []string
		want time.Time
	}{
		"at the newest":           {`{"issues":[{"id":"1","key":"PAY-1","fields":{"updated":"2026-11-20T12:00:00.000+0200"}}]}`, []string{day.Add(time.Hour).Format(http.TimeFormat)}, day.Add(-time.Minute)},
		"long before the Date":    {`{"issues":[]}`, []string{day.Format(http.TimeFormat)}, day.Add(-24 * time.Hour)},
		"nowhere without a clock": {`{"issues":[]}`, nil, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on("GET search/jql", func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = tc.date
				_, _ = w.Write([]byte(tc.body))
			})
			got, err := adapter(t, s, Options{}).Changed(t.Context(), "PAY", time.Time{})
			require.NoError(t, err)
			require.Equal(t, trackers.Swept{Until: tc.want}, got)
		})
	}
}

func TestCommentsOfASweep(t *testing.T) {
	line := func(id, minute int) string {
		return fmt.Sprintf(`{"id":"%d","author":{"accountId":"bob"},"body":"x","created":"2026-11-20T10:%02d:00.000+0000","updated":"2026-11-20T10:%02d:00.000+0000"}`, id, minute, minute)
	}
	list := func(total int, lines ...string) string {
		return fmt.Sprintf(`{"comments":[%s],"total":%d}`, strings.Join(lines, ","), total)
	}
	for name, tc := range map[string]struct {
		told  string
		list  string // answer to the list of comments; empty: not asked
		asked int
		want  []string
	}{
		"all of them told":    {`,"comment":` + list(2, line(1, 1), line(2, 30)), "", 0, []string{"2"}},
		"only some told":      {`,"comment":` + list(22, line(1, 1)), list(22, line(4, 40), line(3, 30), line(1, 1)), 1, []string{"3", "4"}},
		"none told":           {``, list(1, line(4, 40)), 1, []string{"4"}},
		"a list without sort": {``, list(3, line(1, 1), line(3, 30), line(4, 40)), 1, []string{"3", "4"}},
		"no list either":      {``, "", 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			x := &index{more: tc.told, at: map[int]time.Time{7: day.Add(45 * time.Minute)}}
			s.on("GET search/jql", x.ServeHTTP)
			if tc.list != "" {
				s.on("GET issue/PAY-7/comment", answer(200, tc.list))
			}
			got, err := adapter(t, s, Options{}).Changed(t.Context(), "PAY", day.Add(20*time.Minute))
			require.NoError(t, err)
			var ids []string
			for _, c := range got.Comments {
				ids = append(ids, c.ID)
				require.Equal(t, domain.Ref("jira:PAY-7"), c.Ref)
				require.Equal(t, "bob", c.Author)
			}
			require.Equal(t, tc.want, ids)
			require.Len(t, s.requests("GET /jira/rest/api/2/issue/PAY-7/comment"), tc.asked)
		})
	}
}
