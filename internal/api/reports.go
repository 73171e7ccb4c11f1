package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// ReportFormats are the forms of a report, the default first.
var ReportFormats = []string{"json", "text", "md", "html", "csv"}

var reportType = reflect.TypeFor[report.Report]()

type weeklyInput struct {
	Week   string `query:"week" maxLength:"20" example:"2026-W47" doc:"ISO week; default: the last complete one. The running week gives what is known so far"`
	Team   string `query:"team" maxLength:"200" doc:"default: all teams together"`
	Format string `query:"format" enum:"json,text,md,html,csv" default:"json"`
}

type weeklyOutput struct {
	ContentType    string `header:"Content-Type"`
	SecurityPolicy string `header:"Content-Security-Policy"`
	Body           []byte
}

type deliveriesBody struct {
	Week       string         `json:"week" doc:"the week whose report it is"`
	Deliveries []DeliveryView `json:"deliveries" nullable:"false"`
}

type deliveriesOutput struct{ Body deliveriesBody }

type deliveriesInput struct {
	Week string `query:"week" maxLength:"20" doc:"ISO week; default: the last complete one"`
}

// DeliveryView is one message with a weekly report: who gets it, when, and
// what became of it.
type DeliveryView struct {
	Channel   string     `json:"channel" example:"email"`
	To        string     `json:"to" doc:"an address, or the host of a hook"`
	Teams     []string   `json:"teams" nullable:"false" doc:"whose reports it holds"`
	Kind      string     `json:"kind" enum:"lead,director"`
	At        time.Time  `json:"at" doc:"when it is, or was, to be sent"`
	State     string     `json:"state" enum:"planned,trying,sent,given_up,not_sent" doc:"not_sent: its time was before reports were sent here"`
	Attempts  int        `json:"attempts"`
	SentAt    *time.Time `json:"sent_at"`
	Error     string     `json:"error,omitempty" doc:"of the last attempt"`
	MessageID string     `json:"message_id,omitempty"`
}

func (s *Server) registerReports() {
	read := need{role: Viewer}
	op := operation(http.MethodGet, "/reports/weekly", "get-weekly-report", "The weekly report of a team, or of all", read)
	schema := s.api.OpenAPI().Components.Schemas.Schema(reportType, true, "Report")
	op.Responses = map[string]*huma.Response{"200": {Description: "The report", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}}
	for _, t := range []string{"text/plain", "text/markdown", "text/html", "text/csv"} {
		op.Responses["200"].Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	register(s, op, s.weekly)
	register(s, operation(http.MethodGet, "/reports/deliveries", "list-report-deliveries", "Who gets the weekly report, and what became of it", read), s.deliveries)
}

// reportTypes are the content types of the formats.
var reportTypes = map[string]string{"json": "application/json", "text": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
	"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}

func (s *Server) weekly(ctx context.Context, in *weeklyInput) (*weeklyOutput, error) {
	r, err := s.backend.WeeklyReport(ctx, in.Team, in.Week)
	if err != nil {
		return nil, inQuery(err)
	}
	format := in.Format
	if format == "" {
		format = ReportFormats[0]
	}
	body, err := RenderReport(r, format)
	if err != nil {
		return nil, err
	}
	return &weeklyOutput{ContentType: reportTypes[format], SecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; img-src data:", Body: body}, nil
}

// RenderReport writes a report in one of ReportFormats.
func RenderReport(r report.Report, format string) ([]byte, error) {
	d := report.Of(r)
	switch format {
	case "text":
		return []byte(report.Text(d)), nil
	case "md":
		return []byte(report.Markdown(d)), nil
	case "html":
		return []byte(report.HTML(d)), nil
	case "csv":
		return []byte(report.CSV(d)), nil
	}
	return r.JSON()
}

func (s *Server) deliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	week, list, err := s.backend.Deliveries(ctx, in.Week)
	if err != nil {
		return nil, inQuery(err)
	}
	if list == nil {
		list = []DeliveryView{}
	}
	return &deliveriesOutput{deliveriesBody{Week: week, Deliveries: list}}, nil
}
