package postmortem

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// maxNotes bounds what is told of one document.
const maxNotes = 50

// parser holds one document while its outline is read.
type parser struct {
	doc       Document
	facts     facts
	calendar  calendar
	people    people
	sec       sections
	pageTitle string // of an HTML page
	timeline  bool   // below a heading about what happened when
	form      bool   // a form by its front matter: an issue template
	guide     bool   // below a heading about how to do reviews
	metrics   bool   // below a heading about figures

	at         int // of the block that is being read
	order      []int
	parts      map[[2]int]int // items by section and part of it
	prose      []candidate
	looked     []section
	named      int // the section whose entries end with names
	dropped    int // placeholders
	tablesSeen int
	tables     map[int]bool // sections that have a table of items
}

// section is one that looked like action items, to say what came of it.
type section struct {
	line            int
	words           string
	dropped         int
	text, otherwise int
}

// extract finds the items and facts in an outline.
func (p *parser) extract(blocks []block) {
	p.sec.names = func() []string { return p.facts.services }
	for i := 0; i < len(blocks) && len(p.doc.Items) < MaxItems; i++ {
		p.at = i
		b := blocks[i]
		switch b.kind {
		case headingBlock:
			r := render(b.inline())
			if n := p.headingItem(blocks[i:], r); n > 0 {
				i += n - 1
				continue
			}
			p.heading(b, r, b.level)
		case paragraphBlock:
			i += p.paragraph(blocks[i:])
		case tableBlock:
			before := p.tablesSeen
			p.table(b, p.sec.state())
			if before == p.tablesSeen {
				p.saw(&b)
			}
		case listBlock:
			if p.labelList(blocks[i:]) {
				continue
			}
			switch st := p.sec.state(); {
			case st.active && p.tables[st.section] && allLegend(b):
			case st.active && (st.atOnce && !mostlyTasks(b) || p.metrics && finishedList(b)):
			case st.active && !p.isLegend(b, blocks[i+1:], st):
				p.list(b, st, 0)
			case st.active:
			case p.headedEntries(b):
			case i > 0 && p.promised(b, blocks[i-1]):
			default:
				p.labelled(b)
				p.factList(b)
			}
		}
	}
	p.addProse()
	p.inOrder()
	if len(p.doc.Items) == MaxItems {
		p.note(0, fmt.Sprintf("only the first %d items were read", MaxItems))
	}
}

// heading follows a heading, or a line that serves as one.
func (p *parser) heading(b block, r rich, level int) {
	words := strings.Trim(r.line(), "[]")
	r.text = strings.Trim(r.text, "[]") // as a type in bold is rendered
	before := p.sec.number
	title := p.facts.title == "" && b.level == 1 && level == 1
	if level < labelLevel {
		p.sec.heading(level, r, title)
		p.facts.heading(b.level, words)
	} else {
		p.sec.label(r)
		if h := &p.sec.hint; p.sec.open > 0 && h.owner == "" && h.kind == "" && (p.people.all(words) || initials(words)) {
			h.owner, h.service = strings.Trim(words, " :：*"), ""
		}
	}
	name, _ := headingName(words)
	if level < labelLevel || excludes(name) {
		p.timeline = containsAny(name, timelineWords)
		p.guide = containsAny(name, guideWords)
		p.metrics = level < labelLevel && containsAny(name, metricsWords) || level == labelLevel && p.metrics
	}
	if p.sec.number != before {
		p.looked = append(p.looked, section{line: b.line, words: words, dropped: p.dropped})
	}
}

var timelineWords = strings.Split(`timeline|time line|chronolog|cronolog|zeitleiste|zeitachse|ablauf|linha do tempo|línea de tiempo|tijdlijn|oś czasu|хронолог|таймлайн|時系列|経緯|タイムライン|时间线|時間線|经过|idővonal|χρονολόγιο|التسلسل|الجدول الزمني|ציר הזמן|타임라인|경과|event log|sequence of events`, "|")

var metricsWords = []string{"metric", "statistic", "kpi", "result", "outcome", "figures", "performance", "métrica", "résultat", "resultado", "risultati", "kennzahl", "ergebnis", "metriek", "wyniki", "metryki", "показател", "метрик", "результат", "指標", "指标", "결과"}

var guideWords = []string{"how to", "example", "guideline", "instruction", "best practices"}

func containsAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// paragraph reads a paragraph, and returns how many further blocks it took.
func (p *parser) paragraph(blocks []block) int {
	b := blocks[0]
	if !p.sec.state().active && !p.facts.wantSummary && !startsTodo(b.source()) && (b.leaf != nil && unread(b.leaf.raw) || plainProse(b.inline())) {
		return 0
	}
	r := render(b.inline())
	if r.text == "" {
		return 0
	}
	if p.isLabel(blocks, r) {
		if n := p.headingItem(blocks, r); n > 0 {
			return n - 1
		}
		p.heading(b, r, labelLevel)
		return 0
	}
	if n := p.labelledParagraph(blocks, r); n > 0 {
		return n - 1
	}
	if n := p.ownedParagraph(blocks, r); n > 0 {
		return n - 1
	}
	if n := p.fieldedParagraph(blocks, r); n > 0 {
		return n - 1
	}
	if st := p.sec.state(); st.active {
		p.prose = append(p.prose, candidate{block: b, st: st, at: p.at})
		p.saw(&b)
		return 0
	}
	for l := range strings.SplitSeq(r.plain(r.text), "\n") {
		p.facts.line(l)
	}
	p.facts.prose(r.line())
	return 0
}

// start is the first run of a text, or so much of it as names a field.
func start(in inline) string {
	s := ""
	for i := 0; i < len(in) && len(s) < 80; i++ {
		s += in[i].text[:min(len(in[i].text), 120)]
	}
	return s
}

// plainProse reports whether a paragraph can be neither a heading, a fact nor
// the label of an item: it is long, and no line of it starts "word:".
func plainProse(in inline) bool {
	n := 0
	for _, s := range in {
		if indexColon(s.text) >= 0 {
			return false
		}
		n += len(s.text)
	}
	return n > 120
}

// saw counts what stands in a section and is no item.
func (p *parser) saw(b *block) {
	if st := p.sec.state(); st.active && len(p.looked) > 0 {
		if s := &p.looked[len(p.looked)-1]; b.kind == paragraphBlock {
			s.text++
		} else {
			s.otherwise++
		}
	}
}

// isLabel reports whether a paragraph is a line that serves as a heading: one
// short line wholly in bold, or the bare words "Action items", or, above a
// list in a section, a few words with a colon.
func (p *parser) isLabel(blocks []block, r rich) bool {
	words := r.line()
	if words == "" || len(words) > 120 || strings.Contains(r.text, "\n") || hasSentinel(r.text) && len(words) > 80 {
		return false
	}
	allBold := true
	for _, s := range blocks[0].inline() {
		if strings.TrimSpace(s.text) != "" && strings.Trim(s.text, " :：") != "" && s.style&bold == 0 {
			allBold = false
		}
	}
	if allBold && len(words) <= 80 {
		return true
	}
	if len(words) > 80 {
		return false
	}
	name, _ := headingName(words)
	bare := !strings.HasSuffix(words, ".") && !strings.HasSuffix(words, "。")
	colon := strings.HasSuffix(words, ":") || strings.HasSuffix(words, "：")
	if len(blocks) > 1 {
		switch blocks[1].kind {
		case listBlock, tableBlock:
			if bare && (opens(name) && len(strings.Fields(name)) <= 5 || excludes(name) && colon && len(strings.Fields(name)) <= 4) {
				return true
			}
			n := len(strings.Fields(words))
			return p.sec.state().active && colon && n <= 5 && len([]rune(words)) <= 50 && !imperative(words) || p.sec.shut == labelLevel && colon && n <= 4
		case paragraphBlock:
			if !bare || len(strings.Fields(name)) > 8 || strings.Contains(words, ". ") {
				return false
			}
			// A sentence may stand between such a line and its list.
			introduces := len(blocks) > 2 && (blocks[2].kind == listBlock || blocks[2].kind == tableBlock)
			return introduces && p.sec.open == labelLevel && excludes(name) && len(strings.Fields(name)) <= 4 ||
				opens(name) && (introduces && p.sec.open == 0 || len(strings.Fields(name)) <= 4 && containsPhrase(name, bareHeadings, 4))
		}
	}
	return false
}

// bareHeadings are the words that head a section also when nothing shows that
// they are a heading.
var bareHeadings = []string{"action items", "action item", "follow-up actions", "follow-ups", "next steps", "corrective actions", "preventive actions", "remediation items", "actionables", "follow up actions", "アクションアイテム", "再発防止策", "今後の対応", "行动项", "改进措施", "后续行动", "후속 조치", "nächste schritte", "maßnahmen", "plan d'action", "actions correctives", "próximos pasos", "acciones correctivas", "próximos passos", "ações corretivas", "azioni correttive", "vervolgacties", "следующие шаги", "план действий"}

