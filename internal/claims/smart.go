package claims

import "strings"

// smartCommit reads "PAY-12 #close" at i: one or more keys of known projects,
// then commands up to the end of the line or the next key, one of them
// #close. It returns where it stopped reading, 0 if there is no key.
func (r *reader) smartCommit(s string, i int) int {
	var keys []Ref
	at := i
	for len(keys) < MaxRefs {
		ref, n := r.jiraKey(s[at:])
		if n == 0 {
			break
		}
		keys = append(keys, Ref{Ticket: ref, Closing: true})
		at += n
		for at < len(s) && (s[at] == ' ' || s[at] == '\t' || s[at] == ',') {
			at++
		}
	}
	if len(keys) == 0 {
		return 0
	}
	if at >= len(s) || s[at] != '#' {
		return at
	}
	for at < len(s) && s[at] != '\n' && s[at] != brk {
		c := s[at]
		if c == '#' && blankBefore(s[:at]) && strings.EqualFold(leadingWord(s[at+1:]), "close") {
			for _, k := range keys {
				r.add(k)
			}
			return at + len("#close")
		}
		if c >= 'A' && c <= 'Z' && startsWord(s[:at]) {
			if _, n := r.jiraKey(s[at:]); n > 0 {
				return at // the commands of the next key begin
			}
		}
		at++
	}
	return at
}

func blankBefore(s string) bool {
	return s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t')
}
