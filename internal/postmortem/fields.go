package postmortem

import (
	"regexp"
	"strings"
)

// fields are the values found for one item, as written. Empty: not found.
type fields struct {
	owner, priority, kind, due, service, ticket, status string
}

// keys are the words before a colon that name a field, folded.
var keys = map[string]string{
	"owner": "owner", "owners": "owner", "assignee": "owner", "assigned to": "owner", "assigned": "owner", "responsible": "owner", "dri": "owner", "担当": "owner", "担当者": "owner", "负责人": "owner",
	"priority": "priority", "prio": "priority", "優先度": "priority", "优先级": "priority",
	"type": "type", "category": "type", "kind": "type", "種別": "type", "类型": "type",
	"due": "due", "due date": "due", "due by": "due", "deadline": "due", "eta": "due", "target date": "due", "target": "due", "期限": "due", "截止日期": "due",
	"service": "service", "services": "service", "component": "service", "affected service": "service",
	"ticket": "ticket", "tickets": "ticket", "issue": "ticket", "tracking issue": "ticket", "tracking": "ticket", "bug": "ticket", "jira": "ticket", "github issue": "ticket", "tracked in": "ticket",
	"status": "status", "state": "status", "状態": "status", "状态": "status",
}

var keyMark = regexp.MustCompile(`(?i)(?:^|[\s.;,|(（–—-])(owners?|assignee|assigned(?: to)?|responsible|dri|priority|prio|type|category|due(?: date| by)?|deadline|eta|target(?: date)?|services?|affected service|component|(?:github |tracking )?issue|tickets?|tracking|tracked in|bug|jira|status|state|担当者?|負責人|负责人|優先度|优先级|期限|状態|状态|種別|类型)\s*[:：]\s*`)

// set takes a value for a key. It refuses a value that the field can't have,
// so that words of a sentence are not taken for fields.
func (f *fields) set(key, value string) bool {
	value = strings.Trim(value, " \t\n.,;|–—")
	if len(value) > 200 {
		return false
	}
	if value == "" { // a field of the template that nobody filled in
		return keys[fold(key)] != ""
	}
	switch keys[fold(key)] {
	case "owner":
		if len(value) > 80 {
			return false
		}
		put(&f.owner, value)
	case "priority":
		if _, ok := Priority(value); !ok && !isBlank(value) {
			return false
		}
		put(&f.priority, value)
	case "type":
		if len(strings.Fields(value)) > 4 {
			return false
		}
		put(&f.kind, value)
	case "due":
		if len(value) > 40 {
			return false
		}
		put(&f.due, value)
	case "service":
		if len(strings.Fields(value)) > 6 {
			return false
		}
		put(&f.service, value)
	case "ticket":
		if !isTicket(value) && !isSentinel(value) && !xed.MatchString(fold(value)) && !strings.HasPrefix(value, "http") && !isBlank(value) {
			return false
		}
		put(&f.ticket, value)
	case "status":
		if len(value) > 60 {
			return false
		}
		put(&f.status, value)
	default:
		return false
	}
	return true
}

// put keeps the first value that says something.
func put(field *string, value string) {
	if *field == "" && !isBlank(value) && !bracketed.MatchString(value) {
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
	case isStatus(part):
		put(&f.status, part)
	case isTicket(part) || isSentinel(part):
		put(&f.ticket, part)
	default:
		if _, ok := Date(part); !ok {
			return false
		}
		put(&f.due, strings.TrimSpace(duePrefix.ReplaceAllString(part, "")))
	}
	return true
}

var (
	duePrefix = regexp.MustCompile(`(?i)^(?:due|by|before|until|on|eta|deadline)\s+`)
	spaceKey  = regexp.MustCompile(`(?i)^(owner|assignee|assigned to|due|due by|priority|type|service|ticket|status)\s+(\S.*)$`)
	handles   = regexp.MustCompile(`^@[\pL\pN][\pL\pN._/-]*(?:(?:\s*[,&/、]\s*|\s+and\s+|\s+)@[\pL\pN][\pL\pN._/-]*)*$`)
)

// cutKey splits "owner: x" and "owner x".
func cutKey(part string) (string, string, bool) {
	if i := strings.IndexAny(part, ":："); i > 0 && i < 40 {
		if _, ok := keys[fold(part[:i])]; ok {
			return part[:i], strings.TrimLeft(part[i:], ":： "), true
		}
	}
	m := spaceKey.FindStringSubmatch(part)
	if m == nil || strings.EqualFold(m[1], "due") && !looksLikeDue(m[2]) {
		return "", "", false
	}
	return m[1], m[2], true
}

var numericDate = regexp.MustCompile(`^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}$`)

// looksLikeDue reports whether a value is a date, be it one that we refuse to
// read.
func looksLikeDue(s string) bool {
	_, ok := Date(s)
	return ok || numericDate.MatchString(strings.TrimSpace(s))
}

func isHandles(s string) bool { return handles.MatchString(s) }

// isSentinel reports whether s stands for one ticket link.
func isSentinel(s string) bool {
	r := []rune(s)
	return len(r) == 1 && r[0] >= ticketBase && r[0] < ticketBase+maxTickets
}

// xed matches the numbers and names that templates make up.
var xed = regexp.MustCompile(`^(?:#?[a-z]*-?(?:x{2,}|n{2,}|y{3,}[ymdxn-]*|\?+)|@?(?:github-?|your-?|user-?)*(?:user)?name|@?(?:owner|person|assignee|someone)(?: name)?)$`)

// isBlank reports whether a field's value says that there is none.
func isBlank(s string) bool {
	switch strings.Trim(fold(s), " ._*~()[]<>") {
	case "", "-", "--", "---", "—", "–", "n/a", "na", "none", "tbd", "tbc", "tba", "unassigned", "unknown", "?", "??", "todo", "nobody", "なし", "未定", "無し", "无", "待定",
		"date", "@handle", "#123", "link", "url", "priority", "p0/p1/p2", "p0-p4", "p?":
		return true
	}
	return xed.MatchString(strings.Trim(fold(s), " ._*~()[]<>"))
}
