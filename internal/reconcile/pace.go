package reconcile

import (
	"sync"
	"time"
)

// GitHub allows 80 content-creating requests a minute and 500 an hour; filing
// stays below both, so that people and other tools keep some of it.
const (
	filingsPerMinute = 60
	filingsPerHour   = 400
)

// pacer keeps filing below a tracker's limits with two sliding windows. It is
// safe for concurrent use. It forgets at a restart; the tracker's own answers
// are heeded all the same.
type pacer struct {
	mu   sync.Mutex
	made map[string][]time.Time // by tracker, oldest first, within the hour
}

// take reserves a creation now and returns 0, or says how long to wait.
func (p *pacer) take(tracker string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made == nil {
		p.made = map[string][]time.Time{}
	}
	made := p.made[tracker]
	for len(made) > 0 && now.Sub(made[0]) >= time.Hour {
		made = made[1:]
	}
	p.made[tracker] = made
	if n := len(made); n >= filingsPerHour {
		return made[n-filingsPerHour].Add(time.Hour).Sub(now)
	}
	if n := len(made); n >= filingsPerMinute {
		if wait := made[n-filingsPerMinute].Add(time.Minute).Sub(now); wait > 0 {
			return wait
		}
	}
	p.made[tracker] = append(made, now)
	return 0
}
