package filing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// row is an item in few words: "title | owner | ticket", with ! before one that
// the document had dropped.
func row(s string) (title, owner, ticket string) {
	f := strings.Split(s+"||", "|")
	return strings.TrimSpace(f[0]), strings.TrimSpace(f[1]), strings.TrimSpace(f[2])
}

func recorded(rows ...string) []domain.State {
	var out []domain.State
	for i, s := range rows {
		removed := strings.HasPrefix(s, "!")
		title, owner, _ := row(strings.TrimPrefix(s, "!"))
		out = append(out, domain.State{Removed: removed, Ticket: &domain.Ticket{Ref: domain.GitHubRef("github", "acme/checkout", i+1), URL: fmt.Sprintf("https://github.example/acme/checkout/issues/%d", i+1)},
			Spec: domain.ItemSpec{ID: fmt.Sprintf("pm/%d", i+1), N: i + 1, Title: title, Owner: owner, Priority: "P2", Target: "github:acme/checkout"}})
	}
	return out
}

func document(rows ...string) []postmortem.Item {
	var out []postmortem.Item
	for _, s := range rows {
		title, owner, ticket := row(s)
		item := postmortem.Item{Title: title}
		if owner != "" {
			item.Owner = &owner
		}
		if ticket != "" {
			item.Ticket = &ticket
		}
		out = append(out, item)
	}
	return out
}

func TestWhichItemIsWhich(t *testing.T) {
	for name, tc := range map[string]struct {
		known, now []string
		want       []int // index of the known item, -1: new
	}{
		"swapped": {[]string{"Add retries", "Write the runbook"}, []string{"Write the runbook", "Add retries"}, []int{1, 0}},
		"swapped and both reworded": {
			[]string{"Add a timeout to calls of the payment provider", "Page the on-call engineer when the queue is full"},
			[]string{"Page the on-call engineer once the queue is nearly full", "Add a short timeout to all calls of the payment provider"}, []int{1, 0}},
		"two of the same title, told apart by their owners": {[]string{"Write a runbook | alice", "Write a runbook | bob"}, []string{"Write a runbook | bob", "Write a runbook | alice"}, []int{1, 0}},
		"two of the same title, by their order":             {[]string{"Write a runbook", "Write a runbook"}, []string{"Write a runbook", "Write a runbook"}, []int{0, 1}},
		"a third of the same title is new":                  {[]string{"Write a runbook", "Write a runbook"}, []string{"Write a runbook", "Write a runbook", "Write a runbook"}, []int{0, 1, -1}},
		"split in two: the larger part keeps the ticket": {[]string{"Alert on a full queue and write the runbook for it"},
			[]string{"Write the runbook for it", "Alert on a full queue"}, []int{-1, 0}},
		"joined: the nearer one goes on, the other is gone": {[]string{"Alert on a full queue", "Write the runbook for a full queue"},
			[]string{"Alert on a full queue, and link its runbook"}, []int{0}},
		"case, marks and blanks are no change":                         {[]string{"Add retries (with jitter)"}, []string{"ADD  retries, with jitter."}, []int{0}},
		"another action on another thing is new":                       {[]string{"Add an alert for the queue depth"}, []string{"Rotate the signing key"}, []int{-1}},
		"the same words for another thing are new":                     {[]string{"Add an alert for the depth of the mail queue"}, []string{"Add an alert for free disk space"}, []int{-1}},
		"written anew by the same owner, the only one":                 {[]string{"Improve alerting of checkout | alice", "Rotate keys | bob"}, []string{"Rotate keys | bob", "Move the sessions out of the database | alice"}, []int{1, -1}},
		"partly written anew by the same owner":                        {[]string{"Improve alerting of checkout | alice", "Rotate keys | bob"}, []string{"Rotate keys | bob", "Improve paging: alerting of checkout errors must page within a minute | alice"}, []int{1, 0}},
		"the ticket decides, whatever the title says":                  {[]string{"Add retries", "Write the runbook"}, []string{"Something else | | acme/checkout#2", "Add retries"}, []int{1, 0}},
		"by its number alone":                                          {[]string{"Add retries", "Write the runbook"}, []string{"Quite another thing | | #1"}, []int{0}},
		"by its address":                                               {[]string{"Add retries"}, []string{"Quite another thing | | https://github.example/acme/checkout/issues/1"}, []int{0}},
		"the ticket copied to a second line stays where its words are": {[]string{"Add retries to the client"}, []string{"Write about retries | | #1", "Add retries to the client | | #1"}, []int{-1, 0}},
		"back after it was dropped":                                    {[]string{"!Add retries", "Write the runbook"}, []string{"Write the runbook", "Add retries"}, []int{1, 0}},
		"one that is still there before one that was dropped":          {[]string{"!Add retries", "Add retries"}, []string{"Add retries"}, []int{1}},
		"what was dropped does not come back by likeness":              {[]string{"!Add an alert for the queue depth of mail"}, []string{"Add an alert for the queue depth of payments in the EU"}, []int{-1}},
		"in Chinese": {[]string{"为支付客户端的重试次数设置上限", "编写故障切换手册"}, []string{"编写数据库故障切换手册", "为支付客户端的重试次数设置合理上限"}, []int{1, 0}},
		"in Russian": {[]string{"Ограничить число повторов клиента оплаты"}, []string{"Ограничить число повторов у клиента оплаты"}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, pair(document(tc.now...), recorded(tc.known...)))
		})
	}
}

