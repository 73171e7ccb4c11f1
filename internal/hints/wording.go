package hints

import (
	"regexp"
	"strings"
	"sync"
)

// pattern is compiled when it is first used: a client that only lists items
// needs none.
type pattern struct{ get func() *regexp.Regexp }

func lazy(s string) *pattern {
	return &pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })}
}

func (p *pattern) find(s string) string { return strings.TrimSpace(p.get().FindString(s)) }

var (
	// loose are words that promise a direction and no end.
	loose = lazy(`(?i)^(?:(?:we|let's|team) )?(?:(?:should|must|need to|will|to|try to) )?(?:look (?:in)?to\b|think about\b|think of\b|keep an eye on\b|be (?:more |extra )?(?:careful|aware|mindful|vigilant|cautious|proactive|attentive)\b|pay (?:more |closer )?attention\b|(?:investigate|analy[sz]e|research) (?:the )?\pL+[.!]?$|do better\b|try harder\b|take (?:more )?care\b|be better\b|communicate better\b|plan better\b|test (?:better|more)\b|monitor (?:better|more)\b|make sure (?:this|it) (?:does not|doesn't|never|won't) happen)` +
		`|^(?:genauer hinsehen|mehr aufpassen|besser aufpassen|besser kommunizieren|besser testen|vorsichtiger sein|aufmerksamer sein)|^(?:faire (?:plus )?attention|être plus (?:prudent|vigilant|attentif)|mieux communiquer|mieux tester)|^(?:tener (?:más|mayor) cuidado|prestar más atención|ser más (?:cuidadoso|cuidadosos|prudentes)|comunicar mejor)|^(?:ter mais (?:cuidado|atenção)|prestar mais atenção|ser mais cuidadoso)|^(?:fare più attenzione|stare più attenti|essere più cauti)|^(?:beter opletten|voorzichtiger zijn|beter communiceren)|^(?:bardziej uważać|zwracać większą uwagę|być ostrożniejszym)|^(?:быть (?:внимательнее|осторожнее|аккуратнее)|обращать больше внимания)` +
		`|気をつける|気を付ける|注意する。?$|徹底する。?$|意識する。?$|提高警惕|加强意识|提高.{0,4}意识|更加小心|多加注意|조심한다|주의한다|주의하기`)

	studied = lazy(`(?i)^(?:investigate|analy[sz]e|research)`)

	// direction: a verb that says "more of it", and a noun that names no part
	// of a system.
	direction = lazy(`(?i)^(?:(?:we|team) )?(?:(?:should|must|need to|will|to|further|continue to) )?(?:improv(?:e|ing)|enhanc(?:e|ing)|strengthen|better|more|increas(?:e|ing)|optimi[sz](?:e|ing)|refin(?:e|ing)|boost|harden|ensure better|have better|add more|add better|review and improve|reduce|address|fix|clean up|update) (?:the |our |overall |existing |current |general |better |more |system |internal |all )*` + thing + `(?:(?:,| and| &| or) (?:the |our )?` + thing + `)*[.!]?$` +
		`|^(?:re)?train (?:the |all |our )?(?:teams?|engineers|developers|operators|staff|people|on-?call)[.!]?$|^(?:mitarbeiter|kollegen|entwickler|teams?)(?:innen)? (?:besser|mehr|intensiver) schulen[.]?$|^(?:mieux )?former (?:les |l'|l’)?(?:opérateurs|équipes?|développeurs|ingénieurs)[.]?$` +
		`|^` + `(?:better|more|improved|enhanced) (?:` + thing + `)(?:(?:,| and| &) ` + thing + `)*[.!]?$` +
		`|^(?:das )?(?:monitoring|alarmierung|überwachung|dokumentation|kommunikation|testabdeckung|prozesse?)(?: und (?:monitoring|alarmierung|überwachung|dokumentation|kommunikation|prozesse?))? (?:verbessern|optimieren|ausbauen|erweitern)[.]?$|^(?:améliorer|renforcer|optimiser) (?:la |le |les |l'|l’|nos |notre )?(?:surveillance|supervision|monitoring|documentation|communication|tests?|alertes?|alerting|processus|procédures?|qualité|observabilité)[.]?$` +
		`|^(?:mejorar|reforzar|optimizar|aumentar) (?:el |la |los |las |nuestr[oa]s? )?(?:monitoreo|monitorización|monitoring|documentación|comunicación|alertas?|procesos?|pruebas|calidad|observabilidad)[.]?$|^(?:melhorar|reforçar|otimizar|aumentar) (?:o |a |os |as |nossos? |nossas? )?(?:monitoramento|monitorização|documentação|comunicação|alertas?|processos?|testes|qualidade|observabilidade)[.]?$|^(?:migliorare|rafforzare|ottimizzare) (?:il |la |i |le |lo |gli |l')?(?:monitoraggio|documentazione|comunicazione|allarmi|processi|test|qualità)[.]?$` +
		`|^(?:monitoring|documentatie|communicatie|processen) (?:verbeteren|uitbreiden)[.]?$|^(?:poprawić|ulepszyć|usprawnić) (?:monitoring|dokumentację|komunikację|procesy|testy)[.]?$|^(?:улучшить|усилить|доработать) (?:мониторинг|документацию|коммуникацию|процессы|тестирование|алертинг)[.]?$|^(?:監視|モニタリング|ドキュメント|テスト|コミュニケーション|品質)(?:を|の)?(?:強化|改善|向上)(?:する)?。?$|^(?:加强|完善|优化|提升|改进)(?:监控|文档|沟通|测试|流程|质量|告警|监控告警)。?$|^(?:모니터링|문서|테스트|커뮤니케이션|프로세스)(?:을|를)? ?(?:강화|개선)(?:하기|한다)?[.]?$`)

	// openEnded: work that has no end by its own words.
	openEnded = lazy(`(?i)^(?:(?:we|the team|everyone|all (?:teams|engineers)) )?(?:(?:should|must|will|need to) )?(?:continue (?:to |with )?\w+|keep (?:on )?\w+ing\b|remember to\b|remind\b|raise awareness\b|be (?:able|ready|prepared) to\b|encourage\b|educate\b|always\b|never\b|consider\b|discuss\b|evaluate (?:whether|if)\b|explore\b|brainstorm\b|talk (?:to|with|about)\b|(?:make sure|ensure) (?:that )?(?:the team|everyone|everybody|people|engineers|developers|all teams) (?:follows?|adheres? to|sticks? to|respects?)\b)|^(?:weiterhin|immer|niemals|erinnern)\b|^(?:continuer (?:à|de)|sensibiliser|envisager|toujours)(?:\s|$)|^(?:seguir|continuar|considerar|concienciar|recordar|recomendar)\b|^(?:продолжать|напомнить|рассмотреть|обсудить)(?:\s|$)|を検討する?。?$|^引き続き\pL*(?:検討|注視|監視)する?。?$|を検討$|^继续|^持续|검토$|검토한다$`)

	// outcome: words that name what will be there when the work is done.
	outcome = lazy(`(?i)\b(?:decide|decision|document(?:ed)?|write|write[- ]up|adr|rfc|report|proposal|prototype|by adding|by using|so that|to prevent|in order to|instead of|when|until|alert|runbook|playbook|dashboard|checklist|workshop|training|design doc|poc|proof of concept|ticket|limit|threshold)\b|\d|` + "`" + `|https?:`)

	// bare titles of one word name a topic.
	subject = lazy(`(?i)^(?:better |more )?(?:monitoring|alerting|alerts?|logging|logs|metrics|documentation|docs|testing|tests|communication|process|training|runbooks?|automation|observability|tooling|backups?|security|performance|capacity|dokumentation|überwachung|surveillance|monitoreo|monitoramento|мониторинг|監視|监控|모니터링)[.!]?$`)
)

