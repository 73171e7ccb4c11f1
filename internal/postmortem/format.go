package postmortem

import (
	"path"
	"strings"
)

type format int

const (
	markdownFormat format = iota
	htmlFormat
	orgFormat
	rstFormat
	wikitextFormat
	jiraFormat
	asciidocFormat
	yamlFormat
	jsonFormat
	textFormat
	unsupportedFormat
)

var extensions = map[string]format{
	".json": jsonFormat, ".html": htmlFormat, ".htm": htmlFormat, ".xhtml": htmlFormat, ".xml": htmlFormat, ".org": orgFormat,
	".rst": rstFormat, ".rest": rstFormat, ".adoc": asciidocFormat, ".asciidoc": asciidocFormat, ".asc": asciidocFormat,
	".yaml": yamlFormat, ".yml": yamlFormat, ".mediawiki": wikitextFormat, ".wikitext": wikitextFormat, ".mw": wikitextFormat,
	".jira": jiraFormat, ".confluence": jiraFormat, ".textile": jiraFormat,
	".docx": unsupportedFormat, ".doc": unsupportedFormat, ".pdf": unsupportedFormat, ".odt": unsupportedFormat, ".rtf": unsupportedFormat,
	".pptx": unsupportedFormat, ".xlsx": unsupportedFormat,
}

// formatOf chooses the reader: by the name's extension where that is plain,
// else by what the text looks like. Markdown is what is left.
func formatOf(name, text string) format {
	ext := strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/")))
	if f, ok := extensions[ext]; ok {
		return f
	}
	head := strings.TrimLeft(text[:min(len(text), 4096)], " \t\n")
	switch {
	case looksLikeHTML(head):
		return htmlFormat
	case ext != ".md" && ext != ".markdown" && looksLikeJSON(text):
		return jsonFormat
	}
	_, _, body := cutFrontMatter(text)
	c := countMarks(body)
	best := c.best()
	if ext == ".md" || ext == ".markdown" || ext == ".mdx" {
		// Named so by habit: text without any markup, or another one.
		if c[markdownFormat] == 0 && best == textFormat && !anyMarkdown(body) {
			return textFormat
		}
		if c[markdownFormat] > 0 || best == textFormat || best == rstFormat || c[best] < 2 {
			return markdownFormat
		}
		return best
	}
	if ext != ".txt" && ext != ".text" && best == textFormat {
		return markdownFormat
	}
	return best
}

func looksLikeHTML(head string) bool {
	low := strings.ToLower(head)
	for strings.HasPrefix(low, "<!--") || strings.HasPrefix(low, "<?xml") {
		i := strings.IndexByte(low, '>')
		if i < 0 {
			return false
		}
		low = strings.TrimLeft(low[i+1:], " \t\n")
	}
	if strings.HasPrefix(low, "<!doctype html") || strings.HasPrefix(low, "<html") || strings.HasPrefix(low, "<head") || strings.HasPrefix(low, "<body") || strings.HasPrefix(low, "<ac:") {
		return true
	}
	// A fragment: it starts with a block, and holds several.
	for _, tag := range []string{"<h1", "<h2", "<h3", "<div", "<p>", "<p ", "<ul", "<table", "<section", "<article", "<main"} {
		if strings.HasPrefix(low, tag) {
			n := 0
			for _, end := range []string{"</h1>", "</h2>", "</h3>", "</p>", "</li>", "</td>"} {
				n += strings.Count(low, end)
			}
			return n >= 3 && !containsAny(low, []string{"\n# ", "\n## ", "\n### ", "\n- ", "\n* ", "\n1. ", "**", "](http"})
		}
	}
	return false
}

