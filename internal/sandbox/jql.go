package sandbox

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// JQL, as far as tools use it: clauses with = != ~ !~ < <= > >= IN, NOT IN,
// IS [NOT] EMPTY, joined by AND, OR, NOT and parentheses, and ORDER BY.

type jqlTest func(is *jiIssue) bool

type jqlQuery struct {
	test    jqlTest // nil: everything
	order   []jqlOrder
	clauses int
}

type jqlOrder struct {
	field string
	desc  bool
}

var jqlToken = regexp.MustCompile(`^\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|!=|!~|<=|>=|[=~<>(),]|[^\s"'=~<>!(),]+)`)

type jqlParser struct {
	j       *Jira
	words   []string // quoted ones keep their first quote as a mark
	clauses int
}

// parseJQL reads a query. The error is a jqlError: what Jira would put into
// errorMessages.
func (j *Jira) parseJQL(text string) (jqlQuery, error) {
	p := &jqlParser{j: j}
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := jqlToken.FindStringSubmatch(rest)
		if m == nil {
			return jqlQuery{}, refuse("Error in the JQL Query: The character '%.1s' is a reserved JQL character.", strings.TrimSpace(rest))
		}
		p.words, rest = append(p.words, m[1]), rest[len(m[0]):]
	}
	var q jqlQuery
	if len(p.words) > 0 && !p.at("order") {
		test, err := p.either()
		if err != nil {
			return q, err
		}
		q.test = test
	}
	q.clauses = p.clauses
	if p.skip("order") {
		if !p.skip("by") {
			return q, p.unexpected("'by'")
		}
		for {
			o := jqlOrder{field: strings.ToLower(p.next())}
			if o.field == "" {
				return q, p.unexpected("a field")
			}
			if p.skip("desc") {
				o.desc = true
			} else {
				p.skip("asc")
			}
			q.order = append(q.order, o)
			if !p.skip(",") {
				break
			}
		}
	}
	if len(p.words) > 0 {
		return q, p.unexpected("the end")
	}
	return q, nil
}

func (p *jqlParser) at(word string) bool {
	return len(p.words) > 0 && strings.EqualFold(p.words[0], word)
}

