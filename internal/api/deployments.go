package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// deploymentID is the sender's id: a word, or a number as CI systems have it.
type deploymentID string

// Schema allows a number, and null, beside a string.
func (deploymentID) Schema(huma.Registry) *huma.Schema {
	limit := 200
	s := &huma.Schema{
		Description: "the sender's id; the same id and status again is no new deployment",
		OneOf:       []*huma.Schema{{Type: huma.TypeString, MaxLength: &limit, Nullable: true}, {Type: huma.TypeInteger}},
	}
	for _, o := range s.OneOf {
		o.PrecomputeMessages()
	}
	return s
}

// UnmarshalJSON takes a string, a whole number of any size, or null.
func (d *deploymentID) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil { // null leaves it empty
		*d = deploymentID(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*d = deploymentID(n.String())
	return nil
}

// deploymentBody is what CI sends. Optional fields may be null or empty, as
// templates of CI jobs leave them.
type deploymentBody struct {
	ID          deploymentID `json:"id,omitempty"`
	Service     string       `json:"service" minLength:"1" maxLength:"200" example:"checkout"`
	Environment string       `json:"environment" minLength:"1" maxLength:"200" example:"prod-eu"`
	SHA         *string      `json:"sha,omitempty" nullable:"true" maxLength:"64" pattern:"^([0-9a-fA-F]{7,64})?$" patternDescription:"7 to 64 hex digits" doc:"commit; needed unless version is there"`
	Version     *string      `json:"version,omitempty" nullable:"true" maxLength:"200" doc:"a tag, where sha is not known"`
	Status      *string      `json:"status,omitempty" nullable:"true" enum:"queued,in_progress,success,failure,inactive" default:"success"`
	Percent     *int         `json:"percent,omitempty" nullable:"true" minimum:"1" maximum:"100" default:"100" doc:"share of the traffic"`
	FinishedAt  *time.Time   `json:"finished_at,omitempty" nullable:"true" doc:"default: when it is received"`
	URL         *string      `json:"url,omitempty" nullable:"true" maxLength:"2000" doc:"http or https address of the deployment at the sender"`
	Fixes       []fixBody    `json:"fixes,omitempty" nullable:"true" maxItems:"200" doc:"changes of this deployment that fix items"`
}

type fixBody struct {
	Item   string `json:"item" minLength:"1" maxLength:"300"`
	Change string `json:"change" minLength:"1" maxLength:"2000" doc:"a commit or pull request"`
}

type deployInput struct {
	WhatIf bool `query:"what_if" doc:"only tell what this would ship and take back; nothing is recorded. A viewer may ask"`
	Body   deploymentBody
}

type deployOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     deployBody
}

// deployBody is the answer to a report. WhatIf is there when that was asked.
type deployBody struct {
	DeployedView
	WhatIf *WhatIfView `json:"what_if,omitempty"`
}

type deploymentsInput struct {
	Service     string `query:"service" maxLength:"200"`
	Environment string `query:"environment" maxLength:"200"`
	Limit       int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor      string `query:"cursor" maxLength:"500"`
}

type deploymentsBody struct {
	Deployments []DeploymentView `json:"deployments" nullable:"false"`
	NextCursor  *string          `json:"next_cursor"`
}

type deploymentsOutput struct{ Body deploymentsBody }

type deploymentInput struct {
	ID          string `path:"id" maxLength:"200"`
	Service     string `query:"service" maxLength:"200" doc:"where one id was used for several services"`
	Environment string `query:"environment" maxLength:"200"`
}

type deploymentOutput struct{ Body DeploymentDetail }

func (s *Server) registerDeployments() {
	op := operation(http.MethodPost, "/deployments", "report-deployment", "Report a deployment, with a deployments token. 200: heard before, or what_if", need{deploy: true, asks: true})
	op.DefaultStatus = http.StatusAccepted
	op.Errors = append(op.Errors, http.StatusConflict)
	register(s, op, s.deploy)
	register(s, operation(http.MethodGet, "/deployments", "list-deployments", "Deployments, newest first", need{role: Viewer}), s.listDeployments)
	register(s, operation(http.MethodGet, "/deployments/{id}", "get-deployment", "One deployment with the items that it shipped and took back",
		need{role: Viewer, reads: true}), s.getDeployment)
	// The document is complete only with the 200 of a repeated report.
	responses := s.api.OpenAPI().Paths[Prefix+"/deployments"].Post.Responses
	again := *responses["202"]
	again.Description = "Heard before, or only asked what_if; nothing happens"
	responses["200"] = &again
}

