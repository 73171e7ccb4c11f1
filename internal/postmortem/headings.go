package postmortem

import (
	"strings"
	"sync"
	"unicode"
)

var (
	numbering = lazy(`^(?:(?:\d+|[ivx]+|[a-h])(?:\.\d+)*[.)、．]|\d+(?:\.\d+)*|[（(][\d一二三四五六七八九十]+[)）]|[一二三四五六七八九十]+[、．.]|第[\d一二三四五六七八九十]+[章节節部分]*)\s*`)
	inBracket = lazy(`\s*[(（\[]([^()（）\[\]]*)[)）\]]\s*$`)
	dashTail  = lazy(`\s+[–—-]\s+.*$`)
)

// headingName folds a heading to its words, without numbers, emoji and the
// bracket at its end, which is returned apart.
func headingName(words string) (string, string) {
	s, bracket := strings.ReplaceAll(fold(words), "’", "'"), ""
	if strings.ContainsAny(s, ")]") {
		if m := inBracket.get().FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
			bracket, s = s[m[2]:m[3]], s[:m[0]]
		}
	}
	s = strings.TrimFunc(s, notWord)
	if cut := numbering.get().FindString(s); cut != "" && len(cut) < len(s) {
		// "5 whys" keeps its number, "5. Whys" and "5 - Whys" do not.
		if last := cut[len(cut)-1]; last != cut[len(strings.TrimRight(cut, " "))-1] || !isDigit(last) {
			s = s[len(cut):]
		}
	}
	s = strings.TrimFunc(s, notWord)
	return strings.Join(strings.Fields(s), " "), bracket
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }

// English headings are put together from words.
const (
	adjective = `(?:the|our|all|proposed|planned|open|outstanding|remaining|post-?incident|post-?mortem|review|incident|preventive|preventative|preventing|corrective|remedial|remediation|mitigation|detection|recovery|future|further|next|recommended|suggested|agreed|required|key|new|additional|concrete|potential|possible|identified|pending|resulting|specific|assigned|long[- ]?term|short[- ]?term|medium[- ]?term|mid[- ]?term|near[- ]?term|immediate|process|technical|organi[sz]ational|operational|documentation|monitoring|infrastructure|tooling|engineering|product|system|reliability|security|action|follow[- ]?up|improvement|prevention)`
	noun      = `(?:action items?|actions?|actionables?|action points?|action plans?|action list|action register|action tracker|follow[- ]?ups?|follow[- ]?ups? (?:tasks?|items?|actions?|work|plan|issues|tickets)|next steps|remediations?|remediation (?:items|plan|steps|work|tasks)|prevention|prevention plan|preventive|preventative|corrective|recommendations?|improvements?|to-?dos?|to[- ]do(?: list| items)?|tasks|work items|countermeasures?|commitments|improvement plan|improvement actions|way forward|what next|what'?s next|plan of action|corrective and preventive actions|capa)`
	afterAdj  = `(?:measures?|tasks?|steps?|items|work|solutions?|changes(?: to .*)?|fix(?:es)?|plans?|tickets|safeguards|strategy|strategies|controls|enhancements|prevention|mitigations?|actions?)`
)

var (
	opener = lazy(`^(?:` + adjective + `[ ,/]+)*` + noun + `(?: list| log| table| items| tracking)?$|^(?:` + adjective + `[ ,/]+)+` + afterAdj + `$`)
	// again: "How do we prevent this from happening again?"
	again = lazy(`\bprevent\w*\b.*\b(?:again|recurr\w*|future|similar|reoccur\w*)\b|\b(?:avoid|stop)\w*\b.*\b(?:again|recurr\w*|in (?:the )?future|reoccur\w*)\b|^(?:what|how) (?:will|are|do|can|should|must) (?:we|be)\b.*\b(?:do|doing|change|changing|chang\w*|improv\w*|prevent\w*|fix\w*|differently)\b|^what (?:we(?: a|')re|we will|we'll|we plan|happens next|comes next|are the next)\b|^(?:our )?plans? (?:for|to)\b.*\b(?:future|improve\w*|prevent\w*|fix\w*)\b|^steps to (?:prevent|avoid|improve|take)|^(?:things|changes) (?:to|we will) (?:do|fix|improve|make|change)|^preventing (?:recurrence|similar|future)`)
	parts = lazy(`\s*(?:&|/|,|，|、|\+|:|：|・|\||\b(?:and|or|und|oder|et|ou|y|e|ed|en|i|och|og|и|та|ja|ve|và|dan)\b| и | і )\s*`)
)

