package jira

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

var _ trackers.Rebuilder = (*Tracker)(nil)

// markedPages bounds the searches of a rebuild.
const markedPages = 1000

// Marked searches for the label, and for what our account made: somebody may
// have taken the label off. Where the server cannot search by account, it looks
// through the whole project.
func (t *Tracker) Marked(ctx context.Context, target, label string, visit func(trackers.Marked) error) error {
	const op = "list marked tickets"
	if !validProject(target) {
		return invalid(op, "", fmt.Errorf("%q is no project", target))
	}
	own, err := t.ownAccount(ctx)
	if err != nil {
		return err
	}
	in := fmt.Sprintf(`project = "%s"`, target)
	seen := map[id]bool{}
	look := func(and string) error {
		q := t.query(op, in+and+" ORDER BY created ASC", wanted, 100)
		for range markedPages {
			page, more, err := q.next(ctx)
			if err != nil {
				return err
			}
			for i := range page {
				is := &page[i]
				m, ok := markerIn(is.Fields.Description)
				if _, bad := domain.ParseRef(t.name + ":" + is.Key); bad != nil || !ok || seen[is.ID] {
					continue
				}
				seen[is.ID] = true
				category, err := t.category(ctx, is.Fields.Status)
				if err != nil {
					return err
				}
				by := is.Fields.Creator.key(t.flavor)
				out := trackers.Marked{Ticket: t.ticket(is, category), Marker: m, Body: parseBody(is.Fields.Description), CreatedAt: parseTime(is.Fields.Created),
					Own: own == "" || by == "" || by == own}
				for _, l := range is.Fields.Labels {
					out.Labelled = out.Labelled || l == markerLabel(m)
				}
				if err := visit(out); err != nil {
					return err
				}
			}
			if !more {
				return nil
			}
		}
		t.log.Warn("there are more tickets than a rebuild reads", "target", target)
		return nil
	}
	if label = clipLabel(label); label != "" {
		if err := look(` AND labels = "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(label) + `"`); err != nil && trackers.ClassOf(err) != trackers.Invalid {
			return err
		}
	}
	err = look(" AND creator = currentUser()")
	if err != nil && trackers.ClassOf(err) == trackers.Invalid {
		err = look("")
	}
	return err
}

var markerText = regexp.MustCompile(`holdfast item (\S+) mac ([0-9a-f]{64})\b`)

// markerIn is the last marker of a description.
func markerIn(description string) (trackers.Marker, bool) {
	all := markerText.FindAllStringSubmatch(description, -1)
	if len(all) == 0 {
		return trackers.Marker{}, false
	}
	last := all[len(all)-1]
	return trackers.Marker{Item: last[1], MAC: last[2]}, len(last[1]) <= maxName && itemID.MatchString(last[1])
}

var row = regexp.MustCompile(`^\|\|(.*?)\|(.*)\|\s*$`)

// parseBody reads what renderBody wrote: the last table of the description,
// and what stands before it.
func parseBody(description string) trackers.Body {
	lines := strings.Split(strings.ReplaceAll(description, "\r\n", "\n"), "\n")
	last := len(lines) - 1
	for last >= 0 && !row.MatchString(lines[last]) {
		last--
	}
	first := last
	for first > 0 && row.MatchString(lines[first-1]) {
		first--
	}
	if last < 0 {
		return trackers.Body{}
	}
	out := trackers.Body{Text: strings.TrimSpace(plain(strings.Join(lines[:first], "\n")))}
	for _, l := range lines[first : last+1] {
		m := row.FindStringSubmatch(l)
		out.Table = append(out.Table, [2]string{strings.TrimSpace(plain(m[1])), strings.TrimSpace(plain(m[2]))})
	}
	return out
}

