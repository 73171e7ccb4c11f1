package adopt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/trackers"
)

func setup() *reconcile.Setup {
	return &reconcile.Setup{
		Services: []domain.Service{
			{Name: "checkout", Aliases: []string{"Shop"}, Tracker: "github", Repo: "acme/checkout", Tickets: "github:acme/checkout", Team: "shop"},
			{Name: "web", Tracker: "github", Repo: "acme/mono", Tickets: "jira:PAY"}, {Name: "app", Tracker: "github", Repo: "acme/mono", Tickets: "jira:PAY"},
		},
		Settings: func(string) reconcile.Settings {
			return reconcile.Settings{Due: map[domain.Priority]time.Duration{"P1": 24 * time.Hour, "P2": 48 * time.Hour}}
		},
	}
}

func TestWhatATicketSays(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		found    trackers.Found
		service  string
		priority domain.Priority
		kind     domain.Type
		services []string
		needs    bool
		due      string
	}{
		"nothing but its place":         {found: of("github:acme/checkout#1"), priority: "P2", kind: domain.Other, services: []string{"checkout"}, due: "2026-11-22"},
		"its labels":                    {found: of("github:acme/checkout#1", "p1", "mitigative", "service:shop"), priority: "P1", kind: domain.Mitigative, services: []string{"checkout"}, due: "2026-11-21"},
		"labels with a word before":     {found: of("jira:PAY-1", "priority/high", "type:prevent", "service:web"), priority: "P1", kind: domain.Preventative, services: []string{"web"}, due: "2026-11-21"},
		"a field before a label":        {found: trackers.Found{Ticket: of("jira:PAY-1", "P3").Ticket, Priority: "P1"}, priority: "P1", kind: domain.Other, due: "2026-11-21"},
		"several services in one place": {found: of("jira:PAY-1"), priority: "P2", kind: domain.Other, due: "2026-11-22"},
		"a service that is not known":   {found: of("github:acme/checkout#1", "service:nowhere"), priority: "P2", kind: domain.Other, needs: true, due: "2026-11-22"},
		"no service at all":             {found: of("github:acme/other#1"), priority: "P2", kind: domain.Other, needs: true, due: "2026-11-22"},
		"the one that was asked for":    {found: of("github:acme/other#1"), service: "app", priority: "P2", kind: domain.Other, services: []string{"app"}, due: "2026-11-22"},
		"closed: nothing is due":        {found: closed(of("github:acme/checkout#1")), priority: "P2", kind: domain.Other, services: []string{"checkout"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, lines := Make(Input{Tracker: "github", Service: tc.service, Found: []trackers.Found{tc.found}, Item: func(domain.Ref) string { return "" }, Setup: setup(), Now: now})
			require.Len(t, lines, 1)
			s := lines[0].Spec
			require.True(t, s.Adoption)
			require.Empty(t, s.Target, "no ticket is ever made for it")
			require.Equal(t, []any{tc.priority, tc.kind, tc.services, tc.needs, tc.due}, []any{s.Priority, s.Type, s.Services, s.NeedsService, s.Due})
		})
	}
}

func of(ref string, labels ...string) trackers.Found {
	return trackers.Found{Ticket: domain.Ticket{Ref: domain.Ref(ref), Title: "Limit  retries", Labels: labels}}
}

func closed(f trackers.Found) trackers.Found { f.Closed = true; return f }

func TestNumbersGoOn(t *testing.T) {
	items := map[domain.Ref]string{"github:acme/checkout#2": "pm/7"}
	in := Input{Tracker: "my github", Found: []trackers.Found{of("github:acme/checkout#1"), of("github:acme/checkout#2"), of("github:acme/checkout#1"), of("github:acme/checkout#3")},
		Item: func(r domain.Ref) string { return items[r] }, Setup: setup(), Now: time.Now()}
	pm, lines := Make(in)
	require.Equal(t, "adopted-my-github", pm.ID)
	require.Len(t, lines, 3, "each once")
	require.Equal(t, []string{"adopted-my-github/1", "pm/7", "adopted-my-github/2"}, []string{lines[0].Spec.ID, lines[1].Spec.ID, lines[2].Spec.ID})
	require.Equal(t, Tracked, lines[1].Action)
	in.Known, in.Found = pm, []trackers.Found{of("github:acme/checkout#4")}
	pm, lines = Make(in)
	require.Equal(t, "adopted-my-github/3", lines[0].Spec.ID)
	require.Equal(t, 4, pm.NextN)
}
