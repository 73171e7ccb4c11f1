package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

// issueList answers as GitHub lists issues by the time of their update.
type issueList struct {
	at    map[int]time.Time
	after func() // called once the first page was told
	plain bool   // without since, sort and links
}

func (l *issueList) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, _ := time.Parse(time.RFC3339, q.Get("since"))
	var numbers []int
	for n, at := range l.at {
		if l.plain || !at.Before(from) {
			numbers = append(numbers, n)
		}
	}
	slices.SortFunc(numbers, func(a, b int) int {
		if l.plain {
			return a - b
		}
		if n := l.at[a].Compare(l.at[b]); n != 0 {
			return n
		}
		return a - b
	})
	size, _ := strconv.Atoi(q.Get("per_page"))
	page, _ := strconv.Atoi(q.Get("page"))
	page = max(page, 1)
	start, end := min((page-1)*size, len(numbers)), min(page*size, len(numbers))
	if l.plain {
		start, end = 0, len(numbers)
	} else if end < len(numbers) {
		q.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", "<http://elsewhere.example/x?"+q.Encode()+`>; rel="next"`)
	}
	out := []map[string]any{}
	for _, n := range numbers[start:end] {
		out = append(out, map[string]any{"number": n, "id": n, "state": "open", "comments": 1, "updated_at": l.at[n].Format(time.RFC3339)})
	}
	if l.after != nil {
		defer func() { l.after(); l.after = nil }()
	}
	_ = json.NewEncoder(w).Encode(out)
}

var day = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func drained(t *testing.T, tr *Tracker, since time.Time) map[int]bool {
	t.Helper()
	seen := map[int]bool{}
	for range 20 {
		got, err := tr.Changed(t.Context(), "acme/checkout", since)
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

func TestASweepSkipsNothingThatMovesMeanwhile(t *testing.T) {
	s := newScript(t)
	l := &issueList{at: map[int]time.Time{}}
	for n := range 150 {
		l.at[n+1] = day.Add(time.Duration(n) * time.Second)
	}
	// Numbered pages would lose what moves from the second page to the first.
	l.after = func() { l.at[50] = day.Add(time.Hour) }
	s.on("GET /repos/acme/checkout/issues", l.ServeHTTP)
	s.on("GET /repos/acme/checkout/issues/comments", answer(200, `[]`))
	require.Len(t, drained(t, adapter(t, s), day), 150)
}

func TestASweepOfManyInOneSecond(t *testing.T) {
	for name, n := range map[string]int{"two pages and a half": 250, "more than one sweep lists": 1250} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			l := &issueList{at: map[int]time.Time{}}
			for i := range n {
				l.at[i+1] = day
			}
			l.at[n+1] = day.Add(time.Second)
			s.on("GET /repos/acme/checkout/issues", l.ServeHTTP)
			s.on("GET /repos/acme/checkout/issues/comments", answer(200, `[]`))
			require.Len(t, drained(t, adapter(t, s), day), n+1)
		})
	}
}

func TestASweepOfAServerThatKnowsNoSince(t *testing.T) {
	s := newScript(t)
	l := &issueList{plain: true, at: map[int]time.Time{1: day.Add(time.Minute), 2: day.Add(-time.Hour), 3: day.Add(2 * time.Minute), 4: day}}
	s.on("GET /repos/acme/checkout/issues", l.ServeHTTP)
	s.on("GET /repos/acme/checkout/issues/comments", answer(405, `{}`))
	s.on("GET /repos/acme/checkout/issues/3/comments", answer(200, `[{"id":7,"body":"/holdfast status","user":{"login":"bob"},"created_at":"2026-11-20T10:02:00Z","updated_at":"2026-11-20T10:02:00Z"},
		{"id":6,"body":"old","created_at":"2026-11-19T10:02:00Z","updated_at":"2026-11-19T10:02:00Z"}]`))
	tr := adapter(t, s)
	got, err := tr.Changed(t.Context(), "acme/checkout", day)
	require.NoError(t, err)
	require.Len(t, got.Tickets, 3)
	require.Equal(t, day.Add(2*time.Minute-sweepMargin), got.Until)
	require.Len(t, got.Comments, 1, "read ticket by ticket where there is no list of all")
	require.Equal(t, "7", got.Comments[0].ID)
	require.Equal(t, 3, got.Comments[0].Ref.Number())

	start, err := tr.Changed(t.Context(), "acme/checkout", time.Time{})
	require.NoError(t, err)
	require.Equal(t, day.Add(2*time.Minute-sweepMargin), start.Until)
}