func looksLikeJSON(text string) bool {
	t := strings.TrimSpace(text)
	if t == "" || t[0] != '{' && t[0] != '[' || t[0] == '[' && t[len(t)-1] != ']' || t[0] == '{' && t[len(t)-1] != '}' {
		return false
	}
	rest := strings.TrimLeft(t[1:], " \t\n")
	return rest != "" && (t[0] == '{' && (rest[0] == '"' || rest[0] == '}') || t[0] == '[' && rest[0] == '{')
}

// marks counts the lines that only one format would have.
type marks [unsupportedFormat]int

func (c *marks) best() format {
	best := textFormat
	for f, n := range c {
		if n > 0 && (best == textFormat || n > c[best]) {
			best = format(f)
		}
	}
	return best
}

func countMarks(text string) *marks {
	var c marks
	before := ""
	yamlish, lines := 0, 0
	fenced := false
	for line := range strings.SplitSeq(text[:min(len(text), 256<<10)], "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			c[markdownFormat]++
		}
		if fenced || strings.TrimSpace(line) == "" {
			before = ""
			continue
		}
		lines++
		switch {
		case markdownHeading(line), strings.HasPrefix(line, "- ["), strings.HasPrefix(line, "* ["), strings.HasPrefix(line, "|--"), strings.HasPrefix(line, "| --"), strings.HasPrefix(line, "|:-"), strings.HasPrefix(line, "| :-"):
			c[markdownFormat]++
		case strings.HasPrefix(line, "#+"), strings.HasPrefix(line, ":PROPERTIES:"), strings.HasPrefix(line, "** ") && orgKeyword(line[3:]):
			c[orgFormat] += 2
		case strings.HasPrefix(line, ".. ") && strings.Contains(line, "::"), strings.HasPrefix(line, ".. _"):
			c[rstFormat] += 2
		case jiraHeading(line) > 0, strings.HasPrefix(line, "||"), strings.HasPrefix(line, "{panel"), strings.HasPrefix(line, "{toc"), strings.HasPrefix(line, "{noformat"), strings.HasPrefix(line, "{code"):
			c[jiraFormat] += 2
		case strings.HasPrefix(line, "{|"), strings.HasPrefix(line, "[[Category:"), strings.HasPrefix(line, "{{") && strings.HasSuffix(line, "}}"):
			c[wikitextFormat]++
		case strings.HasPrefix(line, "=") && strings.HasSuffix(strings.TrimRight(line, " "), "=") && len(strings.Trim(line, "= ")) > 0:
			c[wikitextFormat] += 2
		case strings.HasPrefix(line, "|==="), asciidocHeading(line) > 1, strings.HasPrefix(line, "[options="), strings.HasPrefix(line, "[cols="):
			c[asciidocFormat] += 2
		case before != "" && adornment(line) != 0 && len(strings.TrimSpace(line)) >= len([]rune(before)) && line[0] != '-' && line[0] != '=':
			c[rstFormat]++
		}
		if key, _, ok := strings.Cut(strings.TrimLeft(line, " -"), ":"); ok && yamlKey(key) || strings.HasPrefix(strings.TrimLeft(line, " "), "- ") {
			yamlish++
		}
		before = line
	}
	if lines >= 3 && yamlish == lines && strings.Contains(text, ":\n") {
		c[yamlFormat] = lines
	}
	return &c
}

// anyMarkdown reports whether some line starts, or is set, as Markdown would
// have it.
func anyMarkdown(text string) bool {
	if strings.Contains(text, "**") || strings.Contains(text, "](") || strings.Contains(text, "\n===") || strings.Contains(text, "\n---") || strings.Contains(text, "\n|") {
		return true
	}
	for line := range strings.SplitSeq(text[:min(len(text), maxSurvey)], "\n") {
		if n, _ := bullet(strings.TrimLeft(line, " ")); n > 0 {
			return true
		}
	}
	return false
}

func yamlKey(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func markdownHeading(line string) bool {
	n := 0
	for n < len(line) && line[n] == '#' {
		n++
	}
	return n > 0 && n <= 6 && n < len(line) && line[n] == ' '
}
