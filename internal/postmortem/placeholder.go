package postmortem

import (
	"strings"
	"unicode"
)

var (
	bracketed = lazy(`^(?:<[^<>]*>|\[[^\[\]]*\]|\{\{?[^{}]*\}?\}|_[^_]*_|\*[^*]*\*|［[^［］]*］|【[^【】]*】|（[^（）]*）|…|\.{2,})[.:]?$`)
	standIn   = lazy(`^(?:(?:an? |the )?(?:sample |example |another |first |second |third |next |specific |concrete |your |new |other )*(?:action(?: item)?|item|task|follow-?up|todo|example|bullet|title|description|step|ticket|improvement|preventive (?:action|measure)|corrective action|recommendation|lesson|row)s?(?: (?:item ?|description ?)?(?:#? ?\d+|[a-cx-z]|n|one|two|three|here|goes here|title|name|description|to (?:be )?(?:taken|done|completed)))?(?: \.\.\.)?|lorem ipsum.*|(?:no|none) (?:further |new |additional |open )?(?:actions?|action items|follow-?ups?|items)(?: (?:items )?(?:are |were |is |was )?(?:required|needed|identified|planned|necessary|at this time|yet))?(?: at this time)?|nothing(?: to do| to see here| yet| planned)?|to be (?:determined|defined|added|filled in|done|decided|completed)(?: later)?|fill (?:this |me )?(?:in|out).{0,40}|insert .{0,60} here|your (?:text|action|item).{0,20}|add (?:more )?(?:rows?|items?|entries|actions?|tasks?|more)(?: here| as needed| as necessary| below)?(?: as needed)?|(?:description|details?|summary) of (?:the |each |an? )?(?:action|item|task|fix|improvement).{0,30}|(?:link|url) to (?:the )?(?:ticket|issue|bug|jira).{0,30}|what (?:needs to|will|should) be done|who (?:is responsible|owns.{0,20})|etc|same as above|see (?:above|below)|` +
		`アクション ?\d+|項目 ?\d+|対策 ?\d+|タスク ?\d+|なし|特になし|無し?|例[:：].*|（?例）?|記入.{0,20}|ここに.{0,30}|具体的な.{0,10}|无|暂无|待补充|待填写|示例.{0,10}|行动项? ?\d+|改进措施 ?\d+|措施 ?\d+|任务 ?\d+|请填写.{0,20}|없음|해당 없음|작성.{0,10}|항목 ?\d+|조치 ?\d+|` +
		`maßnahme ?\d+|aufgabe ?\d+|beispiel.{0,20}|keine(?: maßnahmen)?|action \d+|aucune(?: action)?|à compléter|à remplir|acción ?\d+|tarea ?\d+|ninguna(?: acción)?|por completar|ejemplo.{0,20}|ação ?\d+|tarefa ?\d+|nenhuma(?: ação)?|a preencher|exemplo.{0,20}|azione ?\d+|nessuna(?: azione)?|esempio.{0,20}|actie ?\d+|geen(?: acties)?|voorbeeld.{0,20}|działanie ?\d+|zadanie ?\d+|brak(?: działań)?|przykład.{0,20}|действие ?\d+|задача ?\d+|мера ?\d+|нет|пример.{0,20}|заполнить.{0,20})$`)
	instructed = lazy(`^(?:\(?(?:please |be sure to |make sure to |remember to )*(?:list|describe|add|enter|write down|document|include|provide|note|record|capture|specify|state|fill in|identify|use this (?:section|space|table)|this section|in this section|for each)\b (?:of )?(?:(?:the|all|any|each|every|your|here|out|relevant|concrete|specific|clear|specific|down|should|must|is|what|one|or|more|a|an|to|for) )*(?:action items?|actions?|follow-?ups?|follow-up items|tasks?|steps|improvements|measures|tickets|owners?|what (?:needs|will|should|can)|next steps|corrective|preventive|preventative|remediation|list|contain|include|describe)\b|action items (?:should|must|are|need to be)|(?:each|every|all) (?:action )?items? (?:should|must|needs?|has)|(?:what|how|who|which|when|where|why) .*[?？]$|(?:e\.?g\.?|for example|example|i\.e\.)[:,. ]|(?:optional|template|instructions?|guidance|hint|tip|note|reminder)\s*[:：]|replace (?:this|with)|delete (?:this|if)|` +
		`(?:bitte )?(?:hier|liste|beschreib|trage|ergänze)\w* (?:die|alle|hier|sie|eintragen).*|(?:listez|décrivez|ajoutez|indiquez|énumérez) .*|(?:liste|enumere|describa|agregue|añada|indique|detalle) (?:las|los|aquí|cada|todas) .*|(?:liste|descreva|adicione|inclua|informe) (?:as|os|aqui|cada|todas) .*|(?:elencare|descrivere|inserire|indicare) .*|(?:перечислите|опишите|укажите|добавьте) .*|.{0,40}(?:を記入|を記載|を書(?:く|いて)|してください|ください)。?|(?:请|在此|此处).{0,40}(?:填写|列出|描述|记录|补充).{0,20}|.{0,40}(?:작성하세요|기입|입력하세요|나열하세요|작성해 ?주세요)\.?)`)
	handleOnly = lazy(`^(?:@[\w/-]+|#\d+|yyyy-mm-dd|\d{4}-\d{2}-\d{2}|p[0-4]|[\s,|:;-])+$`)
)