var (
	verbs  = []string{"Add", "Remove", "Document", "Automate", "Test", "Alert on", "Limit", "Migrate", "Review", "Replace"}
	things = []string{"connection pool", "payment client", "certificate rotation", "backup restore", "mail queue", "rate limiter", "feature flag service", "login page", "search index", "nightly export", "load balancer", "audit log"}
	places = []string{"in Frankfurt", "before each release", "on the primary database", "for large customers", "during failover", "with jitter", "in staging", "of the mobile app"}
)

// TestRandomEditsKeepEveryItem edits documents at random, as people do, and
// knows by hand which item each line is: titles differ in what they are about,
// and an edit leaves most of the words.
func TestRandomEditsKeepEveryItem(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		var all []string
		for _, k := range r.Perm(len(things)) {
			all = append(all, fmt.Sprintf("%s the %s %s", verbs[r.IntN(len(verbs))], things[k], places[r.IntN(len(places))]))
		}
		n := 1 + r.IntN(8)
		known := recorded(all[:n]...)
		type lineOf struct {
			text string
			of   int
		}
		var now []lineOf
		for i := range n {
			text := all[i]
			switch r.IntN(5) {
			case 0:
				text += ", " + []string{"soon", "carefully", "together with operations"}[r.IntN(3)]
			case 1:
				text = strings.ToUpper(text[:1]) + strings.ToLower(text[1:]) + "."
			case 2:
				text = strings.Replace(text, "the ", "our ", 1)
			case 3:
				if r.IntN(3) == 0 {
					continue // dropped
				}
			}
			now = append(now, lineOf{text, i})
		}
		for i := n; i < min(n+r.IntN(3), len(all)); i++ {
			now = append(now, lineOf{all[i], -1})
		}
		r.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
		var rows []string
		var want []int
		for _, l := range now {
			rows, want = append(rows, l.text), append(want, l.of)
		}
		got := pair(document(rows...), known)
		require.Equal(t, want, got, "seed %d\nknown %q\nnow %q", seed, all[:n], rows)
		taken := slices.DeleteFunc(slices.Clone(got), func(j int) bool { return j < 0 })
		slices.Sort(taken)
		require.Len(t, slices.Compact(taken), len(taken), "no item twice")
	}
}

