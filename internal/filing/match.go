package filing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// The marks of a pair. What is certain lies above 1, what is only alike below.
const (
	sameTicket = 4.0 // the document names the item's own ticket
	sameTitle  = 3.0
	sameWords  = 2.5 // the title but for case and punctuation

	alike        = 0.64 // from here on a reworded item is taken for the same one
	alikeRemoved = 0.8  // the same, for one that the document had dropped before
	alikeAlone   = 0.35 // where one of each is left over, and their owner is the same
)

// pair finds for each item of the document the item that is recorded for it,
// or -1. The ticket that the document names goes first, then equal titles, then
// the most similar wording, so that neither reordering nor rewording files an
// item again. Among equals the one with the same owner, service and due date
// wins, then the order of the document.
func pair(items []postmortem.Item, known []domain.State) []int {
	m := matching{items: items, known: known, match: make([]int, len(items)), taken: make([]bool, len(known))}
	for i := range m.match {
		m.match[i] = -1
	}
	m.learn()
	m.take(m.certain())
	m.take(m.likely())
	m.alone()
	return m.match
}

// matching is the work of one pair.
type matching struct {
	items         []postmortem.Item
	known         []domain.State
	match         []int
	taken         []bool
	ours, theirs  []wording
	titles, words map[string][]int // of the known: title, words → indexes
	tickets       map[string][]int
}

type candidate struct {
	i, j int
	mark float64
}

func (m *matching) learn() {
	ids := vocabulary{}
	for _, item := range m.items {
		m.ours = append(m.ours, ids.read(item.Title))
	}
	m.titles, m.words, m.tickets = map[string][]int{}, map[string][]int{}, map[string][]int{}
	for j, st := range m.known {
		w := ids.read(st.Spec.Title)
		m.theirs = append(m.theirs, w)
		m.titles[st.Spec.Title] = append(m.titles[st.Spec.Title], j)
		m.words[w.plain] = append(m.words[w.plain], j)
		for _, name := range ticketNames(st) {
			m.tickets[name] = append(m.tickets[name], j)
		}
	}
}

// ticketNames are the ways in which a document names the ticket of an item.
func ticketNames(st domain.State) []string {
	ref, url := st.Spec.AdoptRef, ""
	if st.Ticket != nil {
		ref, url = st.Ticket.Ref, st.Ticket.URL
	}
	if ref == "" {
		return nil
	}
	out := []string{string(ref), ref.Key()}
	if url != "" {
		out = append(out, url)
	}
	if _, number, ok := strings.Cut(ref.Key(), "#"); ok && strings.HasPrefix(st.Spec.Target, ref.Tracker()+":"+ref.Project()) {
		out = append(out, "#"+number)
	}
	return out
}

// certain lists the pairs that a ticket or a title makes.
func (m *matching) certain() []candidate {
	var out []candidate
	add := func(i int, with []int, mark float64) {
		for _, j := range with {
			x := candidate{i, j, mark + m.company(i, j) + 0.3*m.ours[i].likeness(m.theirs[j])}
			if m.known[j].Removed {
				x.mark -= 0.2 // one that the document still had last time goes first
			}
			out = append(out, x)
		}
	}
	for i, item := range m.items {
		if t := str(item.Ticket); t != "" {
			add(i, m.tickets[t], sameTicket)
		}
		add(i, m.titles[clip(oneLine(item.Title), maxTitle)], sameTitle)
		if m.ours[i].plain != "" {
			add(i, m.words[m.ours[i].plain], sameWords)
		}
	}
	return out
}

// likely lists the pairs of similar wording among what is left.
func (m *matching) likely() []candidate {
	var out []candidate
	for i := range m.items {
		if m.match[i] >= 0 {
			continue
		}
		for j, st := range m.known {
			if m.taken[j] {
				continue
			}
			least := alike
			if st.Removed {
				least = alikeRemoved
			}
			if l := m.ours[i].likeness(m.theirs[j]); l > least {
				out = append(out, candidate{i, j, l + m.company(i, j)})
			}
		}
	}
	return out
}

// take makes pairs, the best first.
func (m *matching) take(list []candidate) {
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.mark, a.mark), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	for _, c := range list {
		if m.match[c.i] < 0 && !m.taken[c.j] {
			m.match[c.i], m.taken[c.j] = c.j, true
		}
	}
}

// alone pairs the one item that is left with the one that is missing, if they
// have an owner and some words in common: somebody wrote it anew.
func (m *matching) alone() {
	left, missing := -1, -1
	for i, j := range m.match {
		if j >= 0 {
			continue
		}
		if left >= 0 {
			return
		}
		left = i
	}
	for j, st := range m.known {
		if m.taken[j] || st.Removed {
			continue
		}
		if missing >= 0 {
			return
		}
		missing = j
	}
	if left < 0 || missing < 0 {
		return
	}
	owner := oneLine(str(m.items[left].Owner))
	if owner != "" && strings.EqualFold(owner, m.known[missing].Spec.Owner) && m.ours[left].likeness(m.theirs[missing]) >= alikeAlone {
		m.match[left] = missing
	}
}

// company is a small mark, below 0.1, for what the pair has in common beside
// the title. It decides between equals only.
func (m *matching) company(i, j int) float64 {
	item, spec := m.items[i], m.known[j].Spec
	mark := 0.0
	equal := func(a, b string, worth float64) {
		if a != "" && strings.EqualFold(a, b) {
			mark += worth
		}
	}
	equal(oneLine(str(item.Owner)), spec.Owner, 0.03)
	equal(str(item.Service), strings.Join(spec.Services, ","), 0.015)
	equal(str(item.Due), spec.Due, 0.015)
	equal(str(item.Priority), string(spec.Priority), 0.005)
	equal(str(item.Text), spec.Text, 0.015)
	return mark
}
