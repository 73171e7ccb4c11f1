package app

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// Deliveries implements api.Backend.
func (b *Backend) Deliveries(ctx context.Context, week string) (string, []api.DeliveryView, error) {
	p, err := b.period(b.reconciler.Setup(), "", week)
	return p.Week.String(), nil, err
}
