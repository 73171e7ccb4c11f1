package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// strike plays the blows until ctx ends. What it stops, fills or turns away it
// puts right before it returns.
func (r *run) strike(ctx context.Context, blows []Blow) {
	w := r.rough
	for i := 0; len(blows) > 0 && ctx.Err() == nil; i++ {
		b := blows[i%len(blows)]
		// A file may ask for blows without a pause; the machine needs one.
		if !nap(ctx, max(time.Duration(b.After), 100*time.Millisecond)) {
			return
		}
		if w.redis == nil && b.Kind != KillHoldfast && b.Kind != StopHoldfast {
			if b.Kind != KillBoth {
				continue // the store is somebody else's
			}
			b.Kind = KillHoldfast
		}
		r.tell("%s for %s", b.Kind, time.Duration(b.For))
		if err := w.blow(ctx, b); err != nil && ctx.Err() == nil {
			r.tell("%s: %v", b.Kind, err)
		}
		w.blows[b.Kind]++
	}
}

func (w *world) blow(ctx context.Context, b Blow) error {
	long := time.Duration(b.For)
	switch b.Kind {
	case KillHoldfast:
		return w.killed(ctx, long, w.holdf)
	case KillRedis:
		return w.killed(ctx, long, w.redis)
	case KillBoth:
		return w.killed(ctx, long, w.redis, w.holdf)
	case StopHoldfast, StopRedis:
		p := w.holdf
		if b.Kind == StopRedis {
			p = w.redis
		}
		p.signal(syscall.SIGSTOP)
		defer p.signal(syscall.SIGCONT)
		nap(ctx, long)
		return nil
	case SlowRedis:
		return w.slow(ctx, long)
	case FullRedis:
		return w.refusing(ctx, long, []any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "0"})
	case ReadOnly:
		// A master that nobody answers for: the data stays as it is.
		return w.refusing(ctx, long, []any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"})
	}
	return fmt.Errorf("there is no such blow: %s", b.Kind)
}

func (w *world) killed(ctx context.Context, long time.Duration, victims ...*process) error {
	for i, p := range victims {
		if i > 0 {
			nap(ctx, long/2)
		}
		p.kill()
		w.kills.Add(1)
	}
	nap(ctx, long)
	var errs []error
	for _, p := range victims {
		errs = append(errs, p.start())
	}
	return errors.Join(errs...)
}

// slow makes every write wait, a moment each time, for so long.
func (w *world) slow(ctx context.Context, long time.Duration) error {
	const each = 150 * time.Millisecond
	for end := time.Now().Add(long); time.Now().Before(end); {
		if err := w.rdb.Do(ctx, "CLIENT", "PAUSE", strconv.FormatInt(each.Milliseconds(), 10), "WRITE").Err(); err != nil {
			return err
		}
		if !nap(ctx, each+20*time.Millisecond) {
			return nil
		}
	}
	return nil
}

// refusing has Redis refuse writes for so long. The end must be reached even
// when the run ends, and when somebody kills Redis meanwhile: a new one refuses
// nothing.
func (w *world) refusing(ctx context.Context, long time.Duration, begin, end []any) error {
	if err := w.rdb.Do(ctx, begin...).Err(); err != nil {
		return err
	}
	nap(ctx, long)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	var last error
	err := poll(ctx, 20*time.Second, 100*time.Millisecond, func() bool { last = w.rdb.Do(ctx, end...).Err(); return last == nil })
	return errors.Join(err, last)
}

// watch starts what somebody else has killed again, and notes what the service
// has promised, until ctx ends.
func (w *world) watch(ctx context.Context) {
	for nap(ctx, 300*time.Millisecond) {
		for _, p := range []*process{w.redis, w.holdf} {
			if p == nil {
				continue
			}
			ended, err := p.revive()
			if ended {
				w.kills.Add(1)
				w.run.say("%s of the %s world has ended, not by us; it was started again", p.name, w.name)
			}
			if err != nil {
				w.run.say("%v", err)
			}
		}
		if w == w.run.rough {
			w.run.promised.collect(w)
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
	err := errors.Join(w.site.GitHub.SetFaults(only(w.weather.GitHub)), w.site.Jira.SetFaults(only(w.weather.Jira)))
	if w.redis != nil {
		err = errors.Join(err, w.redis.start())
	}
	if err = errors.Join(err, w.holdf.start()); err != nil {
		return err
	}
	if err := poll(ctx, comeBack, 100*time.Millisecond, w.ready); err != nil {
		return errors.Join(errors.New("the service does not come back after the faults"), err)
	}
	w.holdf.signal(syscall.SIGHUP)
	return nil
}

// comeBack is a guard: how long a service may take to be ready.
const comeBack = 3 * time.Minute
