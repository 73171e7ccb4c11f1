package postmortem

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold makes words comparable.
func fold(s string) string {
	if plain := asciiOnly(s); plain {
		return strings.ToLower(strings.TrimSpace(s))
	}
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(s)))
}

// plainLetters takes the accents off Latin letters.
func plainLetters(s string) string {
	if asciiOnly(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && r < 0x370 {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func asciiOnly(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var (
	priorityMark = lazy(`(?i)(?:^|[^\pL\pN])p(?:rio(?:rity)?)?[- ]?([0-4])(?:$|[^\pL\pN])`)
	sevMark      = lazy(`(?i)(?:^|[^\pL\pN])sev(?:erity)?[- ]?([0-4])(?:$|[^\pL\pN])`)
	letterWords  = lazy(`[\pL\pM]+`)
)

var priorityWords = map[string]string{
	"critical": "P0", "crit": "P0", "urgent": "P0", "blocker": "P0", "highest": "P0", "kritisch": "P0", "dringend": "P0", "critique": "P0", "urgente": "P0", "critico": "P0", "critica": "P0",
	"crítica": "P0", "crítico": "P0", "kritiek": "P0", "krytyczny": "P0", "krytyczna": "P0", "pilny": "P0", "критический": "P0", "критичный": "P0", "срочно": "P0", "最高": "P0", "緊急": "P0", "紧急": "P0", "严重": "P0", "긴급": "P0", "최상": "P0", "kritisk": "P0", "kritik": "P0",
	"high": "P1", "major": "P1", "hoch": "P1", "haute": "P1", "élevée": "P1", "élevé": "P1", "alta": "P1", "alto": "P1", "hoog": "P1", "wysoki": "P1", "wysoka": "P1", "высокий": "P1", "высокая": "P1", "高": "P1", "높음": "P1", "상": "P1", "hög": "P1", "høy": "P1", "høj": "P1", "korkea": "P1", "vysoká": "P1", "yüksek": "P1", "cao": "P1", "tinggi": "P1", "must": "P1", "високий": "P1", "magas": "P1", "υψηλή": "P1", "ridicată": "P1", "ridicat": "P1", "عالية": "P1", "عالي": "P1", "مرتفعة": "P1", "visoka": "P1", "visok": "P1", "גבוהה": "P1",
	"medium": "P2", "med": "P2", "normal": "P2", "moderate": "P2", "mittel": "P2", "moyenne": "P2", "moyen": "P2", "media": "P2", "medio": "P2", "média": "P2", "médio": "P2", "middel": "P2", "gemiddeld": "P2", "średni": "P2", "średnia": "P2", "средний": "P2", "средняя": "P2", "中": "P2", "보통": "P2", "중간": "P2", "중": "P2", "medel": "P2", "middels": "P2", "střední": "P2", "orta": "P2", "trung": "P2", "sedang": "P2", "should": "P2", "середній": "P2", "normale": "P2", "közepes": "P2", "μεσαία": "P2", "μέτρια": "P2", "medie": "P2", "mediu": "P2", "متوسطة": "P2", "متوسط": "P2", "srednja": "P2", "mitjana": "P2", "בינונית": "P2",
	"low": "P3", "minor": "P3", "niedrig": "P3", "gering": "P3", "basse": "P3", "faible": "P3", "baja": "P3", "bajo": "P3", "baixa": "P3", "baixo": "P3", "bassa": "P3", "basso": "P3", "laag": "P3", "niski": "P3", "niska": "P3", "низкий": "P3", "низкая": "P3", "低": "P3", "낮음": "P3", "하": "P3", "låg": "P3", "lav": "P3", "matala": "P3", "nízká": "P3", "düşük": "P3", "thấp": "P3", "rendah": "P3", "could": "P3", "низький": "P3", "alacsony": "P3", "χαμηλή": "P3", "scăzută": "P3", "scăzut": "P3", "منخفضة": "P3", "منخفض": "P3", "nízka": "P3", "נמוכה": "P3",
	"lowest": "P4", "trivial": "P4", "最低": "P4", "nice": "P4",
}

// rankMarks are the signs that stand for a priority without a word.
var rankMarks = []struct{ mark, priority string }{{"🔥", "P0"}, {"🔴", "P1"}, {"🟠", "P2"}, {"🟡", "P2"}, {"🟢", "P3"}, {"⬆", "P1"}, {"⬇", "P3"}}

// Priority reads a priority as documents write it (P1, p-1, SEV1, High, 高)
// and returns P0 to P4. A number alone is no priority: some count up from the
// most urgent, some down.
func Priority(s string) (string, bool) {
	if len(s) > 200 {
		return "", false
	}
	s = norm.NFKC.String(s)
	for _, mark := range []*pattern{priorityMark, sevMark} {
		if m := mark.get().FindStringSubmatch(s); m != nil {
			return "P" + m[1], true
		}
	}
	for _, w := range letterWords.get().FindAllString(fold(s), -1) {
		if p, ok := priorityWords[w]; ok {
			return p, true
		}
	}
	for _, m := range rankMarks {
		if strings.Contains(s, m.mark) {
			return m.priority, true
		}
	}
	return "", false
}

//nolint:misspell // words of other languages
var (
	preventative = lazy(`prevent|preveni|prevenc|prevenç|prevenz|préven|prävent|repair|root.?cause|vorbeug|vermeid|correcti|corretiv|correcci|correzion|correção|corrig|verhinder|beheb|korrektur|behebung|naprawcz|zapobieg|предотвращ|превентив|профилакт|исправ|予防|预防|預防|再発防止|恒久|根本|修复|修復|예방|재발`)
	mitigative   = lazy(`mitig|atténu|abschwäch|eindämm|rilev|detect|detecc|detecç|détect|erkenn|alert|monitor|überwach|supervis|surveill|runbook|limit(ing|s)? (the )?damage|damage limit|containment|обнаруж|мониторинг|смягч|wykryw|緩和|缓解|緩解|検知|检测|檢測|监控|監控|監視|탐지|감지|완화|모니터링`)
)

// Type reads the type of an item as documents write it. What prevents or
// repairs is preventative, what detects or limits damage is mitigative; where
// both are named, the first. Every other word is other.
func Type(s string) string {
	f := fold(s)
	p, m := preventative.get().FindStringIndex(f), mitigative.get().FindStringIndex(f)
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
//
//nolint:misspell // words of other languages
var typeWord = lazy(`^(?:prevent(?:ion|ive|ative|ing)?|mitigat(?:e|ion|ive|ing)|detect(?:ion|ive)?|repair|process|investigat(?:e|ion|ive)|other|corrective|prävention|präventiv|erkennung|vorbeugung|prévention|préventif|détection|atténuation|correctif|prevención|preventiva|preventivo|detección|mitigación|correctiva|correctivo|prevenção|detecção|mitigação|corretiva|corretivo|prevenzione|rilevamento|mitigazione|preventie|detectie|mitigatie|zapobieganie|wykrywanie|предотвращение|обнаружение|смягчение|prevenir|prévenir|prevenire|verhindern|vorbeugen|mitigar|mitigare|atténuer|eindämmen|detectar|détecter|rilevare|erkennen|correction|corrección|correção|correzione|behebung|予防|预防|預防|緩和|缓解|緩解|検知|检测|檢測|プロセス|流程|その他|其他|예방|탐지|감지|완화|프로세스)(?:\s*[/(]\s*(?:prevent|detect|mitigate|process|repair|other)\w*\s*\)?)?$`)

func isTypeWord(s string) bool { return len(s) < 60 && typeWord.get().MatchString(fold(s)) }

// loud matches a priority that is clear without the word "priority" before
// it: P1, SEV1, HIGH, or High in brackets.
var loud = lazy(`^(?:(?i:p[0-4]|p-[0-4]|sev-?[0-4]|high|medium|med|low|critical|hoch|mittel|niedrig|haute|moyenne|basse|alta|media|média|baja|baixa|hoog|laag|высокий|средний|низкий|高|中|低|높음|보통|낮음)(?i: priority| priorität)?|(?:優先度|优先级)[:：]?[高中低])$`)

func isPriorityWord(s string) bool {
	return len(s) < 40 && mayBeLoud(s) && loud.get().MatchString(strings.TrimSpace(norm.NFKC.String(strings.TrimLeft(s, "🔥🔴🟠🟡🟢 \ufe0f"))))
}

// mayBeLoud is a quick look at the first letter.
func mayBeLoud(s string) bool {
	s = strings.TrimLeft(s, " ")
	return s != "" && (s[0] >= utf8.RuneSelf || strings.IndexByte("pshmlcnbaPSHMLCNBA", s[0]) >= 0)
}

//nolint:misspell // words of other languages
var (
	doneWord = lazy(`^(?:done|accomplished|complete|completed|closed|fixed|finished|resolved|shipped|deployed|merged|implemented|released|verified|cancell?ed|won['’]?t (?:do|fix)|wontfix|rejected|declined|abandoned|obsolete|superseded|no longer needed|完了|完了済み|対応済み?|実施済み?|済み?|完成|已完成|已关闭|已解决|已上线|完毕|已實施|已关闭|완료|완료됨|종료|erledigt|abgeschlossen|fertig|umgesetzt|behoben|terminée?|faite?|fini|clos|réalisée?|hecho|hecha|completad[oa]|terminad[oa]|cerrad[oa]|finalizad[oa]|concluíd[oa]|feit[oa]|finalizado|completat[oa]|fatt[oa]|chius[oa]|conclus[oa]|gereed|voltooid|afgerond|klaar|gedaan|zrobione|ukończone|zakończon[eay]|gotowe|wykonane|zamknięte|готово|сделано|выполнен[оаы]?|завершен[оаы]?|завершён|закрыт[оа]?|виконано|hotovo|dokončeno|klar|klart|färdig|ferdig|færdig|fullført|valmis|tehty|tamamlandı|bitti|hoàn thành|xong|selesai|済|対処済み?|kész|elkészült|elvégezve|lezárva|befejezve|ολοκληρώθηκε|ολοκληρωμέν[οη]|έγινε|finalizată?|terminată?|rezolvată?|închisă?|complet|fet|acabat|tancat|završeno|gotovo|zatvoreno|zaključeno|hotové|dokončené|ukončené|завършен[оа]|изпълнен[оа]|مكتملة?|منجزة?|تمت?|مغلقة?|בוצע|הושלם|เสร็จแล้ว|เสร็จสิ้น|पूर्ण)(?:$|[^\pL\pN-])`)
	openWord = lazy(`^(?:open|doing|deferred|postponed|to ?do|todo|not started|not done|not yet|in progress|in review|ongoing|started|wip|pending|planned|scheduled|backlog|blocked|on hold|new|draft|未着手|進行中|対応中|検討中|計画中|予定|未対応|未完了|未开始|进行中|计划中|待开始|待处理|未完成|尚未开始|處理中|진행 ?중|대기|예정|미완료|미착수|offen|in arbeit|laufend|geplant|begonnen|à faire|en cours|ouverte?|planifiée?|en attente|pendiente|en progreso|en curso|abiert[oa]|planificad[oa]|por hacer|pendente|em andamento|em progresso|abert[oa]|planejad[oa]|a fazer|in corso|apert[oa]|da fare|pianificat[oa]|in behandeling|gepland|bezig|te doen|do zrobienia|w trakcie|otwarte|zaplanowane|в работе|открыт[оа]?|в процессе|запланирован[оа]?|не начат[оа]?|новая|pågår|planerad|öppen|pågående|åpen|devam ediyor|açık|planlandı|未|着手中|着手|対応予定|folyamatban|nyitott|σε εξέλιξη|εκκρεμεί|ανοιχτό|în lucru|în curs|deschisă?|planificată?|obert|pendent|u tijeku|otvoreno|odprto|v teku|قيد التنفيذ|مفتوحة?|لم يبدأ|בתהליך|פתוח)(?:$|[^\pL\pN])`)
)

const ticks = "✅☑✔✓\uFE0F"

// isDone reads a status. The word must come first: "not done", "TODO (from
// the last review)" and "Done, except for the docs" are told apart from it.
func isDone(status string) bool {
	s := fold(status)
	if s == "" || len(s) > 400 {
		return false
	}
	if t := strings.TrimLeft(s, ticks+" "); t != s && !openWord.get().MatchString(t) {
		return true
	}
	s = strings.Trim(s, "[]() ")
	switch s {
	case "x", "yes", "y", "true", "100%", "ja", "oui", "sí", "si", "sim", "да", "はい", "是", "예", ":white_check_mark:", ":heavy_check_mark:", "○", "🟢 done":
		return true
	}
	return doneWord.get().MatchString(strings.TrimLeft(s, "🟢🔵 ")) && !strings.Contains(s, "except") && !strings.Contains(s, "partial")
}

// isStatus reports whether s is nothing but a status.
func isStatus(s string) bool {
	if len(s) > 60 {
		return false
	}
	f := strings.Trim(fold(s), ticks+" .🟢🟡🔴")
	d, o := doneWord.get().FindString(f), openWord.get().FindString(f)
	return f != "" && (d == f || o == f)
}
