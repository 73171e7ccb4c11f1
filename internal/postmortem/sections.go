package postmortem

import "strings"

// sections follows the headings: is this place in a section of action items?
type sections struct {
	open   int    // level of the heading that opened the section; 0: none
	sub    int    // level of the sub-heading in force; 0: none
	hint   fields // what the sub-heading says of every item below
	done   bool   // the headings say that all of it is done
	shut   int    // level of a sub-heading that holds no items; 0: none
	titled bool   // the document's own title was seen
	number int    // of the section, counted from 1
	part   int    // of the sub-heading in force, counted in the section
	atOnce bool   // the section is named for what is, or was, done at once
	names  services
}

// services are the affected services that the document names.
type services func() []string

// state is what holds for a block.
type state struct {
	active   bool // in a section of action items
	excluded bool // in a section that never holds any
	hint     fields
	done     bool
	level    int // of the heading that opened the section
	section  int
	part     int
	atOnce   bool // a list of what was done may stand here
}

func (s *sections) state() state {
	return state{active: s.open > 0 && s.shut == 0, excluded: s.shut > 0, hint: s.hint, done: s.done, level: s.open, section: s.number, part: s.part, atOnce: s.atOnce}
}

// labelLevel is the level of a heading that is only a line of text.
const labelLevel = 7

// heading handles a heading. The first of level 1 is the document's title,
// which opens nothing, whatever its words.
func (s *sections) heading(level int, text rich, title bool) {
	words := text.plain(text.text)
	name, bracket := headingName(words)
	if title && !s.titled {
		s.titled = true
		if name != "action items" && !headingLists().weak[name] {
			return
		}
	}
	if s.shut > 0 && level <= s.shut {
		s.shut = 0
	}
	if s.sub > 0 && level <= s.sub {
		s.sub, s.hint, s.done = 0, fields{}, false
	}
	if s.open > 0 && level <= s.open {
		*s = sections{titled: s.titled, number: s.number, shut: s.shut, names: s.names}
	}
	switch {
	case s.shut > 0 && !strings.Contains(name, "action item") && !(opens(name) && s.open == 0 && !excludedPart(name)):
	case excludes(name) && !(s.open > 0 && isTypeWord(name)):
		s.shut = level
	case s.open == 0 && opens(name):
		s.number++
		s.open, s.shut, s.part = level, 0, 0
		s.atOnce = immediate.get().MatchString(name)
		s.hint = fields{}
		s.hint.kind = headingType(name)
		if k := s.hint.kind; k == "remediation" || k == "corrective" || k == "monitoring" || k == "alerting" || k == "response" || k == "recovery" || k == "documentation" {
			s.hint.kind = ""
		}
		s.done = isStatus(bracket) && isDone(bracket)
		s.hint.ticket = text.onlyTicket()
	case s.open > 0:
		s.sub = level
		s.part++
		s.hint = subHint(text, words, name, bracket, s.names)
		s.done = isStatus(bracket) && isDone(bracket) || isStatus(name) && isDone(name) || isDone(words) && strings.ContainsAny(words, ticks)
	}
}

// excludedPart reports whether a heading below an excluded one only names a
// part of it, as "Improvements" below "Lessons learned" may.
func excludedPart(name string) bool {
	switch name {
	case "action", "actions", "remediation", "fix", "fixes", "recovery actions", "mitigation actions", "immediate actions", "follow-up", "tasks":
		return true
	}
	return headingLists().weak[name]
}

