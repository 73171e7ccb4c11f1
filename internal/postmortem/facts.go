package postmortem

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// facts are what the document says of the incident. The front matter comes
// first, then the first place that names a fact.
type facts struct {
	id, title, date, severity, source, summary string
	services, owners                           []string
	draft                                      bool
	wantSummary                                bool // the next paragraph is it
	people                                     people
	calendar                                   *calendar
}

//nolint:misspell // words of other languages
var factWords = map[string]string{
	"title":    `title,incident title,incident name,incident,titel,titre,título,titolo,タイトル,标题,제목,название`,
	"id":       `id,incident id,incident number,incident #,postmortem id`,
	"date":     `date,incident date,date of incident,date of the incident,incident_date,occurred,occurred on,date occurred,incident start,start time,start,started,started at,detected,when,date/time,date & time,date and time,incident window,incident period,period,start date,time of incident,datum,datum des vorfalls,date de l'incident,fecha,fecha del incidente,data,data do incidente,data dell'incidente,datum incident,data incydentu,дата,дата инцидента,дата и время,日付,発生日,発生日時,影響期間,発生期間,期間,日期,发生日期,发生时间,事故时间,故障时间,影响时间,날짜,발생일,발생 일시`,
	"severity": `severity,sev,incident severity,severity level,impact level,schweregrad,gravité,sévérité,severidad,severidade,gravità,ernst,poziom,критичность,серьезность,重大度,深刻度,严重程度,严重级别,级别,事故等级,심각도,등급`,
	"services": `service,services,affected service,affected services,affected_services,service(s),service(s) affected,services affected,services impacted,impacted service,impacted services,component,components,affected components,affected systems,systems affected,betroffene dienste,betroffene services,dienste,services affectés,services impactés,servicios,servicios afectados,servicio,serviços,serviços afetados,servizi coinvolti,servizi,getroffen diensten,usługi,затронутые сервисы,сервисы,сервис,影響サービス,対象サービス,サービス,受影响服务,影响服务,服务,영향 서비스,서비스`,
	"source":   `source,url,link,permalink`,
	"draft":    `draft`,
	"status":   `status,state,document status`,
	"owners":   `owner,owners,author,authors,incident owner,postmortem owner,incident commander,autor,autoren,verantwortlich,auteur,auteurs,autores,responsable,responsável,autore,autori,автор,авторы,ответственный,作成者,担当者,作者,负责人,작성자,담당자`,
	"summary":  `summary,abstract,tl;dr,tldr,executive summary,overview,zusammenfassung,résumé,resumen,resumo,riepilogo,samenvatting,podsumowanie,резюме,краткое описание,概要,摘要,总结,요약`,
}

var factKeys = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for fact, list := range factWords {
		for w := range strings.SplitSeq(list, ",") {
			m[w] = fact
		}
	}
	return m
})

var comma = lazy(`\s*(?:[,;、，]|\s+and\s+|\n)\s*`)

// fact takes one value, unless the fact is known or the value says nothing.
func (f *facts) fact(key, value string) {
	key = strings.Trim(fold(key), "*_` ")
	value = strings.Trim(strings.TrimSpace(value), "*`")
	what := factKeys()[key]
	if what == "" || value == "" || len(value) > 4000 || isBlank(value) || bracketed.get().MatchString(value) {
		return
	}
	switch what {
	case "id":
		set(&f.id, CleanID(value))
	case "title":
		if len(value) < 300 {
			set(&f.title, clip(strings.ReplaceAll(value, "\n", " "), maxTitle))
		}
	case "date":
		f.setDate(value)
	case "severity":
		if len(value) <= 60 && strings.Count(value, "/") < 2 && strings.Count(value, "|") < 2 { // else a template's choice
			set(&f.severity, value)
		}
	case "services":
		if f.services == nil {
			f.services = names(value)
		}
	case "owners":
		if f.owners == nil && len(value) < 300 && !strings.ContainsAny(value, "{<") {
			f.owners = names(value)
		}
	case "summary":
		set(&f.summary, clip(value, maxText))
	case "source":
		if strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://") {
			set(&f.source, clip(value, 2000))
		}
	case "draft":
		f.draft = f.draft || fold(value) == "true" || fold(value) == "yes"
	case "status":
		f.draft = f.draft || fold(value) == "draft" || fold(value) == "entwurf" || fold(value) == "borrador"
	}
}

