package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

var macHex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Create makes an issue. Only a definite refusal (422) is followed by another
// try, with less; whatever leaves it open whether an issue was made comes back
// as Uncertain.
func (t *Tracker) Create(ctx context.Context, d trackers.Draft) (trackers.Created, error) {
	const op = "create ticket"
	path, err := repoPath(op, d.Target)
	if err != nil {
		return trackers.Created{}, err
	}
	if len(d.Marker.Item) > maxName || !itemID.MatchString(d.Marker.Item) || !macHex.MatchString(d.Marker.MAC) {
		return trackers.Created{}, invalid(op, "", fmt.Errorf("the marker of item %q cannot be written: want an id without spaces or angle brackets, and 64 hex digits", d.Marker.Item))
	}
	title := text.Cut(text.OneLine(d.Title), maxTitle)
	if title == "" {
		title = d.Marker.Item
	}
	labels, _ := mergeLabels(nil, d.Labels, nil)
	assignee, body := d.Assignee, d.Body
	body.Failed = slices.Clone(body.Failed)
	var refused []string
	refuse := func(field, value, why string) {
		refused = append(refused, field+": "+why)
		body.Failed = append(body.Failed, field+" "+value+" – "+why)
	}
	for {
		req := gh.IssueRequest{Title: &title, Body: gh.String(renderBody(body, d.Marker))}
		if len(labels) > 0 {
			req.Labels = &labels
		}
		if assignee != "" {
			req.Assignees = &[]string{assignee}
		}
		var raw json.RawMessage
		a, err := t.do(ctx, call{op: op, repo: d.Target, method: "POST", path: path + "/issues", body: &req, effect: rest.Change, out: &raw})
		if a.OK() {
			return t.created(ctx, d, a, err, assignee, labels, body, refused)
		}
		if a.Status == http.StatusGone {
			return trackers.Created{}, &trackers.Error{Op: op, Class: trackers.Invalid, Status: a.Status,
				Err: fmt.Errorf("%s takes no issues: turn them on in its settings, or send its tickets elsewhere", d.Target)}
		}
		if a.Status != http.StatusUnprocessableEntity {
			return trackers.Created{}, err
		}
		// 422: nothing was made. Leave out what it names, else what is most
		// often refused.
		named := refusedFields(err)
		switch {
		case named["title"] || named["body"]:
			return trackers.Created{}, err // nothing to file without them
		case assignee != "" && !named["label"]:
			refuse("assignee", assignee, "not assignable")
			assignee = ""
		case len(labels) > 0:
			refuse("labels", strings.Join(labels, ", "), "not accepted")
			labels = nil
		case assignee != "":
			refuse("assignee", assignee, "not assignable")
			assignee = ""
		default:
			return trackers.Created{}, err
		}
	}
}

// refusedFields are the fields that a refusal names, in the singular.
func refusedFields(err error) map[string]bool {
	out := map[string]bool{}
	var r *rest.Refusal
	if errors.As(err, &r) {
		for f := range r.Fields {
			out[strings.TrimSuffix(strings.ToLower(f), "s")] = true
		}
	}
	return out
}

var (
	numberField = regexp.MustCompile(`"number"\s*:\s*([1-9][0-9]{0,17})\b`)
	issueNumber = regexp.MustCompile(`/issues/([1-9][0-9]{0,17})(?:$|[?#])`)
)

// created reads the answer to a creation that succeeded. A body that cannot be
// decoded still tells the number, or the Location header does; only without
// both the creation is uncertain.
func (t *Tracker) created(ctx context.Context, d trackers.Draft, a rest.Answer, readErr error, assignee string, labels []string, body trackers.Body, refused []string) (trackers.Created, error) {
	var is gh.Issue
	decodeErr := json.Unmarshal(a.Body, &is)
	if is.GetNumber() <= 0 {
		n := 0
		if m := numberField.FindSubmatch(a.Body); m != nil {
			n, _ = strconv.Atoi(string(m[1]))
		} else if m := issueNumber.FindStringSubmatch(a.Header.Get("Location")); m != nil {
			n, _ = strconv.Atoi(m[1])
		}
		if n == 0 {
			if decodeErr == nil {
				decodeErr = errors.New("it names no number")
			}
			return trackers.Created{}, &trackers.Error{Op: "create ticket", Class: trackers.Uncertain, Status: a.Status,
				Err: fmt.Errorf("reading the answer: %w", errors.Join(readErr, decodeErr))}
		}
		is.Number = &n
	}
	ref := domain.GitHubRef(t.name, d.Target, is.GetNumber())
	if decodeErr != nil {
		// The issue exists; what could not be read is read again, and where
		// that fails the next look at the ticket does it.
		tk, err := t.Ticket(ctx, ref)
		if err != nil {
			t.log.Warn("the answer to a creation could not be read", "ticket", ref, "err", err)
			tk = domain.Ticket{Ref: ref}
		}
		return trackers.Created{Ticket: tk, Refused: refused}, nil
	}
	t.learnOwn(is.GetUser().GetLogin())
	tk := t.ticket(ref, &is)
	more, failed := dropped(a.Body, tk, assignee, labels)
	if len(more) == 0 {
		return trackers.Created{Ticket: tk, Refused: refused}, nil
	}
	// Without push access GitHub drops labels and assignees without a word.
	refused = append(refused, more...)
	body.Failed = append(body.Failed, failed...)
	text := renderBody(body, d.Marker)
	if after, err := t.Edit(ctx, tk, trackers.Edit{Body: &text}); err != nil {
		t.log.Warn("a field was dropped, and the ticket does not say so", "ticket", ref, "err", err)
	} else {
		tk = after
	}
	return trackers.Created{Ticket: tk, Refused: refused}, nil
}

// dropped finds what was asked for and is not there. A server whose answer
// leaves the field out altogether is not accused.
func dropped(raw []byte, tk domain.Ticket, assignee string, labels []string) (refused, failed []string) {
	var has struct {
		Labels, Assignees *json.RawMessage
	}
	_ = json.Unmarshal(raw, &has) // it was decoded before
	if has.Assignees != nil && assignee != "" && !containsFold(tk.Assignees, assignee) {
		refused = append(refused, "assignee: not assignable")
		failed = append(failed, "assignee "+assignee+" – not assignable")
	}
	if has.Labels != nil {
		var lost []string
		for _, l := range labels {
			if !containsFold(tk.Labels, l) {
				lost = append(lost, l)
			}
		}
		if len(lost) > 0 {
			refused = append(refused, "labels: dropped by the tracker, which needs push access for them")
			failed = append(failed, "labels "+strings.Join(lost, ", ")+" – no permission")
		}
	}
	return refused, failed
}

func containsFold(set []string, s string) bool {
	return slices.ContainsFunc(set, func(x string) bool { return strings.EqualFold(x, s) })
}
