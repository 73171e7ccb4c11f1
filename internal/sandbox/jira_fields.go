package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxJiraText is what a description or a comment may hold, in characters.
const maxJiraText = 32_767

// setter changes one field of an issue and returns what changed, if anything.
type setter func(is *jiIssue) []jiItem

func notOnScreen(field string) string {
	return "Field '" + field + "' cannot be set. It is not on the appropriate screen, or unknown."
}

// screen reports whether a field can be set: when creating, editing, or in a
// transition.
func (j *Jira) screen(kind, field string) bool {
	if slices.Contains(j.opt.OffScreen, field) {
		return false
	}
	switch field {
	case "summary", "description", "priority", "labels", "assignee", "duedate", "reporter":
		return kind == "create" || kind == "edit"
	case "project", "issuetype":
		return kind == "create"
	case "resolution":
		return kind == "edit" || kind == "done" || kind == "reopen"
	case ReopenField:
		return kind == "edit" || kind == "reopen"
	case "comment":
		return kind != "create"
	}
	return (kind == "create" || kind == "edit") && slices.ContainsFunc(j.opt.Fields, func(f JiraField) bool { return f.ID == field })
}

// fieldReader reads the fields of one request for an issue of one project.
type fieldReader struct {
	*Jira
	project string // key
	v3      bool
}

// readFields turns the fields and updates of a request into changes, or into
// one error for each field that is refused. Nothing is changed before all are
// good. It needs j.mu.
func (j fieldReader) readFields(screen string, fields map[string]json.RawMessage, update map[string][]map[string]json.RawMessage) ([]setter, map[string]string) {
	var todo []setter
	errs := map[string]string{}
	take := func(field string, s setter, problem string) {
		if problem != "" {
			errs[field] = problem
		} else {
			todo = append(todo, s)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !j.screen(screen, field) {
			errs[field] = notOnScreen(field)
			continue
		}
		if field == "project" || field == "issuetype" {
			continue // read by the creation itself
		}
		s, problem := j.readField(field, fields[field])
		take(field, s, problem)
	}
	for _, field := range slices.Sorted(maps.Keys(update)) {
		if field == "comment" {
			continue // written by the caller
		}
		if !j.screen(screen, field) {
			errs[field] = notOnScreen(field)
			continue
		}
		for _, step := range update[field] {
			for verb, raw := range step {
				s, problem := j.readStep(field, verb, raw)
				take(field, s, problem)
			}
		}
	}
	return todo, errs
}

func (j fieldReader) readStep(field, verb string, raw json.RawMessage) (setter, string) {
	if verb == "set" {
		return j.readField(field, raw)
	}
	var label string
	if field != "labels" || verb != "add" && verb != "remove" {
		return nil, "Field does not support update '" + field + "' by '" + verb + "'"
	}
	if json.Unmarshal(raw, &label) != nil {
		return nil, "data was not a string"
	}
	if problem := badLabel(label); problem != "" {
		return nil, problem
	}
	return func(is *jiIssue) []jiItem {
		after := slices.DeleteFunc(slices.Clone(is.labels), func(l string) bool { return l == label })
		if verb == "add" {
			after = append(after, label)
		}
		return setLabelsTo(after)(is)
	}, ""
}

func badLabel(l string) string {
	if strings.ContainsAny(l, " \t\r\n") {
		return "The label '" + l + "' contains spaces which is invalid."
	}
	if utf8.RuneCountInString(l) > 255 {
		return "The label is too long. It exceeds the allowed limit of 255 characters."
	}
	if l == "" {
		return "The label can not be empty."
	}
	return ""
}

func setLabelsTo(labels []string) setter {
	return func(is *jiIssue) []jiItem {
		after := slices.Compact(slices.Sorted(slices.Values(labels)))
		before := is.labels
		if slices.Equal(before, after) {
			return nil
		}
		is.labels = after
		return []jiItem{{field: "labels", fieldID: "labels", fromText: strings.Join(before, " "), in: strings.Join(after, " ")}}
	}
}

// setText makes a setter for a field that is a plain text.
func setText(name, id string, at func(*jiIssue) *string, value string) setter {
	return func(is *jiIssue) []jiItem {
		p := at(is)
		if *p == value {
			return nil
		}
		it := jiItem{field: name, fieldID: id, fromText: *p, in: value}
		if id == "duedate" {
			it.from, it.to = *p, value
		}
		*p = value
		return []jiItem{it}
	}
}

// readField reads one value. The text is the refusal, in Jira's words.
func (j fieldReader) readField(field string, raw json.RawMessage) (setter, string) {
	var s string
	isText, isNull := json.Unmarshal(raw, &s) == nil, string(raw) == "null"
	switch field {
	case "summary":
		switch {
		case !isText:
			return nil, "Operation value must be a string"
		case strings.TrimSpace(s) == "":
			return nil, "You must specify a summary of the issue."
		case strings.ContainsAny(s, "\r\n"):
			return nil, "The summary is invalid because it contains newline characters."
		case utf8.RuneCountInString(s) > 255:
			return nil, "Summary can't exceed 255 characters."
		}
		return setText("summary", field, func(is *jiIssue) *string { return &is.summary }, strings.TrimSpace(s)), ""
	case "description":
		body, ok := readText(raw, j.v3)
		switch {
		case !ok && j.v3:
			return nil, "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
		case !ok:
			return nil, "Operation value must be a string"
		case utf8.RuneCountInString(body) > maxJiraText:
			return nil, "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
		}
		return setText("description", field, func(is *jiIssue) *string { return &is.description }, body), ""
	case "duedate":
		if _, err := time.Parse(time.DateOnly, s); s != "" && err != nil || !isText {
			return nil, "Error parsing date string: " + strings.Trim(string(raw), `"`)
		}
		return setText("duedate", field, func(is *jiIssue) *string { return &is.due }, s), ""
	case "labels":
		var labels []string
		if json.Unmarshal(raw, &labels) != nil {
			return nil, "data was not an array"
		}
		for _, l := range labels {
			if problem := badLabel(l); problem != "" {
				return nil, problem
			}
		}
		return setLabelsTo(labels), ""
	case "priority", "resolution":
		return j.readNamed(field, raw, isNull)
	case "assignee", "reporter":
		return j.readPerson(field, raw, isNull)
	}
	return j.readCustom(field, raw)
}
