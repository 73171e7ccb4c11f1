package postmortem

import (
	"slices"
	"strings"

	"golang.org/x/net/html/atom"
)

var (
	templateWord = lazy(`(?i)\btemplate\b|\bvorlage\b|\bplantilla\b|\bmodèle\b|\bmodelo\b|\bmodello\b|\bsjabloon\b|\bszablon\b|\bшаблон|テンプレート|雛形|ひな形|模板|範本|템플릿|양식`)
	blanks       = lazy(`\{\{[^{}\n]{1,80}\}\}|<[A-Za-z][^<>\n/="]{1,60}>|\[[A-Z][^\[\]\n]{2,80}\](?:[^(\[:]|$)|\b(?:YYYY|yyyy)[-/](?:MM|mm)[-/](?:DD|dd)\b|\b(?:HH|hh):(?:MM|mm)\b|\bTBD\b|\bX{2,}\b|\bINC-X+\b|_{4,}|\b(?:MM|DD)/(?:DD|MM)/YYYY\b|［[^］\n]{2,40}］|@(?:owner|name|username|handle|assignee)\b`)
)

// aboutReviews matches the title of a text about how to do reviews.
var aboutReviews = lazy(`(?i)^(?:how (?:we|to|do we)\b|writing |guide to |about ).*(?:post-?mortem|incident|review|retrospective|rca)|(?:post-?mortem|incident|retrospective|rca)s? ?(?:review|report|response|management|analysis)?s? (?:guide|guidelines?|process|policy|procedures?|handbook|playbook|checklist|instructions|best practices|how-?to|faq|training|culture|skill|sop)\b|^sop\b|` +
	`(?:leitfaden|anleitung|richtlinie|handbuch|^so schreiben|guide |guía|cómo escribir|manual d|guia |como escrever|linee guida|come scrivere|handleiding|richtlijn|przewodnik|jak (?:pisać|psát)|руководство|инструкция|регламент|как (?:мы )?(?:писать|пишем|проводить)|útmutató|οδηγός|ghid|دليل).*(?:post-?mortem|vorf[aä]ll|störung|incident|инцидент|постмортем|συμβάν)|(?:ポストモーテム|障害報告|振り返り).*(?:書き方|ガイド|手順|進め方|運用)|(?:复盘|事故报告|故障报告).*(?:指南|规范|流程|写法|怎么写)|(?:포스트모템|장애 보고).*(?:가이드|작성법|작성 방법|지침)`)

var (
	whenNeeded = lazy(`(?i)\b(?:if|when|as) (?:needed|necessary|applicable|required|possible|p\d)|\bif (?:the|a|an|any|it|there|you|p\d)\b|\(if\b|\bwenn\b|\bsi (?:es|c'est|necesario)\b`)
	handbook   = lazy(`(?i)^(?:runbook|playbook)s?\b|\b(?:runbook|playbook)s?$`)
)

// conditional reports whether most items say under which condition they are to
// be done: the steps of a process, not what follows from an incident.
func (p *parser) conditional() bool {
	n := 0
	for _, it := range p.doc.Items {
		if whenNeeded.get().MatchString(it.Title) {
			n++
		}
	}
	return n >= 2 && n*2 >= len(p.doc.Items)
}

// outlineText is what a reader sees of a document, bounded. Of Markdown and
// plain text it is the source: there, <service> is a blank as well as a tag.
func outlineText(blocks []block, f format, text string) string {
	const limit = maxSurvey / 2
	if f == markdownFormat || f == textFormat {
		return text[:min(len(text), limit)]
	}
	var b strings.Builder
	var write func(blocks []block, depth int)
	write = func(blocks []block, depth int) {
		for _, bl := range blocks {
			if b.Len() > limit || depth > maxNesting {
				return
			}
			b.WriteString(bl.inline().plainText())
			b.WriteByte('\n')
			for _, e := range bl.entries {
				write(e.blocks, depth+1)
			}
			for _, r := range bl.rows {
				for _, c := range r.cells {
					b.WriteString(c.plainText())
					b.WriteByte('\n')
				}
			}
		}
	}
	write(blocks, 0)
	return b.String()
}

