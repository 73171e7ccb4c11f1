package filing

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// The limits of what one item may carry; longer texts are cut.
const (
	maxTitle = 500
	maxText  = 20_000
	maxOwner = 200
)

type builder struct {
	in   Input
	plan *Plan
}

func (b *builder) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if !slices.Contains(b.plan.Warnings, w) && len(b.plan.Warnings) < 100 {
		b.plan.Warnings = append(b.plan.Warnings, w)
	}
}

// services turns written names into configured ones.
func (b *builder) services(written []string) (known, unknown []string) {
	for _, w := range written {
		w = strings.TrimSpace(w)
		if w == "" {
			continue
		}
		if svc, ok := b.in.Setup.Find(w); ok {
			if !slices.Contains(known, svc.Name) {
				known = append(known, svc.Name)
			}
			continue
		}
		unknown = append(unknown, w)
		b.warn("no service is called %q; known are %s", clip(w, 100), names(b.in.Setup))
	}
	return known, unknown
}

// spec is what the document says of one item, completed by the configuration.
func (b *builder) spec(pm domain.Postmortem, item postmortem.Item, services, unknown []string) (domain.ItemSpec, string) {
	s := b.in.Setup
	spec := domain.ItemSpec{
		Postmortem: pm.ID, Title: clip(oneLine(item.Title), maxTitle), Text: clip(str(item.Text), maxText), Priority: domain.DefaultPriority, Type: domain.Other,
		TypeWritten: clip(oneLine(str(item.TypeWritten)), 100), Owner: clip(oneLine(str(item.Owner)), maxOwner), Done: item.Done, Source: pm.Source, IncidentDate: pm.Date, PMTitle: pm.Title,
	}
	if p := domain.Priority(str(item.Priority)); p.Valid() {
		spec.Priority = p
	}
	if t := domain.Type(str(item.Type)); t.Valid() {
		spec.Type = t
	}
	spec.Services, spec.NeedsService = services, len(services) == 0 && len(unknown) > 0
	if w := str(item.Service); w != "" {
		known, missing := b.services(strings.FieldsFunc(w, func(r rune) bool { return r == ',' || r == ';' || r == '/' }))
		if whole, ok := s.Find(w); ok {
			known, missing = []string{whole.Name}, nil
		}
		spec.Services, spec.NeedsService = known, len(known) == 0 && len(missing) > 0
	}
	spec.Target, spec.Team = b.in.Defaults.Tickets, b.in.Defaults.Team
	if len(spec.Services) > 0 {
		if svc, ok := s.Service(spec.Services[0]); ok {
			spec.Target, spec.Team = firstOf(svc.Tickets, spec.Target), firstOf(svc.Team, spec.Team)
		}
	}
	spec.Due = str(item.Due)
	if spec.Due == "" {
		spec.Due = s.Due(spec.Team, spec.Priority, pm.Date, pm.FiledAt)
	}
	detail := ""
	if spec.NeedsService {
		detail = "its service is not configured; it goes to " + spec.Target
	}
	if w := str(item.Ticket); w != "" {
		if ref, ok := b.ticket(w, spec); ok {
			spec.AdoptRef = ref
		} else {
			b.warn("line %d: the ticket %q is in no configured tracker; a new one is filed", item.Line, clip(w, 200))
		}
	}
	return spec, detail
}

var (
	bare    = regexp.MustCompile(`^#([1-9]\d{0,8})$`)
	ofRepo  = regexp.MustCompile(`^([\w.-]+/[\w.-]+)#([1-9]\d{0,8})$`)
	jiraKey = regexp.MustCompile(`^([A-Z][A-Z0-9_]+)-([1-9]\d{0,8})$`)
	issue   = regexp.MustCompile(`^/?(?:.*/)?([\w.-]+/[\w.-]+)/issues/([1-9]\d{0,8})/?$`)
	browse  = regexp.MustCompile(`/browse/([A-Z][A-Z0-9_]+-[1-9]\d{0,8})$`)
)

// ticket finds the configured ticket that a document names: an address, #12,
// owner/repo#12 or KEY-12. Addresses are read, never fetched.
func (b *builder) ticket(word string, spec domain.ItemSpec) (domain.Ref, bool) {
	word = strings.TrimSpace(word)
	if ref, err := domain.ParseRef(word); err == nil {
		_, ok := b.in.Setup.Trackers[ref.Tracker()]
		return ref, ok
	}
	tracker, project, _ := strings.Cut(spec.Target, ":")
	byKind := func(kind string) (string, bool) {
		if t, ok := b.in.Setup.Trackers[tracker]; ok && t.Kind() == kind {
			return tracker, true
		}
		for name, t := range b.in.Setup.Trackers {
			if t.Kind() == kind {
				return name, true
			}
		}
		return "", false
	}
	if u, err := url.Parse(word); err == nil && u.Host != "" {
		if m := browse.FindStringSubmatch(u.Path); m != nil {
			name, ok := byKind("jira")
			return domain.JiraRef(name, m[1]), ok
		}
		if m := issue.FindStringSubmatch(u.Path); m != nil {
			word = m[1] + "#" + m[2]
		}
	}
	if m := bare.FindStringSubmatch(word); m != nil && strings.Contains(project, "/") {
		return domain.Ref(tracker + ":" + project + word), true
	}
	if ofRepo.MatchString(word) {
		name, ok := byKind("github")
		return domain.Ref(name + ":" + word), ok
	}
	if jiraKey.MatchString(word) {
		name, ok := byKind("jira")
		return domain.JiraRef(name, word), ok
	}
	return "", false
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(*p)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
