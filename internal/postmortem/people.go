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

// all reports whether a text is nothing but names: those that the document
// has, and first names.
func (p people) all(s string) bool {
	return p.every(s, func(n string) bool { return p[fold(n)] || givenName(n) })
}

// known reports whether a text is nothing but names that the document has.
func (p people) known(s string) bool {
	return p.every(s, func(n string) bool { return p[fold(n)] })
}

func (p people) every(s string, is func(string) bool) bool {
	s = strings.Trim(s, " .")
	if s == "" || len(s) > 120 {
		return false
	}
	for _, n := range personParts.get().Split(s, 10) {
		if !is(strings.TrimLeft(n, "@")) {
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
		text := strings.Join(strings.Fields(e.blocks[0].inline().plainText()), " ")
		if text == "" || len(text) > 1000 {
			continue
		}
		all++
		if _, who := cutTail(text); who != "" && (looksLikeName(who) || p.people.all(who) || teamName.get().MatchString(who)) {
			with++
			if p.people.known(who) || teamName.get().MatchString(who) {
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

// givenNames are first names that are common somewhere and name little else.
var givenNames = wordSet(`aaron abdul abigail adam adriana agnieszka ahmed aisha akira alan alba alejandro aleksandr alena alessandro alex alexander alexandra alexandre alexey ali alice alicia alina amanda amelia amina amir amit amy ana anastasia anders andrea andreas andreea andrei andrew andrzej andré andy angela angelika anita anja anjali anke anna anne annika anthony anton antonio antti arjun arnaud artur arun ashley astrid axel ayşe barbara bart bartek beata beatriz ben benedikt benjamin bernd bert beth bianca bjarne björn bob bogdan boris brandon brian bruno caitlin camila camille carl carla carlos carol carolina caroline cecilia cedric charlie charlotte chiara chloe chris christian christina christine christoph christophe christopher claire clara claudia cleo colin connor craig cristina cynthia daan dagmar damian dan dana daniel daniela danielle dariusz darren dave david deborah deepak denis derek diana diego dieter dimitri dmitri dmitry dominic dominik dora dorota doug duncan dustin dylan edgar eduardo edward ekaterina elena eli elias elif eline elisa elise elizabeth ella ellen emil emilia emily emma emre enrique eric erica erik erin esther ethan eva evan evelyn fabian fabio fatima federico felipe felix fernanda fernando filip fiona fleur florence florian francesca francesco francisco francois frank franz françois fred frederik frida friedrich fritz gabe gabriel gabriela gabriele garry gary georg george gerard giovanni giulia giuseppe gonzalo gordon greg gregor grzegorz guido guillaume guillermo gustav gustavo hannah hannes hans harald haruto heike heinz helen helena helga henrik henry herbert hiroshi holger hugh ian ida ignacio igor ilya imran ines inga ingo ingrid irene irina isaac isabel isabella ivan ivana jacek jackson jacob jacqueline jakob jakub james jamie jan jana jane janet jasmine jason javier jean jeff jeffrey jelena jennifer jenny jens jeremy jesper jesse jessica jesús jiří joan joana joanna joaquín jochen joe joel johan johanna johannes john jonas jonathan jordi jorge josef joseph josh joshua josé joão juan juanita judith julia julian juliana julie julien jörg jürgen kai kamil karen karim karin karl karolina katarina katarzyna kate katharina katherine kathrin kathy katie katja kayla keiko keith kelly ken kenji kerstin kevin khalid kim kirsten klaus konstantin kristen kristina krzysztof kumar kurt kyle lara larissa lars laura lauren laurent lea leah lena leo leon leonardo leonie lewis li liam lin linda lisa liz logan lorenzo louis louise luca lucas lucia lucie lucy ludwig luigi luis luisa lukas lukasz luís maciej magda magdalena magnus mahmoud maja malte manfred manuel marc marcel marcelo marcin marco marek margaret margarita maria mariana marie marina mario marius marko markus marta martha martin martina mary maría massimo mateo mateusz mathias mathieu mats matt matteo matthew matthias mauricio maxim megan mehmet mei melanie melissa michael michaela michal michał michel michelle miguel mikael mike mikhail milan min mira miriam mohamed mohammed monica monika morgan morten muhammad mustafa nadia nadine naomi natalia natalie natasha nathan neha neil nia niamh nicholas nick nico nicola nicolas nicole nikita niklas nikolai nils nina noah noemi nora norbert octavio oksana olaf ole oleg olga oliver olivia olivier omar oscar oskar otto pablo pamela paola paolo pascal patricia patrick patrik paul paula paulo pavel pawel paweł pedro peter petr petra phil philip philipp philippe pia pierre piotr priya quentin rachel radek rafael rahul raj rajesh ralf ramon raphael raquel raul rebecca renata renate renee ricardo richard rick rita rob robert roberto robin rodrigo roger roland romain roman ron ronald rosa rosie roy rui rune russell ruth ryan sabine sabrina sally sam samantha samir samuel sandra sanjay sara sarah saskia scott sean sebastian sebastien sergei sergey sergio shannon sharon shaun sheila shreya silke silvia simon simone sofia sofie sonja sophia sophie stefan stefania stefano stella stephan stephanie stephen steve steven sue susan susanne suzanne sven svenja svetlana sylvia tamara tanja tara tatiana ted teresa theo theresa thiago thomas tiago tim timo tina tobias todd tom tomas tomasz tomek tommy toni tony tracy tyler ulrich ulrike uma ursula ute uwe valentina valeria vanessa vera veronica veronika victor victoria viktor vincent virginia vladimir volker wanda wei wendy werner wesley wilhelm wim wojciech wolfgang xavier yan yannick yara yasmin yosef yuki yuri yusuf yves yvonne zachary zoe zofia zoltan zuzana łukasz александр алексей андрей анна владимир дмитрий екатерина елена иван игорь мария михаил наталья николай олег ольга павел петр пётр сергей татьяна юлия`)

// givenName reports whether a text is somebody's name by its first word:
// "Jörg", "Jörg Müller", "Jörg M.".
func givenName(s string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(strings.Trim(s, " ."), "@"), " ")
	return givenNames[strings.ToLower(first)] && looksLikeName(strings.Trim(s, " ."))
}

var leadPerson = lazy(`^(?:[(\[]([^()\[\]\n]{2,40})[)\]]|([^:：–—\n(\[-]{2,40}?)(?:\s*[:：]|\s+[–—-]))\s+(\S)`)

// leadName takes the names that lead a task: "Frida: raise the quota".
func leadName(s string, f *fields) string {
	m := leadPerson.get().FindStringSubmatchIndex(s)
	if m == nil || f.owner != "" {
		return s
	}
	who := ""
	for i := 2; i < 6; i += 2 {
		if m[i] >= 0 {
			who = s[m[i]:m[i+1]]
		}
	}
	for _, one := range personParts.get().Split(who, 4) {
		if !givenName(one) {
			return s
		}
	}
	f.owner = who
	return s[m[6]:]
}
