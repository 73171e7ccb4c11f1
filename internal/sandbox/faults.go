package sandbox

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// FaultKind is one way in which a service misbehaves.
type FaultKind string

// The faults of requests. A request meets at most one of those that refuse it
// or cut its connection; delays come on top.
const (
	FaultLatency        FaultKind = "latency"         // params.delay, up to params.delay_max
	FaultRateLimit      FaultKind = "rate_limit"      // 429, with Retry-After where params.retry_after is set
	FaultSecondaryLimit FaultKind = "secondary_limit" // GitHub's limit on bursts: 403, or params.status
	FaultServerError    FaultKind = "server_error"    // 502, or params.status; nothing was done
	FaultLateError      FaultKind = "late_error"      // the same after the request was carried out
	FaultDropBefore     FaultKind = "drop_before"     // the connection is cut, nothing was done
	FaultDropAfter      FaultKind = "drop_after"      // carried out, then the connection is cut
	FaultSlowBody       FaultKind = "slow_body"       // the answer's body takes params.delay
	FaultExpiredToken   FaultKind = "expired_token"   // 401
	FaultDenied         FaultKind = "denied"          // 403
	FaultOutage         FaultKind = "outage"          // params.status, else the connection is cut
	FaultRefused        FaultKind = "refused"         // what was asked is not done: 422 (GitHub) or 400 (Jira), or params.status
	FaultNotFound       FaultKind = "not_found"       // 404
	FaultGone           FaultKind = "gone"            // 410
)

// The faults of webhooks.
const (
	FaultHookLost       FaultKind = "hook_lost"       // never sent; the delivery log shows a failure
	FaultHookDuplicated FaultKind = "hook_duplicated" // sent again with the same id, after params.delay
	FaultHookLate       FaultKind = "hook_late"       // sent after params.delay, up to params.delay_max
	FaultHookReordered  FaultKind = "hook_reordered"  // sent after the one that follows it, or after params.delay (2s)
)

// FaultClock sets the clock of the stand-in off by params.offset. It needs no
// request to strike: it holds while the rule stands, or for its duration.
const FaultClock FaultKind = "clock"

var (
	requestKinds = []FaultKind{FaultLatency, FaultRateLimit, FaultSecondaryLimit, FaultServerError, FaultLateError, FaultDropBefore, FaultDropAfter,
		FaultSlowBody, FaultExpiredToken, FaultDenied, FaultOutage, FaultRefused, FaultNotFound, FaultGone}
	hookKinds = []FaultKind{FaultHookLost, FaultHookDuplicated, FaultHookLate, FaultHookReordered}
)

// Faults say what goes wrong. The same seed, rules and order of requests give
// the same faults.
type Faults struct {
	Seed  uint64      `json:"seed"`
	Rules []FaultRule `json:"rules"`
}

// FaultRule is one fault and when it strikes. The first rule that refuses a
// request or cuts its connection wins.
type FaultRule struct {
	Match FaultMatch `json:"match"`
	Kind  FaultKind  `json:"kind"`
	// Probability is the chance that a match is struck; 0 means 1.
	Probability float64 `json:"probability,omitempty"`
	// AfterN lets so many matches pass first.
	AfterN int `json:"after_n,omitempty"`
	// After is how long after the rules were set it begins.
	After Duration `json:"after,omitempty"`
	// Count is how often it strikes; 0 means without end.
	Count int `json:"count,omitempty"`
	// Duration makes a spell of each strike: all matches within it are struck
	// as well, and together count as one.
	Duration Duration    `json:"duration,omitempty"`
	Params   FaultParams `json:"params,omitzero"`
}

// FaultMatch chooses requests or webhooks. An empty field matches all.
type FaultMatch struct {
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`   // regular expression, on the path as sent
	Target string `json:"target,omitempty"` // OWNER/NAME or a project key
	Event  string `json:"event,omitempty"`  // webhooks: regular expression on event or event.action
}

// FaultParams are what a kind needs beyond itself.
type FaultParams struct {
	Delay      Duration `json:"delay,omitempty"`
	DelayMax   Duration `json:"delay_max,omitempty"`
	Status     int      `json:"status,omitempty"`
	RetryAfter int      `json:"retry_after,omitempty"` // seconds; 0: the header is left out
	Offset     Duration `json:"offset,omitempty"`      // of the clock; negative: it is behind
}

// Duration is a time.Duration that JSON spells as text: "1.5s".
type Duration time.Duration

// MarshalText spells it as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no duration: write it as 300ms, 2s or 1m30s", b)
	}
	*d = Duration(v)
	return nil
}

// Validate reports all that is wrong with the rules.
func (f Faults) Validate() error {
	var errs []error
	for i, r := range f.Rules {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("rule %d: %s", i+1, fmt.Sprintf(format, args...)))
		}
		hook := slices.Contains(hookKinds, r.Kind)
		switch {
		case !hook && r.Kind != FaultClock && !slices.Contains(requestKinds, r.Kind):
			bad("kind %q: use one of %v, %v or %s", r.Kind, requestKinds, hookKinds, FaultClock)
		case hook && (r.Match.Method != "" || r.Match.Path != ""):
			bad("%s is about webhooks: match them by event and target", r.Kind)
		case !hook && r.Match.Event != "":
			bad("%s is about requests: match them by method, path and target", r.Kind)
		case r.Kind == FaultClock && r.Match != FaultMatch{}:
			bad("%s has nothing to match", r.Kind)
		}
		switch r.Kind {
		case FaultLatency, FaultSlowBody, FaultHookLate:
			if r.Params.Delay == 0 && r.Params.DelayMax == 0 {
				bad("%s does nothing without params.delay", r.Kind)
			}
		case FaultClock:
			if r.Params.Offset == 0 {
				bad("%s does nothing without params.offset", r.Kind)
			}
		default:
		}
		if r.Probability < 0 || r.Probability > 1 {
			bad("probability %g: want 0 to 1", r.Probability)
		}
		if r.AfterN < 0 || r.After < 0 || r.Count < 0 || r.Duration < 0 || r.Params.Delay < 0 || r.Params.DelayMax < 0 || r.Params.RetryAfter < 0 {
			bad("after_n, after, count, duration, delay and retry_after can't be negative")
		}
		if s := r.Params.Status; s != 0 && (s < 400 || s > 599) {
			bad("status %d: want 400 to 599", s)
		}
		for _, text := range []string{r.Match.Path, r.Match.Event} {
			if _, err := regexp.Compile(text); err != nil {
				bad("%v", err)
			}
		}
	}
	return errors.Join(errs...)
}
