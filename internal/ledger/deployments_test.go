package ledger

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestTrailingDigits(t *testing.T) {
	for id, want := range map[string]string{
		"": "", "build": "", "17": "17", "run-0042": "42", "run-12-3": "3", "000": "", "9x": "",
		"123456789012345678901234567890": "123456789012345678901234567890",
	} {
		require.Equal(t, want, trailingDigits(id), id)
	}
}

func (e *env) deployed(d domain.Deployment) (domain.Deployment, DeploymentResult) {
	e.t.Helper()
	got, r, err := e.RecordDeployment(e.ctx, d)
	require.NoError(e.t, err)
	return got, r
}

func TestRecordDeployment(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		at := e.clock.Now()
		d := domain.Deployment{ID: "run-7", Service: "checkout", Environment: "prod-eu", SHA: "ABCD", Status: domain.InProgress, FinishedAt: at}
		started, r := e.deployed(d)
		require.Equal(t, Recorded, r)
		require.EqualValues(t, 1, started.Receipt)
		require.Equal(t, []string{"deployment/1"}, e.due())

		d.Status, d.SHA = domain.Success, "abcd"
		done, r := e.deployed(d)
		require.Equal(t, Recorded, r, "another status of the same deployment")
		again := d
		again.FinishedAt = at.Add(-time.Minute)
		got, r := e.deployed(again)
		require.Equal(t, Repeated, r)
		require.Equal(t, done, got, "what is stored")
		e.due()
		got, r = e.deployed(d)
		require.Equal(t, Repeated, r)
		require.Equal(t, done.Receipt, got.Receipt)
		require.Empty(t, e.due(), "nothing happens")

		again.FinishedAt = at.Add(time.Minute)
		rerun, r := e.deployed(again)
		require.Equal(t, Recorded, r, "a job that ran again")
		require.EqualValues(t, 3, rerun.Receipt)

		other := d
		other.SHA = "ef01"
		got, r = e.deployed(other)
		require.Equal(t, Conflict, r)
		require.Equal(t, rerun, got)
		other.Environment = "prod-us"
		_, r = e.deployed(other)
		require.Equal(t, Recorded, r, "elsewhere it is another deployment")
		other.Environment, other.SHA = "prod-eu", ""
		_, r = e.deployed(other)
		require.Equal(t, Repeated, r)

		byID, err := e.DeploymentByID(e.ctx, "run-7")
		require.NoError(t, err)
		require.Len(t, byID, 4)
		require.EqualValues(t, 4, byID[0].Receipt)
		require.EqualValues(t, 1, byID[3].Receipt)
		none, err := e.DeploymentByID(e.ctx, "run")
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

func TestARollOutUnderOneID(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		d := domain.Deployment{ID: "run-7", Service: "checkout", Environment: "prod", SHA: "ab", Percent: 10}
		_, r := e.deployed(d)
		require.Equal(t, Recorded, r)
		_, r = e.deployed(d)
		require.Equal(t, Repeated, r)
		d.Percent = 100
		whole, r := e.deployed(d)
		require.Equal(t, Recorded, r, "the canary has become all of it")
		require.Equal(t, 100, whole.Percent)
		d.Percent = 10
		got, r := e.deployed(d)
		require.Equal(t, Repeated, r, "a late repetition of the first report")
		require.Equal(t, whole, got)
		d.Percent, d.FinishedAt = 100, whole.FinishedAt
		_, r = e.deployed(d)
		require.Equal(t, Repeated, r)

		d = domain.Deployment{ID: "run-8", Service: "checkout", Environment: "prod", SHA: "ab", Percent: 10, FinishedAt: e.clock.Now()}
		_, r = e.deployed(d)
		require.Equal(t, Recorded, r)
		d.Percent = 100
		_, r = e.deployed(d)
		require.Equal(t, Repeated, r, "the sender says that it finished at the same time")
	})
}

func TestDeploymentsWithoutAnID(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		d := domain.Deployment{Service: "checkout", Environment: "prod", SHA: "ab"}
		first, r := e.deployed(d)
		require.Equal(t, Recorded, r)
		second, r := e.deployed(d)
		require.Equal(t, Recorded, r)
		require.Equal(t, "d1", first.ID)
		require.Equal(t, "d2", second.ID)
		require.Equal(t, e.clock.Now(), second.FinishedAt)
		got, err := e.Deployment(e.ctx, 2)
		require.NoError(t, err)
		require.Equal(t, second, got)
		byID, err := e.DeploymentByID(e.ctx, "d2")
		require.NoError(t, err)
		require.Len(t, byID, 1)
		d.ID = "d2"
		_, r = e.deployed(d)
		require.Equal(t, Repeated, r, "the id that we gave is its id from now on")
		_, err = e.Deployment(e.ctx, 99)
		require.ErrorIs(t, err, ErrNotFound)
	})
}

func TestRecordDeploymentRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		good := domain.Deployment{ID: strings.Repeat("x", 200), Service: "a", Environment: "b"}
		_, r := e.deployed(good)
		require.Equal(t, Recorded, r)
		for name, spoil := range map[string]func(*domain.Deployment){
			"long id":        func(d *domain.Deployment) { d.ID += "x" },
			"control":        func(d *domain.Deployment) { d.ID = "a\nb" },
			"no utf-8":       func(d *domain.Deployment) { d.ID = "a\xff" },
			"no service":     func(d *domain.Deployment) { d.Service = "" },
			"no environment": func(d *domain.Deployment) { d.Environment = "" },
			"status":         func(d *domain.Deployment) { d.Status = "sha" },
		} {
			d := good
			spoil(&d)
			_, _, err := e.RecordDeployment(e.ctx, d)
			require.Error(t, err, name)
		}
	})
}

