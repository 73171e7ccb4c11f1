package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// barrierPatience is how long the rough world may take to show what the calm
// one does, while faults go on.
const barrierPatience = 4 * time.Minute

// chapter is one postmortem of one service, from its filing to the end of its
// items. Chapters of one service follow each other; services are independent.
type chapter struct {
	run     *run
	service service
	n       int
	rng     *rand.Rand
	items   []*item
	over    bool // the time is over: nothing more is done
}

type item struct {
	id   string
	plot string
}

func (c *chapter) id() string {
	return fmt.Sprintf("2026-11-%02d-%s-%d", 1+c.n%28, c.service.name, c.n)
}

// do plays one step in both worlds, first in the calm one.
func (c *chapter) do(ctx context.Context, what string, step func(ctx context.Context, w *world) error) error {
	if c.over || ctx.Err() != nil {
		return ctx.Err()
	}
	r := c.run
	if !time.Now().Before(r.end) {
		c.over = true
		return nil
	}
	r.events.Add(1)
	r.tell("%s: %s", c.id(), what)
	r.calmTurn.Lock()
	err := step(ctx, r.calm)
	if err == nil {
		err = r.calm.rest(ctx, barrierPatience)
	}
	r.calmTurn.Unlock()
	if err != nil {
		return fmt.Errorf("%s, in the calm world: %w", what, err)
	}
	if err := step(ctx, r.rough); err != nil {
		return fmt.Errorf("%s, in the rough world: %w", what, err)
	}
	return nil
}

// meet waits until the rough world shows what the calm one does, so that what
// follows depends on nothing else.
func (c *chapter) meet(ctx context.Context) {
	if c.over {
		return
	}
	r := c.run
	ids := make([]string, len(c.items))
	for i, it := range c.items {
		ids[i] = it.id
	}
	var want, have map[string]view
	err := poll(ctx, barrierPatience, 250*time.Millisecond, func() bool {
		if time.Now().After(r.end) {
			c.over = true
			return true
		}
		want, have = r.calm.look(ctx, ids), r.rough.look(ctx, ids)
		return len(differ(want, have)) == 0
	})
	if err != nil {
		c.over = true // what would follow depends on what has not come
		r.say("%s: the worlds do not meet %v: %s", c.id(), err, strings.Join(differ(want, have), "; "))
	}
}

// play is the whole chapter.
func (c *chapter) play(ctx context.Context) error {
	steps := []func(context.Context) error{c.base, c.file, c.mistake, c.fix, c.again, c.ship, c.roll, c.object}
	for _, s := range steps {
		if err := s(ctx); err != nil {
			return err
		}
		if c.meet(ctx); c.over {
			return nil
		}
	}
	return nil
}

// base deploys what there is, so that there is something to go back to.
func (c *chapter) base(ctx context.Context) error {
	if err := c.do(ctx, "a commit", func(_ context.Context, w *world) error {
		sha, err := w.site.GitHub.Commit(c.service.repo, "main", "carol", fmt.Sprintf("Release notes %d", c.n), map[string]string{"NOTES": fmt.Sprintf("%d\n", c.n)})
		w.set(c.id()+"/base", sha)
		return err
	}); err != nil {
		return err
	}
	return c.deploy(ctx, "base")
}

var plots = []string{"merge", "merge", "merge", "early", "push", "fixed-by", "waive", "attest", "beg", "leave"}

// file sends the postmortem in.
func (c *chapter) file(ctx context.Context) error {
	n := 1 + c.rng.IntN(3)
	var doc strings.Builder
	fmt.Fprintf(&doc, "---\nid: %s\ntitle: Incident %d of %s\ndate: 2026-11-%02d\nseverity: SEV2\n---\n\n## Action items\n\n| Action item | Priority | Type | Owner | Service |\n| --- | --- | --- | --- | --- |\n",
		c.id(), c.n, c.service.name, 1+c.n%28)
	var items []*item
	for i := range n {
		it := &item{id: fmt.Sprintf("%s/%d", c.id(), i+1), plot: plots[c.rng.IntN(len(plots))]}
		items = append(items, it)
		fmt.Fprintf(&doc, "| Repair part %d of incident %d | P%d | %s | Bob | %s |\n", i+1, c.n, 1+c.rng.IntN(3), []string{"Prevent", "Detect", "Docs"}[c.rng.IntN(3)], c.service.name)
	}
	return c.do(ctx, fmt.Sprintf("a postmortem with %d items", n), func(ctx context.Context, w *world) error {
		if w == c.run.calm {
			c.items = items
			c.run.filed(items)
		}
		return w.insist(ctx, func(ctx context.Context) error {
			_, err := w.client.File(ctx, api.FileRequest{ContentType: api.MarkdownType, Name: "postmortem.md", Body: []byte(doc.String())})
			return err
		})
	})
}

