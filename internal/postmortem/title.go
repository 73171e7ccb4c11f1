package postmortem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const group = `[\[(（［【]([^\[\]()（）［］【】]{1,200})[\])）］】]`

var (
	leadGroup  = lazy(`^` + group + `\s*[:：–—-]?\s*`)
	tailGroup  = lazy(`\s*` + group + `\s*[.。]?$`)
	leadWords  = lazy(`^([^\n:：]{1,40}?)(?:\s*[:：]\s*|\s+[–—-]\s+)`)
	leadRank   = lazy(`^(P[0-4])\s+(\p{Lu})`)
	leadHandle = lazy(`^(@[\pL\pN][\pL\pN._/\x{2060}-]*(?:(?:\s*[,&/]\s*|\s+and\s+|\s+)@[\pL\pN][\pL\pN._/\x{2060}-]*){0,4})(?:\s*[:：]\s*|\s+[–—-]\s+|\x{2060}\s+)`)
	tailHandle = lazy(`(?:\s*[–—,:→(-]+|\s)\s*(@[\pL\pN][\pL\pN._/\x{2060}-]*(?:(?:\s*[,&/、]\s*|\s+and\s+|\s+)@[\pL\pN][\pL\pN._/\x{2060}-]*)*)\.?$`)
	tailDue    = lazy(`(?i)[\s,;–—-]+(?:due(?: on| by)?|by|eta|deadline|before|until|bis(?: zum)?|fällig am|avant le|d'ici le|pour le|antes del?|até|entro il|entro|voor|do|до|к)\s+([^\s,;][^,;]{0,24}(?:,\s*\d{4})?)\.?$`)
	pieceMark  = lazy(`\s+[–—-]\s+|\s*[|→]\s*`)
	tailAssign = lazy(`(?i)^(?:assigned to|owned by|owner|assegnat[oa] a|assignée? à|asignad[oa] a|atribuíd[oa] a|zugewiesen an|toegewezen aan|ansvarig|verantwoordelijk)\s+(\S.{0,40})$`)
	tailRank   = lazy(`\s+[(\[]?(P[0-4])[)\]]?\.?$`)
	tailNumber = lazy(`^(.*\S)\s+((?:[\w.-]+/[\w.-]+)?#\d{1,7})\.?$`)
	tailState  = lazy(`(?:\s+[–—-]+\s+|\s*[:;]\s+)([^\s–—][^–—]{2,60})$`)
	tailMerged = lazy(`,\s+((?:merged|fixed|shipped|deployed|released|done|completed) (?:as|in|by|via|with) [^\s,][^,]{0,40})$`)
	tailSee    = lazy(`(?i)[\s,;(]+(?:see|see also|cf\.?|siehe|voir|véase|ver|vedi|zie|см\.?)$`)
	tailDone   = lazy(`(?:\s+[–—-]+\s+|\s+)(DONE|Done|✅|☑|✔)\.?$`)
	markedDate = lazy(`(?i)(?:[\s,;:(–—-]*(?:due|by|until|before|on|bis|eta))?[\s,;:(–—-]*\x{2060}(\d{4}-\d{2}-\d{2})\x{2060}\s*[.)]*$`)
	leadTick   = lazy(`^(?:[✅☑✔✓]\x{FE0F}?|DONE[:：]?|:white_check_mark:|:heavy_check_mark:)\s+`)
	leadBox    = lazy(`^\[([ xX])\]\s+`)
	leadNumber = lazy(`^(?i:action(?: item)?|ai|ap|action point|task|item|maßnahme|acción|ação|azione|actie|действие|アクション|行动项?)[ #-]*\d{1,3}[.)]?\s*[:：.–—-]\s*`)
	pieces     = lazy(`\s*[,;|、，；]\s*|\s+[–—-]\s+`)
	longDate   = lazy(`(?i)\b([a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?),\s+(\d{4})\b`)
)

