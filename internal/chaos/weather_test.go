package chaos

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

func TestEverySeedDrawsEveryKind(t *testing.T) {
	for seed := range uint64(20) {
		w := Draw(seed, time.Minute)
		for name, f := range map[string]sandbox.Faults{"github": w.GitHub, "jira": w.Jira} {
			require.NoError(t, f.Validate())
			kinds := map[sandbox.FaultKind]bool{}
			for _, r := range f.Rules {
				kinds[r.Kind] = true
			}
			for _, k := range []sandbox.FaultKind{
				sandbox.FaultLatency, sandbox.FaultRateLimit, sandbox.FaultSecondaryLimit, sandbox.FaultServerError, sandbox.FaultLateError,
				sandbox.FaultDropBefore, sandbox.FaultDropAfter, sandbox.FaultSlowBody, sandbox.FaultExpiredToken, sandbox.FaultDenied, sandbox.FaultOutage,
				sandbox.FaultHookLost, sandbox.FaultHookDuplicated, sandbox.FaultHookLate, sandbox.FaultHookReordered, sandbox.FaultClock,
			} {
				require.True(t, kinds[k], "seed %d: %s has no %s", seed, name, k)
			}
		}
		var long time.Duration
		kinds := map[BlowKind]bool{}
		for _, b := range w.Blows {
			kinds[b.Kind] = true
			long += time.Duration(b.After + b.For)
		}
		for _, k := range blowKinds {
			require.True(t, kinds[k], "seed %d: no %s", seed, k)
		}
		require.GreaterOrEqual(t, long, time.Minute)
		require.Empty(t, cmp.Diff(w, Draw(seed, time.Minute)), "the same seed, the same weather")
	}
}

func TestWeatherFromAFile(t *testing.T) {
	w := Draw(7, time.Minute)
	b, err := json.Marshal(w)
	require.NoError(t, err)
	again, err := ReadWeather(bytes.NewReader(b))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(w, again))

	for text, says := range map[string]string{
		`{"github":{"rules":[{"kind":"hail"}]}}`:          "hail",
		`{"blows":[{"kind":"kill_everybody"}]}`:           "kill_everybody",
		`{"blows":[{"kind":"kill_redis","after":"-1s"}]}`: "negative",
		`{"storms":[]}`: "storms",
		`{"jira":{"rules":[{"kind":"clock","match":{"path":`:    "EOF",
		`{"blows":[{"kind":"kill_redis","after":"3 minutes"}]}`: "3 minutes",
	} {
		_, err := ReadWeather(strings.NewReader(text))
		require.ErrorContains(t, err, says)
	}
}

func TestWhatIsCounted(t *testing.T) {
	good := view{Tickets: 1, Comments: 2, Reopened: 1, Service: serviceView{Known: true, Changes: 1, Cmds: 1, Reopened: 1}}
	for name, c := range map[string]struct {
		change func(v *view)
		want   Result
	}{
		"no ticket":            {func(v *view) { v.Tickets = 0 }, Result{Lost: 1}},
		"two tickets":          {func(v *view) { v.Tickets = 2 }, Result{Doubled: 1}},
		"never heard of":       {func(v *view) { v.Service = serviceView{} }, Result{Lost: 1}},
		"a command unheard":    {func(v *view) { v.Service.Cmds = 0 }, Result{Lost: 1}},
		"a change unheard":     {func(v *view) { v.Service.Changes = 0 }, Result{Lost: 1}},
		"an intent left open":  {func(v *view) { v.Service.OpenIntents = 1 }, Result{Lost: 1}},
		"one comment too many": {func(v *view) { v.Comments = 3 }, Result{Doubled: 1}},
		"reopened twice":       {func(v *view) { v.Reopened = 2 }, Result{Doubled: 1}},
		"two outcomes":         {func(v *view) { v.Service.DoubleOutcomes = 1 }, Result{Doubled: 1}},
		"another state":        {func(v *view) { v.Closed = true }, Result{Differences: 1}},
		"another verdict":      {func(v *view) { v.Service.Verdict = "unknown" }, Result{Differences: 1}},
		"one comment too few":  {func(v *view) { v.Comments = 1 }, Result{Differences: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			have := good
			c.change(&have)
			var got Result
			got.add(good, have)
			require.Equal(t, c.want, got)
			require.False(t, got.Good())
		})
	}
	var none Result
	none.add(good, good)
	require.True(t, none.Good())
	require.Equal(t, "chaos: events 0, kills 0, faults 0, lost 0, doubled 0, differences 0", none.String())
}
