package postmortem

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.abhg.dev/goldmark/frontmatter"
)

// frontMatter takes the facts that the front matter names, YAML or TOML. One
// that can't be read is noted and left aside: the items still count.
func (p *parser) frontMatter(data *frontmatter.Data) {
	var m map[string]any
	if err := data.Decode(&m); err != nil {
		p.note(1, "the front matter can't be read: "+clip(strings.ReplaceAll(err.Error(), "\n", " "), 200))
		return
	}
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names) // for the same result each time
	for _, k := range names {
		p.facts.fact(k, scalar(m[k]))
	}
}

// scalar writes a value of the front matter as one text; a list with commas.
func scalar(v any) string {
	switch v := v.(type) {
	case nil, map[string]any:
		return ""
	case time.Time:
		return v.Format(time.DateOnly)
	case []any:
		parts := make([]string, 0, len(v))
		for _, e := range v[:min(len(v), 50)] {
			parts = append(parts, scalar(e))
		}
		return strings.Join(parts, ", ")
	}
	return strings.Map(visible, fmt.Sprint(v))
}
