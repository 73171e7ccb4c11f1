package reconcile

import "github.com/holdfast-dev/holdfast/internal/domain"

// dueAfter is the due day that an item gets with another priority; empty where
// it keeps the one it has: it came from the document, or a person set it.
func (s *Setup) dueAfter(st domain.State, p domain.Priority) string {
	of := func(p domain.Priority) string { return s.Due(st.Spec.Team, p, st.Spec.IncidentDate, st.FiledAt) }
	if st.DueMoved || st.PersonFields["due"] || st.Spec.Due != of(st.Spec.Priority) {
		return ""
	}
	if due := of(p); due != st.Spec.Due {
		return due
	}
	return ""
}