// thing is a noun that names no part of a system.
const thing = `(?:monitoring|alerting|alerts?|observability|visibility|logging|documentation|docs|runbooks?|playbooks?|tests?|testing|test coverage|coverage|code coverage|qa|code quality|quality|communications?|processe?s?|procedures?|reliability|stability|resilien(?:ce|cy)|robustness|availability|performance|scalability|security|awareness|error handling|tooling|tools|automation|training|onboarding|code reviews?|reviews?|change management|incident (?:response|management|handling|process)|response times?|technical debt|tech debt|things|the system|system|infrastructure|deployments?|deployment process|release process|on-?call|workflow|user experience|maintainability)`

func vague(title, text string) (Hint, bool) {
	if w := loose.find(title); w != "" {
		h := Hint{Kind: Vague, Words: w, Question: "What in the system will be different, and who or what will notice?", Rewrite: "Make SYSTEM refuse, warn or recover when CONDITION"}
		if strings.HasPrefix(strings.ToLower(w), "look") || strings.HasPrefix(strings.ToLower(w), "think") || studied.find(w) != "" {
			h.Question, h.Rewrite = "What must be known afterwards that is not known now, and what will be decided with it?", "Find out WHAT, write it down in PLACE, and decide WHETHER to CHANGE by DATE"
		}
		return h, true
	}
	if w := subject.find(title); w != "" && text == title {
		return direct(w), true
	}
	if w := direction.find(title); w != "" && text == title {
		return direct(w), true
	}
	return Hint{}, false
}

