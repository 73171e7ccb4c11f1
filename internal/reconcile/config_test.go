package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// configWorld is items of two services in two repositories, judged by a
// configuration that was adopted.
type configWorld struct {
	*world
	checkout, billing string // items
}

func newConfigWorld(t *testing.T) *configWorld {
	w := newWorld(t)
	billing := w.setup.Services[0]
	billing.Name, billing.Repo = "billing", "acme/billing"
	w.setup.Services = append(w.setup.Services, billing)
	w.setup.Parts = Parts{PartEngine: "1", PartPolicy: "1", PartTeam + "payments": "1", PartService + "checkout": "1 acme/checkout", PartService + "billing": "1 acme/billing"}
	x := &configWorld{world: w}
	ids := w.file(2)
	x.checkout, x.billing = ids[0], ids[1]
	require.NoError(t, w.ledger.Append(w.ctx, x.billing, true, domain.Entry{Kind: domain.Fact, Name: domain.ServicesSet, Spec: &domain.ItemSpec{Services: []string{"billing"}}}))
	w.drain()
	x.adopt("1")
	return x
}

// with puts a configuration in force in which some parts have other values.
func (x *configWorld) with(hash string, parts Parts) *Setup {
	s := *x.setup
	s.Hash, s.Parts = hash, Parts{}
	for name, v := range x.setup.Parts {
		s.Parts[name] = v
	}
	for name, v := range parts {
		s.Parts[name] = v
	}
	x.r.setup.Store(&s)
	return &s
}

func (x *configWorld) adopt(hash string) {
	x.t.Helper()
	x.with(hash, nil)
	require.NoError(x.t, x.r.Adopt(x.ctx))
	x.drain()
}

// looksAt lists the items that the adoption of what is in force looks at.
func (x *configWorld) looksAt() []string {
	x.t.Helper()
	require.NoError(x.t, x.r.Adopt(x.ctx))
	leases, err := x.ledger.Claim(x.ctx, 50, leaseTime)
	require.NoError(x.t, err)
	for _, l := range leases {
		x.r.work(x.ctx, l)
	}
	leases, err = x.ledger.Claim(x.ctx, 50, leaseTime)
	require.NoError(x.t, err)
	out := []string{}
	for _, l := range leases {
		out = append(out, l.Subject[len("item/"):])
		x.r.work(x.ctx, l)
	}
	x.drain()
	return out
}

func TestAChangeOfTheConfigurationLooksAtWhatHangsOnIt(t *testing.T) {
	x := newConfigWorld(t)
	require.Empty(t, x.looksAt(), "the same configuration, as after a restart")
	service := Parts{PartService + "billing": "2 acme/billing"}
	x.with("2", service)
	require.Equal(t, []string{x.billing}, x.looksAt())
	require.Empty(t, x.looksAt())
	x.with("3", Parts{PartService + "billing": "2 acme/billing", PartTeam + "payments": "2"})
	require.ElementsMatch(t, []string{x.checkout, x.billing}, x.looksAt())
	x.with("4", Parts{PartService + "billing": "2 acme/billing", PartTeam + "payments": "2", PartPolicy: "2", PartTeam + "platform": "1"})
	require.Empty(t, x.looksAt(), "the team has rules of its own, and no item is of the other")
	x.with("5", Parts{PartService + "billing": "2 acme/billing", PartTeam + "payments": "2", PartPolicy: "2", PartEngine: "2"})
	require.ElementsMatch(t, []string{x.checkout, x.billing}, x.looksAt(), "another program")
}

// A configuration that is taken back before all items were looked at may have
// judged some of them.
func TestAConfigurationThatIsTakenBackIsLookedAtToo(t *testing.T) {
	x := newConfigWorld(t)
	x.with("2", Parts{PartService + "billing": "2 acme/billing"})
	require.NoError(t, x.r.Adopt(x.ctx))
	x.with("1", nil)
	require.Equal(t, []string{x.billing}, x.looksAt())
	require.Empty(t, x.looksAt())
}

// What a crash leaves of the look at a changed configuration is done by whoever
// holds the subject next.
func TestACutOffLookAtTheConfigurationIsDoneAgain(t *testing.T) {
	x := newConfigWorld(t)
	x.with("2", Parts{PartService + "billing": "2 acme/billing"})
	require.NoError(t, x.r.Adopt(x.ctx))
	leases, err := x.ledger.Claim(x.ctx, 50, leaseTime)
	require.NoError(t, err)
	require.Len(t, leases, 1)
	// It died when the configuration counted as seen, before the first item was due.
	require.NoError(t, x.ledger.SetMeta(x.ctx, "config", "2", 0))
	x.restart()
	x.with("2", Parts{PartService + "billing": "2 acme/billing"})
	x.clock.Add(int64(leaseTime + time.Second))
	require.Equal(t, []string{x.billing}, x.looksAt())
}

// A process that has not read the new configuration leaves it to the one that
// asked for it, and one that nobody wants any more is forgotten.
func TestAnotherProcessesConfigurationWaitsForIt(t *testing.T) {
	x := newConfigWorld(t)
	x.with("2", Parts{PartService + "billing": "2 acme/billing"})
	require.NoError(t, x.r.Adopt(x.ctx))
	x.with("1", nil) // the other process
	next, err := x.r.reconfigured(x.ctx, "2")
	require.NoError(t, err)
	require.False(t, next.IsZero())
	require.NoError(t, x.r.Adopt(x.ctx))
	next, err = x.r.reconfigured(x.ctx, "2")
	require.NoError(t, err)
	require.True(t, next.IsZero())
}
