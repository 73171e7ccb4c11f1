package claims

import (
	"strings"
	"time"
	"unicode"
)

// Bounds on the commands of one comment.
const (
	MaxCommands = 20   // further ones are not read
	maxLine     = 2000 // bytes; a longer line is refused
)

const prefix = "/holdfast"

// Command is a line of a comment that starts with /holdfast.
type Command struct {
	Verb     string        // in lower case; empty when the line has none
	Args     []string      // the arguments that the verb asks for, checked and normalised
	Rest     string        // free text: a reason or a note
	Duration time.Duration // waive alone: how long
	Line     string        // the line as written, on one line and without control characters
	Problem  string        // what is wrong and what to write instead; empty: well-formed
}

// Commands returns the commands of a comment in the order of their lines: the
// lines that start with /holdfast outside code, quotations and comments of
// Markdown and of Jira's markup. It does not know who wrote them, nor whether
// they may.
func Commands(body string) []Command {
	if !strings.Contains(asciiLower(body[:min(len(body), MaxText)]), prefix) {
		return nil
	}
	body = clip(body)
	shown := []byte(visible(body))
	hideJira(shown, body)
	var out []Command
	at := 0
	for raw := range strings.SplitSeq(body, "\n") {
		start := at
		at += len(raw) + 1
		line := strings.TrimLeft(raw, " \t")
		i := start + len(raw) - len(line)
		if !isCommand(line) || shown[i] != '/' {
			continue
		}
		out = append(out, parseCommand(line))
		if len(out) == MaxCommands {
			break
		}
	}
	return out
}

// HasCommand reports whether Commands would return any. It is cheap for a
// comment without the word.
func HasCommand(body string) bool { return len(Commands(body)) > 0 }

func isCommand(line string) bool {
	if !hasFold(line, prefix) {
		return false
	}
	rest := line[len(prefix):]
	return rest == "" || unicode.IsSpace(rune(rest[0]))
}

func parseCommand(line string) Command {
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "")
		return Command{Line: clean(line), Problem: "the line is too long: keep a command under 2,000 characters"}
	}
	line = clean(line)
	word, rest := cutWord(line[len(prefix):])
	c := Command{Verb: strings.ToLower(word), Line: line}
	parse, ok := verbs[c.Verb]
	switch {
	case c.Verb == "":
		c.Problem = "a command is missing; known are " + known
	case !ok:
		c.Problem = quote(word) + " is no command; known are " + known
	default:
		c.Problem = parse(&c, rest)
	}
	return c
}

// clean puts s on one line of printable characters, so that it can't forge
// log lines or hide a part of itself.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

func cutWord(s string) (string, string) {
	s = strings.TrimSpace(s)
	word, rest, _ := strings.Cut(s, " ")
	return word, strings.TrimSpace(rest)
}

// quote shows a stranger's word in an answer: short, and unable to mention
// anybody or to start markup.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '`' || r == '@' || r == '<' || r == '{' || r == '[' {
			return '?'
		}
		return r
	}, s)
	if rs := []rune(s); len(rs) > 40 {
		s = string(rs[:40]) + "…"
	}
	return "`" + s + "`"
}