// takeFields takes the decoration off both ends of a title and returns the
// bare title. What is not clearly a field stays in the title.
func takeFields(s string, f *fields) string {
	for range 20 { // each round takes one piece
		next := takeOne(strings.TrimSpace(s), f)
		if next == s {
			break
		}
		s = next
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.Trim(s, " \t\n–—,;|、，"), " -"))
}

func takeOne(s string, f *fields) string {
	if s == "" {
		return s
	}
	if next, ok := takeLead(s, f); ok {
		return next
	}
	return takeTail(s, f)
}

func takeLead(s string, f *fields) (string, bool) {
	switch first, _ := utf8.DecodeRuneInString(s); first {
	case '[', '(', '（', '［', '【':
		if m := leadBox.get().FindStringSubmatch(s); m != nil {
			if m[1] != " " {
				put(&f.status, "done")
			}
			return s[len(m[0]):], true
		}
		if m := leadGroup.get().FindStringSubmatch(s); m != nil && len(m[0]) < len(s) && f.all(m[1]) {
			return s[len(m[0]):], true
		}
	case '✅', '☑', '✔', '✓', 'D', ':':
		if m := leadTick.get().FindString(s); m != "" {
			put(&f.status, "done")
			return s[len(m):], true
		}
	case '@':
		if m := leadHandle.get().FindStringSubmatch(s); m != nil {
			put(&f.owner, m[1])
			return s[len(m[0]):], true
		}
	case 'P':
		if m := leadRank.get().FindStringSubmatch(s); m != nil {
			put(&f.priority, m[1])
			return strings.TrimSpace(s[len(m[1]):]), true
		}
	case '⏳', '⌛', '🚧', '📝', '🔄', '🔧', '🛠', '📌', '👉', '➡', '🔜', '⬜', '🔲', '🆕', '⚠', '🎯', '💡', '🚀', '📋', '📊', '📚', '🔍', '🔒', '🛡':
		_, n := utf8.DecodeRuneInString(s)
		if rest := strings.TrimSpace(strings.TrimPrefix(s[n:], "\ufe0f")); rest != "" {
			return rest, true
		}
	case '🔴', '🟠', '🟡', '🟢', '🔥':
		_, n := utf8.DecodeRuneInString(s)
		return strings.TrimSpace(strings.TrimPrefix(s[n:], "\ufe0f")), true
	}
	if m := leadNumber.get().FindString(s); m != "" && len(m) < len(s) {
		return s[len(m):], true
	}
	if m := leadWords.get().FindStringSubmatch(s); m != nil && len(m[0]) < len(s) && f.head(m[1], indexColon(m[0][len(m[1]):]) >= 0) {
		return s[len(m[0]):], true
	}
	return s, false
}

