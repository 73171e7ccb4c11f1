package postmortem

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	bracketed  = regexp.MustCompile(`^(?:<[^<>]*>|\[[^\[\]]*\]|\{\{?[^{}]*\}?\}|_[^_]*_|\*[^*]*\*|…|\.{2,})[.:]?$`)
	standIn    = regexp.MustCompile(`^(?:(?:an? )?(?:sample |example |another |first |second |third |next )?(?:action(?: item)?|item|task|follow-?up|todo|example|bullet|title|description)s?(?: (?:item ?)?(?:#? ?\d+|[a-c]|one|two|three|here|goes here|title|name|description))?|lorem ipsum.*|(?:no|none) (?:further )?(?:actions?|action items|follow-?ups?|items)(?: (?:required|needed|identified|planned|were identified))?|nothing(?: to do)?|to be (?:determined|defined|added|filled in)|fill (?:this|me) in|insert .{0,40} here|your (?:text|action|item).{0,20}|アクション ?\d+|なし|特になし|无|無し)$`)
	instructed = regexp.MustCompile(`^(?:\(?(?:please )?(?:list|describe|add|enter|write down|document|include|provide) (?:the |all |any |each |your |here )*(?:action items?|actions|follow-?ups?|follow-up items|tasks|steps that)\b|what (?:actions|steps|will|can|should) .*\?$|action items should )`)
	handleOnly = regexp.MustCompile(`^(?:@[\w/-]+|#\d+|yyyy-mm-dd|\d{4}-\d{2}-\d{2}|p[0-4]|[\s,|:;-])+$`)
)

// placeholder reports whether a title is something that a template left: it
// must never become a ticket, be the rest of the document filled in or not.
func placeholder(title string) bool {
	t := fold(title)
	t = strings.Trim(t, " \t.…:;")
	if !strings.ContainsFunc(t, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return true
	}
	if isTicket(strings.TrimSpace(title)) { // an item that is only its ticket, but for the number of examples
		return t == "#123" || t == "#1234" || strings.HasPrefix(t, "xxx-") || strings.HasPrefix(t, "abc-") && strings.HasPrefix(t[4:], "123")
	}
	return isBlank(t) || bracketed.MatchString(strings.TrimSpace(fold(title))) || standIn.MatchString(t) ||
		instructed.MatchString(t) || handleOnly.MatchString(t) || onlyBrackets(title)
}

var (
	brackets = regexp.MustCompile(`<[^<>]*>|\[[^\[\]]*\]|\{\{?[^{}]*\}\}?`)
	unfilled = regexp.MustCompile(`(?i)@[\w/-]+|#(?:x+|n+|\d+)?|\byyyy-mm-dd\b`)
)

// onlyBrackets reports whether a title says nothing but for what stands in
// the brackets of a template: "{{ summary }} [link]", "#[number]: [title]",
// "Monitoring: [alert to add]".
func onlyBrackets(title string) bool {
	rest := brackets.ReplaceAllString(title, "\x00")
	if !strings.Contains(rest, "\x00") {
		return false
	}
	rest = keyMark.ReplaceAllString(" "+unfilled.ReplaceAllString(rest, ""), " ")
	label, after, ok := strings.Cut(rest, ":")
	if ok && len(strings.Fields(label)) <= 3 {
		rest = after
	}
	return !strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
