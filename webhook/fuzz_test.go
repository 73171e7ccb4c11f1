package webhook

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// fuzzHandler is a handler, with the delivery that its normalisers get.
func fuzzHandler(t testing.TB, kind string) (*Handler, func(body []byte) *delivery) {
	h, err := New(Options{Trackers: testTrackers(), Recorder: &memory{}, Deployments: testTargets})
	require.NoError(t, err)
	return h, func(body []byte) *delivery {
		tr := h.setup.Load().byName[kind]
		return &delivery{setup: h.setup.Load(), tracker: tr, fits: []*tracker{tr}, body: body, id: "d", now: testNow}
	}
}

// seeds adds the documents of testdata whose name starts with prefix.
func seeds(f *testing.F, kind, prefix string, add func(body []byte)) {
	files, err := filepath.Glob(filepath.Join("testdata", kind, prefix+"*.json"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		add(body)
	}
}

// checkReading is what holds of every reading, whatever was sent.
func checkReading(t *testing.T, r reading, err error) {
	if err != nil {
		require.Empty(t, r.events)
		require.NotEmpty(t, err.Error())
		return
	}
	require.NotEqual(t, len(r.events) == 0, r.ignored == "", "either events or a reason")
	for _, ev := range r.events {
		encoded, err := json.Marshal(ev)
		require.NoError(t, err, "the store has to be able to write it")
		require.NotEmpty(t, ev.ID)
		require.NotEmpty(t, ev.Tracker)
		require.False(t, ev.At.IsZero())
		require.False(t, ev.At.After(testNow.Add(clockSkew)))
		for _, s := range []string{ev.Action, ev.Actor, ev.Native, ev.Branch, ev.Head, ev.Comment, ev.ToState} {
			requireTame(t, s)
		}
		for _, ref := range []domain.Ref{ev.Ticket, ev.NewRef, ev.OldRef} {
			if ref != "" {
				_, err := domain.ParseRef(string(ref))
				require.NoError(t, err)
			}
		}
		require.LessOrEqual(t, len(ev.Claims), maxClaims)
		for _, c := range ev.Claims {
			requireTame(t, c.Change.Author)
			requireTame(t, c.Change.Title)
			requireTame(t, c.Change.Base)
			require.False(t, c.Change.Open && c.Withdrawn)
			require.NotEqual(t, c.Ticket == "", c.Item == "")
		}
		for _, d := range ev.Deployments {
			requireTame(t, d.ID)
			requireTame(t, d.Environment)
			requireTame(t, d.Version)
			require.Contains(t, domain.DeploymentStatuses, d.Status)
			require.True(t, d.SHA == "" || len(d.SHA) == 40 || len(d.SHA) == 64)
			require.True(t, d.SHA != "" || d.Version != "")
		}
		require.Less(t, len(encoded), 4<<20)
	}
}

// requireTame wants one short line of valid text.
func requireTame(t *testing.T, s string) {
	require.True(t, utf8.ValidString(s), "%q", s)
	require.LessOrEqual(t, utf8.RuneCountInString(s), maxTitle)
	require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
}

func FuzzGitHub(f *testing.F) {
	for event := range githubEvents {
		seeds(f, GitHub, event+".", func(body []byte) { f.Add(event, body) })
	}
	h, delivered := fuzzHandler(f, GitHub)
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		normalise := githubEvents[event]
		if normalise == nil {
			return
		}
		r, err := normalise(h, delivered(body))
		checkReading(t, r, err)
	})
}

func FuzzJira(f *testing.F) {
	seeds(f, Jira, "", func(body []byte) { f.Add(body) })
	h, delivered := fuzzHandler(f, Jira)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := h.normaliseJira(delivered(body))
		checkReading(t, r, err)
	})
}