func takeTail(s string, f *fields) string {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, ".。 "))
	if strings.Contains(s, joiner) {
		if m := markedDate.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
			put(&f.due, s[m[2]:m[3]])
			return s[:m[0]]
		}
	}
	if strings.ContainsRune("])）］】", last) {
		if m := tailGroup.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 && f.all(s[m[2]:m[3]]) {
			return s[:m[0]]
		}
	}
	if indexColon(s) >= 0 {
		if m := keyMark.get().FindAllStringSubmatchIndex(s, -1); m != nil {
			last := m[len(m)-1]
			if last[0] > 0 && !withinText(s, last) && f.set(s[last[2]:last[3]], strings.TrimRight(s[last[1]:], ")）")) {
				return strings.TrimRight(s[:last[0]], " (（–—-,;|*、")
			}
		}
	}
	if m := tailDone.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		put(&f.status, "done")
		return s[:m[0]]
	}
	if strings.Contains(s, "@") {
		if m := tailHandle.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
			put(&f.owner, s[m[2]:m[3]])
			return s[:m[0]]
		}
	}
	if m := tailRank.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 && len(s) < 200 {
		put(&f.priority, s[m[2]:m[3]])
		return strings.TrimRight(s[:m[0]], " –—-")
	}
	if m := tailState.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 && stateTail(s[m[2]:m[3]]) {
		f.state(s[m[2]:m[3]])
		return s[:m[0]]
	}
	if m := tailMerged.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		f.state(s[m[2]:m[3]])
		return s[:m[0]]
	}
	if m := tailNumber.get().FindStringSubmatch(s); m != nil && f.ticket == "" && numberedTicket(m[1]) {
		put(&f.ticket, m[2])
		s = strings.TrimRight(m[1], " :：–—-(")
		if m := tailSee.get().FindStringIndex(s); m != nil && m[0] > 0 {
			s = s[:m[0]]
		}
		return s
	}
	if m := tailDue.get().FindStringSubmatchIndex(s); m != nil && (looksLikeDue(s[m[2]:m[3]]) || weekday.get().MatchString(s[m[2]:m[3]])) {
		put(&f.due, s[m[2]:m[3]])
		return s[:m[0]]
	}
	if next, ok := takePiece(s, f); ok {
		return next
	}
	end := strings.TrimRight(s, ". ")
	if r, n := utf8.DecodeLastRuneInString(end); isSentinel(string(r)) && n < len(end) {
		put(&f.ticket, string(r))
		s = strings.TrimRight(end[:len(end)-n], " :：–—-([→")
		if m := tailSee.get().FindStringIndex(s); m != nil && m[0] > 0 {
			s = s[:m[0]]
		}
		return s
	}
	if r, n := utf8.DecodeRuneInString(s); isSentinel(string(r)) && n < len(s) {
		put(&f.ticket, string(r))
		return strings.TrimLeft(s[n:], " :：–—-)]")
	}
	return s
}

// takePiece takes what stands behind the last dash if it can only be a field,
// or a name beside another field: "… – Jörg Müller – P2".
func takePiece(s string, f *fields) (string, bool) {
	from := max(0, len(s)-80)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	all := pieceMark.get().FindAllStringIndex(s[from:], -1)
	if all == nil {
		return s, false
	}
	m := all[len(all)-1]
	rest, piece := s[:from+m[0]], strings.TrimRight(s[from+m[1]:], " .")
	if strings.TrimSpace(rest) == "" || piece == "" {
		return s, false
	}
	if who := tailAssign.get().FindStringSubmatch(piece); who != nil && (isBlank(who[1]) || isHandles(who[1]) || looksLikeName(who[1]) || teamName.get().MatchString(who[1])) {
		put(&f.owner, who[1])
		return rest, true
	}
	switch {
	case looksLikeDue(piece) && len(piece) >= 6:
		put(&f.due, piece)
	case isHandles(piece):
		put(&f.owner, piece)
	case isPriorityWord(piece):
		put(&f.priority, piece)
	case f.owner == "" && (f.due != "" || f.priority != "") && looksLikeName(piece), f.owner == "" && givenName(piece):
		put(&f.owner, piece)
	default:
		if duePrefix.get().MatchString(piece) && f.bare(piece) {
			return rest, true
		}
		return s, false
	}
	return rest, true
}

// weekday is a day of the coming week.
var weekday = lazy(`(?i)^(?:this |next )?(?:monday|tuesday|wednesday|thursday|friday)$`)

// withinText reports whether a key is a word of the sentence: "the error
// container not found for service: x". What only a field is called needs no
// stop before it.
func withinText(s string, m []int) bool {
	switch fold(s[m[2]:m[3]]) {
	case "service", "services", "component", "type", "category", "issue", "bug", "status", "state", "tracking", "target", "termin", "tickets":
		before, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s[:m[2]], " *"))
		return unicode.IsLetter(before) || unicode.IsDigit(before)
	}
	return false
}

// stated matches a status that says more: "completed in v1.2", "fixed by #12".
var stated = lazy(`(?i)^(?:done|completed?|fixed|resolved|shipped|merged|deployed|implemented|released|closed|erledigt|terminé|hecho|feito|fatto|gereed|gotowe|готово|完了|已完成|완료)[.!✅ ]*(?:(?:in|on|by|with|via|as|as of|since|at|through|am|mit|le|en|el|em)\s+.{1,50})?$`)