// strongHeadings open a section wherever they stand in a short heading, in
// the languages that have no small parts to put together.
var strongHeadings = `action items;actionables;アクションアイテム;アクションプラン;再発防止;今後の対応;今後の対策;今後の予定;今後のアクション;今後の改善;今後の課題;改善策;改善案;改善項目;改善アクション;恒久対策;今後の予防;今後の取り組み;恒久対応;ネクストアクション;次のアクション;次のステップ;フォローアップ;対応策;残タスク;残課題;やること;
行动项;行动计划;改进措施;改进计划;改进项;改进方案;改进建议;后续行动;后续措施;后续改进;后续计划;后续跟进;后续工作;后续优化;后续动作;后续任务;后续排查;后续处理;后续安排;后续方案;后续修复;后续待办;后续事项;防范措施;待办;整改措施;整改计划;整改项;整改方案;预防措施;预防方案;纠正措施;下一步;解决措施与改进;优化措施;优化方案;优化计划;待改进;action item;行動項目;行動方案;後續行動;後續措施;後續改善;後續追蹤;後續處理;改善措施;改善計畫;改善方案;待辦;預防措施;矯正措施;防止再发;
액션 아이템;액션아이템;후속 조치;후속조치;재발 방지;재발방지;개선 사항;개선사항;개선 방안;개선 계획;개선 과제;향후 계획;향후 조치;향후 대책;향후 개선;예방 조치;다음 단계;할 일 목록;
was wir tun werden;was wir ändern;was wir verbessern;was wir jetzt tun;folgemaßnahmen;korrekturmaßnahmen;präventivmaßnahmen;vorbeugemaßnahmen;vorbeugende maßnahmen;verbesserungsmaßnahmen;gegenmaßnahmen;abstellmaßnahmen;nächste schritte;weiteres vorgehen;weitere schritte;weitere maßnahmen;geplante maßnahmen;maßnahmenplan;maßnahmenkatalog;maßnahmenliste;handlungsempfehlungen;aktionspunkte;aktionsplan;offene punkte;offene aufgaben;folgeaufgaben;verbesserungsvorschläge;
actions correctives;actions préventives;ce que nous allons faire;ce que nous allons changer;ce que nous allons améliorer;ce que nous faisons pour que;actions correctrices;actions à mener;actions à entreprendre;actions à venir;actions à réaliser;actions de suivi;actions d'amélioration;actions futures;actions planifiées;plan d'action;plan d’action;plan d'actions;prochaines étapes;prochaines actions;mesures correctives;mesures préventives;mesures correctrices;mesures à prendre;pistes d'amélioration;axes d'amélioration;points d'action;étapes suivantes;suites à donner;
qué vamos a hacer;lo que vamos a hacer;qué vamos a cambiar;acciones correctivas;acciones preventivas;acciones a tomar;acciones a realizar;acciones pendientes;acciones de seguimiento;acciones de mejora;acciones futuras;acciones propuestas;acciones planificadas;plan de acción;plan de accion;próximos pasos;proximos pasos;siguientes pasos;medidas correctivas;medidas preventivas;medidas de mejora;medidas a tomar;tareas pendientes;tareas de seguimiento;puntos de acción;elementos de acción;ítems de acción;items de acción;oportunidades de mejora;propuestas de mejora;
o que vamos fazer;o que faremos;o que vamos mudar;ações corretivas;ações preventivas;ações a tomar;ações a realizar;ações pendentes;ações de acompanhamento;ações de melhoria;ações futuras;ações propostas;ações planejadas;plano de ação;plano de acao;próximos passos;proximos passos;próximas ações;medidas corretivas;medidas preventivas;medidas de melhoria;itens de ação;itens de acao;pontos de ação;tarefas pendentes;pontos de melhoria;
cosa faremo;azioni correttive;azioni preventive;azioni da intraprendere;azioni da svolgere;azioni future;azioni pianificate;azioni di miglioramento;azioni di follow-up;piano d'azione;piano di azione;prossimi passi;prossime azioni;misure correttive;misure preventive;elementi d'azione;
wat we gaan doen;wat gaan we doen;actiepunten;actielijst;actieplan;vervolgacties;vervolgstappen;verbeteracties;verbeterpunten;verbetermaatregelen;volgende stappen;te nemen maatregelen;te nemen acties;corrigerende maatregelen;preventieve maatregelen;openstaande acties;uit te voeren acties;
działania naprawcze;działania korygujące;działania zapobiegawcze;działania następcze;działania do podjęcia;dalsze działania;planowane działania;następne kroki;kolejne kroki;dalsze kroki;plan działań;plan działania;plan naprawczy;zadania do wykonania;punkty akcji;środki zapobiegawcze;
план действий;план работ;план мероприятий;дальнейшие действия;дальнейшие шаги;следующие шаги;корректирующие действия;корректирующие меры;корректирующие мероприятия;превентивные меры;предупреждающие действия;предотвращение повторения;меры по предотвращению;меры по устранению;меры предотвращения;экшен-айтемы;экшн-айтемы;экшен айтемы;экшн айтемы;что будем делать;что нужно сделать;что делаем дальше;задачи по итогам;планируемые действия;планируемые меры;план улучшений;чтобы не повторилось;подальші дії;наступні кроки;план дій;коригувальні дії;превентивні заходи;
nápravná opatření;preventivní opatření;další kroky;akční kroky;akční plán;nápravné opatrenia;ďalšie kroky;åtgärdspunkter;åtgärdsplan;nästa steg;uppföljningsåtgärder;förebyggande åtgärder;planerade åtgärder;neste steg;oppfølgingspunkter;tiltaksplan;forebyggende tiltak;handlingspunkter;handlingsplan;næste skridt;opfølgning;toimenpiteet;jatkotoimenpiteet;jatkotoimet;seuraavat askeleet;korjaavat toimenpiteet;
aksiyon maddeleri;aksiyon planı;alınacak aksiyonlar;alınacak önlemler;sonraki adımlar;düzeltici faaliyetler;önleyici faaliyetler;iyileştirme önerileri;kế hoạch hành động;hành động khắc phục;các bước tiếp theo;biện pháp khắc phục;biện pháp phòng ngừa;hành động tiếp theo;hạng mục hành động;tindak lanjut;rencana aksi;langkah selanjutnya;tindakan perbaikan;tindakan pencegahan;langkah berikutnya;butir tindakan;intézkedések;következő lépések;javító intézkedések;teendők;ενέργειες;επόμενα βήματα;acțiuni corective;acțiuni preventive;măsuri corective;măsuri preventive;pașii următori;următorii pași;plan de acțiune;plan de măsuri;
accions de millora;accions correctives;accions preventives;pla d'acció;pròxims passos;propers passos;següents passos;korektivne mjere;preventivne mjere;korektivne mere;sljedeći koraci;sledeći koraci;naslednji koraki;akcijski plan;plan akcije;popravni ukrepi;preventivni ukrepi;коригиращи действия;превантивни мерки;следващи стъпки;план за действие;

الإجراءات التصحيحية;إجراءات المتابعة;بنود العمل;الخطوات التالية;خطة العمل;פעולות המשך;צעדים הבאים;משימות המשך;الإجراءات الوقائية;الإجراءات المقترحة;สิ่งที่ต้องทำ;การดำเนินการแก้ไข;ขั้นตอนถัดไป;सुधारात्मक कार्रवाई;कार्य योजना;अगले कदम`

