package postmortem

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// column is what a column of a table holds, known by its header alone.
type column int

const (
	colOther column = iota
	colTitle        // says "action item" or "action"
	colMaybe        // could be the title, in a section of action items
	colOwner
	colPriority
	colType
	colDue
	colTicket
	colStatus
	colService
	colID
	colTime // of a timeline
	colDate // a due date beside an owner, else a timeline
)

var headers = []struct {
	col  column
	word *regexp.Regexp
}{
	{colTime, regexp.MustCompile(`^(?:time|timestamp|date ?/ ?time|date and time|when|at|hour|time ?\(.*\)|.*\butc\b.*|時刻|時間|时间)$`)},
	{colID, regexp.MustCompile(`^(?:#|id|no\.?|nr\.?|番号|编号|序号)$`)},
	{colDue, regexp.MustCompile(`^(?:due|due date|due by|deadline|eta|target|target date|by when|completion date|expected (?:date|completion)|期限|期日|截止日期|完成时间)(?:\s*[(（].*)?$`)},
	{colDate, regexp.MustCompile(`^(?:date|日付|日期)$`)},
	{colOwner, regexp.MustCompile(`^(?:owners?|who|assignees?|assigned(?: to)?|responsible(?: (?:person|team|party))?|dri|team|lead|担当者?|担当チーム|负责人|責任者|verantwortlich|responsable|responsável)(?:\s*[(（].*)?$`)},
	{colPriority, regexp.MustCompile(`^(?:priority|prio|prio\.|p|urgency|優先度|优先级|priorität|prioridad|prioridade|priorité)(?:\s*[(（].*)?$`)},
	{colType, regexp.MustCompile(`^(?:type|kind|category|action type|カテゴリ|種別|类型|类别|typ|tipo)(?:\s*[(（].*)?$`)},
	{colTicket, regexp.MustCompile(`^(?:bug|ticket|issue|jira|tracking|tracker|tracking (?:issue|ticket|bug)|github issue|jira (?:ticket|issue)|(?:bug|ticket|issue) ?(?:#|no\.?|number|link|id|url)|link|pr|pull request|チケット|工单)(?:s|\(s\))?(?:\s*[(（].*)?$`)},
	{colStatus, regexp.MustCompile(`^(?:status|state|done\??|completed?\??|progress|状態|ステータス|状态|estado|statut)(?:\s*[(（].*)?$`)},
	{colService, regexp.MustCompile(`^(?:services?|components?|systems?|affected (?:service|component|system)s?|サービス|服务)$`)},
	{colTitle, regexp.MustCompile(`^(?:(?:preventive |preventative |corrective |follow-?up |remediation |proposed )?(?:actions?|action items?)(?: required| needed| description| to take)?|アクション(?:アイテム)?|行动项?|措施|maßnahme|acción|ação)$`)},
	{colMaybe, regexp.MustCompile(`^(?:items?|tasks?|follow[- ]?ups?|what|todo|to do|to-do|description|summary|title|improvements?|recommendations?|measures?|remediations?|details?|work items?|対策|内容|任务)$`)},
}

func columnOf(header string) column {
	h := strings.Trim(fold(header), " :：*")
	for _, k := range headers {
		if k.word.MatchString(h) {
			return k.col
		}
	}
	return colOther
}

// layout says which column holds what.
type layout struct {
	title, text int
	cols        []column
}

