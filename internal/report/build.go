package report

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// Bounds of the lists in a report; the number beside each list counts all.
const (
	decideShown     = 10
	dueShown        = 20
	shippedShown    = 20
	postmortemShown = 20
	itemsShown      = 1000
)

var types = []domain.Type{domain.Preventative, domain.Mitigative, domain.Other}

// Build makes the report of a period. It reads each item once and keeps only
// what the report shows, so it works on a million of them. An error is one that
// Facts.Items gave.
func Build(f Facts, p Period) (Report, error) {
	b := newBuilder(f, p)
	for it, err := range f.Items {
		if err != nil {
			return Report{}, err
		}
		b.add(it)
	}
	return b.report(), nil
}

// builder gathers what a report shows.
type builder struct {
	f      Facts
	p      Period
	from   time.Time
	to     time.Time
	before time.Time // start of the week before
	links  links

	open, overdue, overdueBefore int
	cells                        map[domain.Priority]map[domain.Type]*[2]int
	standing                     map[string]int
	unknown                      int
	events, past                 map[Event]int
	days, daysBefore             map[domain.Priority][]float64
	share                        Share
	points                       []Point
	quality                      map[string]int
	postmortems                  map[string]*PostmortemLeft

	decide, due7, due14, shipped, items *top
}

func newBuilder(f Facts, p Period) *builder {
	b := &builder{f: f, p: p, from: p.From(), to: p.To(), before: p.Week.Add(-1).Start(p.Location), links: links{strings.TrimSuffix(f.PublicURL, "/"), f.Team},
		cells: map[domain.Priority]map[domain.Type]*[2]int{}, standing: map[string]int{}, events: map[Event]int{}, past: map[Event]int{},
		days: map[domain.Priority][]float64{}, daysBefore: map[domain.Priority][]float64{}, quality: map[string]int{}, postmortems: map[string]*PostmortemLeft{},
		decide: newTop(decideShown, byUrgency), due7: newTop(dueShown, byDue), due14: newTop(dueShown, byDue), shipped: newTop(shippedShown, byUrgency), items: newTop(itemsShown, byUrgency)}
	for n := 1 - weeksShown; n <= 0; n++ {
		b.points = append(b.points, Point{Week: p.Week.Add(n).String()})
	}
	for _, pr := range domain.Priorities {
		b.cells[pr] = map[domain.Type]*[2]int{}
		for _, t := range types {
			b.cells[pr][t] = &[2]int{}
		}
	}
	return b
}