// weakHeadings open a section only as a whole heading, or a whole part of it.
//
//nolint:misspell // words of other languages
var weakHeadings = `maßnahmen;maßnahme;aufgaben;verbesserungen;prävention;vorbeugung;vermeidung;aktionen;empfehlungen;todos;actions;suivi;mesures;tâches;améliorations;recommandations;prévention;à faire;acciones;seguimiento;medidas;tareas;mejoras;recomendaciones;prevención;compromisos;ações;acompanhamento;tarefas;melhorias;recomendações;prevenção;encaminhamentos;
azioni;misure;attività;miglioramenti;raccomandazioni;prevenzione;da fare;acties;maatregelen;taken;verbeteringen;aanbevelingen;preventie;opvolging;działania;zadania;usprawnienia;rekomendacje;zapobieganie;zalecenia;prewencja;действия;задачи;меры;мероприятия;улучшения;рекомендации;предотвращение;профилактика;todo;туду;дії;завдання;заходи;рекомендації;
opatření;opatrenia;úkoly;măsuri;acțiuni;accions;mjere;ukrepi;мерки;الإجراءات;doporučení;prevence;åtgärder;uppföljning;förbättringar;tiltak;oppfølging;forbedringer;aksiyonlar;aksiyon;önlemler;iyileştirmeler;hành động;khuyến nghị;phòng ngừa;cải tiến;tindakan;rekomendasi;pencegahan;perbaikan;
アクション;対策;課題;改善;予防策;予防;提言;todo;タスク;今後;行动;措施;改进;改进点;建议;任务;计划;todo list;行動;改善;建議;액션;조치 사항;조치사항;대책;개선;개선점;할 일;할일;권장 사항;과제`

