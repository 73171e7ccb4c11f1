// Package chaos plays one story twice at the same time: once as it should go,
// and once with a service that is killed, a Redis that is killed, and trackers
// that misbehave in every way the stand-ins know. In the end both must look the
// same. It runs the real binary and real redis-servers, all on 127.0.0.1.
//
// It refuses to know the rules: what should have happened is what happened in
// the undisturbed world.
package chaos

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a run is made from.
type Options struct {
	Seed    uint64
	For     time.Duration // how long the story and the faults go on
	Binary  string        // path of holdfast
	Out     io.Writer
	Verbose bool // tell each step
	// Weather is played instead of what the seed draws.
	Weather *Weather
	// Redis is the address (redis://…) of a store for the disturbed service
	// that somebody else runs, and kills as they like. Empty: one of our own.
	Redis string
	// Settle bounds how long the disturbed world may take to come to rest when
	// the faults have ended; default 6 minutes.
	Settle time.Duration
	// Keep leaves the directory with logs and stores behind; it is left behind
	// anyway when the worlds differ.
	Keep bool
}

// Result is what a run counted.
type Result struct {
	Events, Kills, Faults      int
	Lost, Doubled, Differences int
}

// String is the last line of a run.
func (res Result) String() string {
	return fmt.Sprintf("chaos: events %d, kills %d, faults %d, lost %d, doubled %d, differences %d", res.Events, res.Kills, res.Faults, res.Lost, res.Doubled, res.Differences)
}

// Good reports whether nothing was lost, doubled or different.
func (res Result) Good() bool { return res.Lost+res.Doubled+res.Differences == 0 }

// run is one run.
type run struct {
	o      Options
	dir    string
	calm   *world // nothing goes wrong here
	rough  *world
	end    time.Time // of the story
	start  time.Time
	events atomic.Int64
	wrong  atomic.Int64 // what even the calm world must not do

	calmTurn sync.Mutex // one step at a time in the calm world

	mu       sync.Mutex
	out      io.Writer
	items    []string // all items filed, in order
	promised *promises
}

// Run plays the story. An error means that it could not be played, not that
// the worlds differ.
func Run(ctx context.Context, o Options) (res Result, err error) {
	if o.Settle == 0 {
		o.Settle = 6 * time.Minute
	}
	if o.Binary, err = filepath.Abs(o.Binary); err != nil {
		return res, fmt.Errorf("finding %s: %w", o.Binary, err)
	}
	dir, err := os.MkdirTemp("", "holdfast-chaos-")
	if err != nil {
		return res, fmt.Errorf("making a directory: %w", err)
	}
	r := &run{o: o, dir: dir, out: o.Out, start: time.Now(), promised: newPromises()}
	defer func() {
		if err == nil && res.Good() && !o.Keep {
			_ = os.RemoveAll(dir) // a temporary directory
			return
		}
		r.say("logs, stores and what both worlds show are in %s", dir)
	}()
	r.say("seed %d, %s, in %s", o.Seed, o.For, dir)
	if r.calm, err = openWorld(ctx, r, calm, Weather{}); err != nil {
		return res, err
	}
	defer r.calm.close()
	weather := Draw(o.Seed, o.For)
	if o.Weather != nil {
		weather = *o.Weather
	}
	if r.rough, err = openWorld(ctx, r, rough, weather); err != nil {
		return res, err
	}
	defer r.rough.close()

	r.end = time.Now().Add(o.For)
	storm, stopStorm := context.WithCancel(ctx)
	defer stopStorm()
	var storms sync.WaitGroup
	storms.Go(func() { r.strike(storm, weather.Blows) })
	guard, stopGuard := context.WithCancel(ctx)
	var guards sync.WaitGroup
	defer func() { stopGuard(); guards.Wait() }()
	for _, w := range []*world{r.calm, r.rough} {
		guards.Go(func() { w.watch(guard) })
	}
	var loud error
	storms.Go(func() { loud = r.noise(storm, rand.New(rand.NewPCG(o.Seed, 3))) })
	errs := r.story(ctx)
	stopStorm()
	storms.Wait()
	if loud != nil {
		errs = append(errs, loud)
	}
	for _, err := range errs {
		return res, err
	}
	if err := r.rough.calmDown(ctx); err != nil {
		return res, err
	}
	r.say("the faults have ended; waiting until everything is settled")
	settled := r.settle(ctx)
	res = r.compare(ctx)
	res.Differences += int(r.wrong.Load())
	if !settled && res.Good() {
		res.Differences++
		r.say("the disturbed world did not come to rest")
	}
	res.Events, res.Kills, res.Faults = int(r.events.Load()), int(r.rough.kills.Load()), r.tellStruck()
	return res, ctx.Err()
}

// say prints one line with the time since the start.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, "%6.1fs  %s\n", time.Since(r.start).Seconds(), fmt.Sprintf(format, args...))
}

func (r *run) tell(format string, args ...any) {
	if r.o.Verbose {
		r.say(format, args...)
	}
}

// story plays chapters in all services at once until the time is over.
func (r *run) story(ctx context.Context) []error {
	var wg sync.WaitGroup
	errs := make([]error, len(services))
	for i, s := range services {
		wg.Go(func() {
			for n := 1; time.Now().Before(r.end) && ctx.Err() == nil; n++ {
				c := &chapter{run: r, service: s, n: n, rng: rand.New(rand.NewPCG(r.o.Seed, uint64(100+1000*i+n)))}
				if err := c.play(ctx); err != nil {
					errs[i] = fmt.Errorf("chapter %d of %s: %w", n, s.name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	var out []error
	for _, err := range errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}
