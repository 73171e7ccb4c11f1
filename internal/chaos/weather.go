package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// Weather is all that goes wrong in the disturbed world. The same seed draws
// the same weather; a file may hold another.
type Weather struct {
	GitHub sandbox.Faults `json:"github"`
	Jira   sandbox.Faults `json:"jira"`
	// Blows are struck one after the other, and again from the first one when
	// the last has passed.
	Blows []Blow `json:"blows"`
}

// Blow is one thing done to the processes of the disturbed world.
type Blow struct {
	After sandbox.Duration `json:"after"` // since the end of the one before
	Kind  BlowKind         `json:"kind"`
	For   sandbox.Duration `json:"for"` // how long it lasts
}

// BlowKind says what a blow does.
type BlowKind string

// The kinds of blows.
const (
	KillHoldfast BlowKind = "kill_holdfast" // kill -9, started again in the end
	KillRedis    BlowKind = "kill_redis"
	KillBoth     BlowKind = "kill_both"      // Redis goes first, so that what is taken in while it is away dies as well
	StopHoldfast BlowKind = "stop_holdfast"  // SIGSTOP and SIGCONT: a machine that stands still
	StopRedis    BlowKind = "stop_redis"     // the same: a store that does not answer
	SlowRedis    BlowKind = "slow_redis"     // every write waits
	FullRedis    BlowKind = "full_redis"     // out of memory: writes are refused
	ReadOnly     BlowKind = "readonly_redis" // a replica, as after a failover: writes are refused
)

var blowKinds = []BlowKind{KillHoldfast, KillRedis, KillBoth, StopHoldfast, StopRedis, SlowRedis, FullRedis, ReadOnly}

// ReadWeather reads weather as JSON, and refuses keys and kinds it does not know.
func ReadWeather(in io.Reader) (w Weather, err error) {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return w, fmt.Errorf("reading the weather: %w", err)
	}
	errs := []error{w.GitHub.Validate(), w.Jira.Validate()}
	for i, b := range w.Blows {
		if !slices.Contains(blowKinds, b.Kind) {
			errs = append(errs, fmt.Errorf("blow %d: kind %q: use one of %v", i+1, b.Kind, blowKinds))
		}
		if b.After < 0 || b.For < 0 {
			errs = append(errs, fmt.Errorf("blow %d: after and for can't be negative", i+1))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return w, fmt.Errorf("the weather: %w", err)
	}
	return w, nil
}

// Draw makes faults of every kind, each with odds of its own, and blows for
// this long.
func Draw(seed uint64, long time.Duration) Weather {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := Weather{
		GitHub: drawFaults(rng, services[rng.IntN(len(services))].repo, `/issues$`, `^/repos/[^/]+/[^/]+/issues/\d+$`),
		Jira:   drawFaults(rng, []string{"PAY", "OPS"}[rng.IntN(2)], `/issue$`, `/issue/[^/]+$`),
		Blows:  drawBlows(rand.New(rand.NewPCG(seed, 2)), long),
	}
	// The news that a close was undone is what a service that believes the news
	// misses most.
	undone := sandbox.FaultMatch{Event: `^issues\.reopened$`}
	w.GitHub.Rules = append(w.GitHub.Rules,
		sandbox.FaultRule{Kind: sandbox.FaultHookLost, Match: undone, Probability: 0.3 + 0.3*rng.Float64()},
		sandbox.FaultRule{Kind: sandbox.FaultHookLate, Match: undone, Probability: 0.5, Params: sandbox.FaultParams{Delay: ms(500), DelayMax: ms(5000)}})
	return w
}

func ms(n int) sandbox.Duration { return sandbox.Duration(time.Duration(n) * time.Millisecond) }

