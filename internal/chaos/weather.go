package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// Weather is what goes wrong in the trackers.
type Weather struct{ GitHub, Jira sandbox.Faults }

// draw makes faults of every kind, each with odds of its own.
func draw(rng *rand.Rand) Weather {
	ms := func(n int) sandbox.Duration { return sandbox.Duration(time.Duration(n) * time.Millisecond) }
	odds := func(p float64) float64 { return p * (0.5 + rng.Float64()) }
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	skew := func() sandbox.Duration { return ms((rng.IntN(481) - 240) * 1000) } // up to four minutes either way
	one := func(target string) sandbox.Faults {
		rule := func(kind sandbox.FaultKind, p float64, params sandbox.FaultParams) sandbox.FaultRule {
			return sandbox.FaultRule{Kind: kind, Probability: odds(p), Params: params}
		}
		spell := func(kind sandbox.FaultKind, count int, match sandbox.FaultMatch, params sandbox.FaultParams) sandbox.FaultRule {
			return sandbox.FaultRule{Kind: kind, Match: match, Probability: odds(0.01), AfterN: rng.IntN(150), Count: count, Duration: ms(1000 + rng.IntN(4000)), Params: params}
		}
		writes := sandbox.FaultMatch{Method: pick("POST", "POST", "PATCH", "PUT")}
		return sandbox.Faults{Seed: rng.Uint64(), Rules: []sandbox.FaultRule{
			{Kind: sandbox.FaultClock, Params: sandbox.FaultParams{Offset: skew()}},
			rule(sandbox.FaultLatency, 0.2, sandbox.FaultParams{Delay: ms(10), DelayMax: ms(400)}),
			rule(sandbox.FaultSlowBody, 0.02, sandbox.FaultParams{Delay: ms(500), DelayMax: ms(3000)}),
			spell(sandbox.FaultOutage, 2, sandbox.FaultMatch{}, sandbox.FaultParams{Status: []int{0, 503}[rng.IntN(2)]}),
			spell(sandbox.FaultExpiredToken, 2, sandbox.FaultMatch{}, sandbox.FaultParams{}),
			spell(sandbox.FaultDenied, 2, sandbox.FaultMatch{Target: target}, sandbox.FaultParams{}),
			rule(sandbox.FaultServerError, 0.02, sandbox.FaultParams{Status: []int{500, 502, 503, 504}[rng.IntN(4)]}),
			rule(sandbox.FaultDropBefore, 0.01, sandbox.FaultParams{}),
			rule(sandbox.FaultDropAfter, 0.01, sandbox.FaultParams{}),
			{Kind: sandbox.FaultDropAfter, Match: writes, Probability: odds(0.08)},
			{Kind: sandbox.FaultLateError, Match: sandbox.FaultMatch{Method: "POST"}, Probability: odds(0.05)},
			rule(sandbox.FaultRateLimit, 0.01, sandbox.FaultParams{RetryAfter: 1 + rng.IntN(2)}),
			{Kind: sandbox.FaultRateLimit, Count: 1, AfterN: 50 + rng.IntN(300)},
			rule(sandbox.FaultSecondaryLimit, 0.005, sandbox.FaultParams{Status: []int{403, 429}[rng.IntN(2)], RetryAfter: 1 + rng.IntN(2)}),
			rule(sandbox.FaultHookLost, 0.12, sandbox.FaultParams{}),
			rule(sandbox.FaultHookDuplicated, 0.15, sandbox.FaultParams{Delay: ms(0), DelayMax: ms(3000)}),
			rule(sandbox.FaultHookLate, 0.15, sandbox.FaultParams{Delay: ms(100), DelayMax: ms(4000)}),
			rule(sandbox.FaultHookReordered, 0.1, sandbox.FaultParams{}),
		}}
	}
	return Weather{GitHub: one(services[rng.IntN(len(services))].repo), Jira: one(pick("PAY", "OPS"))}
}

// kill ends the service and Redis at random moments, and starts them again,
// until ctx ends.
func (r *run) kill(ctx context.Context, rng *rand.Rand) {
	w := r.rough
	for ctx.Err() == nil {
		if !nap(ctx, time.Duration(3000+rng.IntN(9000))*time.Millisecond) {
			return
		}
		away := time.Duration(rng.IntN(2500)) * time.Millisecond
		victims := [][]*process{{w.holdf}, {w.holdf}, {w.redis}, {w.redis}, {w.redis, w.holdf}, {w.redis, w.holdf}}[rng.IntN(6)]
		for i, p := range victims {
			if i > 0 {
				// What it takes in while the store is away must not die with it.
				nap(ctx, time.Duration(rng.IntN(2000))*time.Millisecond)
			}
			p.kill()
			w.kills.Add(1)
			r.tell("killed %s, for %s", p.name, away)
		}
		nap(ctx, away)
		for _, p := range victims {
			if err := p.start(); err != nil {
				r.say("%v", err)
			}
		}
	}
}

// watch starts what somebody else has killed again, until ctx ends.
func (w *world) watch(ctx context.Context) {
	for nap(ctx, 300*time.Millisecond) {
		for _, p := range []*process{w.redis, w.holdf} {
			ended, err := p.revive()
			if ended {
				w.kills.Add(1)
				w.run.say("%s of the %s world has ended, not by us; it was started again", p.name, w.name)
			}
			if err != nil {
				w.run.say("%v", err)
			}
		}
	}
}

func nap(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// calmDown ends all faults but the clocks', which don't jump, and does what an
// operator does when tokens and permissions are in order again: a reload.
func (w *world) calmDown(ctx context.Context) error {
	only := func(f sandbox.Faults) sandbox.Faults {
		var out []sandbox.FaultRule
		for _, r := range f.Rules {
			if r.Kind == sandbox.FaultClock {
				out = append(out, r)
			}
		}
		return sandbox.Faults{Seed: f.Seed, Rules: out}
	}
	err := errors.Join(w.site.GitHub.SetFaults(only(w.weather.GitHub)), w.site.Jira.SetFaults(only(w.weather.Jira)), w.redis.start(), w.holdf.start())
	if err != nil {
		return err
	}
	if err := poll(ctx, time.Minute, 100*time.Millisecond, w.ready); err != nil {
		return errors.Join(errors.New("the service does not come back after the faults"), err)
	}
	w.holdf.signal(syscall.SIGHUP)
	return nil
}
