package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Something else may have an item judged after a deployment was received, and
// before the deployment has its turn. It is told what the deployment did all
// the same.
func TestAnItemThatIsJudgedBeforeTheDeploymentHasItsTurn(t *testing.T) {
	w := newWorld(t)
	base := w.commit("base")
	w.deploy("prod-eu", base)
	id := w.file(1)[0]
	w.advance(time.Minute)
	fix := w.commit("fix")
	w.merge(fix, 7, id)
	w.advance(time.Minute)

	early := func(deploymentID, sha string) domain.Deployment {
		d, _, err := w.ledger.RecordDeployment(w.ctx, domain.Deployment{ID: deploymentID, Service: "checkout", Environment: "prod-eu", SHA: sha, Status: domain.Success, Percent: 100,
			FinishedAt: w.now(), ReceivedAt: w.now(), Production: true})
		require.NoError(t, err)
		require.NoError(t, w.r.touch(w.ctx, []string{id}))
		leases, err := w.ledger.Claim(w.ctx, 50, leaseTime)
		require.NoError(t, err)
		for _, mine := range []bool{true, false} {
			for _, l := range leases {
				if strings.HasPrefix(l.Subject, "item/") == mine {
					w.r.work(w.ctx, l)
				}
			}
		}
		w.drain()
		d, err = w.ledger.Deployment(w.ctx, d.Receipt)
		require.NoError(t, err)
		entries, err := w.ledger.Entries(w.ctx, id)
		require.NoError(t, err)
		heard := 0
		for _, e := range entries {
			if e.Name == domain.DeploymentHeard && e.Deployment.Receipt == d.Receipt {
				heard++
			}
		}
		require.Equal(t, 1, heard, "the item's ledger names the deployment")
		return d
	}
	d := early("ships", fix)
	require.Equal(t, []string{id}, d.Shipped)
	w.advance(time.Minute)
	w.close(id, domain.Completed)
	w.advance(time.Minute)
	d = early("takes-back", base)
	require.Equal(t, []string{id}, d.TookBack)
	require.Empty(t, d.Shipped)
}
