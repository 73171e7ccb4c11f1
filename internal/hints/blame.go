package hints

import "regexp"

// Wording that makes a person the cause or the fix. Only phrases that can
// hardly mean anything else: "human error", a person who should have known,
// someone to be retrained, reminded or disciplined.
var blaming = []*pattern{
	lazy(`(?i)\b(?:human|operator|user|engineer|developer|pilot|admin(?:istrator)?|person(?:al)?)[ -]errors?\b|\bperson at fault\b|\b(?:his|her|their) (?:own )?(?:fault|mistake|negligence|carelessness)\b|\b(?:careless(?:ness|ly)?|negligen(?:t|ce)|incompeten(?:t|ce)|sloppy|sloppiness|laziness|lazy (?:engineer|developer|operator)s?)\b`),
	lazy(`(?i)\b` + somebody + ` (?:should|must|needs? to|has to|have to|ought to) (?:have known|know better|learn to|be (?:more |extra )?(?:careful|attentive|vigilant|mindful|cautious|disciplined|diligent)|pay (?:more |closer )?attention)\b`),
	lazy(`(?i)\b(?:the )?(?:` + role + `) (?:should|must|needs? to|has to|have to|ought to) (?:have (?:checked|noticed|asked|tested|read)|remember\b|stop making|follow the (?:process|procedure|rules|runbook)|not forget|double[- ]check)`),
	lazy(`\b[A-Z][a-z]{2,14} should have (?:checked|noticed|asked|read|known)\b`),
	lazy(`(?i)\b(?:retrain|re-train|reprimand|discipline|punish|scold|admonish|have a (?:talk|word) with) (?:the )?(?:responsible )?(?:` + role + `)\b`),
	lazy(`(?i)\b(?:put|place) .{0,30} on a (?:pip|performance (?:improvement )?plan)\b|\bhold (?:them|him|her|someone|people|individuals|engineers|developers|the author|the team) (?:accountable|responsible)\b|\b(?:is|are|was|were) to blame\b|\bname and shame\b`),
	lazy(`(?i)\bmake sure (?:that )?` + somebody + ` (?:does not|doesn't|do not|don't|never|won't|will not) (?:forget|repeat)\b|\b` + somebody + ` (?:forgot|neglected) to\b`),
	lazy(`(?i)menschliche[srn]? (?:versagen|fehler)|(?:der |die )?(?:mitarbeiter|kollegen?|entwickler|admin|bereitschaft)(?:in|innen)? (?:soll(?:en|te|ten)?|muss|müssen) (?:besser |mehr |genauer )?(?:aufpassen|aufmerksamer|vorsichtiger|sorgfältiger)|(?:bediener|mitarbeiter|kollegen?|entwickler|admin|bereitschaft)(?:in|innen)? hätten? (?:das |es |besser )?(?:aufpassen|wissen|prüfen|merken|bemerken) (?:müssen|sollen)|(?:mitarbeiter|entwickler|kollegen) (?:ermahnen|abmahnen|nachschulen)|unachtsamkeit|nachlässigkeit`),
	lazy(`(?i)erreurs? humaines?|(?:le |la |les |l['’])(?:développeurs?|ingénieurs?|opérateurs?|équipe|astreinte) (?:doit|doivent|devrait|devraient) (?:faire (?:plus )?attention|être plus (?:prudente?s?|attentifs?|vigilante?s?|rigoureux))|rappeler à l['’]ordre|sanctionner|négligence`),
	lazy(`(?i)error(?:es)? humanos?|(?:el|la|los|las) (?:desarrollador(?:es)?|ingenieros?|operador(?:es)?|equipo|guardia) (?:debe|deben|debería|deberían) (?:tener (?:más|mayor) cuidado|prestar (?:más )?atención|ser más cuidadosos?)|llamar la atención al?|negligencia|sancionar al?`),
	lazy(`(?i)erros? humanos?|(?:o|a|os|as) (?:desenvolvedor(?:es)?|engenheiros?|operador(?:es)?|equipe|plantonista) (?:deve|devem|deveria|deveriam) (?:ter mais (?:cuidado|atenção)|prestar (?:mais )?atenção|ser mais cuidadosos?)|negligência|advertir o`),
	lazy(`(?i)errore umano|errori umani|(?:lo |gli |il |i )?(?:sviluppator[ei]|operator[ei]|colleghi) (?:deve|devono|dovrebbe|dovrebbero) (?:fare (?:più )?attenzione|stare più attent[oi])|negligenza|menselijke fout(?:en)?|menselijk falen|medewerkers? (?:moet|moeten) (?:beter opletten|voorzichtiger)|nalatigheid|błąd ludzki|błędy ludzkie|niedbalstwo`),
	lazy(`(?i)человеческ(?:ий|ого) фактор|человеческ(?:ая|ой|ую) ошибк|(?:разработчик|инженер|дежурн|оператор|сотрудник)\pL* (?:долж\pL+|нужно) быть (?:внимательн|осторожн|аккуратн)\pL*|невнимательност|халатност|провести беседу с|наказать|объявить выговор`),
	lazy(`人為的(?:な)?ミス|ヒューマンエラー|担当者(?:が|は|に)(?:注意|気をつけ|確認を徹底)|不注意|注意不足|担当者への(?:再教育|指導|注意)|人为(?:失误|错误)|粗心|责任心不强|批评教育|处罚|追究.{0,6}责任|人為疏失|휴먼 ?에러|인적 (?:오류|실수)|부주의|담당자(?:가|는) (?:더 )?주의`),
}

const role = `team members?|engineers?|developers?|devs?|operators?|admins?|staff|employees?|people|person|colleagues?|contractors?|interns?|juniors?|individuals?|author|deployer|reviewers?|on-?call(?: engineer| person)?|everyone|someone|somebody|him|her|them`

// somebody is a person as the subject of a sentence.
const somebody = `(?:the )?(?:` + role + `|he|she|they|(?-i:[A-Z][a-z]{2,14}))`

// harmless are phrases of the lists above that mean something else in a
// system's own words.
var harmless = lazy(`(?i)\b(?:user|operator) errors? (?:rate|message|page|code|budget|log)s?\b|\b(?:prevent|catch|detect|guard|protect|reduce|eliminate|avoid|tolerate|survive|mitigate|impact of|chance of|risk of|room for|potential for|against|possib\w+)\b.{0,40}\b(?:human|operator|user|engineer|developer) errors?\b`)

// notPeople are words that a sentence may begin with and that are nobody.
var notPeople = regexp.MustCompile(`^(?:We|This|It|That|There|You|All|Each|Every|Any|Our|Code|Tests?|System|Service|Client|Server|Alerts?|Deploys?|Build|Script|Job|Users?|API|Monitoring|Pipeline|Canary|Staging|Linter|Checks?|Dashboards?|Validation) `)

// blame looks for wording that blames a person.
func blame(title string) (Hint, bool) {
	if harmless.get().MatchString(title) {
		return Hint{}, false
	}
	for _, p := range blaming {
		w := p.find(title)
		if w == "" || notPeople.MatchString(w) {
			continue
		}
		return Hint{Kind: Blame, Words: clip(w), Question: "What in the system made this step easy to get wrong, and hard to notice?", Rewrite: "Make TOOL refuse or ask before ACTION, and show WHAT to whoever does it next"}, true
	}
	return Hint{}, false
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
