package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// The kinds of documents that can be filed.
const (
	MarkdownType = "text/markdown"
	HTMLType     = "text/html"
	JSONType     = "application/json"
)

// postmortemBody is a postmortem as JSON. Its items are as `holdfast parse`
// prints them: null where the document is silent.
type postmortemBody struct {
	ID       *string              `json:"id,omitempty" nullable:"true" maxLength:"200"`
	Title    *string              `json:"title,omitempty" nullable:"true" maxLength:"1000"`
	Date     *string              `json:"date,omitempty" nullable:"true" maxLength:"40"`
	Severity *string              `json:"severity,omitempty" nullable:"true" maxLength:"100"`
	Services []string             `json:"services,omitempty" nullable:"true" maxItems:"200"`
	Source   *string              `json:"source,omitempty" nullable:"true" maxLength:"2000"`
	Items    []postmortemItemBody `json:"items" nullable:"false" maxItems:"1000"`
}

type postmortemItemBody struct {
	Title       string  `json:"title" minLength:"1" maxLength:"5000"`
	Text        *string `json:"text,omitempty" nullable:"true" maxLength:"60000"`
	Priority    *string `json:"priority,omitempty" nullable:"true" maxLength:"100"`
	Type        *string `json:"type,omitempty" nullable:"true" maxLength:"100"`
	TypeWritten *string `json:"type_written,omitempty" nullable:"true" maxLength:"200"`
	Owner       *string `json:"owner,omitempty" nullable:"true" maxLength:"500"`
	Due         *string `json:"due,omitempty" nullable:"true" maxLength:"40"`
	DueWritten  *string `json:"due_written,omitempty" nullable:"true" maxLength:"200"`
	Service     *string `json:"service,omitempty" nullable:"true" maxLength:"200"`
	Ticket      *string `json:"ticket,omitempty" nullable:"true" maxLength:"2000"`
	Done        *bool   `json:"done,omitempty" nullable:"true"`
	Line        *int    `json:"line,omitempty" nullable:"true"`
	Hints       []any   `json:"hints,omitempty" nullable:"true" maxItems:"50" doc:"as parse prints them; not read"`
}

type postmortemInput struct {
	ID          string `query:"id" maxLength:"200" doc:"wanted id; default: front matter, file name, else slug of date and title"`
	Service     string `query:"service" maxLength:"200" doc:"service of items that name none"`
	Name        string `query:"name" maxLength:"255" doc:"file name of the document"`
	DryRun      bool   `query:"dry_run" doc:"record nothing, say what would be done"`
	Force       bool   `query:"force" doc:"file new items with hints, too, where policy.lint is require; the ledger says so"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"text/markdown"`
}

type postmortemOutput struct {
	Status int
	Body   FiledView
}

func (s *Server) registerPostmortems() {
	op := operation(http.MethodPost, "/postmortems", "file-postmortem", "File a postmortem: a ticket for each item, once. With dry_run nothing is recorded", need{role: Operator})
	op.DefaultStatus = http.StatusAccepted
	op.MaxBodyBytes = MaxPostmortemBytes + 1
	op.BodyReadTimeout = time.Minute
	op.SkipValidateBody = true // only the JSON form has a schema
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		HTMLType: {Schema: &huma.Schema{Type: huma.TypeString}},
		JSONType: {Schema: s.postmortemSchema()},
	}}
	register(s, op, s.filePostmortem)
}

func (s *Server) postmortemSchema() *huma.Schema {
	return huma.SchemaFromType(s.api.OpenAPI().Components.Schemas, reflect.TypeFor[postmortemBody]())
}

func (s *Server) filePostmortem(ctx context.Context, in *postmortemInput) (*postmortemOutput, error) {
	kind, _, _ := mime.ParseMediaType(in.ContentType) // readBody let only known ones through
	if len(bytes.TrimSpace(in.RawBody)) == 0 {
		return nil, Invalid{"", "the document is empty"}
	}
	if kind == JSONType {
		if err := s.checkPostmortem(in.RawBody); err != nil {
			return nil, err
		}
	}
	name := ""
	if in.Name != "" {
		name = path.Base(strings.ReplaceAll(in.Name, `\`, "/"))
	}
	result, err := s.backend.FilePostmortem(ctx, ActorOf(ctx), FileRequest{
		ID: strings.TrimSpace(in.ID), Service: strings.TrimSpace(in.Service), Name: name, DryRun: in.DryRun, Force: in.Force,
		ContentType: kind, Body: slices.Clone(in.RawBody), // huma takes its buffer back
	})
	if err != nil {
		return nil, placed(err)
	}
	out := &postmortemOutput{Status: http.StatusAccepted, Body: FiledView{Postmortem: result.Postmortem,
		Items: filledItems(result.Items), Plan: result.Plan, Warnings: result.Warnings, DryRun: in.DryRun}}
	for i := range out.Body.Plan {
		out.Body.Plan[i].Services = list(out.Body.Plan[i].Services)
	}
	return out, nil
}

// placed gives what is wrong with a parameter the place of a parameter.
func placed(err error) error {
	wrong := invalids(err)
	if len(wrong) == 0 {
		return err
	}
	p := invalidProblem("body", wrong)
	for i, w := range wrong {
		if w.Field == "id" || w.Field == "service" {
			p.Errors[i].Location = "query." + w.Field
		}
	}
	return p
}

// checkPostmortem holds the JSON form against its schema. JSON of another shape,
// such as the export of an incident tool, is read as parse reads it.
func (s *Server) checkPostmortem(body []byte) error {
	var parsed any
	if err := json.Unmarshal(body, &parsed); err != nil {
		return problem(http.StatusBadRequest, fmt.Sprintf("the body is no JSON: %v", err))
	}
	where := huma.NewPathBuffer(make([]byte, 0, 128), 0)
	where.Push("body")
	var found huma.ValidateResult
	huma.Validate(s.api.OpenAPI().Components.Schemas, s.postmortemSchema(), where, huma.ModeWriteToServer, parsed, &found)
	if len(found.Errors) == 0 || postmortem.Foreign(body) {
		return nil
	}
	p := problem(http.StatusUnprocessableEntity, "")
	for _, err := range found.Errors {
		p.Add(err)
	}
	return p
}
