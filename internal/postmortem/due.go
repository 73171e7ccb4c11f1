package postmortem

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// calendar is what a document tells about the dates in it.
type calendar struct {
	day    time.Time // of the incident, else of the document; zero: unknown
	order  dateOrder // of numbers such as 12/01/2026
	dots   bool      // there are dates such as 12.01.2026
	dotted bool      // 12.01.2026 is day first, as where German or Russian is written
}

type dateOrder int

const (
	unknownOrder dateOrder = iota
	dayFirstOrder
	monthFirstOrder
)

var (
	numericDate = lazy(`^\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\.?$`)
	numbersDate = lazy(`\b(\d{1,2})([./-])(\d{1,2})[./-](\d{4})\b`)
	monthDay    = lazy(`^(?:(\d{1,2})(?:st|nd|rd|th|o|er)?\.?\s+(?:of |de |d')?([\pL\pM]{3,12})\.?|([\pL\pM]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})月\s*(\d{1,2})日|(\d{1,2})월\s*(\d{1,2})일)$`)
	quarter     = lazy(`^(?:(?:end of|eo|ende|fin|by|until|bis|до конца|im|в|до)\s*)?(?:q([1-4])[ /'-]*(\d{4})|(\d{4})[ /-]*q([1-4])|([1-4])(?:st|nd|rd|th)? quarter (?:of )?(\d{4})|t([1-4]) (\d{4})|(\d{4})年第([一二三四1-4])季度|(\d{4})年第([1-4])四半期|([1-4])(?:-?й|\.|er|re|e|º|°)? ?(?:квартал|quartal|trimestre|kwartał|kwartaal|čtvrtletí|kvartal)\.? ?(?:de |du )?(\d{4})|(\d{4})[年년] ?q([1-4])|(\d{4})년 ?([1-4])분기)$`)
	shortDate   = lazy(`^(\d{1,2})([./])(\d{1,2})\.?$`)
	monthEnd    = lazy(`^(?:the )?(?:end of|eo|ende|fin|fin de|finales de|fim de|fine|eind|koniec|до конца) ([\pL\pM]{3,12})$`)
	half        = lazy(`^(?:end of |eo)?h([12])[ /-]*(\d{4})$`)
	monthYear   = lazy(`^(?:(?:by |the )?end of |eo|ende |fin |fin de |finales de |fim de |eind |koniec |до конца )?([\pL\pM]{3,12})\.?,?(?: de| of)? (\d{4})$|^(\d{4})-(\d{2})$|^(\d{4})年(\d{1,2})月(?:末|底|中)?$|^(\d{4})년 ?(\d{1,2})월(?: ?말)?$`)
	timeSpan    = lazy(`^(?:in|within|innerhalb von|binnen|dans|sous|en|em|dentro de|entro|tra|fra|binnen|w ciągu|через|в течение|за)?\s*(?:the next |next )?(\d{1,3}|a|an|one|two|three|four|six|eine[mr]?|zwei|drei|une?|deux|trois|una?|dos|tres|um|uma|dois|duas|due|tre|een|twee|drie)\s*(days?|business days?|working days?|weeks?|months?|tage?n?|wochen?|monate?n?|jours?|semaines?|mois|días?|semanas?|mes(?:es)?|dias?|mês|meses|giorni|giorno|settiman[ae]|mes[ei]|dagen|dag|weken|week|maanden?|dni|tygodni(?:e|a)?|miesięcy|дн(?:я|ей|ень)|недел[июь]|месяц(?:а|ев)?)(?: from now| of the incident)?$|^(\d{1,3})\s*(日|週間|周|週|か月|ヶ月|个月|個月|일|주|개월)(?:以内|以內|内|內|이내)?$`)
	period      = lazy(`^(?:(?:by |on |this |next )?(?:monday|tuesday|wednesday|thursday|friday)|(?:by |by the |the |until )?(?:end of |eo)?(?:this|next|the|current|upcoming) (?:week|month|quarter|sprint|year|release)|(?:end of|eo) (?:week|month|quarter|year|sprint)|eow|eom|eoq|eoy|tomorrow|today|(?:end of )?q[1-4](?: \d{4})?(?: ?[-–] ?q[1-4](?: \d{4})?)?|\d{4} ?q[1-4]|h[12](?: \d{4})?|(?:within |in )?(?:the )?(?:next )?(?:\d+|one|two|three) ?(?:[-–] ?\d+ ?)?(?:days?|weeks?|months?|quarters?|sprints?)|asap|immediately|ongoing|nächste woche|nächster monat|la semaine prochaine|próxima semana|prossima settimana|volgende week|来週|今週|来月|今月|今月末|来月末|次回スプリント|本周|下周|本月|下个月|下月|本月底|月底|다음 ?주|이번 ?주|다음 ?달|이번 ?달)$`)
)

