package apitest

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/report"
)

// WeeklyReport builds the report of an empty ledger.
func (b *Backend) WeeklyReport(_ context.Context, team, week string) (report.Report, error) {
	if b.Fail != nil {
		return report.Report{}, b.Fail
	}
	if team != "" && team != "payments" {
		return report.Report{}, api.Invalid{Field: "team", Detail: "there is no such team; the teams are payments"}
	}
	w, err := b.week(week)
	if err != nil {
		return report.Report{}, err
	}
	return report.Build(report.Facts{Team: team, PublicURL: "http://127.0.0.1", Items: func(func(report.Item, error) bool) {}}, report.Period{Week: w, Location: time.UTC})
}

// Deliveries tells of one message that is planned.
func (b *Backend) Deliveries(_ context.Context, week string) (string, []api.DeliveryView, error) {
	w, err := b.week(week)
	if err != nil || b.Fail != nil {
		return "", nil, firstError(err, b.Fail)
	}
	return w.String(), []api.DeliveryView{{Channel: "email", To: Approver, Teams: []string{"payments"}, Kind: "lead", At: w.At(7, 8, 0, time.UTC), State: "planned"}}, nil
}

func (b *Backend) week(s string) (report.Week, error) {
	if s == "" {
		return report.WeekOf(Now, time.UTC).Add(-1), nil
	}
	w, err := report.ParseWeek(s)
	if err != nil {
		return w, api.Invalid{Field: "week", Detail: err.Error()}
	}
	return w, nil
}

func firstError(list ...error) error {
	i := slices.IndexFunc(list, func(err error) bool { return err != nil })
	return list[i]
}