func (s *Server) deploy(ctx context.Context, in *deployInput) (*deployOutput, error) {
	report, err := in.Body.report()
	if err != nil {
		return nil, err
	}
	actor := ActorOf(ctx)
	// A token's limits hold the configured names; an unknown service is for
	// the backend to refuse, naming the known ones.
	if name, known := s.backend.ResolveService(report.Service); known {
		report.Service = name
		if err := actor.mayDeploy(name, report.Environment); err != nil {
			return nil, err
		}
	}
	if in.WhatIf {
		return s.whatIf(ctx, report)
	}
	result, err := s.backend.Deploy(ctx, actor, report)
	if err != nil {
		return nil, err
	}
	if result.Outcome == DeployConflict {
		detail := result.Detail
		if detail == "" {
			detail = fmt.Sprintf("the deployment %q was reported with another commit; a new deployment needs a new id", report.ID)
		}
		return nil, Conflict{detail}
	}
	out := &deployOutput{Status: http.StatusAccepted, Location: s.deploymentURL(result.ID, report)}
	if result.Outcome == DeployRepeated {
		out.Status = http.StatusOK
	}
	out.Body.DeployedView = DeployedView{ID: result.ID, URL: out.Location, Production: result.Production, Warnings: list(result.Warnings)}
	return out, nil
}

func (s *Server) deploymentURL(id string, r DeploymentReport) string {
	q := url.Values{"service": {r.Service}, "environment": {r.Environment}}
	return s.publicURL + Prefix + "/deployments/" + url.PathEscape(id) + "?" + q.Encode()
}

// report checks what the schema can't say. All problems are told at once.
func (b deploymentBody) report() (DeploymentReport, error) {
	r := DeploymentReport{
		ID: strings.TrimSpace(string(b.ID)), Service: strings.TrimSpace(b.Service), Environment: strings.TrimSpace(b.Environment),
		SHA: strings.ToLower(value(b.SHA)), Version: value(b.Version), URL: value(b.URL),
		Status: domain.DeploymentStatus(value(b.Status)), Percent: 100,
	}
	if r.Status == "" {
		r.Status = domain.Success
	}
	if b.Percent != nil {
		r.Percent = *b.Percent
	}
	if b.FinishedAt != nil {
		r.FinishedAt = b.FinishedAt.UTC()
	}
	p := &bodyCheck{}
	p.must(r.Service != "", "service", "name the service that was deployed")
	p.must(r.Environment != "", "environment", "name the environment that it was deployed to")
	p.must(r.SHA != "" || r.Version != "", "sha", "expected sha or version to be present")
	p.must(r.URL == "" || webAddress(r.URL), "url", "expected an http or https address")
	p.must(b.FinishedAt == nil || sensibleTime(r.FinishedAt), "finished_at", "expected a time between the years 2000 and 9999")
	for i, f := range b.Fixes {
		item, change := strings.TrimSpace(f.Item), strings.TrimSpace(f.Change)
		p.must(item != "" && change != "", fmt.Sprintf("fixes[%d]", i), "expected an item and a change")
		r.Fixes = append(r.Fixes, domain.DeploymentFix{Item: item, Change: change})
	}
	return r, p.err()
}

// sensibleTime keeps out times that no store sorts rightly.
func sensibleTime(t time.Time) bool { return t.Year() >= 2000 && t.Year() <= 9999 }

func (s *Server) listDeployments(ctx context.Context, in *deploymentsInput) (*deploymentsOutput, error) {
	q := DeploymentQuery{Service: in.Service, Environment: in.Environment, Limit: in.Limit, Cursor: in.Cursor}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	page, err := s.backend.Deployments(ctx, q)
	if err != nil {
		return nil, inQuery(err)
	}
	out := &deploymentsOutput{deploymentsBody{Deployments: make([]DeploymentView, len(page.Deployments)), NextCursor: Text(page.Next)}}
	for i, d := range page.Deployments {
		out.Body.Deployments[i] = d.filled()
	}
	return out, nil
}

func (s *Server) getDeployment(ctx context.Context, in *deploymentInput) (*deploymentOutput, error) {
	if name, known := s.backend.ResolveService(in.Service); known {
		in.Service = name
	}
	reports, err := s.backend.DeploymentByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	actor := ActorOf(ctx)
	i := slices.IndexFunc(reports, func(d DeploymentDetail) bool {
		return (in.Service == "" || d.Service == in.Service) && (in.Environment == "" || d.Environment == in.Environment) &&
			actor.mayDeploy(d.Service, d.Environment) == nil
	})
	if i < 0 {
		return nil, NotFound{fmt.Sprintf("deployment %q", in.ID)}
	}
	return &deploymentOutput{reports[i].filled()}, nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}

// bodyCheck collects what is wrong with a body.
type bodyCheck struct{ all []Invalid }

func (p *bodyCheck) must(ok bool, field, detail string) {
	if !ok {
		p.all = append(p.all, Invalid{field, detail})
	}
}

func (p *bodyCheck) err() error {
	if len(p.all) == 0 {
		return nil
	}
	return invalidProblem("body", p.all)
}