// monthNames has the names of months in the languages that are read, in full;
// three letters or more abbreviate them where that is unique.
//
//nolint:misspell // words of other languages
var monthNames = [12]string{
	"january,januar,jänner,janvier,enero,janeiro,gennaio,januari,styczeń,stycznia,январь,января,leden,ledna,ocak,січня,januarie,tammikuuta,sty",
	"february,februar,février,fevrier,febrero,fevereiro,febbraio,februari,luty,lutego,февраль,февраля,únor,února,şubat,лютого,helmikuuta,lut",
	"march,märz,maerz,mars,marzo,março,marco,maart,marzec,marca,март,марта,březen,března,mart,березня,maaliskuuta,mrz",
	"april,avril,abril,aprile,kwiecień,kwietnia,апрель,апреля,duben,dubna,nisan,квітня,huhtikuuta,kwi",
	"may,mai,mayo,maio,maggio,mei,maj,maja,май,мая,květen,května,mayıs,травня,toukokuuta",
	"june,juni,juin,junio,junho,giugno,czerwiec,czerwca,июнь,июня,červen,června,haziran,червня,kesäkuuta,cze",
	"july,juli,juillet,julio,julho,luglio,lipiec,lipca,июль,июля,červenec,července,temmuz,липня,heinäkuuta,lip",
	"august,août,aout,agosto,augustus,sierpień,sierpnia,август,августа,srpen,srpna,ağustos,серпня,augusti,elokuuta,sie",
	"september,septembre,septiembre,setiembre,setembro,settembre,wrzesień,września,сентябрь,сентября,září,eylül,вересня,syyskuuta,sept,wrz",
	"october,oktober,octobre,octubre,outubro,ottobre,październik,października,октябрь,октября,říjen,října,ekim,жовтня,lokakuuta,paź",
	"november,novembre,noviembre,novembro,listopad,listopada,ноябрь,ноября,kasım,листопада,marraskuuta,lis",
	"december,dezember,décembre,decembre,diciembre,dezembro,dicembre,grudzień,grudnia,декабрь,декабря,prosinec,prosince,aralık,грудня,desember,joulukuuta,gru",
}

// monthNumber is the number of a month's name, or 0.
func monthNumber(word string) int {
	word = strings.ToLower(strings.TrimSuffix(word, "."))
	if len([]rune(word)) < 3 {
		return 0
	}
	for i, names := range monthNames {
		for name := range strings.SplitSeq(names, ",") {
			if word == name {
				return i + 1
			}
		}
	}
	if i := strings.Index("jan feb mar apr may jun jul aug sep oct nov dec", word); len(word) == 3 && i >= 0 && i%4 == 0 {
		return i/4 + 1
	}
	found := 0
	for i, names := range monthNames {
		for name := range strings.SplitSeq(names, ",") {
			if len([]rune(word)) <= 4 && strings.HasPrefix(name, word) && found != i+1 {
				if found != 0 {
					return 0 // "jui" may be June or July
				}
				found = i + 1
			}
		}
	}
	return found
}

// learn finds out in which order a document writes its numeric dates. Only a
// day beyond 12 tells, and only if no other date contradicts it.
func (c *calendar) learn(text string) {
	day, month := false, false
	for _, m := range numbersDate.get().FindAllStringSubmatch(text, 500) {
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[3])
		if m[2] == "." {
			c.dots, c.dotted = true, c.dotted || a > 12 && b <= 12
			continue
		}
		day = day || a > 12 && b <= 12
		month = month || b > 12 && a <= 12
	}
	switch {
	case day && !month:
		c.order = dayFirstOrder
	case month && !day:
		c.order = monthFirstOrder
	}
}

// due reads a due date: a date, one without a year or with numbers in the
// document's own order, a quarter or a month (its last day), a span from the
// document's date. What can be read in two ways is no date.
func (c *calendar) due(s string) (string, bool) {
	s = unjoin(s)
	if d, ok := Date(s); ok {
		return d, true
	}
	s = strings.Trim(strings.ToLower(norm.NFKC.String(s)), " .,;()[]~")
	if len(s) > 80 {
		return "", false
	}
	s = strings.TrimSpace(duePrefix.get().ReplaceAllString(s, ""))
	if d, ok := Date(s); ok {
		return d, true
	}
	if m := numbersDate.get().FindStringSubmatch(s); m != nil && len(m[0]) == len(s) {
		return c.numbers(m)
	}
	if d, ok := endOf(s); ok {
		return d, true
	}
	if c.day.IsZero() {
		return "", false
	}
	return c.relative(s)
}