func TestWhereASweepStarts(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", day.Format(http.TimeFormat))
		_, _ = w.Write([]byte(`[]`))
	})
	tr := adapter(t, s)
	got, err := tr.Changed(t.Context(), "acme/checkout", time.Time{})
	require.NoError(t, err)
	require.Equal(t, day.Add(-24*time.Hour), got.Until, "nothing is older, and who wrote the Date may have another clock than who dates the issues")
	s.on("GET /repos/acme/checkout/issues", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		_, _ = w.Write([]byte(`[]`))
	})
	got, err = tr.Changed(t.Context(), "acme/checkout", time.Time{})
	require.NoError(t, err)
	require.True(t, got.Until.IsZero(), "no time is told: the next sweep starts anew")
}

func TestCommentsOfPullRequestsAndThoseThatNameNoTicketAreLeftOut(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues", answer(200, `[{"number":4,"state":"open","pull_request":{"url":"x"},"updated_at":"2026-11-20T10:00:00Z"},{"number":5,"state":"open","updated_at":"2026-11-20T10:00:00Z"}]`))
	line := func(id int, issue, page string) string {
		return fmt.Sprintf(`{"id":%d,"body":"x","issue_url":%q,"html_url":%q,"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:00:00Z"}`, id, issue, page)
	}
	s.on("GET /repos/acme/checkout/issues/comments", answer(200, "["+strings.Join([]string{
		line(1, "https://gh.example/repos/acme/checkout/issues/4", "https://gh.example/acme/checkout/pull/4#issuecomment-1"),
		line(2, "https://gh.example/repos/acme/checkout/issues/5", "https://gh.example/acme/checkout/issues/5#issuecomment-2"),
		line(3, "", "https://gh.example/acme/checkout/issues/5#issuecomment-3"),
		line(4, "", ""),
	}, ",")+"]"))
	got, err := adapter(t, s).Changed(t.Context(), "acme/checkout", day)
	require.NoError(t, err)
	require.Len(t, got.Tickets, 1)
	var ids []string
	for _, c := range got.Comments {
		ids = append(ids, c.ID)
		require.Equal(t, "github:acme/checkout#5", string(c.Ref))
	}
	require.Equal(t, []string{"2", "3"}, ids)
}