// direct asks for the part of the system that a general noun leaves open.
func direct(words string) Hint {
	h := Hint{Kind: Vague, Words: words, Question: "What exactly will the system do that it does not do today?", Rewrite: "Change WHAT in SYSTEM so that CONDITION no longer leads to EFFECT"}
	w := strings.ToLower(words)
	for _, r := range rewrites {
		if containsAny(w, r.words...) {
			h.Question, h.Rewrite = r.question, r.rewrite
			break
		}
	}
	return h
}

// rewrites per topic; the first whose word is named counts.
var rewrites = []struct {
	words             []string
	question, rewrite string
}{
	{[]string{"monitor", "alert", "alarm", "observab", "visib", "überwach", "surveill", "supervis", "мониторинг", "алерт", "監視", "モニタ", "监控", "告警", "모니터"},
		"Which signal would have told of this incident, and how soon?", "Page TEAM when METRIC of SYSTEM is above LIMIT for MINUTES"},
	{[]string{"log", "metric"}, "Which question could not be answered during the incident?", "Log or measure WHAT in SYSTEM, so that QUESTION can be answered"},
	{[]string{"runbook", "playbook", "doc", "dokument", "документ", "ドキュメント", "文档", "문서"}, "What did somebody have to find out that could have been read?", "Write the runbook for SYMPTOM in PLACE, and link it from the alert"},
	{[]string{"test", "coverage", "qa", "quality", "prueba", "calidad", "qualit", "тест", "テスト", "品質", "测试", "质量", "테스트"}, "Which test would have failed before this was shipped?", "Add a test to SUITE that fails when CONDITION"},
	{[]string{"communicat", "kommunik", "comunica", "коммуник", "コミュニ", "沟通", "커뮤니"}, "Who learned of it too late, and what should have told them?", "Post to CHANNEL within MINUTES of the first page; the on-call checklist says so"},
	{[]string{"process", "procedure", "review", "change management", "release", "deploy", "workflow", "prozess", "proces", "процесс", "流程", "프로세스"}, "At which step could a check have stopped it?", "Add a check to STEP that refuses CHANGE unless CONDITION"},
	{[]string{"train", "onboard", "aware", "schulen", "former "}, "What did the system not tell those who used it?", "Show WARNING in TOOL before ACTION; add it to the on-call exercise"},
	{[]string{"performance", "scalab", "capacity", "response time"}, "Which number was too high, and what may it be?", "Bring METRIC of SYSTEM below LIMIT at LOAD"},
	{[]string{"backup"}, "How long may a restore take, and when was one last tried?", "Restore the backup of SYSTEM every PERIOD, and alert when it fails"},
	{[]string{"secur"}, "Which way in was open?", "Close WAY IN of SYSTEM, and alert when it is tried"},
}

func notCheckable(title, text string) (Hint, bool) {
	w := openEnded.find(title)
	if w == "" || outcome.get().MatchString(strings.TrimPrefix(text, w)) {
		return Hint{}, false
	}
	h := Hint{Kind: NotCheckable, Words: w, Question: "What will show, to somebody who was not there, that this is done?", Rewrite: "Done when TEST, ALERT or DOCUMENT exists and CONDITION holds"}
	switch lower := strings.ToLower(w); {
	case containsAny(lower, "consider", "discuss", "evaluate", "explore", "brainstorm", "talk", "envisager", "рассмотреть", "обсудить", "検討", "검토"):
		h.Question, h.Rewrite = "Which decision will there be, and where can it be read?", "Decide WHETHER to CHANGE by DATE, and record the decision in PLACE"
	case containsAny(lower, "remember", "remind", "awareness", "educate", "encourage", "always", "never", "immer", "niemals", "toujours", "sensibiliser", "напомнить"):
		h.Question, h.Rewrite = "What could make the system hold to this, so that nobody has to remember it?", "Make TOOL refuse or warn when CONDITION"
	}
	return h, true
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