// shutHeadings hold no open items: the past, or how to write a postmortem.
var (
	shutEnglish = lazy(`\btaken\b|\btime ?line\b|\blessons?\b|\blearnings?\b|\bwhat (?:went|worked|happened|did|should you|was|were|caused)\b|\bwent (?:well|wrong|poorly|badly)\b|\bgot lucky\b|\bresolution\b|\bnotes? (?:to|for)\b|\bhow to (?:write|use|run|do|hold|conduct|create|fill)\b|\bguidelines?\b|\bappendix\b|\bglossary\b|\breferences\b|\bimmediate fix(?:es)?\b|\bshort[- ]term fix(?:es)?\b|\bsupporting\b|\bexamples?\b|\balready (?:done|completed|implemented)\b|\broot causes?\b|\bimpact\b|\bcontributing\b|\bparticipants\b|\battendees\b|\bchangelog\b|\brevision history\b|\bsign-?offs?\b|\bapprovals?\b|\brelated incidents?\b|\bfor (?:users|customers)\b|\bwhat (?:can|should|do) (?:you|users|customers)\b|^detection$|^background$|^summary$|^overview$|^response$`)
	shutWords   = `タイムライン;教訓;学び;経緯;時系列;対応履歴;対応経緯;実施した;実施済;対応済;うまくい;良かった;運が;原因;影響;概要;暫定対応;用語;时间线;時間線;时间轴;經過;经过;经验教训;经验总结;教训;已采取;已完成的;已实施;处理过程;處理過程;做得好;根本原因;影响范围;应急处理;타임라인;교훈;배운 점;잘된;잘한;경과;원인;영향;취한 조치;수행한;완료된;
ergriffene;durchgeführte;umgesetzte;bereits;zeitleiste;zeitachse;zeitlicher ablauf;chronologie;gelernt;erkenntnisse;was lief;was gut;was schlecht;ursache;auswirkung;sofortmaßnahmen;prises;effectuées;réalisées;menées;leçons;enseignements;ce qui a;cause racine;immédiates prises;tomadas;realizadas;ejecutadas;cronología;cronologia;línea de tiempo;lecciones;aprendizajes;lo que salió;qué salió;qué funcionó;causa raíz;impacto;executadas;linha do tempo;lições;aprendizados;o que deu;o que funcionou;causa raiz;intraprese;effettuate;adottate;lezioni;cosa ha;cosa è;genomen;uitgevoerde;tijdlijn;tijdslijn;lessen;geleerd;wat ging;oorzaak;
podjęte;wykonane;przebieg;oś czasu;wnioski;co poszło;przyczyna;принятые;предпринятые;выполненные;хронология;таймлайн;уроки;что прошло;что пошло;причин;влияние;вжиті;хронологія;vidtagna;tidslinje;lärdomar;vad gick;provedená;časová osa;iværksatte;tidslinje;alınan;zaman çizelgesi;çıkarılan dersler;đã thực hiện;dòng thời gian;bài học;yang diambil;linimasa;pelajaran;
idővonal;tanulság;mi ment;kiváltó ok;χρονολόγιο;διδάγματα;τι πήγε;βασική αιτία;cronologie;lecții;ce a mers;cauza;què hem;lliçons;causa arrel;vremenska;naučene;časovnica;уроци;хронология;التسلسل الزمني;الجدول الزمني;الدروس;السبب;ציר הזמן;לקחים`
)

