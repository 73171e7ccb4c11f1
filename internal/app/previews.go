package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/documents"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	markPreview = "holdfast:preview"
	// previewLines bounds the items that are shown of one pull request.
	previewLines = 60
)

// previewMark is the one comment with the preview, as it was last written.
type previewMark struct {
	Comment string `json:"comment,omitempty"`
	Digest  string `json:"digest,omitempty"`
	// Seen is what was last looked at, whether or not that was worth a comment.
	Seen string `json:"seen,omitempty"`
	// Again is when to look at it again, because the comment was refused.
	Again time.Time `json:"again,omitzero"`
}

// refusedPreview is for how long a comment that was refused is not tried again.
const refusedPreview = time.Hour

// seenAs names the state of a pull request that a preview shows.
func seenAs(pull trackers.Change) string { return pull.Head + " to " + pull.Base }

func (b *Backend) previewMark(ctx context.Context, ref domain.Ref) (m previewMark, err error) {
	stored, err := b.ledger.Meta(ctx, "preview/"+string(ref))
	if err != nil || stored == "" {
		return m, err
	}
	return m, json.Unmarshal([]byte(stored), &m)
}

func (b *Backend) setPreviewMark(ctx context.Context, ref domain.Ref, m previewMark) error {
	out, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return b.ledger.SetMeta(ctx, "preview/"+string(ref), string(out), 0)
}

// unseenPulls makes those open pull requests to a repository of documents due
// whose state nobody has looked at: their webhook was lost, or they were there
// before it was set up.
func (b *Backend) unseenPulls(ctx context.Context, tracker, repo string) error {
	host, ok := b.reconciler.Setup().Trackers[tracker].(trackers.OpenPullLister)
	if !ok {
		return nil
	}
	pulls, err := host.OpenPulls(ctx, repo)
	if err != nil {
		return fmt.Errorf("looking for pull requests to preview in %s: %w", repo, err)
	}
	var due []string
	for _, p := range pulls {
		if p.Head == "" || !strings.EqualFold(p.HeadRepo, repo) {
			continue
		}
		ref := domain.GitHubRef(tracker, repo, p.PullRequest)
		m, err := b.previewMark(ctx, ref)
		if err != nil {
			return err
		}
		if m.Seen != seenAs(p) || !m.Again.IsZero() && b.now().After(m.Again) {
			due = append(due, "preview/"+string(ref))
		}
	}
	return b.ledger.Touch(ctx, b.now(), due...)
}

// previewPull says on an open pull request what its merge would file: one
// comment, edited when the pull request changes. Nothing is filed by it. A pull
// request from a fork gets none, since anybody can open one.
func (b *Backend) previewPull(ctx context.Context, sources []config.PostmortemSource, ref domain.Ref) error {
	sources = slices.DeleteFunc(slices.Clone(sources), func(src config.PostmortemSource) bool {
		return src.Tracker != ref.Tracker() || !strings.EqualFold(src.Repo, ref.Project())
	})
	t, ok := b.reconciler.Setup().Trackers[ref.Tracker()]
	host, isHost := t.(trackers.CodeHost)
	if !ok || !isHost || len(sources) == 0 {
		return nil
	}
	if paused, _, _, err := b.ledger.Paused(ctx); paused || err != nil {
		return err // a sweep finds it afterwards
	}
	pull, err := host.PullRequest(ctx, ref.Project(), ref.Number())
	if err != nil {
		if c := trackers.ClassOf(err); c == trackers.NotFound || c == trackers.Gone {
			return nil
		}
		return fmt.Errorf("reading %s: %w", ref, err)
	}
	if !pull.Open || pull.Head == "" || !strings.EqualFold(pull.HeadRepo, ref.Project()) {
		return nil
	}
	var again time.Time
	for _, src := range sources {
		if src.Branch != "" && src.Branch != pull.Base {
			continue
		}
		text, worth, ours, err := b.previewText(ctx, src, pull)
		if err != nil {
			return fmt.Errorf("previewing %s: %w", ref, err)
		}
		if !ours {
			continue
		}
		err = b.writePreview(ctx, t, ref, text, worth)
		if c := trackers.ClassOf(err); c == trackers.Denied || c == trackers.NotFound || c == trackers.Gone || c == trackers.Invalid {
			b.log.Warn("a preview could not be written", "ticket", ref, "err", err)
			again, err = b.now().Add(refusedPreview).UTC(), nil
		}
		if err != nil {
			return err
		}
	}
	m, err := b.previewMark(ctx, ref)
	if err != nil || m.Seen == seenAs(pull) && m.Again.Equal(again) {
		return err
	}
	m.Seen, m.Again = seenAs(pull), again
	return b.setPreviewMark(ctx, ref, m)
}

