package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

var reportAttempts = prometheus.NewDesc("holdfast_report_attempts_total", "Attempts to send a weekly report or a reminder since the start, by what came of them: sent, failed, given_up.", []string{"channel", "outcome"}, nil)

// reportMetrics shows what a sender counted.
type reportMetrics struct{ s *sender }

// Describe implements prometheus.Collector.
func (m reportMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- reportAttempts }

// Collect implements prometheus.Collector.
func (m reportMetrics) Collect(ch chan<- prometheus.Metric) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	for k, n := range m.s.counts {
		ch <- prometheus.MustNewConstMetric(reportAttempts, prometheus.CounterValue, float64(n), k[0], k[1])
	}
}

// undelivered counts the messages of the last week whose time has come and
// that were not confirmed; 0 when the store is away, which another metric
// tells.
func (s *sender) undelivered(ctx context.Context) int {
	cfg, now, n := s.a.cfg.Load(), s.a.o.Now(), 0
	for _, x := range destinations(cfg) {
		if len(x.zones) == 0 {
			continue
		}
		w, _ := x.last(cfg, now)
		if rec, known, err := s.a.ledger.Sending(ctx, w.String(), x.key); err == nil && known && rec.SentAt.IsZero() {
			n++
		}
	}
	return n
}
