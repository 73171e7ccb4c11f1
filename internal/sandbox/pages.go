package sandbox

import (
	"html/template"
	"net/http"
	"regexp"
	"strconv"
)

// ticketPage is what a browser is shown under the address of a ticket.
type ticketPage struct {
	Service, Key, Title, State, Author, Body string
	Labels, Assignees                        []string
	Facts                                    [][2]string
	Comments                                 []pageComment
}

type pageComment struct{ Author, At, Body string }

var pageTemplate = template.Must(template.New("ticket").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Key}} {{.Title}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}pre{white-space:pre-wrap;background:#f4f4f4;padding:1em}b.label{border:1px solid #888;border-radius:1em;padding:0 .6em;font-weight:normal}</style>
<p>{{.Service}}</p>
<h1>{{.Title}} <small>{{.Key}}</small></h1>
<p><strong>{{.State}}</strong>{{range .Labels}} <b class="label">{{.}}</b>{{end}}</p>
<p>opened by {{.Author}}{{if .Assignees}}, assigned to{{range .Assignees}} {{.}}{{end}}{{end}}</p>
{{with .Facts}}<ul>{{range .}}<li>{{index . 0}}: {{index . 1}}</li>{{end}}</ul>{{end}}
<pre>{{.Body}}</pre>
{{range .Comments}}<h2>{{.Author}} <small>{{.At}}</small></h2><pre>{{.Body}}</pre>{{end}}
</html>
`))

func (p ticketPage) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = pageTemplate.Execute(w, p) // an error here means that the browser went away
}

const pageTime = "2006-01-02 15:04:05 UTC"

var issuePath = regexp.MustCompile(`^/([\w-]+/[\w.-]+)/(?:issues|pull)/(\d{1,9})$`)

// servePage shows an issue to a browser; false when the path is none of an
// issue.
func (g *GitHub) servePage(w http.ResponseWriter, r *http.Request) bool {
	m := issuePath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return false
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return false
	}
	is, ok := g.Issue(m[1], n)
	if !ok {
		http.NotFound(w, r)
		return true
	}
	p := ticketPage{
		Service: "Stand-in for GitHub", Key: is.Repo + "#" + m[2], Title: is.Title, State: is.State, Author: is.Author, Body: is.Body,
		Labels: is.Labels, Assignees: is.Assignees,
	}
	if is.StateReason != "" {
		p.State += " (" + is.StateReason + ")"
	}
	for _, c := range is.Comments {
		p.Comments = append(p.Comments, pageComment{c.Author, c.CreatedAt.Format(pageTime), c.Body})
	}
	p.write(w)
	return true
}

var browsePath = regexp.MustCompile(`^/browse/([A-Z][A-Z0-9_]*-\d{1,9})$`)

// servePage shows an issue to a browser; false when the path is none of an
// issue.
func (j *Jira) servePage(w http.ResponseWriter, r *http.Request) bool {
	m := browsePath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return false
	}
	is, ok := j.Issue(m[1])
	if !ok {
		http.NotFound(w, r)
		return true
	}
	p := ticketPage{
		Service: "Stand-in for Jira", Key: is.Key, Title: is.Summary, State: is.Status, Author: is.Reporter, Body: is.Description, Labels: is.Labels,
		Facts: [][2]string{{"Priority", is.Priority}, {"Due", is.Due}, {"Resolution", is.Resolution}},
	}
	if is.Assignee != "" {
		p.Assignees = []string{is.Assignee}
	}
	for _, c := range is.Comments {
		p.Comments = append(p.Comments, pageComment{c.Author, c.Created.Format(pageTime), c.Body})
	}
	p.write(w)
	return true
}
