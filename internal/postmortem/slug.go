package postmortem

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxID is the length of the longest id that is made here.
const maxID = 80

// Slug makes an id from a date and a title: small ASCII letters, digits and
// dashes. Where that drops letters of the title, a digest of it follows, so
// that two titles in another script differ. Both empty give an empty slug.
func Slug(date, title string) string {
	s := slugWord(title)
	switch {
	case s == "" && strings.TrimSpace(title) != "":
		s = "pm-" + digest(title)
	case dropsLetters(title):
		s = cutSlug(s, maxID/2) + "-" + digest(title)
	}
	if date != "" && !strings.HasPrefix(s, date) {
		s = strings.Trim(date+"-"+s, "-")
	}
	return cutSlug(s, maxID)
}

// dropsLetters reports whether s has letters that no id can spell.
func dropsLetters(s string) bool {
	return strings.ContainsFunc(norm.NFKD.String(s), func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) })
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

func slugWord(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’':
			continue
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
		default:
			dash = true
			continue
		}
		if dash && b.Len() > 0 {
			b.WriteByte('-')
		}
		dash = false
		b.WriteRune(r)
	}
	return b.String()
}

func cutSlug(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most]
	if i := strings.LastIndexByte(s, '-'); i > most/2 {
		s = s[:i]
	}
	return strings.Trim(s, "-")
}

var notID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// CleanID makes a string usable as an id and keeps its case: an accent goes,
// and what is no letter, digit, dot, dash or underscore becomes a dash. Where
// that drops letters, a digest follows, so that two ids in another script
// differ. It may be empty.
func CleanID(s string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	id := strings.Trim(notID.ReplaceAllString(plain, "-"), "-._")
	if id != "" && dropsLetters(s) {
		id = cutSlug(id, maxID/2) + "-" + digest(s)
	}
	return strings.Trim(cutSlug(id, maxID), "-._")
}

// idFromName is the id that a file name gives. A name that every repository
// has gives none.
func idFromName(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	base = strings.TrimSuffix(base, path.Ext(base))
	switch id := CleanID(strings.ToLower(base)); id {
	case "readme", "index", "postmortem", "post-mortem", "incident", "document", "stdin", "template":
		return ""
	default:
		return id
	}
}