type headingWords struct {
	strong, shut []string
	weak         map[string]bool
}

var headingLists = sync.OnceValue(func() headingWords {
	list := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '\n' })
	}
	h := headingWords{strong: list(strongHeadings), shut: list(shutWords), weak: map[string]bool{}}
	for _, w := range list(weakHeadings) {
		h.weak[w] = true
	}
	return h
})

// opens reports whether a heading opens a section of action items.
func opens(name string) bool {
	if len(name) > 150 || name == "" || excludes(name) {
		return false
	}
	lists := headingLists()
	if lists.weak[name] || containsPhrase(name, lists.strong, 8) {
		return true
	}
	if !hasStem(name, openStems) {
		return false
	}
	if opener.get().MatchString(name) || again.get().MatchString(name) || opensComposed(name) {
		return true
	}
	for _, part := range parts.get().Split(dashTail.get().ReplaceAllString(name, ""), 8) {
		if opener.get().MatchString(part) || lists.weak[part] {
			return true
		}
	}
	return false
}

// One word of a heading must start so for the expressions above to match;
// most headings are told by this alone.
var (
	openStems = wordSet(`act rev fol nex rem pre cor rec imp tod to to- wor cou com way wha pla cap mea tas ste ite sol cha fix tic saf str con enh mit how avo sto thi our wei acc azi mis mes tar mej mel mig evi voo ver zap dzi zad axe pis pun pun zal imp und ode et ou y e ed en i och og и та ja ve và dan`)
	shutStems = wordSet(`tak tim les lea wha wen got res not how gui app glo ref imm sho sup exa alr roo imp con par att cha rev sig rel for det bac sum ove`)
)

// hasStem reports whether a word starts with one of the stems, or is no
// English.
func hasStem(name string, stems map[string]bool) bool {
	if !asciiOnly(name) {
		return true
	}
	for w := range strings.FieldsFuncSeq(name, notWord) {
		if stems[w] || stems[w[:min(len(w), 3)]] {
			return true
		}
	}
	return false
}