var (
	wikiLink  = regexp.MustCompile(`\[([^\[\]|]*)\|https?://[^\[\]|]*\]`)
	unescaper = strings.NewReplacer("&#92;", `\`, `\{`, "{", `\}`, "}", `\[`, "[", `\]`, "]", `\|`, "|", `\!`, "!", text.NoBreak, "")
)

// plain takes back what escape and link did.
func plain(s string) string {
	return unescaper.Replace(wikiLink.ReplaceAllString(s, "$1"))
}

// Past reads the comments, and from the history of the status who reopened the
// ticket.
func (t *Tracker) Past(ctx context.Context, ref domain.Ref) (trackers.Past, error) {
	const op = "read a ticket's past"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return trackers.Past{}, err
	}
	own, err := t.ownAccount(ctx)
	if err != nil {
		return trackers.Past{}, err
	}
	var out trackers.Past
	q := url.Values{"orderBy": {"created"}, "maxResults": {"100"}}
	for seen := 0; ; {
		var got struct {
			Comments []comment `json:"comments"`
			Total    int       `json:"total"`
		}
		if _, err := t.do(ctx, call{op: op, ref: ref, method: "GET", path: path + "/comment", query: q, out: &got}); err != nil {
			return trackers.Past{}, err
		}
		for i := range got.Comments {
			said := t.comment(ref, &got.Comments[i])
			out.Comments = append(out.Comments, trackers.Said{Comment: said, Own: own != "" && said.Author == own})
		}
		if seen += len(got.Comments); len(got.Comments) == 0 || seen >= got.Total {
			break
		}
		q.Set("startAt", strconv.Itoa(seen))
	}
	out.Reopenings, out.Told, err = t.reopenings(ctx, ref, path, own)
	if err != nil && (rest.Missing(err) || trackers.ClassOf(err) == trackers.Invalid || trackers.ClassOf(err) == trackers.Denied) {
		t.log.Debug("the history of a ticket cannot be read", "ticket", ref, "err", err)
		err = nil
	}
	return out, err
}

// reopenings goes through the history of the status. Only the newest hundred
// changes are told, which is where the last reopening is.
func (t *Tracker) reopenings(ctx context.Context, ref domain.Ref, path, own string) ([]trackers.Reopening, bool, error) {
	var got struct {
		Changelog *struct {
			Histories []moment `json:"histories"`
		} `json:"changelog"`
	}
	if _, err := t.do(ctx, call{op: "read a ticket's history", ref: ref, method: "GET", path: path, query: url.Values{"fields": {"status"}, "expand": {"changelog"}}, out: &got}); err != nil {
		return nil, false, err
	}
	if got.Changelog == nil {
		return nil, false, nil
	}
	if err := t.learnStatuses(ctx); err != nil {
		return nil, false, err
	}
	slices.SortStableFunc(got.Changelog.Histories, moment.compare)
	var out []trackers.Reopening
	told := own != ""
	for _, h := range got.Changelog.Histories {
		for _, i := range h.Items {
			if i.Field != "status" {
				continue
			}
			was, err := t.category(ctx, &status{ID: i.From})
			is, err2 := t.category(ctx, &status{ID: i.To})
			if err = errors.Join(err, err2); err != nil {
				return nil, false, err
			}
			told = told && was != "" && is != ""
			if was == categoryDone && is != "" && is != categoryDone {
				by := h.Author.key(t.flavor)
				out = append(out, trackers.Reopening{At: parseTime(h.Created), By: by, Own: own != "" && by == own})
			}
		}
	}
	return out, told, nil
}

// learnStatuses reads the categories of all statuses at once, where the server
// lists them: a history names a status by its id alone.
func (t *Tracker) learnStatuses(ctx context.Context) error {
	t.mu.Lock()
	known := t.statuses
	t.mu.Unlock()
	if known {
		return nil
	}
	var all []status
	_, err := t.do(ctx, call{op: "list statuses", method: "GET", path: "rest/api/2/status", out: &all})
	if err != nil && !rest.Missing(err) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.statuses = true
	for _, s := range all {
		if k := s.StatusCategory.Key; k != "" {
			t.categories[string(s.ID)] = k
		}
	}
	return nil
}

// moment is what was changed on a ticket at once.
type moment struct {
	ID      id     `json:"id"`
	Author  *user  `json:"author"`
	Created string `json:"created"`
	Items   []struct {
		Field string `json:"field"`
		From  id     `json:"from"`
		To    id     `json:"to"`
	} `json:"items"`
}

// compare puts the older one first, whichever way Jira lists them. Two of the
// same millisecond are told apart by their ids, which grow.
func (m moment) compare(n moment) int {
	number := func(x id) int64 {
		v, _ := strconv.ParseInt(string(x), 10, 64) // 0 where it is no number: then the order stays
		return v
	}
	return cmp.Or(parseTime(m.Created).Compare(parseTime(n.Created)), cmp.Compare(number(m.ID), number(n.ID)))
}
