package postmortem

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// candidate is a paragraph in a section: an item if the section, or the part
// of it below one sub-heading, has no list, table or heading that is one.
type candidate struct {
	block block
	st    state
	at    int
}

// maxProse bounds the paragraphs that become items: a long report under a
// loose heading is no list of commitments.
const maxProse = 12

// addProse makes items of the paragraphs of sections that have nothing else.
// The text above the sub-headings of a section is an introduction as soon as
// one of them has items.
func (p *parser) addProse() {
	part := func(c candidate) [2]int { return [2]int{c.st.section, c.st.part} }
	sections, parts, texts := map[int]bool{}, map[[2]int]bool{}, map[[2]int]int{}
	for k := range p.parts {
		sections[k[0]], parts[k] = true, true
	}
	tasks := map[[2]int]int{}
	for _, c := range p.prose {
		texts[part(c)]++
		if task(c.block.inline().plainText()) {
			tasks[part(c)]++
		}
	}
	for _, c := range p.prose {
		if c.st.done || parts[part(c)] || c.st.part == 0 && sections[c.st.section] || texts[part(c)] > maxProse && tasks[part(c)]*2 < texts[part(c)] {
			continue
		}
		p.at = c.at
		for i, one := range commitments(c.block.inline()) {
			if len(one) == 0 {
				continue
			}
			r, f := render(one), fields{}
			r.text = strings.ReplaceAll(r.text, "\n", " ")
			if r.lead != "" && isTypeWord(strings.TrimRight(r.lead, ":. ")) {
				r.lead = ""
			}
			p.item(r, "", f, c.st, c.block.line+i)
		}
	}
}

// commitments returns the parts of a paragraph that say what will be done: its
// lines if each is one (nil for the line that introduces them); all of it if it is one sentence or starts as an item;
// else the first sentence in which the authors commit themselves.
func commitments(in inline) []inline {
	lines := in.lines()
	introduced := len(lines) > 1 && (strings.HasSuffix(strings.TrimSpace(lines[0].plainText()), ":") || strings.HasSuffix(strings.TrimSpace(lines[0].plainText()), "："))
	if introduced {
		lines[0] = nil
	}
	if len(lines) > 2 || len(lines) > 1 && !introduced {
		each := true
		for i, l := range lines {
			text := strings.TrimSpace(l.plainText())
			if i == 0 && introduced {
				continue
			}
			first, _ := firstLetter(text)
			_, behind, labelled := strings.Cut(text[:min(len(text), 60)], ": ")
			each = each && text != "" && (unicode.IsUpper(first) || unicode.Is(unicode.Lo, first)) && (task(text) || commits(text) || subjectTask(text) || labelled && imperative(behind) || introduced) && !past(text)
		}
		if each || manyTasks(lines) {
			return lines
		}
	}
	text := strings.Join(strings.Fields(in.plainText()), " ")
	if text == "" || strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：") || len(text) > 3000 || instruction(text) || courtesy.get().MatchString(text) {
		return nil
	}
	sentences := sentencesOf(text)
	if len(sentences) == 1 || task(text) {
		if !past(text) && (task(text) || commits(text) || subjectTask(text)) {
			return []inline{in}
		}
		return nil
	}
	for _, s := range sentences {
		if (ours.get().MatchString(s) || theirs.get().MatchString(s) || subjectTask(s)) && !past(s) {
			return []inline{plainInline(s)}
		}
	}
	return nil
}

var subjectVerb = lazy(`^(?:@?\p{Lu}[\pL.'-]*(?: \p{Lu}[\pL.'-]*)?|[Tt]he (?:[\pL&-]+ ){1,2}team) (?:to|will|should) (\p{Ll}[\pL-]*)`)

// subjectTask reports whether a text says who will do something: "Olivia to
// write the runbook".
func subjectTask(s string) bool {
	m := subjectVerb.get().FindStringSubmatch(s)
	return m != nil && verbs[m[1]]
}

// manyTasks reports whether the lines of a paragraph are sentences of their
// own, most of them tasks: a list without its marks.
func manyTasks(lines []inline) bool {
	tasks, filled := 0, 0
	for _, l := range lines {
		text := strings.TrimSpace(l.plainText())
		if text == "" {
			continue
		}
		first, _ := firstLetter(text)
		if !unicode.IsUpper(first) || !strings.HasSuffix(text, ".") || past(text) {
			return false
		}
		filled++
		if task(text) {
			tasks++
		}
	}
	return filled >= 3 && tasks*10 >= filled*6
}