// drawFaults draws what goes wrong in one tracker. denied is the one project
// that is taken away, created and read are the paths on which tickets are made
// and read back: what is worst there strikes more often.
func drawFaults(rng *rand.Rand, denied, created, read string) sandbox.Faults {
	odds := func(p float64) float64 { return p * (0.5 + rng.Float64()) }
	rule := func(kind sandbox.FaultKind, p float64, params sandbox.FaultParams) sandbox.FaultRule {
		return sandbox.FaultRule{Kind: kind, Probability: odds(p), Params: params}
	}
	on := func(method, path string, r sandbox.FaultRule) sandbox.FaultRule {
		r.Match = sandbox.FaultMatch{Method: method, Path: path}
		return r
	}
	// A spell begins soon, so that a short run has it.
	spell := func(kind sandbox.FaultKind, match sandbox.FaultMatch, params sandbox.FaultParams) sandbox.FaultRule {
		return sandbox.FaultRule{Kind: kind, Match: match, Probability: odds(0.02), AfterN: rng.IntN(100), Count: 2, Duration: ms(1000 + rng.IntN(4000)), Params: params}
	}
	after := func(seconds int) sandbox.FaultParams { return sandbox.FaultParams{RetryAfter: seconds} }
	limit := func(status int) sandbox.FaultParams {
		return sandbox.FaultParams{Status: status, RetryAfter: 1 + rng.IntN(2)}
	}
	return sandbox.Faults{Seed: rng.Uint64(), Rules: []sandbox.FaultRule{
		{Kind: sandbox.FaultClock, Params: sandbox.FaultParams{Offset: ms((rng.IntN(481) - 240) * 1000)}}, // up to four minutes either way
		rule(sandbox.FaultLatency, 0.2, sandbox.FaultParams{Delay: ms(10), DelayMax: ms(400)}),
		rule(sandbox.FaultSlowBody, 0.02, sandbox.FaultParams{Delay: ms(500), DelayMax: ms(3000)}),
		on("POST", created, rule(sandbox.FaultDropAfter, 0.2, sandbox.FaultParams{})),
		on("POST", created, rule(sandbox.FaultLateError, 0.15, sandbox.FaultParams{Status: 502})),
		on("GET", read, rule(sandbox.FaultServerError, 0.04, sandbox.FaultParams{Status: 500})),
		on("GET", read, rule(sandbox.FaultDropBefore, 0.04, sandbox.FaultParams{})),
		spell(sandbox.FaultOutage, sandbox.FaultMatch{}, sandbox.FaultParams{Status: []int{0, 503}[rng.IntN(2)]}),
		spell(sandbox.FaultExpiredToken, sandbox.FaultMatch{}, sandbox.FaultParams{}),
		spell(sandbox.FaultDenied, sandbox.FaultMatch{Target: denied}, sandbox.FaultParams{}),
		rule(sandbox.FaultServerError, 0.02, sandbox.FaultParams{Status: []int{500, 502, 503, 504}[rng.IntN(4)]}),
		rule(sandbox.FaultDropBefore, 0.01, sandbox.FaultParams{}),
		rule(sandbox.FaultDropAfter, 0.01, sandbox.FaultParams{}),
		on([]string{"POST", "PATCH", "PUT"}[rng.IntN(3)], "", rule(sandbox.FaultDropAfter, 0.08, sandbox.FaultParams{})),
		on("POST", "", rule(sandbox.FaultLateError, 0.05, sandbox.FaultParams{})),
		rule(sandbox.FaultRateLimit, 0.01, after(1+rng.IntN(2))),
		{Kind: sandbox.FaultRateLimit, Count: 1, AfterN: 50 + rng.IntN(300)},
		rule(sandbox.FaultSecondaryLimit, 0.004, limit(403)),
		rule(sandbox.FaultSecondaryLimit, 0.004, limit(429)),
		rule(sandbox.FaultHookLost, 0.12, sandbox.FaultParams{}),
		rule(sandbox.FaultHookDuplicated, 0.15, sandbox.FaultParams{Delay: ms(0), DelayMax: ms(3000)}),
		rule(sandbox.FaultHookLate, 0.15, sandbox.FaultParams{Delay: ms(100), DelayMax: ms(4000)}),
		rule(sandbox.FaultHookReordered, 0.1, sandbox.FaultParams{}),
	}}
}

// drawBlows draws blows for this long: kills mostly, and each kind once before
// any kind comes again.
func drawBlows(rng *rand.Rand, long time.Duration) []Blow {
	bag := append([]BlowKind{KillHoldfast, KillRedis}, blowKinds...)
	var out []Blow
	for at := sandbox.Duration(0); at < sandbox.Duration(long) || len(out) < len(bag); {
		if len(out)%len(bag) == 0 {
			rng.Shuffle(len(bag), func(i, j int) { bag[i], bag[j] = bag[j], bag[i] })
		}
		b := Blow{After: ms(1500 + rng.IntN(6000)), Kind: bag[len(out)%len(bag)], For: ms(rng.IntN(2500))}
		out = append(out, b)
		at += b.After + b.For
	}
	return out
}