func TestAnEarlierSweepIsNotAnsweredFromMemory(t *testing.T) {
	s := newScript(t)
	var conditional []string
	serve := func(w http.ResponseWriter, r *http.Request) {
		conditional = append(conditional, r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", `W/"one"`)
		if r.Header.Get("If-None-Match") == `W/"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(`[{"number":2,"updated_at":"2026-11-20T10:00:00Z"},{"number":1,"updated_at":"2026-11-20T09:00:00Z"}]`))
	}
	s.on("GET /repos/acme/checkout/pulls", serve)
	tr := adapter(t, s)
	sweep := func(since time.Time, want int) time.Time {
		t.Helper()
		got, until, err := tr.Landed(t.Context(), "acme/checkout", since)
		require.NoError(t, err)
		require.Len(t, got, want)
		return until
	}
	until := sweep(day.Add(-2*time.Hour), 2)
	require.Equal(t, day.Add(-sweepMargin), until)
	sweep(until, 1)
	sweep(day.Add(-2*time.Hour), 2) // what the caller could not keep is asked for again
	require.Equal(t, []string{"", `W/"one"`, ""}, conditional)
}

func TestServersWithoutPullRequestsOrDeployments(t *testing.T) {
	for _, status := range []int{404, 405, 501} {
		s := newScript(t)
		s.on("GET /repos/acme/checkout/pulls", answer(status, `{}`))
		s.on("GET /repos/acme/checkout/deployments", answer(status, `{}`))
		tr := adapter(t, s)
		for _, since := range []time.Time{{}, day} {
			_, _, err := tr.Landed(t.Context(), "acme/checkout", since)
			require.Equal(t, trackers.NotFound, trackers.ClassOf(err), "the repository is not there")
			s.on("GET /repos/acme/checkout", answer(200, `{"full_name":"acme/checkout"}`))
			list, until, err := tr.Landed(t.Context(), "acme/checkout", since)
			require.NoError(t, err)
			require.Empty(t, list)
			require.Equal(t, since, until)
			s.on("GET /repos/acme/checkout", nil)
			deployed, until, err := tr.Deployed(t.Context(), "acme/checkout", since)
			require.NoError(t, err)
			require.Empty(t, deployed)
			require.Equal(t, since, until)
		}
	}
	s := newScript(t)
	s.on("GET /repos/acme/checkout/deployments", answer(503, `{}`))
	_, _, err := adapter(t, s).Deployed(t.Context(), "acme/checkout", day)
	require.Equal(t, trackers.Transient, trackers.ClassOf(err), "an outage is none")
}

func TestWhatDeploymentsSay(t *testing.T) {
	sha := strings.Repeat("ab", 20)
	for name, tc := range map[string]struct{ deployment, statuses, status, version, url string }{
		"success, then inactive": {`"ref":"v1.2","sha":"` + sha + `","environment":"prod"`, `[{"id":3,"state":"inactive","created_at":"2026-11-20T10:03:00Z"},{"id":2,"state":"success","log_url":"https://ci.example/2","created_at":"2026-11-20T10:02:00Z"}]`, "success", "v1.2", "https://ci.example/2"},
		"success, then failure":  {`"sha":"` + sha + `","environment":"prod"`, `[{"id":3,"state":"failure","created_at":"2026-11-20T10:03:00Z"},{"id":2,"state":"success","created_at":"2026-11-20T10:02:00Z"}]`, "success", "", ""},
		"the newest, in any order": {`"ref":"` + sha + `","sha":"` + strings.ToUpper(sha) + `","environment":"prod"`,
			`[{"id":1,"state":"queued","created_at":"2026-11-20T10:01:00Z"},{"id":3,"state":"error","target_url":"javascript:x","created_at":"2026-11-20T10:03:00Z"},{"id":2,"state":"in_progress","created_at":"2026-11-20T10:02:00Z"}]`, "failure", "", ""},
		"in one second, by number": {`"sha":"` + sha + `","environment":"prod"`, `[{"id":9,"state":"in_progress","created_at":"2026-11-20T10:01:00Z"},{"id":10,"state":"failure","created_at":"2026-11-20T10:01:00Z"}]`, "failure", "", ""},
		"no status yet":            {`"sha":"` + sha + `","environment":"prod"`, `[]`, "queued", "", ""},
		"an unknown state":         {`"sha":"` + sha + `","environment":"prod"`, `[{"id":1,"state":"dancing","created_at":"2026-11-20T10:01:00Z"}]`, "queued", "", ""},
		"only inactive":            {`"sha":"` + sha + `","environment":"prod"`, `[{"id":1,"state":"inactive","created_at":"2026-11-20T10:01:00Z"}]`, "inactive", "", ""},
		"no commit":                {`"sha":"zz","environment":"prod"`, `[]`, "", "", ""},
		"no environment":           {`"sha":"` + sha + `"`, `[]`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on("GET /repos/acme/checkout/deployments", answer(200, `[{"id":42,"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:03:00Z",`+tc.deployment+`},{"id":41,"created_at":"2026-11-19T10:00:00Z","updated_at":"2026-11-19T10:00:00Z"}]`))
			s.on("GET /repos/acme/checkout/deployments/42/statuses", answer(200, tc.statuses))
			got, until, err := adapter(t, s).Deployed(t.Context(), "acme/checkout", day.Add(time.Minute))
			require.NoError(t, err)
			require.Equal(t, day.Add(3*time.Minute-sweepMargin), until)
			require.Empty(t, s.requests("GET /repos/acme/checkout/deployments/41"))
			if tc.status == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Equal(t, "42", got[0].ID)
			require.Equal(t, sha, got[0].SHA)
			require.Equal(t, tc.version, got[0].Version)
			require.Equal(t, tc.status, string(got[0].Status))
			require.Equal(t, tc.url, got[0].URL)
			require.Equal(t, day, got[0].FinishedAt)
		})
	}
}

func TestWhoseChangesAreTrusted(t *testing.T) {
	s := newScript(t)
	tr := adapter(t, s)
	for association, want := range map[string]bool{`"OWNER"`: true, `"MEMBER"`: true, `"COLLABORATOR"`: true, `"CONTRIBUTOR"`: false, `"NONE"`: false, `null`: true} {
		s.on("GET /repos/acme/checkout/pulls/4", answer(200, `{"number":4,"state":"open","author_association":`+association+`}`))
		got, err := tr.PullRequest(t.Context(), "acme/checkout", 4)
		require.NoError(t, err)
		require.Equal(t, want, got.Trusted, association)
	}
}
