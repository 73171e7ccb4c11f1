package postmortem

import "strings"

// Headings that say more than the two words of a list: a noun for what is to
// be done, and behind it what makes it one of the future ("acciones
// propuestas tras el incidente", "Corrective actions of the storage team").
//
//nolint:misspell // words of other languages
const (
	manyNoun = `(?:acci[oó]n(?:es)?|medidas|tareas|mejoras|recomendaciones|compromisos|propuestas|aç(?:ão|ões)|tarefas|melhorias|recomendaç(?:ão|ões)|azioni|misure|attività|miglioramenti|raccomandazioni|actions?|mesures|tâches|améliorations|recommandations|accions|millores|mesures|maßnahmen|aufgaben|verbesserungen|acties|maatregelen|verbeteringen|działania|zadania|usprawnienia|zalecenia|środki|opatření|opatrenia|úkoly|åtgärder|tiltak|förbättringar|mjere|mere|ukrepi|acțiuni|măsuri|действия|меры|мероприятия|задачи|улучшения|дії|заходи|мерки)`
	toCome   = `(?:correc|corret|correz|corrig|prevent|préven|prevenz|previen|propos|propue|propon|recom|racco|recomend|pendi|penden|seguim|suivi|suite|acompanh|mejora|melhor|miglior|amélior|remed|rimed|remédi|mitig|atténu|futur|planif|planea|planej|planei|pianif|prévu|previst|acord|concord|convenid|post|tras|después|depois|après|après|após|dopo|deriv|result|recurr|récurr|recorr|ricorr|récidiv|reincid|repet|repit|répét|ripet|reprodu|evit|évit|larg[oa]|long|court|curto|corto|breve|vermeid|vorbeug|verhinder|verhüt|nach |künftig|zukünft|abgeleit|geplant|voorkom|gepland|toekom|na (?:het|de|dit) |po |poincyd|popraw|zapobie|przysz|planow|napraw|unikn|zabrán|nápravn|prevenc|efter|etter|förhind|forhind|framt|после|по итогам|итог|предотвр|недопущ|исправ|устранен|будущ|дальнейш|запланиров|після|запобіг|занапред|предотвратя|planificad|implementar|implement|realizar|tomar|intrapren|da |mettre|entrepren|por )`
)

//nolint:misspell // words of other languages
var (
	composed = lazy(`^(?:(?:list[ae]|plan|plano|piano|pla|liste|lijst|план|перелік|список) (?:de |des |d'|di |delle |van |der )?)?(?:\pL+ ){0,2}?` + manyNoun + ` (?:.* )?` + toCome)
	betterBy = lazy(`^(?:plan(?:o|es)?|piano|pla|axes?|pistes?|propuestas?|propostas?|proposte|puntos?|pontos?) (?:de |d'|di )(?:l'|la |les |le )?(?:mejoras?|melhorias?|miglioramento|améliorations?|millora|remediación|remediation|remédiation|remediação|prevención|prévention|prevenção|prevenzione|correction|corrección|correção)|^(?:verbeter|verbesserungs|förbättrings|forbedrings)pl[aä]n|^plan (?:poprawy|usprawnień|zlepšení|поліпшен)`)
	// never: what will keep it from happening again.
	never = lazy(`\b(?:evitar|prevenir|impedir)\b.*(?:vuelv|repit|repet|recurren|reocurr|futur|nuevo|nuevament|otra vez|suceda|ocurra|recorrên|reincid|novament|aconteça)|(?:éviter|prévenir|empêcher).*(?:récurren|récidiv|reprodui|répét|renouvel|nouveau|avenir|futur)|\b(?:evitare|prevenire|impedire)\b.*(?:ricorr|ripet|accad|futur|nuovo)|(?:vermeid|verhinder|vorbeug)\pL*.*(?:wiederhol|künftig|zukunft|zukünftig|erneut)|(?:wiederhol|künftig|zukunft|zukünftig|erneut).*(?:vermeid|verhinder|vorbeug)|voorkom\pL*.*(?:herhal|toekomst|opnieuw)|(?:herhal|toekomst|opnieuw).*voorkom|(?:zapobie|unikn|uniemożliw)\pL*.*(?:przyszło|powtór|ponown)|(?:предотвра|избеж|не допустить|исключить)\pL*.*(?:повтор|будущ|впредь)|(?:förhindra|undvika|forhindre|undgå|unngå).*(?:igen|igjen|framtid|fremtid|upprep|gent)`)
	// furtherWords stand behind a name that is clear without them.
	furtherWords = lazy(`^(?:(?:proposed|planned|agreed|required|further|additional|recommended|long[- ]term) )?(?:corrective|preventi(?:ve|tative)|remedial|remediation|follow[- ]?up|improvement)(?:(?:,| and| &|/) ?(?:corrective|preventi(?:ve|tative)|mitigati(?:on|ve)|follow[- ]?up|improvement))* (?:actions?|measures|items|tasks|steps|work)(?: (?:to|for|by|of|from|after|in|following|we|with|that|which|and|on)\b.*|,.*|[:–—-].*)$`)
	finished     = lazy(`\b(?:performed|executed|applied|carried out|completed|undertaken|done|(?:were|was|been) \w+|template|process|policy|procedure)\b`)
)

// immediate matches a heading that may as well stand above what was done at
// once: there, a list counts only if its entries start as items do.
var immediate = lazy(`^(?:(?:actions?|mesures) (?:correctives? |correctrices? )?immédiates?|(?:acciones|medidas) (?:correctivas )?inmediatas|(?:ações|medidas) (?:corretivas )?imediatas|(?:azioni|misure) (?:correttive )?immediate)(?: \(.*)?$`)

// opensComposed reports whether a heading opens a section by a noun and what
// stands around it.
func opensComposed(name string) bool {
	if len(strings.Fields(name)) > 14 || finished.get().MatchString(name) {
		return false
	}
	if asciiOnly(name) && furtherWords.get().MatchString(name) {
		return true
	}
	return betterBy.get().MatchString(name) || never.get().MatchString(name) || composed.get().MatchString(name+" ")
}

// mostlyTasks reports whether most of a list's entries start as items
// do.
func mostlyTasks(b block) bool {
	n := 0
	for _, e := range b.entries {
		if len(e.blocks) > 0 && e.blocks[0].kind == paragraphBlock && (e.checked != nil || imperative(e.blocks[0].inline().plainText())) {
			n++
		}
	}
	return n*2 > len(b.entries)
}