// setDate takes the first clear date, also the start of "2026-11-02 to 2026-11-03".
func (f *facts) setDate(value string) {
	d, ok := Date(value)
	if !ok && f.calendar != nil {
		d, ok = f.calendar.due(value)
	}
	if !ok {
		if at, first := findDate(value); at != nil && at[0] == 0 {
			d, ok = first, true
		}
	}
	if ok {
		set(&f.date, d)
	}
}

func names(value string) []string {
	var out []string
	for _, s := range comma.get().Split(value, 50) {
		if s = strings.Trim(s, "`* \t."); s != "" && !isBlank(s) && len(s) <= maxField && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func set(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// heading takes the first heading of level 1 for the title, and waits for the
// text below "Summary".
func (f *facts) heading(level int, words string) {
	name, _ := headingName(words)
	f.wantSummary = f.summary == "" && factKeys()[name] == "summary"
	if level == 1 && !placeholder(words) && !sectionName(words) && !opens(name) {
		set(&f.title, clip(strings.ReplaceAll(words, "\n", " "), maxTitle))
	}
}

// prose takes the first paragraph below the heading "Summary".
func (f *facts) prose(text string) {
	if f.wantSummary && !placeholder(text) {
		set(&f.summary, clip(text, maxText))
		f.wantSummary = false
	}
}

// line takes "Date: 2026-11-20".
func (f *facts) line(s string) {
	if list := strings.Split(s, " | "); len(list) > 1 && len(list) < 10 { // several on one line
		for _, one := range list {
			f.line(one)
		}
		return
	}
	i := indexColon(s)
	if i <= 0 || i > 60 {
		return
	}
	value := strings.TrimLeft(s[i:], ":：* ")
	f.fact(s[:i], value)
	f.people.learn(s[:i], value)
}

func (p *parser) factList(b block) {
	for _, e := range b.entries {
		if len(e.blocks) == 1 && e.blocks[0].kind == paragraphBlock && mayHaveKey(e.blocks[0].source()) && indexColon(start(e.blocks[0].inline())) >= 0 {
			r := render(e.blocks[0].inline())
			p.facts.line(r.plain(r.text))
		}
	}
}

// factTable takes a table of two columns, key and value, the header being a
// row like the others, and a table with one row whose headers are the keys.
func (p *parser) factTable(t block) {
	names := headerNames(t.rows[0])
	if len(names) == 2 {
		p.facts.line(names[0] + ": " + names[1])
	}
	for _, tr := range t.rows[1:] {
		switch {
		case len(names) == 2 && len(tr.cells) > 1:
			key, value := render(tr.cells[0]), render(tr.cells[1])
			p.facts.line(strings.Trim(key.line(), ":： ") + ": " + value.plain(value.text))
		case len(names) > 2 && len(t.rows) == 2:
			for i, c := range tr.cells[:min(len(tr.cells), len(names))] {
				value := render(c)
				p.facts.fact(names[i], value.plain(value.text))
			}
		}
	}
}

// settle puts the facts into the document.
func (p *parser) settle(name string) {
	f, d := &p.facts, &p.doc
	f.dateFromName(name)
	d.Title, d.Date, d.Severity, d.Services, d.Source, d.Draft = f.title, f.date, f.severity, f.services, f.source, f.draft
	d.Owners, d.Summary = f.owners, f.summary
	d.ID = firstNonEmpty(f.id, idFromName(name), Slug(d.Date, d.Title))
	if d.Items == nil {
		d.Items = []Item{}
	}
}

// dateFromName: many name the file or the title after the day.
func (f *facts) dateFromName(name string) {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	for _, s := range []string{base, f.title} {
		if len(s) > 10 && f.date == "" && strings.IndexByte("-_, :.", s[10]) >= 0 {
			f.date, _ = Date(s[:10])
		}
	}
	if f.date == "" && len(f.title) < 300 { // "Checkout down on 1 December 2026"
		_, f.date = findDate(norm.NFKC.String(f.title))
	}
	if m := numbersDate.get().FindStringSubmatch(f.title); f.date == "" && m != nil && f.calendar != nil {
		f.date, _ = f.calendar.numbers(m)
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func sprint(v any) string { return fmt.Sprint(v) }
