package claims

import "strings"

// hideJira hides what Jira's markup shows as code or quotation: {code},
// {noformat} and {quote} blocks, and lines that start with "bq.". A block
// without an end is shown as it was typed, and so is not one.
func hideJira(shown []byte, body string) {
	low := asciiLower(body)
	endless := map[string]bool{} // blocks that find no end any more
	for at := 0; ; {
		n := strings.IndexByte(low[at:], '{')
		if n < 0 {
			break
		}
		at += n
		end := jiraBlock(low, at, endless)
		if end < 0 {
			at++
			continue
		}
		wipe(shown, at, end)
		at = end
	}
	at := 0
	for line := range strings.SplitSeq(low, "\n") {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "bq.") {
			wipe(shown, at, at+len(line))
		}
		at += len(line) + 1
	}
}

// jiraBlock returns the end of the block whose opening macro stands at i, -1
// if there is none.
func jiraBlock(low string, i int, endless map[string]bool) int {
	for _, name := range []string{"code", "noformat", "quote"} {
		rest, ok := strings.CutPrefix(low[i+1:], name)
		if !ok || rest == "" || rest[0] != '}' && rest[0] != ':' || endless[name] {
			continue
		}
		open := strings.IndexAny(rest[:min(len(rest), 500)], "}\n")
		if open < 0 || rest[open] != '}' {
			return -1
		}
		start := i + 1 + len(name) + open + 1
		closing := "{" + name + "}"
		if n := strings.Index(low[start:], closing); n >= 0 {
			return start + n + len(closing)
		}
		endless[name] = true
		return -1
	}
	return -1
}
