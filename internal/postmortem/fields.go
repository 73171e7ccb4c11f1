package postmortem

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// fields are the values found for one item, as written. Empty: not found.
type fields struct {
	owner, priority, kind, due, service, ticket, status string
}

// keyMark matches a word that names a field, and its colon, within a text. Of
// the words with letters beyond ASCII, all that name one are taken: they stand
// in no English sentence.
var keyMark = lazyFunc(func() string {
	var words []string
	for w, f := range wordFields() {
		switch f {
		case ownerField, priorityField, typeField, dueField, statusField:
			if !asciiOnly(w) && fieldKey(w) != noField {
				words = append(words, regexp.QuoteMeta(w))
			}
		}
	}
	slices.Sort(words)
	return strings.Replace(markedKeys, "owners?", strings.Join(append(words, "owners?"), "|"), 1)
})

//nolint:misspell // words of other languages
const markedKeys = `(?i)(?:^|[\s.;,|(（、。；，–—-])\**(owners?|assignees?|assigned(?: to)?|responsible|dri|priority|prio|type|category|due(?: date| by)?|deadline|eta|target(?: date)?|services?|affected service|component|(?:github |tracking |jira )?issue|tickets?|tracking|tracked in|bug|jira|status|state|responsabil|termen|felelos|hatarido|verantwortlich|zuständig|frist|fällig(?: am)?|priorität|responsable|propriétaire|échéance|date limite|priorité|fecha(?: límite)?|plazo|vencimiento|prioridad|responsável|prazo|prioridade|responsabile|scadenza|priorità|eigenaar|verantwoordelijke|prioriteit|odpowiedzialn[ya]|ansvarig|ansvarlig|klart senast|förfallodatum|tidsfrist|prioritet|vlastník|zodpovídá|termín|priorita|sorumlu|öncelik|son tarih|vastuuhenkilö|người phụ trách|termin|priorytet|ответственный|исполнитель|срок|дедлайн|приоритет|статус|担当者?|責任者|負責人|负责人|责任人|優先度|优先级|優先級|期限|期日|截止(?:日期|时间)?|完成时间|状態|状态|狀態|種別|类型|담당자?|책임자|기한|마감일?|우선순위|상태)\**\s*[:：]\**\s*`

// fieldKey is the field that a key names before a colon. What could as well
// be a word of the text names none.
func fieldKey(key string) field {
	key = strings.Trim(key, " *_`")
	switch f := wordField(key); f {
	case ownerField, priorityField, typeField, dueField, ticketField, statusField, serviceField:
		switch fold(key) {
		case "lead", "link", "links", "url", "system", "systems", "product", "by", "state", "class", "ref", "data", "до", "bis", "reference", "timeline", "application", "story", "项目", "課題", "状況", "対応状況", "progress", "qui", "wer", "kto", "chi", "wie", "quem", "кто", "art", "stan", "стан", "stand", "quando", "quand", "wanneer", "importance":
			return noField
		}
		return f
	case dateField:
		return noField
	}
	if fold(key) == "tracked by" || fold(key) == "tracked at" {
		return ticketField
	}
	return noField
}

// set takes a value for a key. It refuses a value that the field can't have,
// so that words of a sentence are not taken for fields.
func (f *fields) set(key, value string) bool {
	what := fieldKey(key)
	value = strings.Trim(value, " \t\n.,;|–—*")
	if what == noField || len(value) > 240 {
		return false
	}
	if value == "" { // a field of the template that nobody filled in
		return true
	}
	switch what {
	case ownerField:
		if len(value) > 100 || len(strings.Fields(value)) > 10 {
			return false
		}
		put(&f.owner, value)
	case priorityField:
		if _, ok := Priority(value); !ok && !isBlank(value) && len(value) > 12 {
			return false
		}
		put(&f.priority, value)
	case typeField:
		if len(strings.Fields(value)) > 4 {
			return false
		}
		put(&f.kind, value)
	case dueField:
		if len(value) > 60 || fold(key) == "target" && !looksLikeDue(value) && !period.get().MatchString(fold(value)) {
			return false
		}
		put(&f.due, value)
	case serviceField:
		if len(strings.Fields(value)) > 6 {
			return false
		}
		put(&f.service, value)
	case ticketField:
		if !isTicket(value) && !hasSentinel(value) && !isXed(fold(value)) && !strings.HasPrefix(value, "http") && !isBlank(value) && !hasTicket(value) {
			return false
		}
		put(&f.ticket, value)
	case statusField:
		if len(value) > 80 || isStatus(key) && !isStatus(value) && !isDone(value) && !isBlank(value) && !isNo(value) {
			return false // "DONE: raise the memory limit" is an item
		}
		put(&f.status, value)
	}
	return true
}

// isNo reports whether a value denies what its key asks: "Done: no".
func isNo(s string) bool {
	switch strings.Trim(fold(s), " .") {
	case "no", "n", "false", "nein", "non", "não", "нет", "いいえ", "否", "아니오", "nee", "nie", "❌":
		return true
	}
	return strings.HasSuffix(s, "%")
}

