package filing

import (
	"path"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// Earlier is a postmortem that was filed before, as far as it tells whether a
// document is the same one under another name.
type Earlier struct {
	Postmortem domain.Postmortem
	Titles     []string // of its items, as recorded
}

// Named reports whether the document says itself which id it wants. An id that
// only follows from its file name, or from its title, is none that it chose:
// it changes when somebody renames the file.
func Named(name string, doc postmortem.Document) bool {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	base = strings.TrimSuffix(base, path.Ext(base))
	return doc.ID != "" && doc.ID != postmortem.CleanID(strings.ToLower(base)) && doc.ID != postmortem.Slug(doc.Date, doc.Title)
}

// MayBe reports whether the document can be this earlier one at all, by what
// can be said without looking at items.
func MayBe(doc postmortem.Document, pm domain.Postmortem) bool {
	return sameHead(doc, pm) || doc.Date != "" && doc.Date == pm.Date
}

func sameHead(doc postmortem.Document, pm domain.Postmortem) bool {
	ours, theirs := strings.Join(words(doc.Title), " "), strings.Join(words(pm.Title), " ")
	return ours != "" && ours == theirs && (doc.Date == pm.Date || doc.Date == "" || pm.Date == "")
}

// Renamed finds the earlier postmortem that this document is, under another
// name: of the same title and day with at least half of the items, or, where
// one of these differs, of the same day with nearly all of at least two items.
// Where two fit, it is neither: nobody can tell.
func Renamed(doc postmortem.Document, earlier []Earlier) (id string, ok bool) {
	found := 0
	for _, e := range earlier {
		if !MayBe(doc, e.Postmortem) {
			continue
		}
		common := shared(doc.Items, e.Titles)
		most, least := max(len(doc.Items), len(e.Titles)), min(len(doc.Items), len(e.Titles))
		days := doc.Date != "" && doc.Date == e.Postmortem.Date
		var same bool
		switch {
		case sameHead(doc, e.Postmortem) && days:
			same = common > 0 && 2*common >= least
		case sameHead(doc, e.Postmortem):
			same = common >= 2 && common == least
		default:
			same = common >= 2 && 4*common >= 3*most
		}
		if same {
			id = e.Postmortem.ID
			found++
		}
	}
	return id, found == 1
}

// Another reports whether the document is plainly not this earlier one, though it
// has its file name: "report.md" lies in many a directory. It has another title
// and another day, and not one of its items.
func Another(doc postmortem.Document, e Earlier) bool {
	pm := e.Postmortem
	ours, theirs := strings.Join(words(doc.Title), " "), strings.Join(words(pm.Title), " ")
	if ours == "" || theirs == "" || ours == theirs || doc.Date != "" && doc.Date == pm.Date || len(e.Titles) == 0 {
		return false
	}
	known := make([]domain.State, len(e.Titles))
	for i, t := range e.Titles {
		known[i].Spec.Title = t
	}
	return !slices.ContainsFunc(pair(doc.Items, known), func(j int) bool { return j >= 0 })
}

// shared counts the items whose titles have the same words.
func shared(items []postmortem.Item, titles []string) int {
	count := map[string]int{}
	for _, t := range titles {
		count[strings.Join(words(t), " ")]++
	}
	n := 0
	for _, item := range items {
		if key := strings.Join(words(item.Title), " "); count[key] > 0 {
			count[key]--
			n++
		}
	}
	return n
}
