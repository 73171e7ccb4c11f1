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
	rounds      = 3
	roundTime   = 3 * time.Second
	warmUp      = 500 * time.Millisecond
)

// BenchmarkIngest measures how many signed GitHub deliveries of 11 KB a second
// are accepted and durable in a real Redis (append-only file, synced every
// second) over 32 kept-alive connections. Beside it runs the simplest handler
// that does the same: check the signature, XADD the body. Both get the same
// load in turns; Redis, the server and the load generator share the machine.
// The computing time that each delivery costs the server and Redis is told
// too: it depends less than the rates on what else the machine has to do.
func BenchmarkIngest(b *testing.B) {
	for _, tracked := range []bool{false, true} {
		name, what := "tickets=others", "tickets that nobody tracks"
		if tracked {
			name, what = "tickets=tracked", "a tracked ticket"
		}
		b.Run(name, func(b *testing.B) {
			rdb := startRedis(b)
			var rates, costs [2][]float64 // of the bare server, of Holdfast
			var ratios []float64
			for round := range rounds {
				x := measure(b, rdb, serverBare, tracked, roundTime)
				y := measure(b, rdb, serverHoldfast, tracked, roundTime)
				for i, f := range []figures{x, y} {
					rates[i] = append(rates[i], f.rate)
					costs[i] = append(costs[i], float64(f.cpu.Microseconds()))
				}
				ratios = append(ratios, y.rate/x.rate)
				b.Logf("round %d: bare %.0f/s at %v each, holdfast %.0f/s at %v each, ratio %.2f", round+1, x.rate, x.cpu, y.rate, y.cpu, y.rate/x.rate)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(rates[0]), "bare/s")
			b.ReportMetric(median(rates[1]), "holdfast/s")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(median(costs[0]), "bare-µs-cpu")
			b.ReportMetric(median(costs[1]), "holdfast-µs-cpu")
			results.add("deliveries accepted and durable, "+what, fmt.Sprintf("%.0f/s, %.2f times the peer", median(rates[1]), median(ratios)),
				fmt.Sprintf("bare handler %.0f/s", median(rates[0])), "2 times")
		})
	}
}

// TestIngestMeasuresWhatItSays runs the benchmark for a moment: it would be
// worth nothing if answers came that nothing durable stands behind.
func TestIngestMeasuresWhatItSays(t *testing.T) {
	rdb := startRedis(t)
	for _, kind := range []string{serverBare, serverHoldfast} {
		for _, tracked := range []bool{false, true} {
			require.Positive(t, measure(t, rdb, kind, tracked, 200*time.Millisecond).rate, kind)
		}
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
