package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is one request to the REST interface, past authentication.
type call struct {
	g     *GitHub
	r     *http.Request
	login string // empty: anonymous
	repo  *ghRepo
	body  map[string]json.RawMessage // nil without a body
	query url.Values
	head  http.Header // of the answer
}

// answer is what a handler returns; body is written as JSON, nil as nothing.
type answer struct {
	status int
	body   any
}

// problem is GitHub's form of an error.
func problem(status int, message string, errs ...obj) answer {
	body := obj{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if len(errs) > 0 {
		body["errors"] = errs
	}
	return answer{status, body}
}

func invalid(resource, field, code, message string, value any) answer {
	e := obj{"resource": resource, "field": field, "code": code}
	if message != "" {
		e["message"] = message
	}
	if value != nil {
		e["value"] = value
	}
	return problem(http.StatusUnprocessableEntity, "Validation Failed", e)
}

// page cuts the wanted page out of total things and writes the Link header.
// It returns the half-open range.
func (c *call) page(total int) (from, to int) {
	size, number := atoiOr(c.query.Get("per_page"), defaultPageSize), atoiOr(c.query.Get("page"), 1)
	size, number = min(max(size, 1), maxPageSize), max(number, 1)
	from = min((number-1)*size, total)
	if raw, err := base64.RawURLEncoding.DecodeString(c.query.Get("after")); err == nil && len(raw) > 0 {
		from = min(max(atoiOr(strings.TrimPrefix(string(raw), "cursor:"), 0), 0), total)
		number = from/size + 1
	}
	to = min(from+size, total)
	last := max((total+size-1)/size, 1)
	var links []string
	link := func(rel string, page, after int) {
		q := url.Values{}
		for k, v := range c.query {
			q[k] = v
		}
		q.Del("after")
		q.Set("page", strconv.Itoa(page))
		if after > 0 {
			q.Set("after", base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "cursor:%d", after)))
		}
		links = append(links, fmt.Sprintf(`<{self}?%s>; rel="%s"`, q.Encode(), rel))
	}
	if number > 1 {
		link("prev", number-1, 0)
	}
	if to < total {
		link("next", number+1, to)
		link("last", last, 0)
	}
	if number > 1 {
		link("first", 1, 0)
	}
	if len(links) > 0 {
		c.head.Set("Link", strings.Join(links, ", "))
	}
	return from, to
}

// list answers with one page of things.
func list[T any](c *call, things []T, wire func(T) obj) answer {
	from, to := c.page(len(things))
	out := make([]obj, 0, to-from)
	for _, x := range things[from:to] {
		out = append(out, wire(x))
	}
	return answer{http.StatusOK, out}
}

func atoiOr(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}

// field reads a field of the body. The first result says that it is there
// (null included); an error means the wrong type.
func (c *call) field(name string, into any) (bool, error) {
	raw, ok := c.body[name]
	if !ok {
		return false, nil
	}
	if string(raw) == "null" {
		return true, nil
	}
	return true, json.Unmarshal(raw, into)
}

// names reads a list of names: texts, or objects with a name.
func (c *call) names(field string) (list []string, given bool, err error) {
	var items []json.RawMessage
	given, err = c.field(field, &items)
	if err != nil {
		return nil, given, err
	}
	for _, raw := range items {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			var named struct{ Name string }
			if err := json.Unmarshal(raw, &named); err != nil {
				return nil, true, err
			}
			s = named.Name
		}
		list = append(list, s)
	}
	return list, given, nil
}

func (c *call) path(name string) string { return c.r.PathValue(name) }

func (c *call) number(name string) int { return atoiOr(c.path(name), 0) }

func (c *call) id(name string) int64 {
	n, err := strconv.ParseInt(c.path(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