func TestDeploymentLists(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		for i := range 300 {
			e.deployed(domain.Deployment{Service: fmt.Sprint("s", i%3), Environment: fmt.Sprint("e", i%2)})
		}
		list := func(service, environment string, before int64, limit int) []int64 {
			ds, err := e.Deployments(e.ctx, service, environment, before, limit)
			require.NoError(t, err)
			var out []int64
			for _, d := range ds {
				require.True(t, service == "" || d.Service == service)
				require.True(t, environment == "" || d.Environment == environment)
				out = append(out, d.Receipt)
			}
			return out
		}
		require.Equal(t, []int64{300, 299, 298}, list("", "", 0, 3))
		require.Equal(t, []int64{2, 1}, list("", "", 3, 10))
		require.Equal(t, []int64{299, 297}, list("", "e0", 0, 2))
		require.Equal(t, []int64{1}, list("", "e0", 3, 5))
		require.Equal(t, []int64{298, 295}, list("s0", "", 0, 2))
		require.Equal(t, []int64{295, 289}, list("s0", "e0", 300, 2))
		require.Len(t, list("s0", "e0", 0, 100), 50)
		require.Empty(t, list("nobody", "", 0, 5))
		require.Empty(t, list("", "", 1, 5))
		require.Empty(t, list("", "", 0, 0))
	})
}

func TestSuccessesAreInTheOrderOfTheRule(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		at := e.clock.Now()
		// Newest first; same time: number of the id, then receipt.
		want := []domain.Deployment{
			{ID: "late", FinishedAt: at.Add(time.Microsecond)},
			{ID: "x-123456789012345678901234567890", FinishedAt: at},
			{ID: "run-100", FinishedAt: at},
			{ID: "run-0099", FinishedAt: at, Percent: 10},
			{ID: "b-9", FinishedAt: at},
			{ID: "none-2-later", FinishedAt: at},
			{ID: "none-1-earlier", FinishedAt: at},
			{ID: "run-1000", FinishedAt: at.Add(-time.Second)},
		}
		target := domain.Target{Service: "checkout", Environment: "prod/eu"}
		order := rand.Perm(len(want))
		for _, i := range order {
			if want[i].ID == "none-2-later" {
				continue
			}
			d := want[i]
			d.Service, d.Environment = target.Service, target.Environment
			e.deployed(d)
			d.Status, d.ID = domain.Failure, "failed-"+d.ID
			d.FinishedAt = at.Add(time.Hour)
			e.deployed(d)
		}
		d := want[5]
		d.Service, d.Environment = target.Service, target.Environment
		e.deployed(d)
		us := domain.Target{Service: "checkout", Environment: "prod-us"}
		e.deployed(domain.Deployment{Service: "checkout", Environment: "prod-us", ID: "1"})
		nobody := domain.Target{Service: "x", Environment: "y"}

		got, err := e.Successes(e.ctx, []domain.Target{target, nobody, us}, 100)
		require.NoError(t, err)
		var ids []string
		for _, d := range got[target] {
			ids = append(ids, d.ID)
		}
		var wanted []string
		for _, d := range want {
			wanted = append(wanted, d.ID)
		}
		require.Equal(t, wanted, ids)
		require.Equal(t, 10, got[target][3].Percent)
		require.Len(t, got[us], 1)
		require.Empty(t, got[nobody])
		got, err = e.Successes(e.ctx, []domain.Target{target}, 2)
		require.NoError(t, err)
		require.Len(t, got[target], 2)
		require.Equal(t, "late", got[target][0].ID)
	})
}

func TestUpdateDeployment(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		d, _ := e.deployed(domain.Deployment{Service: "checkout", Environment: "prod", Version: "v1"})
		leases, err := e.Claim(e.ctx, 1, time.Minute)
		require.NoError(t, err)
		lease := leases[0]
		d.SHA, d.Handled, d.Shipped, d.TookBack = "abcd", true, []string{"pm/1"}, []string{"pm/2"}
		d.Status = domain.Failure
		require.NoError(t, e.UpdateDeployment(e.ctx, lease, d))
		got, err := e.Deployment(e.ctx, d.Receipt)
		require.NoError(t, err)
		d.Status = domain.Success
		require.Equal(t, d, got, "a report itself never changes")
		require.NoError(t, e.UpdateDeployment(e.ctx, lease, d))

		_, r := e.deployed(domain.Deployment{ID: "d1", Service: "checkout", Environment: "prod", SHA: "ef01"})
		require.Equal(t, Conflict, r, "the resolved commit counts")
		other := d
		other.SHA = "ef01"
		require.ErrorIs(t, e.UpdateDeployment(e.ctx, lease, other), ErrConflict)
		other.Receipt = 99
		require.ErrorIs(t, e.UpdateDeployment(e.ctx, lease, other), ErrNotFound)
		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		require.ErrorIs(t, e.UpdateDeployment(e.ctx, lease, d), ErrLeaseLost)
	})
}
