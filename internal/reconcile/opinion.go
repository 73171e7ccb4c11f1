package reconcile

import (
	"context"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// Opinion is the verdict that the recorded facts give now.
type Opinion struct {
	Line   domain.VerdictLine
	Checks []policy.Check
}

// Opinion works out the verdict of an item from what is recorded, without
// asking a tracker and without recording or doing anything.
func (r *Reconciler) Opinion(ctx context.Context, st domain.State) (Opinion, error) {
	var o Opinion
	d, err := r.newView(r.Setup(), r.now().UTC()).decide(hurry(ctx, patienceShown, patienceShown), st, &o.Line)
	o.Checks = d.Checks
	return o, err
}

// Targets lists the production environments that an item may need: those of
// the services that it names and that its changes concern.
func (s *Setup) Targets(st domain.State) []domain.Target {
	var out []domain.Target
	for _, svc := range s.Services {
		if !slices.Contains(st.Spec.Services, svc.Name) && !slices.Contains(st.Concerned, svc.Name) {
			continue
		}
		for _, e := range svc.Production {
			out = append(out, domain.Target{Service: svc.Name, Environment: e.Name})
		}
	}
	return out
}
