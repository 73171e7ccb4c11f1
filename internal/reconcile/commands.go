package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// commands carries out what people wrote in comments. A comment acts once: its
// effects and the mark that it was handled are recorded in one step.
func (w *work) commands(ctx context.Context) error {
	for _, id := range slices.Clone(w.st.PendingComments) {
		if err := w.comment(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) comment(ctx context.Context, id string) (err error) {
	// What is folded ahead of its record must not outlive a failure.
	before, recorded := w.st, false
	defer func() {
		if err != nil && !recorded {
			w.st = before
		}
	}()
	c, err := w.tracker.Comment(ctx, w.ref(), id)
	switch class := trackers.ClassOf(err); {
	case err != nil && (class == trackers.NotFound || class == trackers.Gone):
		return w.handled(ctx, id, "", "", "it was deleted before it could be read")
	case err != nil:
		return fmt.Errorf("reading comment %s on %s: %w", id, w.ref(), err)
	case strings.Contains(c.Body, "<!-- holdfast:"):
		return w.handled(ctx, id, c.Author, "", "it carries a marker of Holdfast")
	}
	w.cause = "comment " + id + " by " + c.Author
	list := claims.Commands(c.Body)
	if len(list) == 0 {
		return w.handled(ctx, id, c.Author, "", "it holds no command")
	}
	var entries []domain.Entry
	var refused, answers []string
	status := false
	who := commander{w: w, author: c.Author, at: w.past(c)}
	for _, cmd := range list {
		if c.Edited { // by whom is not known
			refused = append(refused, code(cmd.Line)+": the comment was edited before it was read; write the command again in a new one.")
			continue
		}
		done, answer, err := who.run(ctx, cmd)
		var no Refusal
		switch {
		case errors.As(err, &no):
			refused = append(refused, code(cmd.Line)+": "+string(no)+".")
		case err != nil:
			return err
		}
		entries = append(entries, done...)
		if answer != "" {
			answers = append(answers, answer)
		}
		status = status || cmd.Verb == "status" && err == nil
		// Later commands of the same comment see what the earlier ones did.
		w.st = Fold(w.st, numbered(w.st, done))
	}
	line := domain.Command{Comment: id, By: c.Author, Line: cut(list[0].Line, 300), Refused: strings.Join(refused, " "), Request: len(answers) > 0}
	note := "Command by " + c.Author + ": " + line.Line
	if line.Refused != "" {
		note = "Refused: " + line.Refused
	}
	entries = append(entries, domain.Entry{Kind: domain.Fact, Name: domain.Commanded, Note: note, Command: &line})
	todo, err := w.answers(ctx, id, refused, answers, who.told, status)
	if err != nil {
		return err
	}
	if !who.at.IsZero() {
		todo = nil // it was answered before the store was lost
	}
	held, err := w.held(ctx)
	if err != nil {
		return err
	}
	if held == "" {
		// In the same step: a command that was carried out is answered, even if
		// we crash here.
		entries = append(entries, w.intents(todo)...)
	}
	if err := w.record(ctx, entries...); err != nil {
		return err
	}
	recorded = true
	if len(todo) == 0 {
		return nil
	}
	if held != "" {
		_, err := w.withhold(ctx, todo)
		return err
	}
	for _, a := range todo {
		if a.Kind == domain.ActReact {
			err = w.react(ctx, a, false)
		} else {
			err = w.write(ctx, a, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// numbered gives entries that are not stored yet the places they will have,
// to fold them in memory; record folds what is really stored.
func numbered(st domain.State, entries []domain.Entry) []domain.Entry {
	out := slices.Clone(entries)
	for i := range out {
		out[i].Seq = st.Applied + int64(i) + 1
	}
	return out
}

// handled marks a comment that asks for nothing we do.
func (w *work) handled(ctx context.Context, id, by, line, why string) error {
	return w.record(ctx, domain.Entry{Kind: domain.Fact, Name: domain.Commanded, Note: "Comment " + id + " was left aside: " + why + ".",
		Command: &domain.Command{Comment: id, By: by, Line: line, Refused: why}})
}

// answers are a reaction to what was done, and replies to what was refused or
// waits. The state is that after the commands.
func (w *work) answers(ctx context.Context, id string, refused, answers, told []string, status bool) ([]domain.Action, error) {
	var todo []domain.Action
	reply := func(t trackers.Text, key string) {
		a := domain.Action{ID: newID(), Kind: domain.ActReply, Key: key}
		a.Payload, a.Digest = render(t)
		todo = append(todo, a)
	}
	if status {
		f, err := w.r.facts(ctx, w.s, w.st, w.r.now().UTC())
		if err != nil {
			return nil, err
		}
		w.facts = f
		reply(w.status(policy.Decide(w.rules(), f)), id)
	}
	if len(refused) > 0 {
		reply(trackers.Text{Marker: markReply, Lead: "Not done.", Lines: refused}, id)
	}
	if len(answers) > 0 {
		t := trackers.Text{Marker: markReply, Lead: "This waits for an approver.", Lines: answers}
		t.Mention = w.s.handle(w.approver(), w.tracker.Kind())
		reply(t, id)
	}
	if len(told) > 0 {
		reply(trackers.Text{Marker: markReply, Lead: "Done.", Lines: told}, id)
	}
	if len(todo) == 0 {
		todo = append(todo, domain.Action{ID: newID(), Kind: domain.ActReact, Key: id})
	}
	return todo, nil
}

// approver is the first one who may approve for this item and can be told on
// this tracker; empty: nobody.
func (w *work) approver() string {
	for _, name := range w.s.approvers(w.st.Spec.Team) {
		if w.s.refuseApproval(w.st, name) == "" && w.s.handle(name, w.tracker.Kind()) != "" {
			return name
		}
	}
	return ""
}

// react acknowledges a command. Jira has no reactions: a short reply says it,
// with search only if an earlier attempt did not write it.
func (w *work) react(ctx context.Context, a domain.Action, search bool) error {
	ok, err := w.tracker.React(ctx, w.ref(), a.Key)
	if err != nil {
		return w.writeFailed(ctx, a, err)
	}
	if ok {
		return w.done(ctx, a, nil)
	}
	a.Payload, a.Digest = render(trackers.Text{Marker: markReply, Lead: "Done."})
	a.Kind = domain.ActReply
	return w.write(ctx, a, search)
}

// commander runs the commands of one comment.
type commander struct {
	w       *work
	author  string
	at      time.Time // when it was said, where that is not now
	checked bool
	may     bool
	told    []string // what came of the commands, where that is to be said
}

// mayWrite reports whether the author is one of people, or may write to the
// ticket's repository or project.
func (c *commander) mayWrite(ctx context.Context) error {
	if c.w.s.Known(c.author) {
		return nil
	}
	if !c.checked {
		ok, err := c.w.tracker.CanWrite(ctx, c.w.ref(), c.author)
		if err != nil {
			switch class := trackers.ClassOf(err); {
			case refusedForGood(err), class == trackers.NotFound, class == trackers.Gone:
				// Who may not be asked about may not.
			default:
				return fmt.Errorf("asking whether %s may write: %w", c.author, err)
			}
		}
		c.checked, c.may = true, ok && err == nil
	}
	if !c.may {
		return Refusal("that needs write permission on " + c.w.ref().Project() + ", or an entry under `people`")
	}
	return nil
}

// request turns a refusal into a request when the author is one of people: an
// approver is asked on the ticket.
func (c *commander) request(cmd claims.Command, err error) (string, error) {
	var no Refusal
	missing := c.w.s.refuseApproval(c.w.st, c.author) // what an approver's word would mend
	if !errors.As(err, &no) || missing == "" || !c.w.s.Known(c.author) || c.w.approver() == "" {
		return "", err
	}
	key := cmd.Verb
	for _, r := range c.w.st.Requests {
		if strings.HasPrefix(strings.TrimPrefix(strings.TrimSpace(r.Line), "/holdfast "), key) {
			return "", Refusal(string(no) + "; approvers were asked already")
		}
	}
	return fmt.Sprintf("%s asks for %s. %s.", c.author, code(cmd.Line), upper(string(no))), nil
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// run carries out one command in memory: the entries to be recorded, or what
// to answer. A Refusal is for the author; any other error is tried again.
func (c *commander) run(ctx context.Context, cmd claims.Command) (done []domain.Entry, answer string, err error) {
	w, st, now := c.w, c.w.st, c.w.r.now().UTC()
	if !c.at.IsZero() {
		now = c.at
	}
	if cmd.Problem != "" {
		return nil, "", Refusal(cmd.Problem)
	}
	fact := func(e domain.Entry) []domain.Entry {
		e.At, e.Kind = now, domain.Fact
		return []domain.Entry{e}
	}
	approved := func(e domain.Entry, err error) ([]domain.Entry, string, error) {
		if err != nil {
			answer, err := c.request(cmd, err)
			return nil, answer, err
		}
		return []domain.Entry{e}, "", nil
	}
	switch cmd.Verb {
	case "status":
		return nil, "", nil
	case "waive":
		return approved(w.s.Waive(st, c.author, cmd.Duration, cmd.Rest, now))
	case "unwaive":
		return approved(w.s.Unwaive(st, c.author, now))
	case "withdraw":
		return approved(w.s.Withdraw(st, c.author, cmd.Rest, now))
	case "attest":
		e, err := w.s.Attest(st, c.author, cmd.Args[0], cmd.Rest, now)
		if err != nil {
			return nil, "", err
		}
		return []domain.Entry{e}, "", nil
	case "priority":
		p := domain.Priority(cmd.Args[0])
		e := domain.Entry{Name: domain.PrioritySet, Spec: &domain.ItemSpec{Priority: p}, Note: c.author + " set the priority to " + string(p) + "."}
		if due := w.s.dueAfter(st, p); due != "" {
			e.Spec.Due = due
			words := "With priority " + string(p) + " it is due on " + due + "."
			e.Note += " " + words
			defer func() {
				if err == nil && len(done) > 0 {
					c.told = append(c.told, words)
				}
			}()
		}
		if st.Spec.Priority.Above(p) { // lowering
			if no := w.s.refuseApproval(st, c.author); no != "" {
				answer, err := c.request(cmd, Refusal(no))
				return nil, answer, err
			}
			return fact(e), "", nil
		}
		if err := c.mayWrite(ctx); err != nil {
			return nil, "", err
		}
		return fact(e), "", nil
	}
	if err := c.mayWrite(ctx); err != nil {
		return nil, "", err
	}
	switch cmd.Verb {
	case "fixed-by", "not-fixed-by":
		return c.changes(ctx, cmd, now)
	case "service":
		var names []string
		for _, word := range cmd.Args {
			svc, ok := w.s.Find(word)
			if !ok {
				return nil, "", Refusal("no service is called " + quote(word))
			}
			names = append(names, svc.Name)
		}
		return fact(domain.Entry{Name: domain.ServicesSet, Spec: &domain.ItemSpec{Services: names}, Note: c.author + " named the services: " + strings.Join(names, ", ") + "."}), "", nil
	case "due":
		// The day on which it was written, where the item's team is, may be the
		// due day; one before it would be overdue the moment that it is set.
		if today := now.In(w.s.location(st.Spec.Team)).Format(time.DateOnly); cmd.Args[0] < today {
			return nil, "", Refusal(quote(cmd.Args[0]) + " is over, as it is " + today + ": write a day to come, `/holdfast due YYYY-MM-DD <reason>`")
		}
		return fact(domain.Entry{Name: domain.DueSet, Spec: &domain.ItemSpec{Due: cmd.Args[0]}, Note: c.author + " moved the due date to " + cmd.Args[0] + ": " + cut(cmd.Rest, 300)}), "", nil
	case "type":
		t := domain.Type(cmd.Args[0])
		return fact(domain.Entry{Name: domain.TypeSet, Spec: &domain.ItemSpec{Type: t}, Note: c.author + " set the type to " + string(t) + "."}), "", nil
	}
	return nil, "", Refusal("there is no command " + quote(cmd.Verb))
}

// changes links changes to the item, or takes them off.
func (c *commander) changes(ctx context.Context, cmd claims.Command, now time.Time) ([]domain.Entry, string, error) {
	var out []domain.Entry
	for _, word := range cmd.Args {
		ch, err := c.w.r.FindChange(ctx, c.w.s, c.w.st, word)
		if err != nil {
			if cls := trackers.ClassOf(err); errors.Is(err, errNoChange) || cls == trackers.NotFound {
				return nil, "", Refusal(strings.TrimSuffix(err.Error(), ": "+errNoChange.Error()))
			}
			return nil, "", err
		}
		ch.How, ch.By = domain.ClaimFixedBy, c.author
		e := domain.Entry{At: now, Kind: domain.Fact, Name: domain.ChangeLinked, Change: &ch, Note: c.author + " says that " + ch.Key() + " fixes it."}
		if cmd.Verb == "not-fixed-by" {
			e.Name, e.Note = domain.ChangeRejected, c.author+" says that "+ch.Key()+" does not fix it."
		}
		out = append(out, e)
		if cmd.Verb == "not-fixed-by" {
			// The same change may be linked as a commit or as a pull request.
			for _, have := range c.w.st.Changes {
				if have.SHA != "" && strings.EqualFold(have.SHA, ch.SHA) && have.Key() != ch.Key() {
					other := have
					out = append(out, domain.Entry{At: now, Kind: domain.Fact, Name: domain.ChangeRejected, Change: &other, Note: e.Note})
				}
			}
		}
	}
	return out, "", nil
}
