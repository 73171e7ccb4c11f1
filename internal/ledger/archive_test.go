package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestArchive(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.file("pm", 1)[0]
		for range 9 {
			require.NoError(t, e.Append(e.ctx, id, false, domain.Entry{Kind: domain.Fact, Name: domain.Unwaived}))
		}
		all, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		kept := []domain.Entry{all[0], all[4], all[9]}
		snapshot := domain.State{Spec: domain.ItemSpec{ID: id, Title: "Item 1"}, Applied: 9}
		lease := e.lease(itemSubject(id))
		require.ErrorIs(t, e.Archive(e.ctx, lease, snapshot, kept), ErrConflict, "the snapshot lacks an entry")
		snapshot.Applied = 10
		require.NoError(t, e.Archive(e.ctx, lease, snapshot, kept))

		places := func(entries []domain.Entry) (out []int64) {
			for _, e := range entries {
				out = append(out, e.Seq)
			}
			return out
		}
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 5, 10}, places(entries), "they keep their places")
		saved, tail, err := e.Load(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, "Item 1", saved.Spec.Title)
		require.Empty(t, tail)

		// It goes on from there, and can be archived again.
		require.NoError(t, e.Append(e.ctx, id, false, domain.Entry{Kind: domain.Fact, Name: domain.ItemRemoved}))
		_, tail, err = e.Load(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, []int64{11}, places(tail))
		snapshot.Applied = 12
		require.ErrorIs(t, e.Save(e.ctx, lease, snapshot), ErrConflict, "more than there is")
		snapshot.Applied = 11
		require.NoError(t, e.Save(e.ctx, lease, snapshot))
		journals, err := e.Journals(e.ctx, []string{id}, e.clock.Now().Add(time.Hour))
		require.NoError(t, err)
		require.Empty(t, journals[0].Entries, "the snapshot has it all")
		journals, err = e.Journals(e.ctx, []string{id}, time.Time{})
		require.NoError(t, err)
		require.Equal(t, []int64{1, 5, 10, 11}, places(journals[0].Entries))
		require.NoError(t, e.Archive(e.ctx, lease, snapshot, journals[0].Entries[2:]))
		require.NoError(t, e.Append(e.ctx, id, false, domain.Entry{Kind: domain.Fact, Name: domain.Unwaived}))
		entries, err = e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, []int64{10, 11, 12}, places(entries))
		require.Error(t, e.Archive(e.ctx, lease, snapshot, nil), "an item never goes")

		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		require.ErrorIs(t, e.Archive(e.ctx, lease, snapshot, entries), ErrLeaseLost)
	})
}

func TestTrimDeployments(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		target := domain.Target{Service: "checkout", Environment: "prod-eu"}
		begin := e.clock.Now()
		report := func(id string, status domain.DeploymentStatus, handled bool) {
			d, _, err := e.RecordDeployment(e.ctx, domain.Deployment{ID: id, Service: target.Service, Environment: target.Environment, SHA: "abcdef1", Status: status, Percent: 100,
				FinishedAt: e.clock.Now(), ReceivedAt: e.clock.Now()})
			require.NoError(t, err)
			if handled {
				lease := e.lease(fmt.Sprintf("deployment/%d", d.Receipt))
				d.Handled = true
				require.NoError(t, e.UpdateDeployment(e.ctx, lease, d))
				require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
			}
			e.clock.Add(time.Minute)
		}
		for i := range 6 {
			report(fmt.Sprint("run-", i), domain.Success, true)
		}
		report("run-5", domain.Failure, true)
		report("waits", domain.Failure, false)
		report("last", domain.Failure, true)

		next, n, err := e.TrimDeployments(e.ctx, begin, 2, 0)
		require.NoError(t, err)
		require.Zero(t, next)
		require.Zero(t, n, "nothing is that old")
		next, n, err = e.TrimDeployments(e.ctx, e.clock.Now().Add(-90*time.Second), 2, 0)
		require.NoError(t, err)
		require.Zero(t, next)
		require.Equal(t, 5, n, "four successes and a failure")

		ids := func(list []domain.Deployment) (out []string) {
			for _, d := range list {
				out = append(out, d.ID)
			}
			return out
		}
		all, err := e.Deployments(e.ctx, "", "", 0, 100)
		require.NoError(t, err)
		require.Equal(t, []string{"last", "waits", "run-5", "run-4"}, ids(all), "what is live, what was, what is young, and what waits")
		live, err := e.Successes(e.ctx, []domain.Target{target}, 10)
		require.NoError(t, err)
		require.Equal(t, []string{"run-5", "run-4"}, ids(live[target]))
		for _, id := range []string{"run-0", "run-3"} {
			gone, err := e.DeploymentByID(e.ctx, id)
			require.NoError(t, err)
			require.Empty(t, gone)
		}
		of, err := e.Deployments(e.ctx, "checkout", "prod-eu", 0, 100)
		require.NoError(t, err)
		require.Len(t, of, 4)
		fields, err := e.db.HKeys(e.ctx, e.keys.identities()).Result()
		require.NoError(t, err)
		for _, f := range fields {
			require.NotContains(t, f, "run-0")
		}
	})
}