// blankStarts are what every blank has one of.
var blankStarts = []string{"<", "[", "{{", "@", "YYYY", "yyyy", "HH:", "hh:", "TBD", "XX", "INC-X", "____", "MM/", "DD/", "［"}

// findBlanks looks only at lines that may have a blank.
func findBlanks(text string) [][]int {
	var out [][]int
	from := 0
	for line := range strings.SplitSeq(text, "\n") {
		if containsAny(line, blankStarts) {
			for _, at := range blanks.get().FindAllStringIndex(line, 400-len(out)) {
				out = append(out, []int{from + at[0], from + at[1]})
			}
		}
		from += len(line) + 1
	}
	return out
}

// countBlanks counts the places that wait to be filled in. Tags of HTML are
// none.
func countBlanks(text string) int {
	n, hours := 0, 0
	for _, at := range findBlanks(text) {
		m := text[at[0]:at[1]]
		if m[0] == '[' && (at[0] > 0 && text[at[0]-1] == '[' || strings.ToUpper(m) == m && strings.ContainsAny(m, "0123456789")) {
			continue // a link [[of a wiki]], a key [PAY-12]
		}
		if strings.EqualFold(m, "hh:mm") { // a timeline may leave the hours open
			if hours++; hours > 3 {
				continue
			}
		}
		if name := strings.ToLower(strings.Trim(m, "<>")); m[0] == '<' && (atom.Lookup([]byte(name)) != 0 || htmlName(name)) {
			continue
		}
		n++
	}
	return n
}

// unansweredLines counts the prompts that nobody answered: "- Severity:" with
// another prompt, a heading or nothing below it.
func unansweredLines(text string) int {
	n, open := 0, false
	for line := range strings.SplitSeq(text, "\n") {
		body := strings.Trim(strings.TrimLeft(line, " "), "-*• \t_")
		if body == "" {
			continue // an empty line, or an empty entry
		}
		prompt := (strings.HasSuffix(body, ":") || strings.HasSuffix(body, "：")) && len(strings.Fields(body)) <= 8
		if open && (prompt || markdownHeading(line)) {
			n++
		}
		open = prompt
	}
	if open {
		n++
	}
	return n
}

// template reports whether a document is a form that nobody filled in: one
// that calls itself a template and has blanks, one whose title is a blank, or
// one that is full of blanks or unanswered prompts and names no day. A
// document about a real incident may keep some of each.
func (p *parser) template(name, text string, blocks []block) bool {
	if p.form {
		return true
	}
	title := ""
	for _, b := range blocks {
		if b.kind == headingBlock {
			title = b.inline().plainText()
			break
		}
	}
	if p.facts.date == "" && (aboutReviews.get().MatchString(title) || handbook.get().MatchString(strings.TrimSpace(title))) {
		return true
	}
	if templateWord.get().MatchString(title) || templateWord.get().MatchString(strings.NewReplacer("_", " ", "-", " ").Replace(name)) {
		return p.facts.date == "" || countBlanks(text) >= 2
	}
	if p.facts.date != "" || len(yearFirst.get().FindAllStringIndex(text, 3)) == 3 {
		return false
	}
	if p.conditional() {
		return true
	}
	n := countBlanks(text)
	return n >= 8 || n >= 2 && countBlanks(title) > 0 || unansweredLines(text) >= 5
}

var (
	projectPart = lazy(`(?i)^(?:installation|install|getting started|quick ?start|usage|contributing|contributors|licen[sc]e|building|roadmap)$`)
	incidental  = lazy(`(?i)\b(?:incident|outage|post-?mortem|root cause|downtime|retro(?:spective)?|rca|review|impact)|障害|故障|장애|ausfall|störung|panne|incid|caída|queda|guasto|storing|awari|инцидент|сбой|отказ|постмортем`)
)

// readme reports whether a document describes a project: a heading says so,
// and no text speaks of an incident.
func readme(blocks []block) bool {
	if !slices.ContainsFunc(blocks, func(b block) bool {
		return b.kind == headingBlock && projectPart.get().MatchString(strings.TrimSpace(b.inline().plainText()))
	}) {
		return false
	}
	for _, b := range blocks[:min(len(blocks), 500)] {
		text := b.inline().plainText()
		if incidental.get().MatchString(text[:min(len(text), 2000)]) {
			return false
		}
	}
	return true
}