func stateTail(s string) bool { return stated.get().MatchString(strings.Trim(s, " .()")) }

// state takes such a status, and the ticket that it names.
func (f *fields) state(s string) {
	put(&f.status, s)
	put(&f.ticket, statusRef.get().FindString(s))
}

// numberedTicket reports whether a number behind this text is the item's
// ticket, not what the text speaks of: "Finish the roll-out of #92".
func numberedTicket(before string) bool {
	list := strings.Fields(strings.ToLower(before))
	if len(list) < 3 {
		return false
	}
	switch list[len(list)-1] {
	case "of", "in", "from", "to", "and", "or", "like", "with", "as", "on", "at", "for", "by", "than", "after", "before", "until", "per", "since", "pr", "issue", "the", "revert", "merge", "fix", "land", "ship", "deploy", "finish", "close", "incident":
		return false
	}
	return true
}

// takeRest takes the fields off the text behind a lead, which may be nothing
// but a bracket of fields.
func takeRest(s string, f *fields) string {
	if m := leadGroup.get().FindStringSubmatch(s); m != nil && len(m[0]) == len(s) && f.all(m[1]) {
		return ""
	}
	if s = takeFields(s, f); takeLine(s, f) {
		return ""
	}
	return s
}

// all takes every part of a bracketed group, or none of it. Beside a date or
// another field, a name is the owner's.
func (f *fields) all(inside string) bool {
	try := *f
	// The comma within "Oct 12, 2026" separates no parts.
	inside = longDate.get().ReplaceAllString(inside, "$1 $2")
	n, who := 0, ""
	for _, part := range pieces.get().Split(inside, -1) {
		if part == "" {
			continue
		}
		if !try.bare(part) {
			if who != "" || try.owner != "" || !looksLikeName(part) {
				return false
			}
			who = part
			continue
		}
		n++
	}
	if n == 0 {
		return false
	}
	put(&try.owner, who)
	*f = try
	return true
}

// stateLead takes a label that says nothing but how far an item is, how urgent
// and until when: "DONE 2026-11-14", "TODO due 2026-11-21", "DEFERRED P2". Where
// nothing parts it from the task, the state must be in capitals: "Open" may be
// the verb.
func (f *fields) stateLead(lead string, parted bool) bool {
	try, stated := *f, false
	for w := range strings.FieldsSeq(lead) {
		w = strings.Trim(w, ",;()[]:")
		_, isDate := Date(w)
		switch {
		case isStatus(w) && (parted || w == strings.ToUpper(w) && w != strings.ToLower(w)):
			put(&try.status, w)
			stated = true
		case isPriorityWord(w):
			put(&try.priority, w)
		case isDate && isDone(try.status): // when it was done
		case isDate:
			put(&try.due, w)
		case !strings.EqualFold(w, "due") && !strings.EqualFold(w, "by"):
			return false
		}
	}
	if stated {
		if isBlank(try.status) { // "TODO"
			try.status = f.status
		}
		*f = try
	}
	return stated
}

// head takes the words before a colon or a dash when all of them are a
// priority, a type, a ticket or a status: "P1 preventative", "PAY-12".
func (f *fields) head(words string, colon bool) bool {
	try := *f
	if isTicket(words) { // owner/repo#12
		put(&f.ticket, words)
		return true
	}
	list := strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '/' || r == ',' || r == '|' })
	for _, w := range list {
		w = strings.Trim(w, "[]()*_")
		switch {
		case isPriorityWord(w):
			put(&try.priority, w)
		case isTypeWord(w):
			put(&try.kind, w)
		case isTicket(w), isSentinel(w):
			put(&try.ticket, w)
		case isStatus(w) && (w == strings.ToUpper(w) && w != strings.ToLower(w) || len(list) == 1 && colon && isDone(w)):
			put(&try.status, w)
		default:
			return false
		}
	}
	if len(list) == 0 {
		return false
	}
	*f = try
	return true
}
