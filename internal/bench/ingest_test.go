package bench

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain also plays the server under load, in a process of its own.
func TestMain(m *testing.M) {
	if kind := os.Getenv(serveEnv); kind != "" {
		if err := serve(kind, os.Getenv(redisEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	results.print(os.Stdout)
	os.Exit(code)
}

const (
	connections = 32
	rounds      = 10
	roundTime   = 1500 * time.Millisecond
	warmUp      = 500 * time.Millisecond
)

// BenchmarkIngest measures how many signed GitHub deliveries of 11 KB a second
// are accepted and durable in a real Redis (append-only file, synced every
// second) over 32 kept-alive connections. Beside it runs the simplest handler
// that does the same: check the signature, XADD the body. They get the same
// load in turns, each round in the other order, so that whatever else the
// machine does meets both; what counts is the median of the rounds' ratios.
// Redis, the server and the load generator share the machine. The computing
// time that each delivery costs the server and Redis is told too: it depends
// less than the rates on what else goes on.
func BenchmarkIngest(b *testing.B) {
	for _, tracked := range []bool{false, true} {
		name, what := "tickets=others", "tickets that nobody tracks"
		if tracked {
			name, what = "tickets=tracked", "a tracked ticket"
		}
		b.Run(name, func(b *testing.B) {
			both := []*contender{enter(b, serverBare, tracked), enter(b, serverHoldfast, tracked)}
			var rates [2][]float64
			var ratios []float64
			for round := range rounds {
				var rate [2]float64
				for turn := range both {
					i := (round + turn) % 2
					rate[i] = both[i].run(roundTime)
					rates[i] = append(rates[i], rate[i])
				}
				ratios = append(ratios, rate[1]/rate[0])
				b.Logf("round %d: bare %.0f/s, holdfast %.0f/s, ratio %.2f", round+1, rate[0], rate[1], rate[1]/rate[0])
			}
			bare, ours := both[0].leave(), both[1].leave()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(rates[0]), "bare/s")
			b.ReportMetric(median(rates[1]), "holdfast/s")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(float64(bare.Microseconds()), "bare-µs-cpu")
			b.ReportMetric(float64(ours.Microseconds()), "holdfast-µs-cpu")
			results.add("deliveries accepted and durable, "+what, fmt.Sprintf("%.0f/s, %.2f times the peer", median(rates[1]), median(ratios)),
				fmt.Sprintf("bare handler %.0f/s", median(rates[0])), "2 times")
			results.add("computing time of each, "+what, fmt.Sprintf("%d µs", ours.Microseconds()),
				fmt.Sprintf("bare handler %d µs", bare.Microseconds()), "said")
		})
	}
}

// TestIngestMeasuresWhatItSays runs the benchmark for a moment: it would be
// worth nothing if answers came that nothing durable stands behind.
func TestIngestMeasuresWhatItSays(t *testing.T) {
	for _, kind := range []string{serverBare, serverHoldfast} {
		for _, tracked := range []bool{false, true} {
			c := enter(t, kind, tracked)
			require.Positive(t, c.run(200*time.Millisecond), kind)
			require.Positive(t, c.leave(), kind)
		}
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
