package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// WhatIfView tells what a deployment would do that nobody made.
type WhatIfView struct {
	SHA      *string      `json:"sha" doc:"the commit that would run, completed or resolved from the version"`
	Shipped  []WhatIfItem `json:"shipped" nullable:"false" doc:"items that it would ship"`
	TookBack []WhatIfItem `json:"took_back" nullable:"false" doc:"items that it would take back"`
	Others   []WhatIfItem `json:"others" nullable:"false" doc:"items whose verdict or reason it would change otherwise"`
}

// WhatIfItem is an item as it stands, and as it would stand.
type WhatIfItem struct {
	ItemView
	Then WhatIfThen `json:"then"`
}

// WhatIfThen is how an item would stand after a deployment.
type WhatIfThen struct {
	Status    string     `json:"status"`
	Verdict   string     `json:"verdict" enum:"verified,not_verified,unknown,exempt"`
	Reason    *string    `json:"reason"`
	Ticket    *string    `json:"ticket" enum:"closed,reopened" doc:"what would be done to the ticket; null: nothing"`
	ReopensAt *time.Time `json:"reopens_at" doc:"when it would be reopened, if nothing changed until then; null: at once"`
	Why       []string   `json:"why" nullable:"false" doc:"each check of the verdict, in words"`
}

// preview lets a request through that asks only what would be: who may read
// may ask.
func (n need) preview(ctx huma.Context) need {
	if !n.asks {
		return n
	}
	if ask, err := strconv.ParseBool(ctx.Query("what_if")); err == nil && ask {
		return need{role: Viewer, reads: true}
	}
	return n
}

// whatIf answers a report that is only a question.
func (s *Server) whatIf(ctx context.Context, r DeploymentReport) (*deployOutput, error) {
	if r.Status != "success" {
		return nil, Invalid{Field: "status", Detail: "only a success ships anything: leave it out with what_if"}
	}
	v, result, err := s.backend.WhatIf(ctx, r)
	if err != nil {
		return nil, err
	}
	v.Shipped, v.TookBack, v.Others = filledProspects(v.Shipped), filledProspects(v.TookBack), filledProspects(v.Others)
	return &deployOutput{Status: http.StatusOK, Body: deployBody{
		DeployedView: DeployedView{Production: result.Production, Warnings: list(result.Warnings)}, WhatIf: &v,
	}}, nil
}

func filledProspects(in []WhatIfItem) []WhatIfItem {
	out := make([]WhatIfItem, len(in))
	for i, p := range in {
		p.ItemView, p.Then.Why = p.ItemView.filled(), list(p.Then.Why)
		out[i] = p
	}
	return out
}

// WhatIf asks what a deployment would ship and take back. Nothing is recorded.
func (c *Client) WhatIf(ctx context.Context, r DeploymentReport) (WhatIfView, DeployedView, error) {
	k := post("/deployments", r.body())
	k.query = map[string][]string{"what_if": {"true"}}
	k.timeout = longTimeout
	v, err := fetch[deployBody](ctx, c, k)
	if err != nil || v.WhatIf == nil {
		return WhatIfView{}, v.DeployedView, err
	}
	return *v.WhatIf, v.DeployedView, nil
}
