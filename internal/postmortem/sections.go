package postmortem

import (
	"regexp"
	"strings"
	"unicode"
)

// sections follows the headings: is this place in a section of action items?
type sections struct {
	open   int    // level of the heading that opened the section; 0: none
	sub    int    // level of the sub-heading in force; 0: none
	hint   fields // what the sub-heading says of every item below
	done   bool   // the headings say that all of it is done
	shut   int    // level of a sub-heading that holds no items; 0: none
	titled bool   // the document's own title was seen
	opened bool   // a section was opened at some place
}

// state is what holds for a block.
type state struct {
	active   bool // in a section of action items
	excluded bool // in a section that never holds any
	hint     fields
	done     bool
	level    int // of the heading that opened the section
}

func (s *sections) state() state {
	return state{active: s.open > 0 && s.shut == 0, excluded: s.shut > 0, hint: s.hint, done: s.done, level: s.open}
}

// labelLevel is the level of a heading that is only a line of text.
const labelLevel = 7

// heading handles a heading. The first of level 1 is the document's title,
// which opens nothing, whatever its words.
func (s *sections) heading(level int, words string, title bool) {
	name, bracket := headingName(words)
	if title && !s.titled {
		s.titled = true
		if name != "action items" {
			return
		}
	}
	if s.shut > 0 && level <= s.shut {
		s.shut = 0
	}
	if s.sub > 0 && level <= s.sub {
		s.sub, s.hint = 0, fields{}
	}
	if s.open > 0 && level <= s.open {
		*s = sections{titled: s.titled, opened: s.opened, shut: s.shut}
	}
	switch {
	case s.shut > 0 && !strings.Contains(name, "action item"):
	case excludes(name):
		s.shut = level
	case s.open == 0 && opens(name):
		s.open, s.opened, s.shut = level, true, 0
		s.hint.kind = headingType(name)
		s.done = isStatus(bracket) && isDone(bracket)
	case s.open > 0:
		s.sub = level
		s.hint = fields{kind: typeIn(words, bracket)}
		if key, value, ok := cutKey(words); ok && keys[fold(key)] == "service" {
			s.hint.service = value
		}
		s.done = isStatus(bracket) && isDone(bracket) || isStatus(name) && isDone(name)
	}
}

// label handles a line of text that serves as a heading.
func (s *sections) label(words string) {
	name, _ := headingName(words)
	if s.open > 0 && s.open < labelLevel && !opens(name) {
		s.heading(labelLevel, words, false)
		return
	}
	if opens(name) && s.shut == 0 || s.open == labelLevel {
		s.heading(labelLevel, words, false)
	}
}

var (
	numbering = regexp.MustCompile(`^(?:(?:\d+|[ivx]+|[a-h])(?:\.\d+)*[.)]|\d+)\s+`)
	inBracket = regexp.MustCompile(`\s*[(（\[]([^()（）\[\]]*)[)）\]]\s*$`)
	dashTail  = regexp.MustCompile(`\s+[–—-]\s+.*$`)
)

// headingName folds a heading to its words, without numbers, emoji and the
// bracket at its end, which is returned apart.
func headingName(words string) (string, string) {
	s, bracket := fold(words), ""
	if m := inBracket.FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		bracket, s = s[m[2]:m[3]], s[:m[0]]
	}
	s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	s = numbering.ReplaceAllString(s, "")
	s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(strings.Fields(s), " "), bracket
}

// typeIn is the type that a sub-heading names: by its words, by the bracket
// behind them, or by both at once.
func typeIn(words, bracket string) string {
	name, _ := headingName(words)
	if isTypeWord(name) {
		return strings.Trim(words, " :：#*")
	}
	if isTypeWord(bracket) {
		return bracket
	}
	return headingType(name)
}

var headingTypes = regexp.MustCompile(`^(prevent(?:ion|ive|ative)?|mitigation|detection|process)(?: (?:measures|actions?|items|improvements|action items|tasks))?$`)

// headingType is the type in a heading such as "Preventive measures".
func headingType(name string) string {
	if m := headingTypes.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

const (
	adjective = `(?:the|our|proposed|planned|open|outstanding|remaining|post-?incident|post-?mortem|incident|preventive|preventative|preventing|corrective|remedial|remediation|mitigation|detection|recovery|future|further|next|recommended|suggested|agreed|required|key|new|additional|concrete|long[- ]term|short[- ]term|medium[- ]term|mid[- ]term|near[- ]term|immediate|process|technical|organi[sz]ational|documentation|monitoring|infrastructure|tooling)`
	noun      = `(?:action items?|actions?|action points?|action plan|action list|follow[- ]?ups?|follow[- ]?up (?:tasks?|items?|actions?|work)|next steps|remediations?|remediation (?:items|plan|steps|work)|prevention|prevention plan|preventive|preventative|corrective|recommendations?|improvements?|to-?dos?|to do(?: list)?|work items)`
	afterAdj  = `(?:measures?|tasks?|steps?|items|work|solutions?|changes(?: to .*)?|fix(?:es)?)`
)

var (
	opener = regexp.MustCompile(`^(?:` + adjective + `[ ,/]+)*` + noun + `(?: list)?$|^(?:` + adjective + `[ ,/]+)+` + afterAdj + `$`)
	// again: "How do we prevent this from happening again?"
	again    = regexp.MustCompile(`\bprevent\w*\b.*\b(?:again|recurr\w*|future)\b`)
	anywhere = regexp.MustCompile(`\baction items?\b|アクションアイテム|再発防止|今後の対応|改善策|行动项|改进措施|后续行动|整改措施|후속 조치|maßnahmen\b|\bactions correctives\b|\bacciones (?:correctivas|de seguimiento|pendientes)\b|\bações (?:corretivas|de acompanhamento|preventivas)\b`)
	shutting = regexp.MustCompile(`\btaken\b|\btime ?line\b|\blessons?\b|\bwhat (?:went|worked|happened|did|should you)\b|\bwent (?:well|wrong|poorly|badly)\b|\bgot lucky\b|\bresolution\b|\bnotes? (?:to|for)\b|\bhow to (?:write|use)\b|\bguidelines?\b|\bappendix\b|\bglossary\b|\breferences\b|\bimmediate fix(?:es)?\b|\bshort[- ]term fix(?:es)?\b|\bsupporting\b|\bexamples?\b|タイムライン|教訓|时间线|经验教训`)
	joints   = regexp.MustCompile(`\s*(?:&|/|,|\+|:|\band\b|\bor\b)\s*`)
)

// opens reports whether a heading opens a section of action items.
func opens(name string) bool {
	if len(name) > 120 || name == "" || excludes(name) {
		return false
	}
	if anywhere.MatchString(name) || opener.MatchString(name) || again.MatchString(name) {
		return true
	}
	for _, part := range joints.Split(dashTail.ReplaceAllString(name, ""), -1) {
		if opener.MatchString(part) {
			return true
		}
	}
	return false
}

// excludes reports whether the text below a heading is about the past or
// about how to write postmortems. "Lessons learned and action items" is both,
// and is read.
func excludes(name string) bool {
	if !shutting.MatchString(name) {
		return false
	}
	return !(strings.Contains(name, "action items") && !strings.Contains(name, "how to") && !strings.Contains(name, "example") && !strings.Contains(name, "taken"))
}
