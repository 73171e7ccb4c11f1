package postmortem

import (
	"strings"
	"unicode"
)

// people are the names that a document has for those who took part. A bare
// name beside an item is an owner only if it is one of them, or if the whole
// list has one in the same place.
type people map[string]bool

//nolint:misspell // words of other languages
var peopleKeys = wordSet(`present involved people anwesend présents asistentes presentes owner owners author authors participants attendees responders responder commander lead facilitator on-call oncall autor autoren verantwortlich auteur auteurs autores participantes autori auteur 作成者 担当者 担当 参加者 作者 负责人 参与者 작성자 담당자 автор авторы участники`)

// learn takes the names from a fact such as "Authors: Alice, Bob".
func (p people) learn(key, value string) {
	known := false
	for w := range strings.FieldsSeq(fold(key)) {
		known = known || peopleKeys[w]
	}
	if !known || len(value) > 500 || len(p) > 200 {
		return
	}
	for _, n := range personParts.get().Split(value, 50) {
		n, _, _ = strings.Cut(n, "(")
		n = strings.Trim(n, " @.*`")
		if len(n) < 2 || len(n) > 60 || isBlank(n) {
			continue
		}
		p[fold(n)] = true
		if first, _, ok := strings.Cut(n, " "); ok {
			p[fold(first)] = true
		}
	}
}

var personParts = lazy(`\s*(?:[,;/&、，\n]|\band\b|\bund\b|\bet\b|\by\b)\s*`)

// all reports whether a text is nothing but known names.
func (p people) all(s string) bool {
	s = strings.Trim(s, " .")
	if s == "" || len(s) > 120 || len(p) == 0 {
		return false
	}
	for _, n := range personParts.get().Split(s, 10) {
		if !p[fold(strings.TrimLeft(n, "@"))] {
			return false
		}
	}
	return true
}

var (
	subjectWill = lazy(`^((?:The )?\p{Lu}[\pL\pN'&/-]*(?: \p{Lu}[\pL\pN'&/-]*){0,2}(?: (?:[Tt]eam|squad|and \p{Lu}\pL+|& \p{Lu}\pL+))?) (?:to|will|should) [\p{Ll}]`)
	teamWill    = lazy(`^(?:[Tt]he )?((?:[\pL&/-]+ ){1,2}[Tt]eam) (?:to|will) [\p{Ll}]`)
	twoTo       = lazy(`^(@?\pL+ (?:&|and|\+) @?\pL+) (?:to|will) ([\p{Ll}].*)$`)
	tailName    = lazy(`^(.*\S)\s*(?:[(（［\[]([^()（）\[\]]{2,60})[)）］\]]|\s[–—-]{1,2}\s+([^–—]{2,40})|\s→\s*([^→]{2,40}))\.?$`)
	teamName    = lazy(`(?i)^(?:(?:the )?[\pL&/ -]{2,30} team|team [\pL&/ -]{2,30}|sre|sres|devops|ops|infra|infrastructure|platform|engineering|eng|security|qa|support|dba|dbas|on-?call|everyone|all teams?|tech lead|engineering manager|em|cto|[\p{Han}\p{Katakana}\pL]{1,12}(?:チーム|团队|团隊|팀))$`)
)

// subject is the owner that a sentence names as its subject: "Alice to add an
// alarm", "Platform team will …".
func (p people) subject(title string) string {
	if m := teamWill.get().FindStringSubmatch(title); m != nil && !notTeams[strings.ToLower(strings.Fields(m[1])[0])] {
		return m[1]
	}
	if m := twoTo.get().FindStringSubmatch(title); m != nil && imperative(m[2]) && !imperative(m[1]) {
		return m[1]
	}
	m := subjectWill.get().FindStringSubmatch(title)
	if m == nil {
		return ""
	}
	who := strings.TrimPrefix(m[1], "The ")
	if p.all(who) || teamName.get().MatchString(who) {
		return who
	}
	return ""
}