func (c *calendar) numbers(m []string) (string, bool) {
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[3])
	y, _ := strconv.Atoi(m[4])
	order := c.order
	if m[2] == "." {
		order = unknownOrder
		if c.dotted {
			order = dayFirstOrder
		}
	}
	switch {
	case a > 12 && b <= 12 || a == b:
		order = dayFirstOrder
	case b > 12 && a <= 12:
		order = monthFirstOrder
	}
	switch order {
	case dayFirstOrder:
		return validDay(y, b, a)
	case monthFirstOrder:
		return validDay(y, a, b)
	}
	return "", false
}

// endOf is the last day of a quarter, a half or a month.
func endOf(s string) (string, bool) {
	if m := quarter.get().FindStringSubmatch(s); m != nil {
		for i := 1; i < len(m); i += 2 {
			if m[i] == "" {
				continue
			}
			q, y := m[i], m[i+1]
			if len(q) == 4 {
				q, y = y, q
			}
			n := strings.Index("一二三四", q)/3 + 1
			if q[0] >= '1' && q[0] <= '4' {
				n = int(q[0] - '0')
			}
			return lastDay(y, n*3)
		}
	}
	if m := half.get().FindStringSubmatch(s); m != nil {
		return lastDay(m[2], int(m[1][0]-'0')*6)
	}
	if m := monthYear.get().FindStringSubmatch(s); m != nil {
		switch {
		case m[1] != "":
			if n := monthNumber(m[1]); n > 0 {
				return lastDay(m[2], n)
			}
		default:
			for i := 3; i < len(m); i += 2 {
				if m[i] != "" {
					n, _ := strconv.Atoi(m[i+1])
					return lastDay(m[i], n)
				}
			}
		}
	}
	return "", false
}