// headingItem reads a heading in a section that is an item itself: it is
// followed by its owner or by its description. It returns how many blocks
// belong to it.
func (p *parser) headingItem(blocks []block, r rich) int {
	st := p.sec.state()
	level := blocks[0].level
	if blocks[0].kind == paragraphBlock {
		level = labelLevel
	}
	if !st.active || level <= st.level {
		return 0
	}
	words := r.line()
	name, _ := headingName(words)
	numbered := itemNumber.get().MatchString(words)
	oneWord := len(strings.Fields(name)) < 2 && !cjk(name) && !numbered
	if name == "" || excludes(name) || isTypeWord(name) || horizon(name) || isPriorityWord(name) || !numbered && opens(name) || isStatus(name) || typeIn(words, "") != "" {
		return 0
	}
	n := 1
	prefixed := leadNumber.get().MatchString(words)
	lists, tables, texts, codes, known := 0, 0, 0, 0, 0
	for ; n < len(blocks); n++ {
		b := blocks[n]
		if b.kind == headingBlock {
			if b.level > level && blocks[0].kind == headingBlock {
				return 0 // it has parts of its own
			}
			break
		}
		if b.kind == paragraphBlock && level == labelLevel && n > 0 && p.isLabel(blocks[n:], render(b.inline())) && !fieldLine(b) {
			break
		}
		switch b.kind {
		case listBlock:
			if k := fieldEntries(b.entries); k*2 >= len(b.entries) {
				known += k
			} else {
				lists++
			}
		case tableBlock:
			tables++
		case codeBlock:
			codes++
		case paragraphBlock:
			if fieldLine(b) {
				known++
			} else {
				texts++
			}
		}
	}
	verb := imperative(stripNumber(words))
	switch {
	case tables > 0 && known == 0, oneWord && (known == 0 || texts == 0 || lists+tables > 0):
		return 0
	case known > 0 && (lists == 0 || verb || numbered || len(strings.Fields(name)) >= 4):
	case lists > 0:
		if !numbered || !verb || len(strings.Fields(name)) < 4 {
			return 0
		}
	case codes > 0: // a heading above an example
		return 0
	case texts > 0 && (verb || prefixed):
	case texts == 0 && (verb || prefixed) && blocks[0].kind == headingBlock:
	default:
		return 0
	}
	f := fields{}
	r.lead = ""
	r.text = strings.ReplaceAll(r.text, "\n", " ")
	if cut := numbering.get().FindString(r.text); cut != "" && len(cut) < len(r.text) {
		r.text = strings.TrimSpace(r.text[len(cut):])
	}
	below := p.below(blocks[1:n], &f, &r, 0)
	p.item(r, below, f, st, blocks[0].line)
	return n
}

var itemNumber = lazy(`(?i)^(?:action(?: item)?|ai|ap|item|task|recommendation|improvement|maßnahme|acción|ação|azione|actie|действие|アクション|対策|行动项?|措施|조치)[ #-]*\d{1,3}\b|^\d{1,2}[.)]\s|^#\d{1,2}\b|^[a-z]{2,4}-\d{1,3}[:. ]`)

func stripNumber(s string) string {
	if cut := leadNumber.get().FindString(s); cut != "" {
		return s[len(cut):]
	}
	if cut := numbering.get().FindString(s); cut != "" {
		return strings.TrimSpace(s[len(cut):])
	}
	return s
}

// fieldLine reports whether a paragraph has a line that is a field.
func fieldLine(b block) bool {
	for _, l := range b.inline().lines() {
		text := strings.TrimLeft(l.plainText(), " -*•")
		if i := indexColon(text); i > 0 && i < 60 && fieldKey(text[:i]) != noField {
			return true
		}
	}
	return false
}

// headedEntries reads a list that is the report itself: its entries are the
// headings ("- **Review actions**:"), and the lists below them the sections. It
// reports whether one of them opened a section.
func (p *parser) headedEntries(b block) bool {
	found := false
	for _, e := range b.entries {
		if len(e.blocks) < 2 || e.checked != nil || e.blocks[0].kind != paragraphBlock || e.blocks[1].kind != listBlock {
			continue
		}
		r := render(e.blocks[0].inline())
		words := strings.TrimRight(r.line(), ":： ")
		name, _ := headingName(words)
		if len(words) > 60 || r.lead == "" && words == r.line() || !opens(name) || p.sec.state().excluded {
			continue
		}
		if !found {
			p.factList(b)
		}
		found = true
		before := p.sec
		p.sec.number++
		p.looked = append(p.looked, section{line: e.line, words: words, dropped: p.dropped})
		st := state{active: true, level: labelLevel, section: p.sec.number, hint: fields{kind: typeIn(words, "")}}
		for _, c := range e.blocks[1:] {
			if c.kind == listBlock {
				p.list(c, st, 1)
			}
		}
		before.number = p.sec.number
		p.sec = before
	}
	return found
}

