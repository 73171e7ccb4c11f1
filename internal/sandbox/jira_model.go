package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

type jiIssue struct {
	id, key              string
	pastKeys             []string
	project              *jiProject
	kind                 string // name of the issue type
	summary, description string
	status               *jiStatus
	resolution           string // name, empty: unresolved
	resolvedAt           time.Time
	priority             string
	labels               []string
	assignee, reporter   string
	due                  string // YYYY-MM-DD
	custom               map[string]string
	comments             []*jiComment
	history              []jiHistory // oldest first
	links                []jiLink
	properties           map[string]json.RawMessage
	created, updated     time.Time
	statusChanged        time.Time
	deleted              bool
}

type jiComment struct {
	id               string
	issue            *jiIssue
	author, body     string
	editor           string
	created, updated time.Time
}

type jiHistory struct {
	id     string
	author string
	at     time.Time
	items  []jiItem
}

// jiItem is one field that changed. Ids may be empty where a field has none.
type jiItem struct {
	field, fieldID         string
	from, fromText, to, in string // in: the new text
}

// jiLink is a link from the issue that holds it; outward tells the direction.
type jiLink struct {
	id, kind string
	outward  bool
	other    *jiIssue
}

type jiStatus struct{ id, name, category string }

// The statuses; the category alone says what is closed.
var (
	statusToDo       = &jiStatus{"10000", "To Do", "new"}
	statusInProgress = &jiStatus{"3", "In Progress", "indeterminate"}
	statusDone       = &jiStatus{"10001", "Done", "done"}
	jiStatuses       = []*jiStatus{statusToDo, statusInProgress, statusDone}

	jiCategories = map[string]struct {
		id          int
		name, color string
	}{
		"new": {2, "To Do", "blue-gray"}, "indeterminate": {4, "In Progress", "yellow"}, "done": {3, "Done", "green"},
	}
)

// named is an entry of one of Jira's lists: its place gives the id.
type named []string

func (n named) id(base int, name string) string {
	if i := slices.Index(n, name); i >= 0 {
		return itoa(base + i)
	}
	return ""
}

// byIDOrName finds the entry that a request names.
func (n named) byIDOrName(base int, id, name string) string {
	for i, x := range n {
		if name == x || name == "" && id == itoa(base+i) {
			return x
		}
	}
	return ""
}

const (
	priorityBase   = 1
	resolutionBase = 10_000
	typeBase       = 10_100
	linkBase       = 10_200
)

var (
	jiPriorities  = named{"Highest", "High", "Medium", "Low", "Lowest"}
	jiResolutions = named{"Done", "Won't Do", "Won't Fix", "Duplicate", "Cannot Reproduce"}
	jiTypes       = named{"Task", "Bug", "Story"}
	jiLinkTypes   = named{"Duplicate", "Relates", "Blocks"}
	jiLinkWords   = map[string][2]string{ // outward, inward
		"Duplicate": {"duplicates", "is duplicated by"}, "Relates": {"relates to", "relates to"}, "Blocks": {"blocks", "is blocked by"},
	}
)

// find is the issue by present or past key, or by id.
func (j *Jira) find(keyOrID string) *jiIssue {
	if is := j.byKey[keyOrID]; is != nil && !is.deleted {
		return is
	}
	return nil
}

// JiraIssue is a copy of an issue of the stand-in.
type JiraIssue struct {
	ID             string            `json:"id"`
	Key            string            `json:"key"`
	Project        string            `json:"project"`
	PastKeys       []string          `json:"past_keys"`
	Type           string            `json:"type"`
	Summary        string            `json:"summary"`
	Description    string            `json:"description"`
	Status         string            `json:"status"`
	StatusCategory string            `json:"status_category"` // new, indeterminate, done
	Resolution     string            `json:"resolution"`      // empty: unresolved
	Priority       string            `json:"priority"`
	Labels         []string          `json:"labels"`
	Assignee       string            `json:"assignee"` // account id or name
	Reporter       string            `json:"reporter"` // account id or name
	Due            string            `json:"due"`      // YYYY-MM-DD
	Custom         map[string]string `json:"custom"`
	Comments       []JiraComment     `json:"comments"`
	Moves          []JiraMove        `json:"moves"` // oldest first
	Created        time.Time         `json:"created,omitzero"`
	Updated        time.Time         `json:"updated,omitzero"`
	URL            string            `json:"url"` // for a browser
}

// JiraMove is one change of an issue's status.
type JiraMove struct {
	Actor string    `json:"actor"`
	From  string    `json:"from"` // names of statuses
	To    string    `json:"to"`
	At    time.Time `json:"at,omitzero"`
}

// JiraComment is a copy of a comment.
type JiraComment struct {
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Body    string    `json:"body"`
	Created time.Time `json:"created,omitzero"`
	Updated time.Time `json:"updated,omitzero"`
}

// Closed reports what Jira itself goes by: the category of the status.
func (i JiraIssue) Closed() bool { return i.StatusCategory == "done" }

// Issue returns a copy of an issue, found by a present or past key or its id.
func (j *Jira) Issue(key string) (JiraIssue, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	is := j.find(key)
	if is == nil {
		return JiraIssue{}, false
	}
	return j.copy(is), true
}

// Issues returns copies of all issues of a project, oldest first.
func (j *Jira) Issues(project string) []JiraIssue {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []JiraIssue
	for _, is := range j.issues {
		if !is.deleted && is.project.key == project {
			out = append(out, j.copy(is))
		}
	}
	return out
}

func (j *Jira) copy(is *jiIssue) JiraIssue {
	out := JiraIssue{
		ID: is.id, Key: is.key, Project: is.project.key, PastKeys: slices.Clone(is.pastKeys), Type: is.kind, Summary: is.summary,
		Description: is.description, Status: is.status.name, StatusCategory: is.status.category, Resolution: is.resolution,
		Priority: is.priority, Labels: slices.Clone(is.labels), Assignee: is.assignee, Reporter: is.reporter, Due: is.due,
		Custom: maps.Clone(is.custom), Created: is.created, Updated: is.updated, URL: j.base + "/browse/" + is.key,
	}
	for _, c := range is.comments {
		out.Comments = append(out.Comments, JiraComment{c.id, c.author, c.body, c.created, c.updated})
	}
	for _, h := range is.history {
		for _, it := range h.items {
			if it.field == "status" {
				out.Moves = append(out.Moves, JiraMove{h.author, it.fromText, it.in, h.at})
			}
		}
	}
	return out
}