func (p *jqlParser) skip(word string) bool {
	if p.at(word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *jqlParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *jqlParser) unexpected(wanted string) error {
	if len(p.words) == 0 {
		return refuse("Error in the JQL Query: Expecting %s but got the end of the query.", wanted)
	}
	return refuse("Error in the JQL Query: Expecting %s but got '%s'.", wanted, p.words[0])
}

func (p *jqlParser) either() (jqlTest, error) {
	left, err := p.both()
	for err == nil && (p.skip("or") || p.skip("||")) {
		var right jqlTest
		a := left
		right, err = p.both()
		left = func(is *jiIssue) bool { return a(is) || right(is) }
	}
	return left, err
}

func (p *jqlParser) both() (jqlTest, error) {
	left, err := p.one()
	for err == nil && (p.skip("and") || p.skip("&&")) {
		var right jqlTest
		a := left
		right, err = p.one()
		left = func(is *jiIssue) bool { return a(is) && right(is) }
	}
	return left, err
}

func (p *jqlParser) one() (jqlTest, error) {
	if p.skip("not") {
		t, err := p.one()
		return func(is *jiIssue) bool { return !t(is) }, err
	}
	if p.skip("(") {
		t, err := p.either()
		if err == nil && !p.skip(")") {
			err = p.unexpected("')'")
		}
		return t, err
	}
	return p.clause()
}

func (p *jqlParser) clause() (jqlTest, error) {
	p.clauses++
	field := strings.ToLower(unquoteJQL(p.next()))
	read, ok := jqlFields[field]
	if !ok {
		return nil, refuse("Field '%s' does not exist or you do not have permission to view it.", field)
	}
	op := strings.ToLower(p.next())
	negate := false
	switch op {
	case "is":
		negate = p.skip("not")
		if !p.skip("empty") && !p.skip("null") {
			return nil, p.unexpected("'EMPTY'")
		}
		return func(is *jiIssue) bool { return (len(read(p.j, is)) == 0) != negate }, nil
	case "not":
		if !p.skip("in") {
			return nil, p.unexpected("'IN'")
		}
		op, negate = "in", true
	case "=", "!=", "~", "!~", "<", "<=", ">", ">=", "in":
	default:
		return nil, refuse("Error in the JQL Query: Expecting operator but got '%s'.", op)
	}
	values, err := p.values(op == "in")
	if err != nil {
		return nil, err
	}
	if err := p.known(field, values); err != nil {
		return nil, err
	}
	return p.compare(field, op, negate, read, values)
}

// values reads one value, or a list in parentheses.
func (p *jqlParser) values(list bool) ([]string, error) {
	if len(p.words) == 0 || list && !p.skip("(") {
		return nil, p.unexpected("a value")
	}
	out := []string{unquoteJQL(p.next())}
	for list && p.skip(",") {
		out = append(out, unquoteJQL(p.next()))
	}
	if list && !p.skip(")") {
		return nil, p.unexpected("')'")
	}
	if !list && p.at("(") { // a function
		p.next()
		if !p.skip(")") || !strings.EqualFold(out[0], "currentUser") {
			return nil, refuse("Unable to find JQL function '%s()'.", out[0])
		}
		out[0] = p.j.bot
	}
	return out, nil
}

func unquoteJQL(w string) string {
	if len(w) < 2 || w[0] != '"' && w[0] != '\'' {
		return w
	}
	var b strings.Builder
	for i := 1; i < len(w)-1; i++ {
		if w[i] == '\\' && i+1 < len(w)-1 {
			i++
		}
		b.WriteByte(w[i])
	}
	return b.String()
}

// known refuses projects and issues that do not exist, as Jira does.
func (p *jqlParser) known(field string, values []string) error {
	for _, v := range values {
		switch {
		case field == "project" && p.j.project(strings.ToUpper(v)) == nil && p.j.project(v) == nil:
			return refuse("The value '%s' does not exist for the field 'project'.", v)
		case slices.Contains([]string{"key", "issuekey", "issue", "id"}, field) && p.j.find(strings.ToUpper(v)) == nil:
			return refuse("An issue with key '%s' does not exist for field '%s'.", v, field)
		}
	}
	return nil
}

func (p *jqlParser) compare(field, op string, negate bool, read func(*Jira, *jiIssue) []string, values []string) (jqlTest, error) {
	isText := slices.Contains([]string{"summary", "description", "comment", "text"}, field)
	isTime := slices.Contains([]string{"created", "updated", "due", "duedate", "resolved"}, field)
	switch op {
	case "~", "!~":
		if !isText {
			return nil, refuse("The operator '%s' is not supported by the '%s' field.", op, field)
		}
		words := jqlWords(values[0])
		return func(is *jiIssue) bool {
			have := map[string]bool{}
			for _, w := range jqlWords(strings.Join(read(p.j, is), " ")) {
				have[w] = true
			}
			return !slices.ContainsFunc(words, func(w string) bool { return !have[w] }) == (op == "~")
		}, nil
	case "=", "!=", "in":
		if isText {
			return nil, refuse("The operator '%s' is not supported by the '%s' field.", op, field)
		}
		if !isTime {
			return func(is *jiIssue) bool {
				have := read(p.j, is)
				if len(have) == 0 && (op == "!=" || negate) {
					return false // empty fields match no comparison
				}
				return slices.ContainsFunc(values, func(v string) bool { return containsFold(have, v) }) != (op == "!=" || negate)
			}, nil
		}
	}
	if !isTime {
		return nil, refuse("The operator '%s' is not supported by the '%s' field.", op, field)
	}
	want, err := p.j.jqlTime(values[0])
	if err != nil {
		return nil, err
	}
	return func(is *jiIssue) bool {
		have := read(p.j, is)
		if len(have) == 0 {
			return false
		}
		at, err := time.Parse(time.RFC3339Nano, have[0])
		if err != nil {
			return false
		}
		switch n := at.Compare(want); op {
		case "<":
			return n < 0
		case "<=":
			return n <= 0
		case ">":
			return n > 0
		case ">=":
			return n >= 0
		case "!=":
			return n != 0
		default:
			return n == 0
		}
	}, nil
}

// sort orders what a query found; without an order the newest come first.
func (q jqlQuery) sort(j *Jira, found []*jiIssue) {
	slices.SortStableFunc(found, func(a, b *jiIssue) int {
		for _, o := range q.order {
			n := 0
			switch o.field {
			case "updated":
				n = a.updated.Compare(b.updated)
			case "created":
				n = a.created.Compare(b.created)
			case "priority": // the most urgent is the greatest
				n = cmp.Compare(slices.Index(jiPriorities, b.priority), slices.Index(jiPriorities, a.priority))
			case "key", "issuekey", "id":
				n = cmp.Or(cmp.Compare(a.project.key, b.project.key), cmp.Compare(len(a.key), len(b.key)), cmp.Compare(a.key, b.key))
			default:
				if read := jqlFields[o.field]; read != nil {
					n = cmp.Compare(strings.Join(read(j, a), " "), strings.Join(read(j, b), " "))
				}
			}
			if o.desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return cmp.Or(cmp.Compare(len(b.id), len(a.id)), cmp.Compare(b.id, a.id))
	})
}
