package app

import (
	"context"
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/store"
)

// storeRemedies are what to do about a store that answers and does not serve,
// by the first word of its answer.
var storeRemedies = map[string]string{
	"NOAUTH":     "correct the user and the password in redis.url (redis://user:password@host:6379/0)",
	"WRONGPASS":  "correct the user and the password in redis.url (redis://user:password@host:6379/0)",
	"NOPERM":     store.ACLWords,
	"LOADING":    "wait until Redis has loaded its data",
	"OOM":        "raise maxmemory, or lower retention",
	"READONLY":   "let redis.url name the primary, or use redis+sentinel://",
	"MISCONF":    "look at the disk of Redis and at its log",
	"NOREPLICAS": "bring the replicas back that min-replicas-to-write asks for",
}

// storeRemedy says what to do about an error of the store.
func storeRemedy(err error) string {
	word, _, _ := strings.Cut(ledger.Refusal(err), " ")
	if r, ok := storeRemedies[word]; ok {
		return r
	}
	return "start Redis, or correct redis.url"
}

// lookAtDurability tells when the store keeps the promise of strict no longer:
// somebody changed its configuration, or another server took its place.
func (a *App) lookAtDurability(ctx context.Context) {
	if a.cfg.Load().Redis.Durability != "strict" {
		return
	}
	err := a.store.CheckStrict(ctx)
	weak := errors.Is(err, store.ErrNotStrict)
	if err != nil && !weak {
		return // away; others tell
	}
	if was := a.watched.weak.Swap(weak); was == weak {
		return
	}
	if weak {
		a.log.Error("what is acknowledged from now on may be lost", "err", err, "remedy", "change the setting back, or restart with redis.durability: default")
	} else {
		a.log.Info("the store syncs every write again")
	}
}

// storeTrouble shows what is wrong with a store that answers.
type storeTrouble struct {
	a    *App
	desc *prometheus.Desc
}

func newStoreTrouble(a *App) storeTrouble {
	return storeTrouble{a, prometheus.NewDesc("holdfast_store_trouble", "1 while the store answers and something is wrong with it; else absent.", []string{"trouble"}, nil)}
}

// Describe implements prometheus.Collector.
func (s storeTrouble) Describe(out chan<- *prometheus.Desc) { out <- s.desc }

// Collect implements prometheus.Collector.
func (s storeTrouble) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := metricsTime()
	defer cancel()
	if s.a.ledger.Ping(ctx) != nil {
		return // holdfast_store_up tells
	}
	_, err := s.a.ledger.DeadLetter(ctx, ledger.LetterID(ledger.LetterStore, ledger.StoreSubject))
	for trouble, is := range map[string]bool{
		"no_writes": s.a.watched.replica.Load() || s.a.ledger.Writable(ctx) != nil, "not_strict": s.a.watched.weak.Load(), "emptied": err == nil,
	} {
		if is {
			out <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, 1, trouble)
		}
	}
}