// promised reads a list outside of any section that a sentence introduces as
// what the authors will do: "We will do the following to avoid this:". Each of
// its entries must say so too.
func (p *parser) promised(b, before block) bool {
	if p.timeline || p.guide || before.kind != paragraphBlock {
		return false
	}
	src := strings.TrimSpace(before.source())
	if !strings.HasSuffix(src, ":") && !strings.HasSuffix(src, "：") {
		return false
	}
	if s := strings.ReplaceAll(before.inline().plainText(), "\n", " "); !ours.get().MatchString(s) || !strings.Contains(s, "following") && !again.get().MatchString(strings.ToLower(s)) {
		return false
	}
	for _, e := range b.entries {
		if len(e.blocks) == 0 || e.blocks[0].kind != paragraphBlock {
			return false
		}
		if text := e.blocks[0].inline().plainText(); !ours.get().MatchString(text) && !imperative(text) || past(text) {
			return false
		}
	}
	p.sec.number++
	p.list(b, state{active: true, level: labelLevel, section: p.sec.number}, 0)
	return true
}

// labelList reads a list of one entry in bold with a colon as the heading that
// it is, in reports of which the outline is a list: "- **Review actions**:"
// above a list of its own or above text.
func (p *parser) labelList(blocks []block) bool {
	b := blocks[0]
	if len(blocks) == 1 || blocks[1].kind == headingBlock || len(b.entries) != 1 || b.entries[0].checked != nil || len(b.entries[0].blocks) != 1 || b.entries[0].blocks[0].kind != paragraphBlock {
		return false
	}
	head := b.entries[0].blocks[0]
	if src := strings.TrimRight(head.source(), " *_"); !strings.HasSuffix(src, ":") && !strings.HasSuffix(src, "：") {
		return false
	}
	r := render(head.inline())
	words := strings.TrimRight(r.line(), ":： ")
	if words == "" || len(words) > 60 || strings.TrimRight(r.lead, ":： ") != words {
		return false
	}
	if name, _ := headingName(words); p.sec.state().active && p.sec.open != labelLevel && !opens(name) && !excludes(name) {
		return false
	}
	p.heading(head, r, labelLevel)
	return true
}

// ownedParagraph reads a paragraph that starts with the name of who does it,
// in bold: "**Ada** Write the runbook". A list that it introduces belongs to
// it. It returns how many blocks it took.
func (p *parser) ownedParagraph(blocks []block, r rich) int {
	st := p.sec.state()
	after, ok := strings.CutPrefix(r.text, r.lead)
	if !st.active || r.lead == "" || !ok || !p.person(strings.Trim(r.lead, " :：–—-")) || !imperative(strings.TrimLeft(after, " :：–—-\n")) {
		return 0
	}
	n := 1
	if strings.HasSuffix(r.text, ":") && len(blocks) > 1 && blocks[1].kind == listBlock {
		n++
	}
	f := fields{}
	r.text = titleLine(r.text, &f)
	below := p.below(blocks[1:n], &f, &r, 0)
	p.item(r, below, f, st, blocks[0].line)
	return n
}

// fieldedParagraph reads a paragraph that starts with a title in bold and has
// its fields on lines of their own, in it or right below it:
// "**Second replica.** In another zone." above "Owner: Ada". It returns how
// many blocks it took.
func (p *parser) fieldedParagraph(blocks []block, r rich) int {
	st := p.sec.state()
	if !st.active || len(strings.Trim(r.lead, " :：.")) < 3 || fieldKey(strings.Trim(r.lead, " :：")) != noField {
		return 0
	}
	f := fields{}
	title := titleLine(r.text, &f)
	n := 1
	for n < len(blocks) && n < 6 && blocks[n].kind == paragraphBlock && onlyFields(blocks[n].inline()) {
		n++
	}
	below := p.below(blocks[1:n], &f, &r, 0)
	if f.owner == "" && f.due == "" && f.priority == "" && f.status == "" {
		return 0
	}
	r.text = title
	p.item(r, below, f, st, blocks[0].line)
	return n
}

// startsTodo is a quick look for a paragraph that says that it is to be done.
func startsTodo(src string) bool {
	src = strings.TrimLeft(src, "*_")
	return strings.HasPrefix(src, "TODO") || strings.HasPrefix(src, "DOING")
}