// task reports whether a text is an item by its first word alone.
func task(s string) bool {
	word, rest, _ := strings.Cut(strings.ToLower(s), " ")
	if word == "work" && strings.HasPrefix(rest, "out ") {
		return true
	}
	switch word {
	case "see", "note", "read", "thank", "refer", "find", "have", "work", "check", "look", "as", "help":
		return false
	}
	return imperative(s)
}

// sentencesOf splits a text at the ends of its sentences.
func sentencesOf(s string) []string {
	var out []string
	start := 0
	for i, c := range s {
		end := i + utf8.RuneLen(c)
		if c == '。' || c == '！' || (c == '.' || c == '!' || c == '?') && end < len(s) && s[end] == ' ' && !abbreviated(s[:i]) {
			out = append(out, strings.TrimSpace(s[start:end]))
			start = end
		}
	}
	if rest := strings.TrimSpace(s[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

func abbreviated(s string) bool {
	return hasSuffix(strings.ToLower(s), "e.g", "i.e", "vs", "etc", "z.b", "bzw", "no", "p.ej", "approx", "incl")
}

// ours matches a sentence in which the authors say what they will do.
var ours = lazy(`(?i)\bwe(?:'ll|’ll| will| shall| must| should| need to| have to| plan(?: to|ned)| intend to| want to| aim to|(?:'re| are|’re) (?:also )?(?:going to|planning|adding|building|working on|moving|implementing|investigating))\b|\b(?:wir (?:werden|müssen|sollten|wollen|planen)|werden wir|nous (?:allons|devons|prévoyons)|vamos a|debemos|planeamos|(?:nós )?vamos|devemos|planejamos|dobbiamo|intendiamo|we gaan|we moeten|będziemy|musimy|planujemy)\b|мы (?:будем|планируем|должны)|планируем|する予定|ていきます|我们(?:将|会|计划)|예정입니다|하겠습니다`)

// theirs matches a sentence of which the subject is a team that will do
// something, or something that is not there yet and will be.
var theirs = lazy(`(?i)^(?:going forward,? |in (?:the )?future,? )?(?:the |our )?(?:[\pL\pN.&-]+ ){1,3}teams? (?:will|(?:is|are) going to|plans? to) \pL|^(?:an? |another |more |new )[^,;]{3,80} will be (?:created|added|introduced|implemented|built|put in place|automated|extended)\b`)

func firstLetter(s string) (rune, bool) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return r, true
		}
	}
	return 0, false
}

// will matches the words with which a text commits to something.
var will = lazy(`(?i)\b(?:we|they|team|i)(?:'ll|’ll| will)\b|\bwill (?:be \w+(?:ed|en|ilt|ade|one)|add|have|start|create|implement|improve|ensure|review|introduce|need)\b|\b(?:should|must|shall|ought to) (?:not |also |never |always |only )?(?:[a-gi-z]\w*|h[b-z]\w*|ha[a-uw-z]\w*|have (?:a|an|the|its|their|two|more|at)\b)|\b(?:needs? to|have to|has to|plan(?:s|ned|ning)? to|(?:is|are) plan(?:ned|ning)|plan(?:s|ning)? on|going to|to be (?:done|added|created|implemented|fixed|updated|improved|reviewed)|intends? to|intend(?:s|ing)? to|aim(?:s|ing)? to|want(?:s|ing)? to|are (?:adding|building|working on|moving|implementing|investigating|evaluating))\b|` +
	`\b(?:werden wir|wir werden|wird|werden|sollten?|soll|müssen|muss|planen|ist geplant)\b|\b(?:nous (?:allons|devons|prévoyons|devrions)|il faut|il faudra|devrait|devra|doit|doivent|sera|seront|est prévu)\b|\b(?:vamos a|debemos|deberíamos|debería|hay que|se debe|se va a|se implementará|planeamos|necesitamos|será|serán|está previsto)\b|\b(?:vamos|devemos|deveríamos|precisamos|planejamos|iremos|deve ser|devem ser|será|serão)\b|\b(?:dobbiamo|dovremmo|bisogna|verrà|verranno|prevediamo|intendiamo)\b|\b(?:we (?:gaan|moeten|zullen|willen)|moet(?:en)?|zal|zullen|wordt|worden)\b|` +
	`(?:należy|musimy|powinniśmy|będziemy|planujemy|zamierzamy|zostanie|нужно|необходимо|следует|планируем|будем|должны|надо|будет|добавим|внедрим|する予定|予定です|べき|必要があ|ていきます|します|する。|検討する|実施する|将|将会|需要|应该|应当|计划|必须|建议|예정|해야|필요|계획|하겠|할 것)`)