// hasTicket reports whether a short value holds a ticket: "PAY-12 (open)".
func hasTicket(value string) bool {
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '(' || r == ')' || r == '/' })
	return len(words) <= 6 && len(words) > 0 && isTicket(words[0])
}

// put keeps the first value that says something.
func put(field *string, value string) {
	if *field == "" && !isBlank(value) && (!bracketed.get().MatchString(value) || strings.HasPrefix(value, "[x]")) {
		*field = value
	}
}

// bare takes a value that names no field but can only be one: @alice, P1,
// 2026-12-01, #12, done.
func (f *fields) bare(part string) bool {
	part = strings.Trim(part, " \t.*_")
	if key, value, ok := cutKey(part); ok {
		return f.set(key, value)
	}
	switch {
	case part == "":
		return true
	case isHandles(part):
		put(&f.owner, part)
	case isPriorityWord(part):
		put(&f.priority, part)
	case isTypeWord(part):
		put(&f.kind, part)
	case isStatus(part), stateTail(part):
		f.state(part)
	case isTicket(part) || isSentinel(part):
		put(&f.ticket, part)
	default:
		if i := strings.IndexFunc(part, unicode.IsDigit); i > 0 && wordField(part[:i]) == dueField && looksLikeDue(part[i:]) { // "klart senast 2026-05-30"
			put(&f.due, part[i:])
			return true
		}
		rest := duePrefix.get().ReplaceAllString(part, "")
		if said := len(rest) < len(part) && (shortDate.get().MatchString(rest) || timeSpan.get().MatchString(fold(rest)) || period.get().MatchString(fold(rest))); !said && !looksLikeDue(rest) {
			return false
		}
		put(&f.due, strings.TrimSpace(duePrefix.get().ReplaceAllString(part, "")))
	}
	return true
}

var (
	duePrefix = lazy(`(?i)^(?:due|by|before|until|on|eta|deadline|bis|fällig|avant le|pour le|antes del?|até|para|entro|voor|do|до|к)\s+`)
	spaceKey  = lazy(`(?i)^(owner|assignee|assigned to|due|due by|prio|priority|priorität|priorité|prioridad|prioridade|priorità|prioriteit|type|service|ticket|issue|bug|jira|tracked in|status)\s+(\S.*)$`)
	handles   = lazy(`^@[\pL\pN][\pL\pN._/\x{2060}-]*(?:(?:\s*[,&/、]\s*|\s+and\s+|\s+)@[\pL\pN][\pL\pN._/\x{2060}-]*)*$`)
)

// cutKey splits "owner: x" and "owner x".
func cutKey(part string) (string, string, bool) {
	if i := indexColon(part); i > 0 && i < 60 {
		if fieldKey(part[:i]) != noField {
			return part[:i], strings.TrimLeft(part[i:], ":：* "), true
		}
	}
	m := spaceKey.get().FindStringSubmatch(part)
	if m == nil || strings.EqualFold(m[1], "due") && !looksLikeDue(m[2]) {
		return "", "", false
	}
	return m[1], m[2], true
}

func isHandles(s string) bool { return strings.HasPrefix(s, "@") && handles.get().MatchString(s) }

// isSentinel reports whether s stands for one ticket link.
func isSentinel(s string) bool {
	r := []rune(s)
	return len(r) == 1 && r[0] >= ticketBase && r[0] < ticketBase+maxTickets
}

func hasSentinel(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= ticketBase && r < ticketBase+maxTickets })
}

// xed matches the numbers and names that templates make up.
var xed = lazy(`^(?:#?[a-z]*-?(?:x{2,}|n{2,}|y{3,}[ymdxn-]*|\?+)|@?(?:github-?|your-?|user-?|team-?|jira-?)*(?:user)?name|@?(?:owner|person|assignee|someone|team)(?: ?name|[-/]?(?:team|owner|handle))?\d?)$`)

func isXed(s string) bool { return len(s) < 60 && xed.get().MatchString(s) }

// isBlank reports whether a field's value says that there is none.
func isBlank(s string) bool {
	t := strings.Trim(fold(s), " ._*~()[]<>")
	switch t {
	case "", "-", "--", "---", "—", "–", "―", "ー", "n/a", "na", "n.a", "none", "tbd", "tbc", "tba", "unassigned", "not assigned", "unknown", "?", "??", "todo", "nobody", "no ticket", "なし", "未定", "無し", "未割当", "未分配", "无", "待定", "暂无", "無", "待確認", "미정", "없음",
		"offen", "keine", "keiner", "noch offen", "aucun", "aucune", "à définir", "ninguno", "ninguna", "por definir", "pendiente de asignar", "sin asignar", "nenhum", "nenhuma", "a definir", "da definire", "nessuno", "nessuna", "geen", "nog te bepalen", "brak", "do ustalenia", "нет", "не назначен", "не определено", "уточняется",
		"date", "@handle", "#123", "link", "url", "priority", "p0/p1/p2", "p0-p4", "p?", "yyyy/mm/dd", "mm/dd/yyyy", "dd/mm/yyyy", "dd.mm.yyyy", "jjjj-mm-tt", "aaaa-mm-dd", "owner", "担当者", "@owner", "name", "ticket":
		return true
	}
	return isXed(t)
}