func (r *run) filed(items []*item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, it := range items {
		r.items = append(r.items, it.id)
	}
}

// mistake: a person closes a ticket and opens it again at once. Deliveries say
// that it was closed; it is open, and nothing is to be done about it, in either
// world. This is the one thing that the calm world is not believed about:
// where its service acts on what a delivery says, both worlds may do so.
func (c *chapter) mistake(ctx context.Context) error {
	for _, it := range c.items {
		before := c.run.calm.look(ctx, []string{it.id})
		if err := c.do(ctx, "a person closes and reopens "+it.id, func(_ context.Context, w *world) error { return w.closeByMistake(it.id, "carol") }); err != nil {
			return err
		}
		if d := differ(before, c.run.calm.look(ctx, []string{it.id})); len(d) > 0 {
			c.run.wrong.Add(1)
			c.run.say("%s was closed by mistake and reopened at once, and yet something was done, in the calm world: %s", it.id, strings.Join(d, "; "))
		}
	}
	return nil
}

// fix plays what people do about each item.
func (c *chapter) fix(ctx context.Context) error {
	for _, i := range c.rng.Perm(len(c.items)) {
		it := c.items[i]
		var err error
		switch it.plot {
		case "merge":
			style := []string{"merge", "squash", "rebase"}[c.rng.IntN(3)]
			if err = c.merge(ctx, it, style); err == nil && c.service.jira != "" {
				err = c.close(ctx, it, "")
			}
		case "push":
			if err = c.push(ctx, it, true); err == nil && c.service.jira != "" {
				err = c.close(ctx, it, "")
			}
		case "early":
			if err = c.close(ctx, it, ""); err == nil {
				c.meet(ctx)
				err = c.push(ctx, it, true)
			}
		case "fixed-by":
			if err = c.push(ctx, it, false); err == nil {
				err = c.command(ctx, it, "bob", func(w *world) string { return "/holdfast fixed-by " + w.get(it.id) })
			}
			if err == nil {
				c.meet(ctx)
				err = c.close(ctx, it, "")
			}
		case "waive":
			err = c.command(ctx, it, "alice", func(*world) string { return "/holdfast waive 30d not worth it" })
			if err == nil {
				c.meet(ctx)
				err = c.close(ctx, it, "not_planned")
			}
		case "attest":
			err = c.command(ctx, it, "alice", func(*world) string { return "/holdfast attest https://wiki.acme.example/runbook done by hand" })
			if err == nil {
				c.meet(ctx)
				err = c.close(ctx, it, "")
			}
		case "beg": // who may not waive asks; the approvers are asked once
			err = c.command(ctx, it, "bob", func(*world) string { return "/holdfast waive 30d no time for it" })
			if err == nil {
				err = c.command(ctx, it, "carol", func(*world) string { return "/holdfast status" })
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// again closes one item a second time, before anything was deployed, and makes
// some noise.
func (c *chapter) again(ctx context.Context) error {
	it := c.items[c.rng.IntN(len(c.items))]
	if it.plot == "merge" || it.plot == "early" || it.plot == "push" {
		if err := c.close(ctx, it, ""); err != nil {
			return err
		}
		c.meet(ctx)
	}
	if c.rng.IntN(2) == 0 {
		if err := c.do(ctx, "a remark", func(_ context.Context, w *world) error {
			return w.comment(it.id, "carol", "Any news? > /holdfast waive 1d quoted")
		}); err != nil {
			return err
		}
	}
	if err := c.chatter(ctx); err != nil {
		return err
	}
	if c.rng.IntN(2) == 0 {
		return c.do(ctx, "a deployment to staging", func(ctx context.Context, w *world) error {
			return w.deploy(ctx, c.service, "staging", w.head(c.service))
		})
	}
	return nil
}

// chatter asks for the status of items again and again, while earlier questions
// are being answered: each one gets its answer.
func (c *chapter) chatter(ctx context.Context) error {
	for _, it := range c.items {
		if c.rng.IntN(2) == 0 {
			continue
		}
		gaps := make([]time.Duration, 2+c.rng.IntN(3))
		for i := range gaps {
			gaps[i] = time.Duration(c.rng.IntN(250)) * time.Millisecond
		}
		if err := c.do(ctx, fmt.Sprintf("%d questions on %s", len(gaps), it.id), func(ctx context.Context, w *world) error {
			for _, gap := range gaps {
				if err := w.comment(it.id, "carol", "/holdfast status"); err != nil {
					return err
				}
				nap(ctx, gap)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// ship deploys everything to production.
func (c *chapter) ship(ctx context.Context) error {
	if err := c.do(ctx, "a tag on what ships", func(_ context.Context, w *world) error { w.set(c.id()+"/head", w.head(c.service)); return nil }); err != nil {
		return err
	}
	return c.deploy(ctx, "head")
}

// roll goes back to what was before, and forward again.
func (c *chapter) roll(ctx context.Context) error {
	if c.rng.IntN(2) == 0 {
		return nil
	}
	if err := c.deploy(ctx, "base"); err != nil {
		return err
	}
	c.meet(ctx)
	return c.deploy(ctx, "head")
}

// object: a person opens again what was accepted; more work follows, or leave.
func (c *chapter) object(ctx context.Context) error {
	it := c.items[c.rng.IntN(len(c.items))]
	if c.rng.IntN(3) > 0 || it.plot == "leave" || it.plot == "beg" {
		return nil
	}
	c.meet(ctx)
	if err := c.do(ctx, "a person reopens "+it.id, func(_ context.Context, w *world) error { return w.reopen(it.id, "carol") }); err != nil {
		return err
	}
	c.meet(ctx)
	// Two trackers have two clocks: whether a commit came after the reopening
	// can only be told where both are the same one.
	if c.service.jira != "" {
		if err := c.command(ctx, it, "alice", func(*world) string { return "/holdfast waive 20d it will do" }); err != nil {
			return err
		}
	} else {
		nap(ctx, 1100*time.Millisecond) // GitHub's clock has seconds
		if err := c.push(ctx, it, false); err != nil {
			return err
		}
		if err := c.command(ctx, it, "bob", func(w *world) string { return "/holdfast fixed-by " + w.get(it.id) }); err != nil {
			return err
		}
		c.meet(ctx)
		if err := c.ship(ctx); err != nil {
			return err
		}
	}
	c.meet(ctx)
	return c.close(ctx, it, "")
}

// deploy reports a deployment to every production environment.
func (c *chapter) deploy(ctx context.Context, what string) error {
	for i, env := range c.service.targets {
		if i > 0 && c.rng.IntN(2) == 0 {
			c.meet(ctx)
		}
		if err := c.do(ctx, "deployment of "+what+" to "+env, func(ctx context.Context, w *world) error {
			return w.deploy(ctx, c.service, env, w.get(c.id()+"/"+what))
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *chapter) merge(ctx context.Context, it *item, style string) error {
	return c.do(ctx, "a merge for "+it.id, func(_ context.Context, w *world) error { return w.merge(c.service, it.id, style) })
}

func (c *chapter) push(ctx context.Context, it *item, claims bool) error {
	return c.do(ctx, "a push for "+it.id, func(_ context.Context, w *world) error { return w.push(c.service, it.id, claims) })
}

func (c *chapter) close(ctx context.Context, it *item, reason string) error {
	return c.do(ctx, "a person closes "+it.id, func(_ context.Context, w *world) error { return w.closeTicket(it.id, "carol", reason) })
}

func (c *chapter) command(ctx context.Context, it *item, who string, text func(w *world) string) error {
	return c.do(ctx, who+" comments on "+it.id, func(_ context.Context, w *world) error {
		return w.comment(it.id, who, text(w))
	})
}

// report is what CI sends.
func report(s service, env, sha string, at time.Time) api.DeploymentReport {
	return api.DeploymentReport{ID: fmt.Sprintf("%s-%s-%d", s.name, env, at.UnixNano()), Service: s.name, Environment: env, SHA: sha, Status: domain.Success, Percent: 100, FinishedAt: at}
}
