package postmortem

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// fold makes words comparable.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(norm.NFKC.String(s))) }

var (
	priorityMark = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])p(?:rio(?:rity)?)?[- ]?([0-4])(?:$|[^\pL\pN])`)
	sevMark      = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])sev(?:erity)?[- ]?([0-4])(?:$|[^\pL\pN])`)
	words        = regexp.MustCompile(`[\pL\pM]+`)
)

var priorityWords = map[string]string{
	"critical": "P0", "crit": "P0", "urgent": "P0", "blocker": "P0", "highest": "P0", "kritisch": "P0", "critique": "P0",
	"crítica": "P0", "crítico": "P0", "緊急": "P0", "紧急": "P0", "最高": "P0",
	"high": "P1", "major": "P1", "hoch": "P1", "haute": "P1", "alta": "P1", "alto": "P1", "高": "P1",
	"medium": "P2", "med": "P2", "normal": "P2", "moderate": "P2", "mittel": "P2", "moyenne": "P2", "media": "P2", "média": "P2", "中": "P2",
	"low": "P3", "minor": "P3", "niedrig": "P3", "basse": "P3", "faible": "P3", "baja": "P3", "baixa": "P3", "低": "P3",
	"lowest": "P4", "trivial": "P4", "最低": "P4",
}

// Priority reads a priority as documents write it (P1, p-1, SEV1, High, 高)
// and returns P0 to P4. A number alone is no priority: some count up from the
// most urgent, some down.
func Priority(s string) (string, bool) {
	s = norm.NFKC.String(s)
	if len(s) > 200 {
		return "", false
	}
	for _, mark := range []*regexp.Regexp{priorityMark, sevMark} {
		if m := mark.FindStringSubmatch(s); m != nil {
			return "P" + m[1], true
		}
	}
	for _, w := range words.FindAllString(fold(s), -1) {
		if p, ok := priorityWords[w]; ok {
			return p, true
		}
	}
	return "", false
}

var (
	preventative = regexp.MustCompile(`prevent|prevenc|prevenç|préven|repair|root.?cause|vorbeug|予防|预防|再発防止|恒久|根本`)
	mitigative   = regexp.MustCompile(`mitig|atténu|detect|detecc|detecç|détect|alert|monitor|runbook|limit(ing|s)? (the )?damage|damage limit|緩和|缓解|検知|检测|监控|監視`)
)

// Type reads the type of an item as documents write it. What prevents or
// repairs is preventative, what detects or limits damage is mitigative; where
// both are named, the first. Every other word is other.
func Type(s string) string {
	f := fold(s)
	p, m := preventative.FindStringIndex(f), mitigative.FindStringIndex(f)
	switch {
	case p == nil && m == nil:
		return "other"
	case m == nil || p != nil && p[0] <= m[0]:
		return "preventative"
	}
	return "mitigative"
}

// typeWord matches what stands for a type where nothing says that it does: in
// brackets, before a colon, as a heading.
var typeWord = regexp.MustCompile(`^(?:prevent(?:ion|ive|ative|ing)?|mitigat(?:e|ion|ive|ing)|detect(?:ion|ive)?|repair|process|investigat(?:e|ion|ive)|other|予防|预防|緩和|缓解|検知|检测|プロセス|流程|その他|其他)(?:\s*[/(]\s*(?:prevent|detect|mitigate|process|repair|other)\w*\s*\)?)?$`)

func isTypeWord(s string) bool { return len(s) < 60 && typeWord.MatchString(fold(s)) }

// loud matches a priority that is clear without the word "priority" before
// it: P1, SEV1, HIGH, or High in brackets.
var loud = regexp.MustCompile(`^(?:(?i:p[0-4]|p-[0-4]|sev-?[0-4]|high|medium|low|critical)(?i: priority)?)$`)

func isPriorityWord(s string) bool { return loud.MatchString(strings.TrimSpace(norm.NFKC.String(s))) }

var (
	doneWord = regexp.MustCompile(`^(?:done|complete|completed|closed|fixed|finished|resolved|shipped|deployed|merged|完了|完了済み|済|完成|已完成|erledigt|terminé|hecho|concluído)(?:$|[^\pL\pN-])`)
	openWord = regexp.MustCompile(`^(?:open|to ?do|todo|not started|not done|in progress|in review|wip|pending|planned|backlog|blocked|new|未着手|進行中|対応中|未完了|未开始|进行中)(?:$|[^\pL\pN])`)
	ticks    = "✅☑✔✓\uFE0F"
)

// isDone reads a status. The word must come first: "not done", "TODO (from
// the last review)" and "Done, except for the docs" are told apart from it.
func isDone(status string) bool {
	s := fold(status)
	if t := strings.TrimLeft(s, ticks+" "); t != s && !openWord.MatchString(t) {
		return true
	}
	return s == "x" || s == "[x]" || s == "yes" || doneWord.MatchString(s) && !strings.Contains(s, "except") && !strings.Contains(s, "partial")
}

// isStatus reports whether s is nothing but a status.
func isStatus(s string) bool {
	f := strings.Trim(fold(s), ticks+" .")
	d, o := doneWord.FindString(f), openWord.FindString(f)
	return f != "" && (d == f || o == f)
}
