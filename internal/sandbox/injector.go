package sandbox

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// injector decides what is struck. It is safe for concurrent use.
type injector struct {
	now       func() time.Time // the true time
	refusedAs int              // status of FaultRefused

	mu     sync.Mutex
	faults Faults
	rng    *rand.Rand
	rules  []*ruleState
	struck map[FaultKind]int
}

type ruleState struct {
	FaultRule
	path, event *regexp.Regexp
	since       time.Time // when it was set
	matched     int
	strikes     int
	until       time.Time // end of the present spell
}

func newInjector(now func() time.Time) *injector {
	return &injector{now: now, refusedAs: http.StatusUnprocessableEntity, struck: map[FaultKind]int{}}
}

// set replaces all rules. What was counted stays.
func (in *injector) set(f Faults) error {
	if err := f.Validate(); err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.faults, in.rules = f, nil
	in.rng = rand.New(rand.NewPCG(f.Seed, 0x486f6c6466617374))
	for _, r := range f.Rules {
		in.rules = append(in.rules, &ruleState{FaultRule: r, path: regexp.MustCompile(r.Match.Path), event: regexp.MustCompile(r.Match.Event), since: in.now()})
		if r.Kind == FaultClock {
			in.struck[r.Kind]++
		}
	}
	return nil
}

func (in *injector) get() (Faults, map[FaultKind]int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.faults, maps.Clone(in.struck)
}

// clock is the time as the stand-in tells it.
func (in *injector) clock() time.Time {
	now := in.now()
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, r := range in.rules {
		from := r.since.Add(time.Duration(r.After))
		if r.Kind == FaultClock && !now.Before(from) && (r.Duration == 0 || now.Before(from.Add(time.Duration(r.Duration)))) {
			now = now.Add(time.Duration(r.Params.Offset))
		}
	}
	return now
}

// hit decides one match of one rule. It needs in.mu.
func (in *injector) hit(r *ruleState) bool {
	now := in.now()
	if now.Before(r.since.Add(time.Duration(r.After))) {
		return false
	}
	if now.Before(r.until) {
		in.struck[r.Kind]++
		return true
	}
	r.matched++
	if r.matched <= r.AfterN || r.Count > 0 && r.strikes >= r.Count {
		return false
	}
	if p := r.Probability; p > 0 && p < 1 && in.rng.Float64() >= p {
		return false
	}
	r.strikes++
	r.until = now.Add(time.Duration(r.Duration))
	in.struck[r.Kind]++
	return true
}

// between draws a delay. It needs in.mu.
func (in *injector) between(p FaultParams) time.Duration {
	if p.DelayMax <= p.Delay {
		return time.Duration(p.Delay)
	}
	return time.Duration(p.Delay) + time.Duration(in.rng.Int64N(int64(p.DelayMax-p.Delay)))
}

// trouble is what a request meets.
type trouble struct {
	delay  time.Duration // before anything else
	slow   time.Duration // for the body of the answer
	kind   FaultKind     // what refuses it or cuts its connection; empty: nothing does
	params FaultParams
}

func (in *injector) request(method, path string, target func() string) trouble {
	in.mu.Lock()
	rules := in.rules
	in.mu.Unlock()
	if len(rules) == 0 {
		return trouble{}
	}
	at := target() // it may need the lock of the stand-in
	in.mu.Lock()
	defer in.mu.Unlock()
	var t trouble
	for _, r := range rules {
		ends := r.Kind != FaultLatency && r.Kind != FaultSlowBody
		if !slices.Contains(requestKinds, r.Kind) || t.kind != "" && ends {
			continue
		}
		m := r.Match
		if m.Method != "" && !strings.EqualFold(m.Method, method) || !r.path.MatchString(path) || m.Target != "" && !strings.EqualFold(m.Target, at) || !in.hit(r) {
			continue
		}
		switch r.Kind {
		case FaultLatency:
			t.delay += in.between(r.Params)
		case FaultSlowBody:
			t.slow += in.between(r.Params)
		default:
			t.kind, t.params = r.Kind, r.Params
		}
	}
	return t
}

// fate is what becomes of a webhook.
type fate struct {
	lost      bool
	delay     time.Duration
	again     bool // sent once more, after againIn
	againIn   time.Duration
	reordered bool
}

const reorderPatience = 2 * time.Second

func (in *injector) hook(d *Delivery) fate {
	in.mu.Lock()
	defer in.mu.Unlock()
	var f fate
	for _, r := range in.rules {
		if !slices.Contains(hookKinds, r.Kind) || r.Match.Target != "" && !strings.EqualFold(r.Match.Target, d.Subject) {
			continue
		}
		if !r.event.MatchString(d.Event) && !r.event.MatchString(d.Event+"."+d.Action) || !in.hit(r) {
			continue
		}
		switch r.Kind {
		case FaultHookLost:
			f.lost = true
		case FaultHookDuplicated:
			f.again, f.againIn = true, in.between(r.Params)
		case FaultHookLate:
			f.delay += in.between(r.Params)
		case FaultHookReordered:
			f.reordered = true
			if f.delay = in.between(r.Params); f.delay == 0 {
				f.delay = reorderPatience
			}
		}
	}
	return f
}