// labelled reads the entries of a list outside of any section that say that
// they are items: "Action item: …".
func (p *parser) labelled(b block) {
	for _, e := range b.entries {
		if len(e.blocks) == 0 || e.blocks[0].kind != paragraphBlock || !mayHaveKey(e.blocks[0].source()) || !mayLabel(start(e.blocks[0].inline())) {
			continue
		}
		r := render(e.blocks[0].inline())
		if !p.saysItem(r) {
			continue
		}
		r.checked = e.checked
		f := fields{}
		r.text = titleLine(r.text, &f)
		below := p.below(e.blocks[1:], &f, &r, 0)
		p.item(r, below, f, state{}, e.line)
	}
}

// mayLabel is a quick look: words before a colon.
func mayLabel(s string) bool {
	i := indexColon(s)
	return i > 0 && strings.ContainsFunc(s[:i], unicode.IsLetter)
}

// plainLabel is a label that is clear without being bold.
var plainLabel = lazy(`(?i)^\[?(?:action item|follow[- ]?up (?:item|action)|corrective action|preventive action|アクションアイテム|行动项|액션 아이템)\]?(?: ?#?\d{1,3})?\]?\s*[:：]\s*\S|^(?:ACTION|TODO|AI|FOLLOW-UP)(?: ?#?\d{1,3})?:\s+\S`)

// saysItem reports whether a text starts with the label of an item.
func (p *parser) saysItem(r rich) bool {
	if authorsNote.get().MatchString(r.text) {
		return false
	}
	if lead := strings.Trim(r.lead, " :："); (lead == "TODO" || lead == "DOING") && lead != strings.Trim(r.text, " :：") && !p.guide && !p.timeline {
		return true
	}
	if i := indexColon(r.text[:min(len(r.text), 60)]); i < 0 {
		return false
	}
	m := actionLabel.get().FindString(r.text)
	if m == "" || len(m) >= len(r.text) || p.guide || p.timeline && !plainLabel.get().MatchString(r.text) || past(r.text[len(m):]) {
		return false
	}
	lead := strings.TrimRight(r.lead, ":： ")
	return plainLabel.get().MatchString(r.text) || lead != "" && strings.HasPrefix(m, lead)
}

// labelledParagraph reads a paragraph that says that it is an item, and
// returns how many blocks it took.
func (p *parser) labelledParagraph(blocks []block, r rich) int {
	if !p.saysItem(r) {
		return 0
	}
	n := 1
	for n < len(blocks) && n < 6 && (blocks[n].kind == paragraphBlock && onlyFields(blocks[n].inline()) || blocks[n].kind == listBlock && fieldEntries(blocks[n].entries) == len(blocks[n].entries)) {
		n++
	}
	// Several on lines of their own are several items.
	var starts []inline
	for _, l := range blocks[0].inline().lines() {
		one := render(l)
		if len(starts) == 0 || p.saysItem(one) {
			starts = append(starts, l)
			continue
		}
		k := len(starts) - 1
		starts[k] = append(append(starts[k], span{text: "\n"}), l...)
	}
	for i, s := range starts {
		one, f := render(s), fields{}
		one.text = titleLine(one.text, &f)
		below := ""
		if i == len(starts)-1 {
			below = p.below(blocks[1:n], &f, &one, 0)
		}
		st := p.sec.state()
		if !st.active {
			st = state{}
		}
		p.item(one, below, f, st, blocks[0].line)
	}
	return n
}

// onlyFields reports whether every line of a paragraph is a field.
func onlyFields(in inline) bool {
	for _, l := range in.lines() {
		if f := (fields{}); !l.empty() && !takeLine(strings.TrimSpace(l.plainText()), &f) {
			return false
		}
	}
	return true
}

func (p *parser) note(line int, s string) {
	if line > 0 {
		s = fmt.Sprintf("line %d: %s", line, s)
	}
	if len(p.doc.Notes) < maxNotes && !slices.Contains(p.doc.Notes, s) {
		p.doc.Notes = append(p.doc.Notes, s)
	}
}

// add keeps an item.
func (p *parser) add(it Item) {
	if len(p.doc.Items) < MaxItems {
		p.doc.Items = append(p.doc.Items, it)
		p.order = append(p.order, p.at)
	}
}

// inOrder puts the items into the order of the document: those of paragraphs
// are found last.
func (p *parser) inOrder() {
	sort.Stable(byBlock{p})
}

type byBlock struct{ *parser }

func (b byBlock) Len() int           { return len(b.order) }
func (b byBlock) Less(i, j int) bool { return b.order[i] < b.order[j] }
func (b byBlock) Swap(i, j int) {
	b.order[i], b.order[j] = b.order[j], b.order[i]
	b.doc.Items[i], b.doc.Items[j] = b.doc.Items[j], b.doc.Items[i]
}
