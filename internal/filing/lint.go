package filing

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/hints"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// The values of policy.lint that matter here; every other one is "warn".
const (
	lintRequire = "require"
	lintOff     = "off"
)

// lint gives the lines of the document's items their place, and those that
// would become tickets their hints. What is filed already is left alone: its
// ticket is where it is made better.
func (p *Plan) lint(s *reconcile.Setup, items []postmortem.Item) {
	for i := range p.Lines[:min(len(p.Lines), len(items))] {
		l := &p.Lines[i]
		l.At = items[i].Line
		if (l.Action == New || l.Action == Adopt) && s.Settings(l.Spec.Team).Lint != lintOff {
			l.Hints = hints.Of(items[i])
		}
	}
}

// Refused lists the new items that a team with policy.lint: require does not
// take as they are, one problem for each hint.
func (p Plan) Refused(s *reconcile.Setup) []Problem {
	var out []Problem
	for i, l := range p.Lines {
		if l.Action != New || s.Settings(l.Spec.Team).Lint != lintRequire {
			continue
		}
		for _, h := range l.Hints {
			where := ""
			if l.At > 0 {
				where = fmt.Sprintf("line %d, ", l.At)
			}
			out = append(out, Problem{fmt.Sprintf("items[%d]", i), fmt.Sprintf("%s“%s”: %s", where, clip(l.Spec.Title, 80), h)})
		}
	}
	return out
}
