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
// dashes. A title without any such letter is represented by a digest, so that
// two of them differ. Both empty give an empty slug.
func Slug(date, title string) string {
	s := slugWord(title)
	if s == "" && strings.TrimSpace(title) != "" {
		sum := sha256.Sum256([]byte(title))
		s = "pm-" + hex.EncodeToString(sum[:4])
	}
	if date != "" && !strings.HasPrefix(s, date) {
		s = strings.Trim(date+"-"+s, "-")
	}
	return cutSlug(s)
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

func cutSlug(s string) string {
	if len(s) <= maxID {
		return s
	}
	s = s[:maxID]
	if i := strings.LastIndexByte(s, '-'); i > maxID/2 {
		s = s[:i]
	}
	return strings.Trim(s, "-")
}

var notID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// CleanID makes a string usable as an id and keeps its case: what is no
// letter, digit, dot, dash or underscore becomes a dash. It may be empty.
func CleanID(s string) string {
	s = strings.Trim(notID.ReplaceAllString(norm.NFKD.String(s), "-"), "-._")
	return strings.Trim(cutSlug(s), "-._")
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
