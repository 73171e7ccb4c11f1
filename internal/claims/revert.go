package claims

import "strings"

// withoutReverted hides the titles that reverts quote, on lines such as
//
//	Revert "Retry payments (fixes #12)"
//	revert: retry payments (fixes #12)
//
// The claims in them were those of the change that is taken back. A revert of
// a revert brings the change again, so its quoted title counts.
func withoutReverted(s string) string {
	if !strings.Contains(s, "evert") && !strings.Contains(s, "EVERT") {
		return s
	}
	out := []byte(s)
	for at := 0; at < len(s); {
		end := at
		for end < len(s) && s[end] != '\n' && s[end] != brk {
			end++
		}
		if from, to := revertedTitle(s[at:end]); to > 0 {
			wipe(out, at+from, at+to)
		}
		at = end + 1
	}
	return string(out)
}

// revertedTitle returns where on a line the title that it takes back begins
// and ends; 0, 0 if the line takes none back.
func revertedTitle(line string) (int, int) {
	i := len(line) - len(strings.TrimLeft(line, " \t*_"))
	depth := 0
	for {
		rest := line[i:]
		if !hasFold(rest, "revert") {
			break
		}
		after := rest[len("revert"):]
		switch {
		case strings.HasPrefix(after, ` "`), strings.HasPrefix(after, ` '`):
			depth++
			i += len(`revert "`)
			continue
		case strings.HasPrefix(after, " “"):
			depth++
			i += len("revert “")
			continue
		case strings.HasPrefix(after, ":"):
			return i, len(line)
		case strings.HasPrefix(after, "("): // conventional commits: revert(scope): …
			if strings.Contains(after, "):") {
				return i, len(line)
			}
		}
		break
	}
	if depth%2 == 0 {
		return 0, 0
	}
	// A claim behind the closing quote is the revert's own. A title that was
	// cut has none.
	if end := strings.LastIndexAny(line[i:], "\"'”"); end >= 0 {
		return i, i + end
	}
	return i, len(line)
}
