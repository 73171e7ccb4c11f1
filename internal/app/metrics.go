package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what /metrics shows.
type metrics struct {
	handler    http.Handler
	deliveries *prometheus.CounterVec
}

func newMetrics(a *App) *metrics {
	reg := prometheus.NewRegistry()
	m := &metrics{deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "holdfast_deliveries_total", Help: "Webhook deliveries by what became of them."}, []string{"kind", "tracker", "event", "outcome"})}
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.deliveries)
	stats := &a.reconciler.Stats
	for action, read := range map[string]func() int64{
		"filed": stats.Filed.Load, "reopened": stats.Reopened.Load, "closed": stats.Closed.Load, "labelled": stats.Labelled.Load, "commented": stats.Commented.Load,
		"withheld": stats.Withheld.Load, "refused": stats.Refused.Load,
	} {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_actions_total", Help: "Actions on tickets since the start, by kind.",
			ConstLabels: prometheus.Labels{"action": action}}, func() float64 { return float64(read()) }))
	}
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_attempts_failed_total", Help: "Attempts at a subject that will be repeated."},
		func() float64 { return float64(stats.Errors.Load()) }))
	gauge := func(name, help string, read func(ctx context.Context) float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := metricsTime()
			defer cancel()
			return read(ctx)
		}))
	}
	gauge("holdfast_due_subjects", "Subjects that are due and not looked at yet.", func(ctx context.Context) float64 {
		n, _, _ := a.ledger.Due(ctx) // 0 when the store is away; holdfast_store_up tells
		return float64(n)
	})
	gauge("holdfast_store_up", "1 when the store answers.", func(ctx context.Context) float64 { return bit(a.ledger.Ping(ctx) == nil) })
	gauge("holdfast_paused", "1 while writing to trackers is paused.", func(ctx context.Context) float64 {
		paused, _, _, _ := a.ledger.Paused(ctx)
		return bit(paused)
	})
	gauge("holdfast_reopenings_waiting", "Tickets whose reopening waits for an operator.", func(ctx context.Context) float64 {
		groups, _ := a.reconciler.Reopenings(ctx)
		n := 0
		for _, g := range groups {
			n += len(g.Items)
		}
		return float64(n)
	})
	reg.MustRegister(newTrackerMetrics(a), newStoreTrouble(a))
	gauge("holdfast_store_memory_ratio", "Part of the store's memory limit that is used; -1: no limit, or not known.", func(context.Context) float64 { return a.watched.memory() })
	gauge("holdfast_dead_letters", "What could not be processed and waits for a person.", func(ctx context.Context) float64 {
		n, _ := a.ledger.CountDeadLetters(ctx)
		return float64(n)
	})
	reg.MustRegister(reportMetrics{a.sender})
	gauge("holdfast_reports_undelivered", "Messages with the last weekly report that are due and that no channel confirmed.", func(ctx context.Context) float64 {
		return float64(a.sender.undelivered(ctx))
	})
	m.handler = promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) delivery(kind, tracker, event, outcome string) {
	m.deliveries.WithLabelValues(kind, tracker, event, outcome).Inc()
}

// metricsTime bounds what one figure may take.
func metricsTime() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 2*time.Second)
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
