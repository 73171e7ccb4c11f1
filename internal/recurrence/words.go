package recurrence

import (
	"math"
	"strings"
	"unicode"
)

// The words of the text below a title weigh less than those of the title.
const (
	textWeight = 0.25
	maxRead    = 4000 // bytes of a title or text that are looked at
)

// count is how often each word stands in an item; words of the text count for
// less. A word counts at most twice: a text that repeats itself is no more
// similar for it.
func count(it Item) map[string]float64 {
	out := map[string]float64{}
	for _, w := range words(it.Title) {
		out[w] = min(2, out[w]+1)
	}
	for _, w := range words(it.Text) {
		if out[w] == 0 {
			out[w] = textWeight
		}
	}
	for _, s := range it.Services { // they are compared as services
		for _, w := range words(s) {
			delete(out, w)
		}
	}
	return out
}

// words are the words of a text in their bare form. Scripts that write no
// spaces give pairs of neighbouring letters.
func words(s string) []string {
	if len(s) > maxRead {
		s = strings.ToValidUTF8(s[:maxRead], "")
	}
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		if spaceless(w) {
			r := []rune(w)
			for i := 0; i+1 < len(r); i++ {
				out = append(out, string(r[i:i+2]))
			}
			continue
		}
		if stop[w] || len([]rune(w)) < 2 {
			continue
		}
		w = bare(w)
		if same, ok := synonyms[w]; ok {
			w = same
		}
		out = append(out, w)
	}
	return out
}

func spaceless(w string) bool {
	for _, r := range w {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
	}
	return false
}

// bare takes the common endings of English off a word. Other languages keep
// theirs, so that nothing is made equal there that is not.
func bare(w string) string {
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return w
		}
	}
	for _, end := range []struct{ tail, with string }{{"ies", "y"}, {"sses", "ss"}, {"ing", ""}, {"ation", "at"}, {"ed", ""}, {"es", "e"}, {"s", ""}} {
		if root, ok := strings.CutSuffix(w, end.tail); ok && len(root) >= 3 && !(end.tail == "s" && strings.HasSuffix(root, "s")) {
			w = root + end.with
			break
		}
	}
	if n := len(w); n > 4 && w[n-1] == w[n-2] && w[n-1] != 's' && w[n-1] != 'l' { // "dropped": dropp
		w = w[:n-1]
	}
	return strings.TrimSuffix(w, "e")
}

// idf weighs words by how few items have them.
type idf struct {
	holders map[string][]int
	n       int
}

// weight of a word is never far from 1 while there are few items: with three
// of them, to be in one says little.
func (x idf) weight(w string) float64 {
	v := 1 + math.Log(float64(x.n+20)/float64(len(x.holders[w])+20))
	if ordinary[w] {
		v *= 0.3
	}
	return v
}

// likeness is what the words have in common, 0 to 1: the weight of the common
// words against the mean weight of both.
func (x idf) likeness(a, b map[string]float64) float64 {
	sum := func(m map[string]float64) (total float64) {
		for w, n := range m {
			total += n * x.weight(w)
		}
		return total
	}
	common := 0.0
	for w, n := range a {
		common += min(n, b[w]) * x.weight(w)
	}
	all := sum(a) + sum(b)
	if all == 0 {
		return 0
	}
	return 2 * common / all
}

func set(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

func bareSet(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		w = bare(w)
		if same, ok := synonyms[w]; ok {
			w = same
		}
		m[w] = true
	}
	return m
}

// synonyms that mean the same in most action items, in their bare form.
var synonyms = func() map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq("alert alarm page pager paging alerting alarms notify notification;runbook playbook;limit cap throttle ratelimit;database db;documentation docs doc document;rollback revert;certificate cert certs;configuration config;authentication auth;kubernetes k8s;postgres postgresql;timeout timeouts;expire expiry expiration", ";") {
		list := strings.Fields(line)
		for _, w := range list {
			m[bare(w)] = bare(list[0])
		}
	}
	return m
}()

// stop words say nothing.
var stop = set(`a an the of in on at to for from by with without and or but if as is are be was were been it its this that these those our we us their they should must will can could would so when while than then into onto over under before after all any each every more most less some no not only also very ` +
	`der die das den dem des ein eine einen einem und oder für von zu mit bei im in auf wenn el la los las de del en para por con un una y o que le les des du au aux et ou pour sur dans avec os as do da dos das em no na com uma e il lo gli i di per nel della een het van voor met op z na w do i и в на для с по из при`)

// ordinary words are in so many action items that to share them says little.
var ordinary = bareSet(`add adding create make improve update fix write document review change check ensure implement introduce remove use set enable support investigate better new alert monitor monitoring test tests service system production prod team process step automatic automatically runbook error errors failure fail incident`)