// previewText works out what a merge would file; worth is false where that is
// nothing, and ours where the pull request goes to another branch.
func (b *Backend) previewText(ctx context.Context, src config.PostmortemSource, pull trackers.Change) (text trackers.Text, worth, ours bool, err error) {
	files, err := b.docSource(src.Tracker, src.Repo)
	if err != nil {
		return text, false, false, err
	}
	branch, base, err := files.head(ctx, src.Branch)
	if err != nil || branch != pull.Base {
		return text, false, false, err
	}
	if !files.byHost {
		if missing, err := files.mirror.Ensure(ctx, pull.Head); err != nil || len(missing) > 0 {
			return text, false, true, errors.Join(err, fmt.Errorf("the mirror lacks %s", pull.Head))
		}
		if base, err = files.mirror.MergeBase(ctx, base, pull.Head); err != nil {
			return text, false, true, err
		}
	}
	old, err := files.tree(ctx, base)
	if err != nil {
		return text, false, true, err
	}
	now, err := files.tree(ctx, pull.Head)
	if err != nil {
		return text, false, true, err
	}
	p := push{b: b, src: src, place: docPlace(src.Tracker, src.Repo, src.Branch), files: files, head: pull.Head, problems: docProblems{}, quiet: true}
	lines, err := p.preview(ctx, old, now)
	if err != nil || len(lines) == 0 {
		return text, false, true, err
	}
	text = trackers.Text{Marker: markPreview, Lead: "What merging this files", Lines: lines}
	text.Lines = append(text.Lines, "Nothing is filed before the merge. `status: draft` in the front matter keeps a document out.")
	return text, true, true, nil
}

// preview lists, document by document, what filing it would do.
func (p *push) preview(ctx context.Context, old, now documents.Tree) (out []string, err error) {
	blobs := map[string]string{}
	for _, c := range documents.Between(old, now, p.wanted, nil) {
		if c.Blob != "" {
			blobs[c.Path] = c.Blob
		}
	}
	if p.bodies, err = p.files.read(ctx, p.head, blobs); err != nil {
		return nil, err
	}
	p.parse(blobs)
	shown := 0
	for _, c := range documents.Between(old, now, p.wanted, nil) {
		about := code(c.Path) + ": "
		doc, ok := p.parsed[c.Path]
		switch {
		case c.Kind == documents.Deleted:
			id, err := p.known(ctx, c.Path)
			if err != nil {
				return nil, err
			}
			if id != "" {
				out = append(out, about+"deleted; that is told on the tickets of its items, which stay.")
			}
			continue
		case !ok:
			out = append(out, about+"it cannot be filed: "+p.problems[c.Path].Detail+".")
			continue
		case doc.Draft:
			out = append(out, about+"a draft, so nothing is filed.")
			continue
		case len(doc.Items) == 0 || c.Kind == documents.Renamed && old[c.Old] == c.Blob:
			continue
		}
		id, err := p.known(ctx, c.Path)
		if err == nil && id == "" && c.Kind == documents.Renamed {
			id, err = p.known(ctx, c.Old)
		}
		if err == nil && id == "" {
			id, err = p.newID(ctx, c.Path, doc)
		}
		if err != nil {
			return nil, err
		}
		r, err := p.b.FilePostmortem(ctx, api.Actor{Name: "preview"}, api.FileRequest{ID: id, Name: path.Base(c.Path), ContentType: contentType(c.Path), Body: p.bodies[c.Path], DryRun: true})
		var bad api.Invalid
		switch {
		case errors.As(err, &bad):
			out = append(out, about+"it cannot be filed: "+bad.Detail)
			continue
		case err != nil:
			return nil, err
		}
		var b strings.Builder
		if r.Refused > 0 {
			fmt.Fprintf(&b, "%s**it will not be filed as it stands**: `policy.lint` is “require”, which does not take it with %s. Mend that before the merge; afterwards, a further push of the document files it.\n", about, countHints(r.Refused))
		} else {
			fmt.Fprintf(&b, "%s%s\n", about, code(r.Postmortem))
		}
		for _, l := range r.Plan {
			if l.Action == "unchanged" {
				continue
			}
			if shown++; shown > previewLines {
				break
			}
			b.WriteString("\n- " + planWords(l))
			for _, h := range l.Hints {
				b.WriteString("\n  - " + oneLine(h.String()))
			}
		}
		for _, w := range r.Warnings {
			if r.Refused > 0 && strings.HasPrefix(w, "policy.lint ") {
				continue // said above, for who merges
			}
			b.WriteString("\n- Note: " + oneLine(w))
		}
		out = append(out, b.String())
	}
	if shown > previewLines {
		out = append(out, fmt.Sprintf("There are more than %d items; `holdfast file --dry-run` shows them all.", previewLines))
	}
	return out, nil
}