// layoutOf reads the headers of a table. It reports false for a table that
// holds no action items: a timeline, a legend, figures.
func layoutOf(names []string, active bool) (layout, bool) {
	l := layout{title: -1, text: -1}
	count := map[column]int{}
	for _, name := range names {
		c := columnOf(name)
		l.cols = append(l.cols, c)
		count[c]++
	}
	fields := count[colOwner] + count[colPriority] + count[colDue] + count[colTicket] + count[colStatus]
	if count[colTime] > 0 || count[colDate] > 0 && (!active || fields == 0) {
		return l, false
	}
	l.title = find(l.cols, colTitle)
	maybe := find(l.cols, colMaybe)
	switch {
	case l.title >= 0:
		l.text = maybe
	case maybe >= 0 && active:
		l.title = maybe
		// "Item | Description | Owner": the second is the longer text.
		if i := find(l.cols[maybe+1:], colMaybe); i >= 0 {
			l.text = maybe + 1 + i
		}
	default:
		return l, false
	}
	// Outside a section, "Action" alone could be anything.
	if !active && (fields == 0 || count[colTitle] == 0) {
		return l, false
	}
	return l, true
}

func find(cols []column, c column) int {
	for i, have := range cols {
		if have == c {
			return i
		}
	}
	return -1
}

// table reads the rows of a table as items, if it is one of action items.
func (p *parser) table(n *extast.Table, st state) {
	if st.excluded {
		return
	}
	l, ok := layoutOf(p.headerNames(n), st.active)
	if !ok {
		if !st.active {
			p.factTable(n)
		}
		return
	}
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		if _, ok := row.(*extast.TableRow); ok {
			p.row(row, l, st)
		}
	}
}

// statusRef matches the ticket in a status such as "Done (#12)".
var statusRef = regexp.MustCompile(`(?:[\w.-]+/[\w.-]+)?#\d{1,9}\b`)

func (p *parser) headerNames(n *extast.Table) []string {
	var names []string
	if h := n.FirstChild(); h != nil && h.Kind() == extast.KindTableHeader {
		for c := h.FirstChild(); c != nil; c = c.NextSibling() {
			r := p.render(c)
			names = append(names, strings.ReplaceAll(r.plain(r.text), "\n", " "))
		}
	}
	return names
}

func (p *parser) row(row ast.Node, l layout, st state) {
	r, f := rich{}, fields{}
	var text, inStatus string
	i := -1
	for c := row.FirstChild(); c != nil; c = c.NextSibling() {
		if i++; i >= len(l.cols) {
			break
		}
		if i == l.title {
			r = p.render(c, r.tickets...)
			continue
		}
		cell := strings.ReplaceAll(p.more(c, &r), "\n", " ")
		if i == l.text {
			text = r.plain(cell)
			continue
		}
		bare := strings.Trim(cell, "[] ")
		switch l.cols[i] {
		case colOwner:
			put(&f.owner, cell)
		case colPriority:
			put(&f.priority, bare)
		case colType:
			put(&f.kind, bare)
		case colDue, colDate:
			put(&f.due, cell)
		case colTicket:
			put(&f.ticket, cell)
		case colStatus:
			put(&f.status, firstNonEmpty(bare, cell))
			inStatus = statusRef.FindString(cell)
		case colService:
			put(&f.service, cell)
		}
	}
	put(&f.ticket, inStatus)
	r.text = strings.ReplaceAll(r.text, "\n", " ")
	p.item(r, text, f, st, p.line(row))
}

// isLegend reports whether a list explains the words of a table that follows
// it in the same section: "P0 – critical for reliability".
func (p *parser) isLegend(n *ast.List, st state) bool {
	follows := false
	for s := n.NextSibling(); s != nil && !follows; s = s.NextSibling() {
		if h, ok := s.(*ast.Heading); ok && h.Level <= st.level {
			break
		}
		if t, ok := s.(*extast.Table); ok {
			_, follows = layoutOf(p.headerNames(t), true)
		}
	}
	if !follows {
		return false
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.FirstChild() == nil {
			continue
		}
		r := p.render(c.FirstChild())
		head := strings.Trim(leadWords.FindString(r.text), " :：–—-[]")
		if head == "" {
			head, _, _ = strings.Cut(strings.TrimLeft(r.text, "["), "]")
		}
		if !isTypeWord(head) && !isPriorityWord(head) {
			return false
		}
	}
	return true
}