// subHint is what a sub-heading says of every item below it: type, service,
// owner, priority, due date, ticket.
func subHint(text rich, words, name, bracket string, names services) fields {
	h := fields{kind: typeIn(words, bracket)}
	h.ticket = text.onlyTicket()
	if key, value, ok := cutKey(words); ok {
		h.set(key, value)
	}
	if h.kind == "" && isPriorityWord(strings.TrimSpace(strings.TrimSuffix(name, "priority"))) || isPriorityWord(name) {
		h.priority = words
	} else if isPriorityWord(bracket) {
		h.priority = bracket
	} else if m := leadWords.get().FindStringSubmatch(words); m != nil && isPriorityWord(m[1]) { // "P0 - before the next release"
		h.priority = m[1]
	}
	for _, s := range []string{bracket, words} {
		if h.due == "" && (looksLikeDue(s) || period.get().MatchString(fold(s))) {
			h.due = s
		}
	}
	if isHandles(strings.TrimSpace(words)) {
		h.owner = strings.TrimSpace(words)
	} else if strings.HasSuffix(name, " team") && len(strings.Fields(name)) <= 3 {
		h.owner = strings.Trim(words, " :：#*")
	}
	if h.service == "" && h.owner == "" && h.kind == "" && properName(words, text, names) {
		h.service = strings.Trim(words, " :：#*")
	}
	return h
}

// properName reports whether a sub-heading is the name of a component: one of
// the affected services, in code style, or one word as only names are
// written (BinderHub, checkout-api).
func properName(words string, text rich, names services) bool {
	w := strings.Trim(words, " :：#*")
	for _, n := range names() {
		if fold(n) == fold(w) {
			return true
		}
	}
	if w == "" || strings.ContainsAny(w, " ()") || len(w) > 60 {
		return false
	}
	if text.coded {
		return true
	}
	lower := 0
	for i, r := range w {
		switch {
		case r >= 'a' && r <= 'z':
			lower++
		case i > 0 && lower > 0 && r >= 'A' && r <= 'Z':
			return !strings.Contains(w, "-")
		case (r == '-' || r == '_') && strings.ToLower(w) == w:
			_, bad := horizons[strings.ReplaceAll(w, "-", " ")]
			return lower > 0 && !bad && wordField(w) == noField && !strings.HasSuffix(w, "term") && !strings.HasPrefix(w, "follow")
		}
	}
	return false
}

// label handles a line of text that serves as a heading.
func (s *sections) label(text rich) {
	name, _ := headingName(text.plain(text.text))
	if s.open > 0 && s.open < labelLevel && !opens(name) {
		s.heading(labelLevel, text, false)
		return
	}
	if opens(name) && (s.shut == 0 || !excludedPart(name)) || s.open == labelLevel {
		if s.open > 0 && s.open < labelLevel && opens(name) { // "Preventive measures" within action items
			s.sub = labelLevel
			s.part++
			s.hint = fields{kind: typeIn(text.plain(text.text), "")}
			if s.shut == labelLevel {
				s.shut = 0
			}
			return
		}
		// Within a section that a line opened, another line is a part of it,
		// unless it opens one itself or closes it.
		s.heading(labelLevel, text, false)
		return
	}
	if excludes(name) {
		s.heading(labelLevel, text, false)
	}
}

var horizons = map[string]bool{
	"immediate": true, "immediately": true, "short term": true, "medium term": true, "mid term": true, "long term": true, "near term": true, "now": true, "later": true, "next": true,
	"this week": true, "next week": true, "this quarter": true, "next quarter": true, "this month": true, "next month": true, "this sprint": true, "next sprint": true, "backlog": true, "future": true, "quick wins": true,
	"kurzfristig": true, "mittelfristig": true, "langfristig": true, "sofort": true, "court terme": true, "moyen terme": true, "long terme": true, "à court terme": true, "à moyen terme": true, "à long terme": true, "immédiat": true,
	"corto plazo": true, "mediano plazo": true, "medio plazo": true, "largo plazo": true, "inmediato": true, "inmediatas": true, "curto prazo": true, "médio prazo": true, "longo prazo": true, "imediato": true, "imediatas": true,
	"breve termine": true, "medio termine": true, "lungo termine": true, "korte termijn": true, "middellange termijn": true, "lange termijn": true, "krótkoterminowe": true, "średnioterminowe": true, "długoterminowe": true,
	"краткосрочные": true, "среднесрочные": true, "долгосрочные": true, "短期": true, "中期": true, "長期": true, "长期": true, "단기": true, "중기": true, "장기": true,
}

func horizon(name string) bool {
	return horizons[strings.ReplaceAll(name, "-", " ")] || horizons[strings.TrimSuffix(strings.ReplaceAll(name, "-", " "), " actions")]
}