// containsPhrase reports whether one of the phrases stands in a heading of at
// most so many words, as whole words where the script has them.
func containsPhrase(name string, phrases []string, words int) bool {
	if len(strings.Fields(name)) > words {
		return false
	}
	for _, p := range phrases {
		i := strings.Index(name, p)
		if i < 0 {
			continue
		}
		if p[0] >= 0xe3 && p[0] <= 0xed { // Chinese, Japanese, Korean
			if len([]rune(name)) <= 30 {
				return true
			}
			continue
		}
		if (i == 0 || notWord(lastRune(name[:i]))) && (i+len(p) == len(name) || notWord(firstRune(name[i+len(p):]))) {
			return true
		}
	}
	return false
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func lastRune(s string) rune {
	r := []rune(s[max(0, len(s)-4):])
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1]
}

// excludes reports whether the text below a heading is about the past or
// about how to write postmortems. "Lessons learned and action items" is both,
// and is read.
func excludes(name string) bool {
	if !strings.Contains(name, "timeline") && !(hasStem(name, shutStems) && shutEnglish.get().MatchString(name)) && !containsShut(name) {
		return false
	}
	if strings.Contains(name, "how to") || strings.Contains(name, "example") || strings.Contains(name, "taken") {
		return true
	}
	if !hasStem(name, openStems) {
		return true
	}
	lists := headingLists()
	for _, part := range parts.get().Split(name, 8) {
		if (opener.get().MatchString(part) || containsPhrase(part, lists.strong, 4)) && !shutEnglish.get().MatchString(part) && !containsShut(part) {
			return false
		}
	}
	return true
}

func containsShut(name string) bool {
	for _, w := range headingLists().shut {
		if i := strings.Index(name, w); i >= 0 {
			if w[0] >= 0xe3 && w[0] <= 0xed || i == 0 || notWord(lastRune(name[:i])) {
				return true
			}
		}
	}
	return false
}

// sectionNames are headings that are no title, in documents where all
// headings have level 1.
var sectionNames = lazy(`^(?:metadata|overview|(?:executive |incident |issue )?summary|(?:events ?/ ?)?timeline|background|impact|root causes?(?: analysis)?|cause|causes|introduction|detection|response|recovery|resolution|lessons(?: learned)?|trigger|conclusion|what happened|what went (?:well|wrong|poorly)|contributing factors|participants|zusammenfassung|auswirkungen?|ursachen?|zeitleiste|résumé|impact client|causes? racines?|chronologie|resumen|impacto|causa raíz|cronología|resumo|causa raiz|linha do tempo|riepilogo|impatto|samenvatting|oorzaak|tijdlijn|podsumowanie|wpływ|przyczyna|сводка|резюме|влияние|причины?|хронология|概要|影響|原因|タイムライン|経緯|摘要|影响|时间线|요약|영향|원인|타임라인)$`)

func sectionName(words string) bool {
	if len(words) > 60 {
		return false
	}
	name, _ := headingName(words)
	return sectionNames.get().MatchString(name)
}

var headingTypes = lazy(`^(prevent(?:ion|ive|ative|ing)?|mitigat(?:ion|ing|e)|detect(?:ion|ing)?|process|repair|investigat(?:ion|ive|e)|remediation|corrective|monitoring|alerting|response|recovery|documentation)(?: (?:and \w+ )?(?:measures?|actions?|items|improvements?|action items|tasks|steps))?$`)

// headingType is the type in a heading such as "Preventive measures".
func headingType(name string) string {
	if m := headingTypes.get().FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// typeIn is the type that a sub-heading names: by its words, by the bracket
// behind them, or by both at once.
func typeIn(words, bracket string) string {
	name, _ := headingName(words)
	if isTypeWord(name) {
		return strings.Trim(words, " :：#*0123456789.")
	}
	if isTypeWord(bracket) {
		return bracket
	}
	switch t := headingType(name); t {
	case "remediation", "corrective", "monitoring", "alerting", "response", "recovery", "documentation":
		// These name a part of the work as often as a type.
		return ""
	default:
		return t
	}
}