func lastDay(year string, month int) (string, bool) {
	y, _ := strconv.Atoi(year)
	if y < 1990 || y > 2199 || month < 1 || month > 12 {
		return "", false
	}
	return time.Date(y, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
}

func validDay(y, m, d int) (string, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < 1990 || y > 2199 || int(t.Month()) != m || t.Day() != d {
		return "", false
	}
	return t.Format(time.DateOnly), true
}

var numberWords = map[string]int{
	"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "ein": 1, "eine": 1, "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "un": 1, "une": 1, "deux": 2, "trois": 3,
	"una": 1, "dos": 2, "tres": 3, "um": 1, "uma": 1, "dois": 2, "duas": 2, "due": 2, "tre": 3, "een": 1, "twee": 2, "drie": 3,
}

// relative reads what counts from the document's date.
func (c *calendar) relative(s string) (string, bool) {
	at := func(t time.Time) (string, bool) { return t.Format(time.DateOnly), true }
	if m := monthDay.get().FindStringSubmatch(s); m != nil {
		var month, day int
		switch {
		case m[1] != "":
			month, day = monthNumber(m[2]), atoi(m[1])
		case m[3] != "":
			month, day = monthNumber(m[3]), atoi(m[4])
		case m[5] != "":
			month, day = atoi(m[5]), atoi(m[6])
		default:
			month, day = atoi(m[7]), atoi(m[8])
		}
		// The next such day: work on an incident comes after it.
		for y := c.day.Year(); y <= c.day.Year()+1 && month > 0; y++ {
			if d, ok := validDay(y, month, day); ok && d >= c.day.Format(time.DateOnly) {
				return d, true
			}
		}
		if month > 0 {
			return "", false
		}
	}
	if m := timeSpan.get().FindStringSubmatch(s); m != nil {
		number, unit := m[1], m[2]
		if number == "" {
			number, unit = m[3], m[4]
		}
		n := atoi(number)
		if n == 0 {
			n = numberWords[number]
		}
		switch {
		case n == 0 || strings.HasPrefix(unit, "business") || strings.HasPrefix(unit, "working"):
			return "", false
		case hasPrefix(unit, "day", "tag", "jour", "día", "dia", "giorn", "dag", "dni", "дн", "日", "일"):
			return at(c.day.AddDate(0, 0, n))
		case hasPrefix(unit, "week", "woche", "semain", "seman", "settiman", "wek", "tygod", "недел", "週", "周", "주"):
			return at(c.day.AddDate(0, 0, 7*n))
		}
		return at(c.day.AddDate(0, n, 0))
	}
	if m := shortDate.get().FindStringSubmatch(s); m != nil {
		for y := c.day.Year(); y <= c.day.Year()+1; y++ {
			if d, ok := c.numbers([]string{"", m[1], m[2], m[3], strconv.Itoa(y)}); ok && d >= c.day.Format(time.DateOnly) {
				return d, true
			}
		}
		return "", false
	}
	if m := monthEnd.get().FindStringSubmatch(s); m != nil {
		if n := monthNumber(m[1]); n > 0 {
			y := c.day.Year()
			if n < int(c.day.Month()) {
				y++
			}
			return lastDay(strconv.Itoa(y), n)
		}
	}
	weekday := (int(c.day.Weekday()) + 6) % 7 // Monday is 0
	if i := slices.Index([]string{"monday", "tuesday", "wednesday", "thursday", "friday"}, strings.TrimPrefix(s, "this ")); i >= 0 {
		return at(c.day.AddDate(0, 0, (i-weekday+6)%7+1)) // the next one
	}
	friday := c.day.AddDate(0, 0, 4-weekday)
	month := func(n int) time.Time {
		return time.Date(c.day.Year(), c.day.Month()+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	}
	q := (int(c.day.Month()) - 1) / 3
	s = strings.TrimPrefix(strings.TrimPrefix(s, "the "), "by ")
	switch strings.TrimPrefix(s, "the ") {
	case "tomorrow", "morgen", "demain", "mañana", "amanhã", "domani", "jutro", "завтра", "明日", "明天", "내일":
		return at(c.day.AddDate(0, 0, 1))
	case "end of week", "end of this week", "end of the week", "eow", "this week", "今週", "今週中", "本周", "本周内", "이번 주", "diese woche", "cette semaine", "esta semana", "questa settimana", "deze week":
		if friday.Before(c.day) {
			return "", false
		}
		return at(friday)
	case "end of next week", "next week", "来週", "来週中", "下周", "다음 주", "nächste woche", "la semaine prochaine", "semaine prochaine", "próxima semana", "la próxima semana", "prossima settimana", "volgende week":
		return at(friday.AddDate(0, 0, 7))
	case "end of month", "end of this month", "end of the month", "eom", "this month", "今月末", "今月中", "月末", "本月底", "月底", "이번 달 말", "monatsende", "fin du mois", "fin de mes", "fim do mês", "fine mese":
		return at(month(0))
	case "next month", "end of next month", "来月", "来月末", "下个月", "下月底", "다음 달", "nächster monat", "nächsten monat", "mois prochain", "le mois prochain", "próximo mes", "próximo mês", "prossimo mese", "volgende maand":
		return at(month(1))
	case "end of quarter", "end of this quarter", "end of the quarter", "eoq", "this quarter", "quartalsende":
		return lastDay(strconv.Itoa(c.day.Year()), (q+1)*3)
	case "next quarter", "end of next quarter":
		if q == 3 {
			return lastDay(strconv.Itoa(c.day.Year()+1), 3)
		}
		return lastDay(strconv.Itoa(c.day.Year()), (q+2)*3)
	case "end of year", "end of the year", "end of this year", "eoy", "this year", "jahresende", "年末", "年内", "年底":
		return lastDay(strconv.Itoa(c.day.Year()), 12)
	}
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "end of "), "eo"), "q"); ok && len(rest) == 1 && rest[0] >= '1' && rest[0] <= '4' {
		n := int(rest[0] - '0')
		y := c.day.Year()
		if n < q+1 {
			y++
		}
		return lastDay(strconv.Itoa(y), n*3)
	}
	return "", false
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// looksLikeDue reports whether a value is a date, be it one that we refuse to
// read.
func looksLikeDue(s string) bool {
	if m := monthEnd.get().FindStringSubmatch(strings.ToLower(s)); m != nil && monthNumber(m[1]) > 0 {
		return true
	}
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 80 {
		return false
	}
	if _, ok := Date(s); ok || numericDate.get().MatchString(s) {
		return true
	}
	low := strings.ToLower(norm.NFKC.String(s))
	if _, ok := endOf(low); ok {
		return true
	}
	if m := monthDay.get().FindStringSubmatch(low); m != nil {
		return m[5] != "" || m[7] != "" || monthNumber(firstNonEmpty(m[2], m[3])) > 0
	}
	return false
}