// planWords is one line of a plan for people.
func planWords(l api.PlanLine) string {
	word := map[string]string{"file": "new ticket", "update": "updates", "adopt": "adopts", "done": "done already, no ticket", "tracked": "is tracked already as", "remove": "taken out, told on"}[l.Action]
	if l.Target != "" && l.Action != "file" {
		word += " " + code(l.Target)
	}
	s := fmt.Sprintf("**%s** %s: %s", l.Priority, word, oneLine(l.Title))
	for _, x := range []struct{ name, value string }{{"owner", deref(l.Owner)}, {"due", deref(l.Due)}, {"services", strings.Join(l.Services, ", ")}} {
		if x.value != "" {
			s += ", " + x.name + " " + oneLine(x.value)
		}
	}
	if l.Action == "file" {
		s += " → " + code(l.Target)
	}
	if l.Detail != "" {
		s += " (" + oneLine(l.Detail) + ")"
	}
	return s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func oneLine(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 300 {
		return string(r[:299]) + "…"
	}
	return string(r)
}

func code(s string) string { return "`" + strings.ReplaceAll(oneLine(s), "`", "'") + "`" }

// writePreview makes the comment, or brings it up to date. One that says
// nothing any more says so.
func (b *Backend) writePreview(ctx context.Context, t trackers.Tracker, ref domain.Ref, text trackers.Text, worth bool) error {
	m, err := b.previewMark(ctx, ref)
	if err != nil {
		return err
	}
	if !worth {
		if m.Comment == "" {
			return nil
		}
		text = trackers.Text{Marker: markPreview, Lead: "Merging this files nothing."}
	}
	all, err := json.Marshal(text)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(all)
	digest := hex.EncodeToString(sum[:8])
	if m.Digest == digest {
		return nil
	}
	if m.Comment == "" {
		// It may have been written just before a crash.
		c, found, err := t.FindComment(ctx, ref, trackers.Text{Marker: markPreview}, time.Time{})
		if err != nil {
			return err
		}
		if found {
			m.Comment = c.ID
		}
	}
	if m.Comment != "" {
		err := t.EditComment(ctx, ref, m.Comment, text)
		if c := trackers.ClassOf(err); err != nil && c != trackers.NotFound && c != trackers.Gone {
			return err
		}
		if err != nil {
			m.Comment = "" // somebody deleted it
		}
	}
	if m.Comment == "" {
		c, err := t.AddComment(ctx, ref, text)
		if err != nil {
			return err
		}
		m.Comment = c.ID
	}
	m.Digest = digest
	return b.setPreviewMark(ctx, ref, m)
}