// placeholder reports whether a title is something that a template left: it
// must never become a ticket, be the rest of the document filled in or not.
func placeholder(title string) bool {
	t := fold(title)
	t = strings.Trim(t, " \t.…:;。：")
	if !strings.ContainsFunc(t, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return true
	}
	if isTicket(strings.TrimSpace(title)) { // an item that is only its ticket, but for the number of examples
		return t == "#123" || t == "#1234" || strings.HasPrefix(t, "xxx-") || strings.HasPrefix(t, "abc-") && strings.HasPrefix(t[4:], "123") || strings.HasPrefix(t, "jira-123") || strings.HasPrefix(t, "proj-")
	}
	if len(t) > 300 {
		return onlyBrackets(title)
	}
	if i := strings.IndexAny(t, "(（"); i > 0 && standIn.get().MatchString(strings.TrimSpace(t[:i])) || fieldNames(t) {
		return true
	}
	return isBlank(t) || bracketed.get().MatchString(strings.TrimSpace(fold(title))) || standIn.get().MatchString(strings.Trim(t, "[](){}<>_* ")) ||
		instruction(title) || handleOnly.get().MatchString(t) || onlyBrackets(title)
}

// chores matches the entries of a checklist about the review itself, which
// templates carry: "Sections above are filled out".
var chores = lazy(`^(?:the |all |every |each )*(?:incident(?: title| report| channel)?(?: and (?:the )?[\w -]{3,30})?|post-?mortem(?: document| doc| meeting)?|retrospective|after-action report|report|review meeting|sections?(?: above)?|action(?:able)? items(?: above)?|timeline|follow-?ups|root cause|customer impact|stakeholders|lessons learned) (?:has|have|is|are|was|were)? ?(?:been )?(?:dealt with|over\b|filled|cleaned|linked\b|documented|reviewed|scheduled|published|shared|closed|created|assigned|verified|quantified|notified|completed?\b|identified|agreed|written|captured)`)

// fieldNames reports whether a text only names what to fill in: "Owner / Due
// / Description".
func fieldNames(t string) bool {
	if len(t) > 120 || !strings.ContainsAny(t, "|/,、／") {
		return false
	}
	n := 0
	for part := range strings.FieldsFuncSeq(t, func(r rune) bool { return strings.ContainsRune("|/,、／;()", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if wordField(part) == noField {
			return false
		}
		n++
	}
	return n >= 2
}

// instruction reports whether a text tells the author what to write.
func instruction(s string) bool {
	return len(s) < 400 && instructed.get().MatchString(strings.Trim(fold(s), " \t…:;_*<[("))
}

var (
	brackets = lazy(`<[^<>]*>|\[[^\[\]]*\]|\{\{?[^{}]*\}\}?`)
	unfilled = lazy(`(?i)@[\w/-]+|#(?:x+|n+|\d+)?|\byyyy-mm-dd\b|\bmm/dd/yyyy\b|\bdd/mm/yyyy\b|\btbd\b|\btodo\b`)
)

// courtesy matches a sentence to the readers, which commits to nothing.
var courtesy = lazy(`(?i)^(?:[a-z]+(?: [a-z]+)?, )?(?:we|i|let us|let me)(?:['’](?:d|ll))?(?: would| will| want| wish| must)?(?: also| again| kindly| once more)?(?: like)?(?: to)? (?:remind|thank|apologi[sz]e|reassure|invite|encourage|congratulate)\b|^(?:please be reminded|(?:just )?as a reminder|a (?:kind |friendly |quick )?reminder)\b`)

// authorsNote matches what an author leaves in a text for later: what is
// missing there, not what follows from an incident.
var authorsNote = lazy(`(?i)^(?:to-?do|todo)\s*[:：–—-]\s*(?:fill in|expand|flesh out|(?:re)?write|describe|explain|(?:add|insert|link|put|embed)\b.*\b(?:here|links?|screenshots?|diagrams?|examples?|section|images?|graphs?)\b|.*\b(?:this|the) (?:section|page|paragraph|guide|chapter|document)\b)`)

// onlyBrackets reports whether a title says nothing but for what stands in
// the brackets of a template: "{{ summary }} [link]", "#[number]: [title]",
// "Monitoring: [alert to add]".
func onlyBrackets(title string) bool {
	if !strings.ContainsAny(title, "<[{") {
		return false
	}
	rest := brackets.get().ReplaceAllString(title, "\x00")
	if !strings.Contains(rest, "\x00") {
		return false
	}
	rest = keyMark.get().ReplaceAllString(" "+unfilled.get().ReplaceAllString(rest, ""), " ")
	label, after, ok := strings.Cut(rest, ":")
	if ok && len(strings.Fields(label)) <= 3 {
		rest = after
	}
	return !strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