func commits(s string) bool { return will.get().MatchString(s) }

// verbs with which English items begin.
var verbs = wordSet(`abort accept add adopt adjust alert align allow analyse analyze announce apply archive arrange ask assess assign assure audit automate avoid backfill backport balance ban benchmark block bring build bump cache cap capture change check clarify clean cleanup clear close collect communicate compare complete conduct configure confirm connect consider consolidate contact continue contribute convert coordinate copy cover create cut decide decommission decouple deduplicate define delete deliver demote deploy deprecate design detect determine develop diagnose disable disallow discuss distribute do document download drop duplicate educate eliminate emit emphasise emphasize enable encode encourage encrypt enforce engage enhance ensure establish evaluate evict examine exclude execute expand explore export expose extend extract fail fetch figure file fill filter find finish fix follow force formalize freeze gate gather generate get give grant guard handle harden have help hide hire hold host identify implement import improve include incorporate increase inform instrument integrate introduce inventory investigate invest isolate issue keep kill learn limit link load lock log look lower maintain make manage map mark measure merge migrate mirror mitigate modify monitor move mute name notify offer open optimise optimize order organise organize overhaul own page paginate parallelize patch perform persist pin plan point post practice practise prefer prepare prevent prioritise prioritize probe process procure promote propose protect provide provision prune publish pull purge push put quarantine query raise rate re-enable re-evaluate reach read rebuild recommend reconfigure reconsider record recover recreate redesign redirect reduce refactor refine refresh reimplement reiterate re-iterate reject relax release reload relocate remediate remind remove rename renew reorganise reorganize repair replace replicate report reproduce request require reschedule research reset resize resolve restart restore restrict restructure resume retain rethink retire retrain retry return reuse revert review revise revisit revoke rewrite roll rollout rotate route run sanitize save scale scan schedule scope script search secure see seed segment send separate serve set setup shard share ship shorten show simplify simulate speed split stabilize stage standardise standardize start stop store streamline strengthen study submit subscribe support surface survey suspend swap switch sync synchronize tag take talk target teach tell terminate test throttle tidy tighten track train transfer translate treat triage trigger trim troubleshoot try tune turn unblock uncouple understand unify uninstall update upgrade upload use validate verify version wait warn watch whitelist widen wire work wrap write allowlist denylist rate-limit load-test dry-run double-check cross-check`)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

// imperative reports whether a text starts as items do: with a verb in the
// imperative or, in languages that use it so, in the infinitive.
func imperative(s string) bool {
	s = strings.TrimLeft(strings.ToLower(s), " \t\"'“‘`*_([-•")
	word := s
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",.:;/()", r) }); i >= 0 {
		word = s[:i]
	}
	if verbs[word] {
		return true
	}
	if asciiOnly(word) && !asciiOnly(s) || len(word) > 4 && !verbs[word] {
		// Spanish, Portuguese, French, Italian, Dutch, Russian, Polish.
		if rest := strings.TrimSpace(s[len(word):]); rest != "" && foreignVerb(word, s) {
			return true
		}
	}
	end := strings.TrimRight(s, ".。!！ ")
	for _, tail := range []string{"する", "追加", "作成", "実施", "導入", "検討", "改善", "修正", "整備", "見直し", "設定", "更新", "調査", "対応", "強化", "こと", "하기", "추가", "도입", "개선", "수정", "작성", "강화", "검토"} {
		if strings.HasSuffix(end, tail) {
			return true
		}
	}
	for _, head := range []string{"增加", "添加", "优化", "完善", "建立", "修复", "改进", "引入", "加强", "升级", "配置", "编写", "梳理", "补充", "推动", "实现", "调整", "制定", "对", "为", "将", "增强", "更新", "检查", "新增", "修改", "禁止", "限制"} {
		if strings.HasPrefix(s, head) {
			return true
		}
	}
	return germanTask(end)
}

// foreignVerb reports whether a word looks like an infinitive, in a text that
// is no English.
func foreignVerb(word, s string) bool {
	if !foreign(s) {
		return false
	}
	return hasSuffix(word, "ar", "er", "ir", "re", "are", "ere", "ire", "ть", "ти", "ować", "ać", "ić", "yć", "eć")
}

var foreignWords = wordSet(`el la los las de del en para por con un una que les le des du une et pour sur dans au aux avec os as do da dos das em no na com uma il lo gli i di per nel nella delle dei alla der die das den und für von zu mit bei im het een van voor met op w na do z dla oraz i на в для и по с из при do`)

