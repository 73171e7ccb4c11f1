package app

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/trackers"
)

// refusals are the actions whose refusal is told on an item, in words. That of
// a reopening has a line of its own.
var refusals = []struct {
	kind domain.ActionKind
	what string
}{
	{domain.ActCreate, "file the ticket"}, {domain.ActClose, "close the ticket"}, {domain.ActLabel, "put the label on"}, {domain.ActUnlabel, "take the label off"},
	{domain.ActComment, "write the comment"}, {domain.ActAsk, "ask on the ticket"}, {domain.ActReply, "answer a command"}, {domain.ActReact, "acknowledge a command"},
	{domain.ActUpdate, "update the ticket"}, {domain.ActTell, "tell the lead"},
}

// trouble says what a tracker keeps Holdfast from doing for an item.
func (b *Backend) trouble(st domain.State) []api.Check {
	var out []api.Check
	ref := domain.Ref(st.Spec.Target)
	if st.Ticket != nil {
		ref = st.Ticket.Ref
	}
	if t, is := b.reconciler.TroubleOf(ref); is {
		out = append(out, api.Check{Check: "tracker", Result: "unknown", Detail: t.Text(), Remedy: troubleRemedy(t)})
	}
	for _, r := range refusals {
		if why, denied := st.Denied[r.kind]; denied {
			out = append(out, api.Check{Check: "tracker", Result: "fail", Detail: "The tracker refused to " + r.what + ": " + why,
				Remedy: "`holdfast doctor` checks the permissions"})
		}
	}
	if st.Lost {
		out = append(out, api.Check{Check: "ticket", Result: "fail", Detail: "The tracker no longer has the ticket, though it shows us what holds it: it was deleted or converted.",
			Remedy: "if the work is still to be done, file it again under another item"})
	}
	return out
}

func troubleRemedy(t reconcile.Trouble) string {
	switch {
	case t.Class == trackers.Denied && t.Target == "":
		return "the credential is wrong, expired or revoked: make a new one, and reload the configuration"
	case t.Class == trackers.Denied:
		return "give the account its permissions in " + t.Target + " back, or correct the name; what waits goes on by itself"
	}
	return "nothing to do here if it comes back: what waits goes on by itself, in its order"
}

// troubleFindings are doctor's lines about one tracker.
func (a *App) troubleFindings(tracker string) []trackers.Finding {
	var out []trackers.Finding
	for _, t := range a.reconciler.Troubles() {
		if t.Tracker == tracker {
			out = append(out, trackers.Finding{Subject: strings.TrimSuffix(tracker+": "+t.Target, ": "), Detail: t.Text(), Remedy: troubleRemedy(t)})
		}
	}
	return out
}

// trackerMetrics shows what is wrong with trackers and how far behind the
// sweeps are. Trackers come and go with the configuration, and troubles by
// themselves, so it is asked anew each time.
type trackerMetrics struct {
	a                       *App
	trouble, waiting, swept *prometheus.Desc
}

func newTrackerMetrics(a *App) *trackerMetrics {
	return &trackerMetrics{a: a,
		trouble: prometheus.NewDesc("holdfast_tracker_trouble", "1 while a tracker, or one of its projects or repositories, cannot be worked with.", []string{"tracker", "target", "class"}, nil),
		waiting: prometheus.NewDesc("holdfast_waiting_subjects", "Subjects that wait for a tracker, or for one of its projects or repositories.", []string{"tracker", "target"}, nil),
		swept:   prometheus.NewDesc("holdfast_sweep_age_seconds", "Since the tracker was last compared with what is recorded; -1: not yet.", []string{"tracker"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *trackerMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.trouble, m.waiting, m.swept} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *trackerMetrics) Collect(out chan<- prometheus.Metric) {
	for _, t := range m.a.reconciler.Troubles() {
		out <- prometheus.MustNewConstMetric(m.trouble, prometheus.GaugeValue, 1, t.Tracker, t.Target, string(t.Class))
		out <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(t.Waiting), t.Tracker, t.Target)
	}
	ctx, cancel := metricsTime()
	defer cancel()
	seen := []string{}
	for _, t := range m.a.cfg.Load().Trackers {
		if slices.Contains(seen, t.Name) {
			continue
		}
		seen = append(seen, t.Name)
		age := -1.0
		if at, err := m.a.reconciler.Swept(ctx, t.Name); err == nil && !at.IsZero() {
			age = m.a.o.Now().Sub(at).Seconds()
		}
		out <- prometheus.MustNewConstMetric(m.swept, prometheus.GaugeValue, age, t.Name)
	}
}