// add counts one item.
func (b *builder) add(it Item) {
	st := *it.This
	now := it.Points[len(it.Points)-1]
	for i, s := range it.Points[1:] {
		count(&b.points[i].Open, s.Open)
		count(&b.points[i].Overdue, s.Overdue)
		count(&b.points[i].Verified, s.Verified)
	}
	count(&b.overdueBefore, it.Points[len(it.Points)-2].Overdue)
	b.standing[statusOf(st)]++
	count(&b.unknown, verdictOf(st) == string(policy.Unknown))
	for e := range it.New {
		b.events[e]++
	}
	for e := range it.Old {
		b.past[e]++
	}
	b.verified(it)
	for _, q := range Flaws(st) {
		b.quality[q]++
	}
	b.remediation(st, now)

	line := b.line(st)
	if it.New[Verified] {
		l := line
		l.Days = b.daysTaken(st)
		b.shipped.add(l)
	}
	why := Attentions(st, it.New[Reopened], now.Overdue, b.to)
	if len(why) > 0 {
		l := line
		l.Why, l.Next = why, nextStep(st, why)
		b.decide.add(l)
	}
	if !now.Open {
		return
	}
	b.open++
	count(&b.overdue, now.Overdue)
	cell := b.cells[st.Spec.Priority][st.Spec.Type]
	if cell == nil { // of a ledger that a later version wrote
		cell = &[2]int{}
	}
	cell[0]++
	count(&cell[1], now.Overdue)
	b.items.add(line)
	if days, ok := b.daysUntil(st); ok && days >= 0 && days < 14 {
		b.due14.add(line)
		if days < 7 {
			b.due7.add(line)
		}
	}
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// verified counts how long it took until what was verified, and whether that
// was in time.
func (b *builder) verified(it Item) {
	one := func(st State, days map[domain.Priority][]float64, onTime, of *int) {
		days[st.Spec.Priority] = append(days[st.Spec.Priority], b.daysTaken(*st))
		if due, err := time.ParseInLocation(time.DateOnly, st.Spec.Due, b.p.Location); err == nil {
			*of++
			count(onTime, st.VerifiedAt.Before(due.AddDate(0, 0, 1)))
		}
	}
	if it.New[Verified] {
		one(it.This, b.days, &b.share.This, &b.share.OfThis)
	}
	if it.Old[Verified] {
		one(it.Last, b.daysBefore, &b.share.Last, &b.share.OfLast)
	}
}

func (b *builder) clockStart(st domain.State) time.Time {
	if b.f.DueSince != nil {
		return b.f.DueSince(st)
	}
	if t, err := time.ParseInLocation(time.DateOnly, st.Spec.IncidentDate, b.p.Location); err == nil {
		return t
	}
	return st.FiledAt
}

func (b *builder) daysTaken(st domain.State) float64 {
	return max(0, float64(st.VerifiedAt.Sub(b.clockStart(st)).Hours()/24))
}

// today is the day on which the period ends: the last day of it that has begun
// to be over for a whole week, the running day for one that goes on.
func (b *builder) today() time.Time {
	y, m, d := b.to.In(b.p.Location).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// daysUntil is how many days there are until the due day; 0: it is today.
func (b *builder) daysUntil(st domain.State) (int, bool) {
	due, err := time.Parse(time.DateOnly, st.Spec.Due)
	if err != nil {
		return 0, false
	}
	return int(due.Sub(b.today()) / (24 * time.Hour)), true
}

func (b *builder) line(st domain.State) Line {
	spec := st.Spec
	l := Line{Item: spec.ID, Title: spec.Title, Priority: spec.Priority, Type: spec.Type, Owner: spec.Owner, Team: spec.Team,
		Status: statusOf(st), Verdict: verdictOf(st), Reason: st.Verdict.Reason, Postmortem: spec.Postmortem, PostmortemTitle: spec.PMTitle,
		PostmortemDate: spec.IncidentDate, Due: spec.Due}
	if st.Ticket != nil {
		l.Ticket, l.URL = st.Ticket.Ref, webAddress(st.Ticket.URL)
		if l.Owner == "" {
			l.Owner = strings.Join(st.Ticket.Assignees, ", ")
		}
	}
	if due, err := time.Parse(time.DateOnly, spec.Due); err == nil {
		l.DaysOver = b.f.Calendar.Between(due, b.today())
		// With only days off in between, what is over or to come is not due now.
		switch {
		case due.Before(b.today()):
			l.DaysOver = max(1, l.DaysOver)
		case due.After(b.today()):
			l.DaysOver = min(-1, l.DaysOver)
		}
	}
	if start := b.clockStart(st); !start.IsZero() {
		l.Age = max(0, int(b.to.Sub(start).Hours()/24))
	}
	return l
}

// webAddress lets only addresses of the web through: a link in a mail must not
// run anything.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}

func (b *builder) remediation(st domain.State, now Standing) {
	id := st.Spec.Postmortem
	pm := b.postmortems[id]
	if pm == nil {
		pm = &PostmortemLeft{ID: id, Title: st.Spec.PMTitle, Date: cmp.Or(st.Spec.IncidentDate, st.FiledAt.In(b.p.Location).Format(time.DateOnly))}
		b.postmortems[id] = pm
	}
	pm.Total.N++
	count(&pm.Open.N, now.Open)
}

// report writes down what was gathered.
func (b *builder) report() Report {
	r := Report{Team: b.f.Team, Week: b.p.Week.String(),
		Span: Span{From: b.from, To: b.to, Zone: b.p.Location.String(), Complete: b.p.Complete()},
		Open: b.links.open(b.open, nil), Overdue: b.links.open(b.overdue, url.Values{"overdue": {"true"}}), OverdueBefore: b.overdueBefore,
		Reopened: b.event(Reopened), Shipped: b.event(Verified), Regressed: b.event(Regressed),
		Unknown: b.links.items(b.unknown, url.Values{"verdict": {"unknown"}})}
	r.Decide = b.decide.lines(b.links.items(b.decide.total, url.Values{"attention": {"true"}, "from": {b.from.UTC().Format(time.RFC3339Nano)}}))
	r.Items = b.items.lines(Count{}).Lines
	r.ShippedList = b.shipped.lines(r.Shipped)
	r.Table = b.table()
	b.fillStanding(&r)
	b.fillFlow(&r)
	today := b.today()
	due := func(t *top, days int) Lines {
		return t.lines(b.links.open(t.total, url.Values{"due_from": {today.Format(time.DateOnly)}, "due_to": {today.AddDate(0, 0, days-1).Format(time.DateOnly)}}))
	}
	r.Due7, r.Due14 = due(b.due7, 7), due(b.due14, 14)
	r.Postmortems = b.remediated()
	r.Quality = b.flaws()
	r.Sentence, r.Credit, r.About = sentence(r), credit(r), b.about()
	return r
}

func (b *builder) event(e Event) Count { return b.links.event(b.events[e], e, b.from, b.to) }

func (b *builder) table() []PriorityRow {
	var out []PriorityRow
	for _, pr := range domain.Priorities {
		row := PriorityRow{Priority: pr}
		cell := func(name string, n [2]int) Cell {
			q := url.Values{"priority": {string(pr)}}
			if name != "" {
				q.Set("type", name)
			}
			over := url.Values{"overdue": {"true"}, "priority": q["priority"]}
			if name != "" {
				over.Set("type", name)
			}
			return Cell{Type: name, Open: b.links.open(n[0], q), Overdue: b.links.open(n[1], over)}
		}
		var sum [2]int
		for _, t := range types {
			n := *b.cells[pr][t]
			sum[0], sum[1] = sum[0]+n[0], sum[1]+n[1]
			row.Cells = append(row.Cells, cell(string(t), n))
		}
		row.Total = cell("", sum)
		out = append(out, row)
	}
	return out
}

// statusOrder is the order in which the statuses are shown: as an item goes
// through them.
var statusOrder = []policy.Status{policy.StatusFiling, policy.StatusOpen, policy.StatusAwaiting, policy.StatusClosedEarly, policy.StatusRegressed, policy.StatusSoaking,
	policy.StatusVerified, policy.StatusDone, policy.StatusWaived, policy.StatusLost}

func (b *builder) fillStanding(r *Report) {
	for _, s := range statusOrder {
		r.Standing = append(r.Standing, Named{string(s), b.links.items(b.standing[string(s)], url.Values{"status": {string(s)}})})
	}
}

func (b *builder) fillFlow(r *Report) {
	for _, e := range AllEvents {
		r.Flow = append(r.Flow, FlowRow{Name: string(e), Text: eventText[e], This: b.event(e), Last: b.links.event(b.past[e], e, b.before, b.from)})
	}
	for _, pr := range domain.Priorities {
		r.Medians = append(r.Medians, Median{pr, median(b.days[pr]), median(b.daysBefore[pr])})
	}
	r.OnTime = b.share
	for i, pt := range b.points {
		if w, err := ParseWeek(pt.Week); err == nil && i < len(b.points)-1 {
			if past, ok := b.f.Past[w]; ok {
				b.points[i] = past
			}
		}
	}
	r.Weeks = b.points
}

func median(list []float64) *float64 {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	m := list[len(list)/2]
	if len(list)%2 == 0 {
		m = (m + list[len(list)/2-1]) / 2
	}
	m = float64(int(m*10+0.5)) / 10
	return &m
}

func (b *builder) remediated() Remediation {
	out := Remediation{List: []*PostmortemLeft{}}
	for _, pm := range b.postmortems {
		if pm.Open.N > 0 {
			out.List = append(out.List, pm)
		}
	}
	slices.SortFunc(out.List, func(x, y *PostmortemLeft) int { return cmp.Or(cmp.Compare(x.Date, y.Date), cmp.Compare(x.ID, y.ID)) })
	out.Left = len(out.List)
	out.List = out.List[:min(out.Left, postmortemShown)]
	for _, pm := range out.List {
		pm.Open = b.links.open(pm.Open.N, url.Values{"postmortem": {pm.ID}})
		pm.Total = b.links.items(pm.Total.N, url.Values{"postmortem": {pm.ID}})
	}
	if len(out.List) > 0 {
		out.Oldest = out.List[0]
	}
	return out
}

func (b *builder) flaws() []Quality {
	var out []Quality
	for _, f := range flawOrder {
		out = append(out, Quality{Name: f, Text: plural(b.quality[f], flawText[f][0], flawText[f][1]), Count: b.links.items(b.quality[f], url.Values{"flaw": {f}})})
	}
	var mute, silent []string
	for _, s := range b.f.Services {
		switch {
		case !s.Heard:
			mute = append(mute, s.Name)
		case s.Silent > 0:
			silent = append(silent, fmt.Sprintf("%s (%d days)", s.Name, s.Silent))
		}
	}
	add := func(name, text string, of []string, link string) {
		if len(of) > 0 {
			out = append(out, Quality{Name: name, Text: text, Count: Count{len(of), b.links.api(link)}, Of: of})
		}
	}
	service := func(of []string) string { return plural(len(of), "service", "services") }
	add("no_deployment_heard", service(mute)+" from which no deployment was ever heard; let CI call `holdfast deployed` after each one", mute, "/deployments")
	add("silent", service(silent)+" without a deployment for long, while the repository moved on; check that CI still reports", silent, "/deployments")
	var held []string
	for _, h := range b.f.Held {
		held = append(held, fmt.Sprintf("%s: %d %s", h.Cause, h.Items, plural(h.Items, "ticket", "tickets")))
	}
	add("reopenings_waiting", plural(len(held), "cause", "causes")+" whose reopenings wait for an operator: `holdfast reopenings`", held, "/reopenings")
	add("not_delivered", plural(len(b.f.Undelivered), "message", "messages")+" of last week's report that no channel took", b.f.Undelivered, "/reports/deliveries")
	return out
}

// links makes the addresses of the lists behind the numbers.
type links struct{ base, team string }

func (l links) api(path string) string { return l.base + "/api/v1" + path }

func (l links) items(n int, q url.Values) Count {
	if q == nil {
		q = url.Values{}
	}
	if l.team != "" {
		q.Set("team", l.team)
	}
	return Count{n, l.api("/items?" + q.Encode())}
}

func (l links) open(n int, q url.Values) Count {
	if q == nil {
		q = url.Values{}
	}
	var words []string
	for _, s := range OpenStatuses {
		words = append(words, string(s))
	}
	q.Set("status", strings.Join(words, ","))
	return l.items(n, q)
}

func (l links) event(n int, e Event, from, to time.Time) Count {
	return l.items(n, url.Values{"event": {string(e)}, "from": {from.UTC().Format(time.RFC3339Nano)}, "to": {to.UTC().Format(time.RFC3339Nano)}})
}