// foreign reports whether the small words of a text are of another language.
func foreign(s string) bool {
	n := 0
	for w := range strings.FieldsSeq(s) {
		if foreignWords[w] {
			n++
		}
	}
	return n > 0
}

func hasSuffix(s string, tails ...string) bool {
	for _, t := range tails {
		if strings.HasSuffix(s, t) && len(s) > len(t)+1 {
			return true
		}
	}
	return false
}

// germanTask reports whether a text ends in an infinitive, as German and
// Dutch tasks do: "Alarme für die Warteschlange einrichten".
func germanTask(s string) bool {
	list := strings.Fields(s)
	if len(list) < 2 {
		return false
	}
	return hasSuffix(list[len(list)-1], "ieren", "ichten", "ügen", "ellen", "ühren", "essern", "üfen", "assen", "ändern", "legen", "setzen", "bauen", "schreiben", "machen", "stellen", "voeren", "maken", "passen", "voegen", "leiten", "reichen", "messen", "testen", "holen", "nehmen", "lösen", "mieren", "ziehen", "sichern", "leren", "zetten")
}

// pastWords are the forms that tell what was done.
var pastWords = wordSet(`added adjusted applied asked blocked built changed checked cleaned cleared closed completed configured contacted corrected created deleted deployed disabled discovered drained enabled ensured failed fixed flushed identified implemented installed introduced investigated killed made merged migrated moved notified opened patched paused published pushed rebooted rebuilt redeployed released reloaded removed renamed renewed replaced reported resolved restarted restored reverted reviewed rolled ran rotated scaled sent shipped shut stopped switched terminated took triggered turned updated upgraded verified was were wrote`)

var pastForm = lazy(`(?i)^(?:we|i|the team|they|on-?call)(?: have|'ve|’ve| has| had)?(?: also| already| now| since| immediately| then)? (\w+)|^(?:this|it|that) (?:was|has been|is now)\b|^(?:the|this|that|these|a|an|all|our|its?)(?: [\w'-]+){0,6}? (?:(?:has|have) (?:already |now |since )?been|was|were) (?:already |immediately |then )?\w+ed\b`)

// past reports whether a text tells what was done, not what is to do.
func past(s string) bool {
	s = strings.ToLower(strings.TrimLeft(s, " \"'“‘`*_([-•"))
	word, rest, _ := strings.Cut(s, " ")
	if word == "manually" { // restarted by hand, or to be restarted so?
		word, _, _ = strings.Cut(rest, " ")
	}
	if word = strings.Trim(word, ",.:;"); (pastWords[word] || pastOf(word, rest)) && !commits(s) {
		return true
	}
	if m := pastForm.get().FindStringSubmatch(s); m != nil && !commits(s) {
		return m[1] == "" || pastWords[m[1]] || hasSuffix(m[1], "ed") && !hasSuffix(m[1], "eed")
	}
	return false
}

// pastOf reports whether a word is the past of a verb with which items begin:
// "improved the runbook". Without an article, "improved runbooks" may be what
// is wanted.
func pastOf(word, rest string) bool {
	switch next, _, _ := strings.Cut(rest, " "); next {
	case "the", "a", "an", "our", "its", "all", "both", "this", "these", "those", "how", "to", "from":
	default:
		return false
	}
	root, ok := strings.CutSuffix(word, "ed")
	if !ok || len(root) < 3 {
		return false
	}
	n := len(root)
	return verbs[root] || verbs[root+"e"] || root[n-1] == root[n-2] && verbs[root[:n-1]] || root[n-1] == 'i' && verbs[root[:n-1]+"y"]
}

func cjk(s string) bool {
	for _, r := range s {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			return true
		}
	}
	return false
}

// explain says for each section that looked like action items, and gave none,
// why; and why a document has none at all.
func (p *parser) explain() {
	found := map[int]bool{}
	for k := range p.parts {
		found[k[0]] = true
	}
	for i, s := range p.looked {
		dropped := p.dropped
		if i+1 < len(p.looked) {
			dropped = p.looked[i+1].dropped
		}
		if found[i+1] {
			continue
		}
		why := "it is empty"
		switch {
		case dropped > s.dropped:
			why = "only placeholders"
		case s.otherwise > 0:
			why = "its table has no column for the action; name it “Action item”"
		case s.text > 0:
			why = "its text is neither a list nor a table, and commits to nothing"
		}
		p.note(s.line, fmt.Sprintf("the section %s holds no action items: %s", quoted(s.words), why))
	}
	if len(p.doc.Items) == 0 && len(p.looked) == 0 {
		p.note(0, "no action items were found: put them in a list under a heading such as “Action items”, or in a table with a column “Action item”")
	}
}