func TestManyItemsAreComparedQuickly(t *testing.T) {
	var known, now []string
	for i := range postmortem.MaxItems {
		known = append(known, fmt.Sprintf("Replace machine %d of the fleet in hall %d before winter", i, i*7))
		now = append(now, fmt.Sprintf("Replace and label machine %d of the fleet in hall %d before winter", i, i*7))
	}
	slices.Reverse(now)
	got := pair(document(now...), recorded(known...))
	for i, j := range got {
		require.Equal(t, len(known)-1-i, j)
	}
}

func TestADocumentUnderAnotherName(t *testing.T) {
	earlier := []Earlier{
		{Postmortem: domain.Postmortem{ID: "checkout-down", Title: "Checkout down", Date: "2026-11-01"}, Titles: []string{"Add retries", "Write the runbook", "Alert on a full queue"}},
		{Postmortem: domain.Postmortem{ID: "mail-slow", Title: "Mail was slow", Date: "2026-11-01"}, Titles: []string{"Raise the limit of the queue", "Write the runbook"}},
		{Postmortem: domain.Postmortem{ID: "weekly-3", Title: "Weekly review", Date: ""}, Titles: []string{"Check the dashboards"}},
	}
	for name, tc := range map[string]struct {
		title, date string
		items       []string
		want        string
	}{
		"renamed only":               {"Checkout down", "2026-11-01", []string{"Add retries", "Write the runbook", "Alert on a full queue"}, "checkout-down"},
		"renamed and edited":         {"Checkout down", "2026-11-01", []string{"Alert on a full queue", "Write the runbook", "A new one"}, "checkout-down"},
		"with a new title":           {"Customers could not pay", "2026-11-01", []string{"Add retries", "Write the runbook", "Alert on a full queue"}, "checkout-down"},
		"another one of that day":    {"Login down", "2026-11-01", []string{"Write the runbook", "Rotate keys"}, ""},
		"the next one of that title": {"Checkout down", "2026-11-09", []string{"Add retries", "Write the runbook", "Alert on a full queue"}, ""},
		"that title, other items":    {"Checkout down", "2026-11-01", []string{"Rotate keys", "Move the database"}, ""},
		"no day, one item":           {"Weekly review", "", []string{"Check the dashboards"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := Renamed(postmortem.Document{Title: tc.title, Date: tc.date, Items: document(tc.items...)}, earlier)
			require.Equal(t, tc.want != "", ok)
			if ok {
				require.Equal(t, tc.want, got)
			}
		})
	}
	require.False(t, Named("docs/2026-11-01-Checkout.md", postmortem.Document{ID: "2026-11-01-checkout"}))
	require.False(t, Named("README.md", postmortem.Document{ID: "2026-11-01-checkout-down", Date: "2026-11-01", Title: "Checkout down"}))
	require.True(t, Named("README.md", postmortem.Document{ID: "inc-42", Date: "2026-11-01", Title: "Checkout down"}))
}

func TestAnotherDocumentOfTheSameFileName(t *testing.T) {
	e := Earlier{Postmortem: domain.Postmortem{ID: "report", Title: "A disk died", Date: "2026-09-01"}, Titles: []string{"Replace the disk controller", "Test the restore each week"}}
	for name, tc := range map[string]struct {
		title, date string
		items       []string
		want        bool
	}{
		"another one":                  {"DNS outage", "2026-09-20", []string{"Lower the TTL to a minute"}, true},
		"another one, of no known day": {"DNS outage", "", []string{"Lower the TTL to a minute"}, true},
		"one of its items, reworded":   {"DNS outage", "2026-09-20", []string{"Test every restore each week"}, false},
		"its title":                    {"A disk died!", "2026-09-20", []string{"Lower the TTL to a minute"}, false},
		"its day":                      {"DNS outage", "2026-09-01", []string{"Lower the TTL to a minute"}, false},
		"no title":                     {"", "2026-09-20", []string{"Lower the TTL to a minute"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, Another(postmortem.Document{Title: tc.title, Date: tc.date, Items: document(tc.items...)}, e))
		})
	}
}