// acronyms are two or three capitals that are no one's initials.
var acronyms = wordSet("api apm ai alb aws az bi bgp bot cd cdn ci cli cms cpu crm css csv db dba dc ddl dev dns dr ec2 eks elb erp es eta etl fe be gcp gke git gpu gui ha hr html http iam ide ip ios it jms js json jvm k8s kms lb llm ml mq mvp nat nfs nlb npm ops orm os pci pm po pr qa qr ram rds rpc s3 sdk sla sli slo smb sms sns sql sqs sre ssh ssl sso sub tls ttl ui url usb ux vm vpc vpn waf web wp www xml yml")

// initials reports whether a label is a person's initials, as teams put them
// above each one's part of the list.
func initials(words string) bool {
	w := strings.Trim(words, " :：*")
	if len(w) < 2 || len(w) > 3 || acronyms[strings.ToLower(w)] {
		return false
	}
	for i := range len(w) {
		if w[i] < 'A' || w[i] > 'Z' {
			return false
		}
	}
	return true
}

// notTeams are words that name no team before "team".
var notTeams = wordSet("our the this that each every whole entire any no your their one a an whichever which")

// tails reports whether the entries of a list end with names: most of them
// with something in brackets, or behind a dash, that looks like a name.
func (p *parser) tails(b block) bool {
	with, all := 0, 0
	for _, e := range b.entries {
		if len(e.blocks) == 0 || e.blocks[0].kind != paragraphBlock {
			continue
		}
		text := strings.Join(strings.Fields(e.blocks[0].text.plainText()), " ")
		if text == "" || len(text) > 1000 {
			continue
		}
		all++
		if _, who := cutTail(text); who != "" && (looksLikeName(who) || p.people.all(who) || teamName.get().MatchString(who)) {
			with++
			if p.people.all(who) || teamName.get().MatchString(who) {
				with++ // known, so less is needed
			}
		}
	}
	return with >= 2 && with*10 >= all*6
}

func cutTail(s string) (string, string) {
	last := lastRune(strings.TrimRight(s, ". "))
	if !strings.ContainsRune(")）]］", last) && !strings.ContainsAny(s, "–—-→") {
		return s, ""
	}
	m := tailName.get().FindStringSubmatch(s)
	if m == nil {
		return s, ""
	}
	return m[1], strings.TrimSpace(firstNonEmpty(m[2], m[3], m[4]))
}

// takeName takes the name off the end of an entry, in a list where they have
// one.
func takeName(s string, f *fields) string {
	title, who := cutTail(s)
	if who == "" || f.owner != "" || !looksLikeName(who) && !teamName.get().MatchString(who) {
		return s
	}
	f.owner = who
	return title
}

var noNames = wordSet(`done todo tbd wip optional high medium low critical p0 p1 p2 p3 p4 aws gcp api cpu ram sql http dns tls ssl ci cd k8s kubernetes docker redis kafka postgres postgresql mysql github gitlab jira slack pagerduty grafana prometheus datadog terraform ansible linux nginx elasticsearch mongodb january february march april may june july august september october november december q1 q2 q3 q4 yes no new open closed prevent mitigate detect process ongoing planned immediate short-term long-term medium-term staging production prod dev ui ux db`)

// looksLikeName reports whether a text could be one or two people's names:
// capitalised words, not known to be something else.
func looksLikeName(s string) bool {
	for _, one := range personParts.get().Split(s, 4) {
		list := strings.Fields(strings.TrimLeft(one, "@"))
		if len(list) == 0 || len(list) > 3 {
			return false
		}
		for _, w := range list {
			first, _ := firstLetter(w)
			if noNames[strings.ToLower(w)] || !unicode.IsUpper(first) && !cjk(w) || strings.ContainsAny(w, "0123456789_/:#`") || len([]rune(w)) > 15 || len(w) > 3 && strings.ToUpper(w) == w && !cjk(w) {
				return false
			}
		}
	}
	return true
}
