package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
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
	Comment string `json:"comment"`
	Digest  string `json:"digest"`
}

// previewPull says on an open pull request what its merge would file: one
// comment, edited when the pull request changes. Nothing is filed by it. A pull
// request from a fork gets none, since anybody can open one.
func (b *Backend) previewPull(ctx context.Context, src config.PostmortemSource, ref domain.Ref) error {
	t, ok := b.reconciler.Setup().Trackers[src.Tracker]
	host, isHost := t.(trackers.CodeHost)
	if !ok || !isHost {
		return nil
	}
	if paused, _, _, err := b.ledger.Paused(ctx); paused || err != nil {
		return err // the next change of the pull request, or of its branch, shows it
	}
	pull, err := host.PullRequest(ctx, src.Repo, ref.Number())
	if err != nil {
		if c := trackers.ClassOf(err); c == trackers.NotFound || c == trackers.Gone {
			return nil
		}
		return fmt.Errorf("reading %s: %w", ref, err)
	}
	wanted := pull.Base == src.Branch || src.Branch == "" && pull.DefaultBase
	if !pull.Open || pull.Head == "" || !wanted || !strings.EqualFold(pull.HeadRepo, src.Repo) {
		return nil
	}
	text, worth, err := b.previewText(ctx, src, pull)
	if err != nil {
		return fmt.Errorf("previewing %s: %w", ref, err)
	}
	return b.writePreview(ctx, t, ref, text, worth)
}

// previewText works out what a merge would file; worth is false where that is
// nothing.
func (b *Backend) previewText(ctx context.Context, src config.PostmortemSource, pull trackers.Change) (text trackers.Text, worth bool, err error) {
	files, err := b.docSource(src.Tracker, src.Repo)
	if err != nil {
		return text, false, err
	}
	_, base, err := files.head(ctx, src.Branch)
	if err != nil {
		return text, false, err
	}
	if !files.byHost {
		if missing, err := files.mirror.Ensure(ctx, pull.Head); err != nil || len(missing) > 0 {
			return text, false, errors.Join(err, fmt.Errorf("the mirror lacks %s", pull.Head))
		}
		if base, err = files.mirror.MergeBase(ctx, base, pull.Head); err != nil {
			return text, false, err
		}
	}
	old, err := files.tree(ctx, base)
	if err != nil {
		return text, false, err
	}
	now, err := files.tree(ctx, pull.Head)
	if err != nil {
		return text, false, err
	}
	p := push{b: b, src: src, place: docPlace(src.Tracker, src.Repo, src.Branch), files: files, head: pull.Head, problems: docProblems{}, quiet: true}
	lines, err := p.preview(ctx, old, now)
	if err != nil || len(lines) == 0 {
		return text, false, err
	}
	text = trackers.Text{Marker: markPreview, Lead: "What merging this files", Lines: lines}
	text.Lines = append(text.Lines, "Nothing is filed before the merge. `status: draft` in the front matter keeps a document out.")
	return text, true, nil
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
	word := map[string]string{"file": "new ticket", "update": "updates", "adopt": "adopts", "done": "done already, no ticket", "remove": "taken out, told on"}[l.Action]
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
	key := "preview/" + string(ref)
	stored, err := b.ledger.Meta(ctx, key)
	if err != nil {
		return err
	}
	var m previewMark
	if stored != "" {
		if err := json.Unmarshal([]byte(stored), &m); err != nil {
			return err
		}
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
	out, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return b.ledger.SetMeta(ctx, key, string(out), 0)
}
