package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/documents"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/trackers"
)

// maxNewDocuments is how many documents with action items may come at once. More
// are an archive that somebody moved in, and not as many incidents.
const maxNewDocuments = 20

// docMark is how far the documents of a branch were read.
type docMark struct {
	Head string `json:"head,omitempty"` // empty: there was no such branch
	// First: nothing was read yet. What was there at this commit came before
	// Holdfast looked, and is not filed.
	First bool `json:"first,omitempty"`
}

// place names a branch of a repository of documents.
func docPlace(tracker, repo, branch string) string {
	return tracker + "/" + strings.ToLower(repo) + "/" + branch
}

func (b *Backend) docMark(ctx context.Context, place string) (m docMark, known bool, err error) {
	text, err := b.ledger.Meta(ctx, "documents/"+place)
	if err != nil || text == "" {
		return m, false, err
	}
	return m, true, json.Unmarshal([]byte(text), &m)
}

func (b *Backend) setDocMark(ctx context.Context, place string, m docMark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return b.ledger.SetMeta(ctx, "documents/"+place, string(text), 0)
}

// pushedTo notes from where a branch of documents moved, where that is not
// known: a push may be heard before the repository was first looked at, or the
// first look may have seen the push already.
func (b *Backend) pushedTo(ctx context.Context, src config.PostmortemSource, ev domain.Event) error {
	place := docPlace(src.Tracker, src.Repo, src.Branch)
	m, known, err := b.docMark(ctx, place)
	if err != nil {
		return err
	}
	if known && !(m.First && m.Head == ev.Head && m.Head != "" && ev.Before != "") {
		return nil
	}
	return b.setDocMark(ctx, place, docMark{Head: ev.Before, First: true})
}

// readDocuments files what was pushed to a repository of documents since the
// last time. Of the first time only the place is kept: what is there was
// written before, and nobody asked for its tickets.
func (b *Backend) readDocuments(ctx context.Context, src config.PostmortemSource, web string) error {
	files, err := b.docSource(src.Tracker, src.Repo)
	if err != nil {
		return err
	}
	_, head, err := files.head(ctx, src.Branch)
	if err != nil {
		return fmt.Errorf("reading the documents of %s: %w", src.Repo, err)
	}
	place := docPlace(src.Tracker, src.Repo, src.Branch)
	m, known, err := b.docMark(ctx, place)
	switch {
	case err != nil:
		return err
	case !known:
		b.log.Info("documents that are pushed from now on are filed", "repo", src.Repo, "branch", src.Branch, "from", head)
		return b.setDocMark(ctx, place, docMark{Head: head, First: true})
	case m.Head == head || head == "":
		return nil
	}
	old, err := files.tree(ctx, m.Head)
	if err != nil {
		if !files.dropped(ctx, m.Head, err) {
			return fmt.Errorf("reading the documents of %s: %w", src.Repo, err)
		}
		// A forced push dropped it: what came in between cannot be told.
		b.log.Warn("what changed in a repository of documents cannot be told, because its history was rewritten; file by hand what is missing", "repo", src.Repo, "from", m.Head, "to", head, "err", err)
		return b.setDocMark(ctx, place, docMark{Head: head})
	}
	now, err := files.tree(ctx, head)
	if err != nil {
		return fmt.Errorf("reading the documents of %s: %w", src.Repo, err)
	}
	p := push{b: b, src: src, place: place, web: web, files: files, head: head}
	if err := p.file(ctx, old, now); err != nil {
		return fmt.Errorf("filing the documents of %s: %w", src.Repo, err)
	}
	return b.setDocMark(ctx, place, docMark{Head: head})
}

// push is the work on what came with one or several pushes.
type push struct {
	b        *Backend
	src      config.PostmortemSource
	place    string // docPlace
	web      string // address of the host for people
	files    *docSource
	head     string
	bodies   map[string][]byte              // path → content
	parsed   map[string]postmortem.Document // path → document
	problems docProblems
	refused  []remark
	quiet    bool // it is only a preview
}

// remark is what the author of a document is told: it was not filed, and why.
type remark struct {
	file, why string
	places    []string // in the document
}

func (p *push) wanted(file string) bool { return reconcile.Within(p.src.Paths, file) }

func (p *push) file(ctx context.Context, old, now documents.Tree) (err error) {
	if p.problems, err = p.b.docProblems(ctx, p.src.Tracker, p.src.Repo); err != nil {
		return err
	}
	blobs := map[string]string{}
	for _, c := range documents.Between(old, now, p.wanted, nil) {
		if c.Blob != "" {
			blobs[c.Path] = c.Blob
		}
	}
	if p.bodies, err = p.files.read(ctx, p.head, blobs); err != nil {
		return err
	}
	p.parse(blobs)
	var found error
	list := documents.Between(old, now, p.wanted, func(came, went []string) map[string]string {
		pairs, err := p.alike(ctx, came, went)
		found = err
		return pairs
	})
	if found != nil {
		return found
	}
	fresh := 0
	for _, c := range list {
		if doc, ok := p.parsed[c.Path]; ok && c.Kind == documents.Added && len(doc.Items) > 0 && !doc.Draft {
			fresh++
		}
	}
	delete(p.problems, "")
	if fresh > maxNewDocuments {
		p.problems[""] = docProblem{At: p.b.now().UTC(), Detail: fmt.Sprintf("%d new documents came at once, with %s; none of the new ones was filed, because that looks like an archive. File those that are meant: holdfast file", fresh, short12(p.head))}
	}
	for _, c := range list {
		if c.Kind == documents.Added && fresh > maxNewDocuments {
			continue
		}
		if err := p.one(ctx, c, old[c.Old] == c.Blob); err != nil {
			return err
		}
	}
	if err := p.tell(ctx); err != nil {
		return err
	}
	return p.b.setDocProblems(ctx, p.src.Tracker, p.src.Repo, p.problems)
}

func short12(sha string) string { return sha[:min(len(sha), 12)] }

// parse reads the documents once, and remembers what cannot be read.
func (p *push) parse(blobs map[string]string) {
	p.parsed = map[string]postmortem.Document{}
	for file := range blobs {
		delete(p.problems, file)
		body, ok := p.bodies[file]
		if !ok {
			p.problem(file, "it is larger than a postmortem may be")
			continue
		}
		doc, err := postmortem.Parse(path.Base(file), body)
		if err != nil {
			p.problem(file, err.Error())
			continue
		}
		p.parsed[file] = doc
	}
}

func (p *push) problem(file, detail string, places ...string) {
	p.refused = append(p.refused, remark{file, detail, places})
	if r := []rune(detail); len(r) > 500 {
		detail = string(r[:500]) + "…"
	}
	p.problems[file] = docProblem{At: p.b.now().UTC(), Detail: detail}
	if p.quiet {
		return
	}
	p.b.log.Warn("a document cannot be filed", "repo", p.src.Repo, "path", file, "reason", detail)
}

// alike finds the documents that were renamed and edited at once.
func (p *push) alike(ctx context.Context, came, went []string) (map[string]string, error) {
	var earlier []filing.Earlier
	at := map[string]string{} // id → path
	for _, w := range went {
		id, err := p.known(ctx, w)
		if err != nil {
			return nil, err
		}
		if id == "" {
			continue
		}
		e, err := p.b.earlier(ctx, id)
		if err != nil {
			return nil, err
		}
		earlier, at[id] = append(earlier, e), w
	}
	out := map[string]string{}
	for _, c := range came {
		doc, ok := p.parsed[c]
		if !ok {
			continue
		}
		if w := at[doc.ID]; w != "" {
			out[c] = w
		} else if id, ok := filing.Renamed(doc, earlier); ok {
			out[c] = at[id]
		}
	}
	return out, nil
}

// one files what happened to one document.
func (p *push) one(ctx context.Context, c documents.Change, untouched bool) error {
	if c.Kind == documents.Deleted {
		delete(p.problems, c.Path)
		return p.deleted(ctx, c.Path)
	}
	doc, ok := p.parsed[c.Path]
	if !ok {
		return nil // that was told
	}
	id, err := p.known(ctx, c.Path)
	if err == nil && c.Kind == documents.Renamed {
		delete(p.problems, c.Old)
		id, err = p.moved(ctx, c.Old, c.Path)
	}
	if err != nil {
		return err
	}
	if doc.Draft || id == "" && (len(doc.Items) == 0 || c.Kind == documents.Renamed && untouched) {
		return nil
	}
	if len(doc.Items) == 0 {
		p.problem(c.Path, "no action items are found in it any more; what was filed from it stays as it is")
		return nil
	}
	if id == "" {
		if id, err = p.newID(ctx, c.Path, doc); err != nil {
			return err
		}
	}
	if owner, err := p.b.ledger.Meta(ctx, "document-of/"+id); err != nil {
		return err
	} else if owner != "" && owner != p.place+"/"+c.Path {
		p.problem(c.Path, fmt.Sprintf("the id %s is that of %s: give one of them another id in its front matter", id, strings.TrimPrefix(owner, p.place+"/")))
		return nil
	}
	if err := p.bind(ctx, c.Path, id); err != nil {
		return err
	}
	by := api.Actor{Name: "push to " + p.src.Repo + "@" + short12(p.head)}
	_, err = p.b.FilePostmortem(ctx, by, api.FileRequest{ID: id, Name: path.Base(c.Path), Source: p.link(c.Path), ContentType: contentType(c.Path), Body: p.bodies[c.Path]})
	var bad api.Invalid
	if errors.As(err, &bad) {
		p.problem(c.Path, bad.Detail, placesOf(err)...)
		return nil
	}
	return err
}

// placesOf is what a refusal says beyond its first words.
func placesOf(err error) []string {
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var out []string
	for _, e := range all.Unwrap()[1:] {
		var bad api.Invalid
		if errors.As(e, &bad) {
			out = append(out, bad.Detail)
		}
	}
	return out
}

// maxPlaces bounds what one comment on a commit lists.
const maxPlaces = 40

// tell says why documents were not filed, on the pull request that brought
// them, or on the commit that changed them. So their authors hear of it, who
// read no log of ours.
func (p *push) tell(ctx context.Context) error {
	if len(p.refused) == 0 {
		return nil
	}
	t := p.b.reconciler.Setup().Trackers[p.src.Tracker]
	if paused, _, _, err := p.b.ledger.Paused(ctx); paused || err != nil {
		return err // doctor tells it
	}
	pull, err := p.merged(ctx)
	if err != nil {
		return err
	}
	for _, r := range p.refused[:min(len(p.refused), maxNewDocuments)] {
		sum := sha256.Sum256([]byte(r.file))
		text := trackers.Text{Marker: "holdfast:document " + hex.EncodeToString(sum[:6]), Lead: "This postmortem was not filed.", Lines: []string{code(r.file) + ": " + oneLine(r.why) + "."}}
		if len(r.places) > 0 {
			list := "- " + strings.Join(r.places[:min(len(r.places), maxPlaces)], "\n- ")
			if more := len(r.places) - maxPlaces; more > 0 {
				list += fmt.Sprintf("\n- … and %d more", more)
			}
			text.Lines = append(text.Lines, list, "Correct the document and push it: then it is filed. `holdfast file --force` files it as it stands.")
		} else {
			text.Lines = append(text.Lines, "Correct the document and push it. `holdfast parse` shows what is read from it.")
		}
		err := p.say(ctx, t, pull, r.file, text)
		switch c := trackers.ClassOf(err); {
		case err == nil:
		case c == trackers.Denied || c == trackers.NotFound || c == trackers.Gone || c == trackers.Invalid:
			p.b.log.Warn("the author of a document that cannot be filed could not be told", "repo", p.src.Repo, "path", r.file, "err", err)
		default:
			return err
		}
	}
	return nil
}

func (p *push) say(ctx context.Context, t trackers.Tracker, pull domain.Ref, file string, text trackers.Text) error {
	if pull != "" {
		_, there, err := t.FindComment(ctx, pull, trackers.Text{Marker: text.Marker}, time.Time{})
		if err == nil && !there {
			_, err = t.AddComment(ctx, pull, text)
		}
		return err
	}
	if host, ok := t.(trackers.Remarker); ok {
		return host.Remark(ctx, p.src.Repo, p.head, file, text)
	}
	return nil
}

// mergeOf is how hosts name the pull request in the commit of its merge.
var mergeOf = regexp.MustCompile(`^Merge pull request #(\d{1,9})\b|\(#(\d{1,9})\)$`)

// merged is the pull request whose merge was pushed, if that is what it was.
func (p *push) merged(ctx context.Context) (domain.Ref, error) {
	if p.files.byHost {
		return "", nil
	}
	c, ok, err := p.files.mirror.Commit(ctx, p.head)
	if err != nil || !ok {
		return "", err
	}
	m := mergeOf.FindStringSubmatch(c.Subject)
	if m == nil {
		return "", nil
	}
	n, _ := strconv.Atoi(m[1] + m[2])
	pull, err := p.files.code.PullRequest(ctx, p.src.Repo, n)
	switch class := trackers.ClassOf(err); {
	case err != nil && (class == trackers.NotFound || class == trackers.Gone || class == trackers.Denied || class == trackers.Invalid):
		return "", nil
	case err != nil:
		return "", err
	case !pull.Merged || pull.SHA != "" && pull.SHA != p.head:
		return "", nil
	}
	return domain.GitHubRef(p.src.Tracker, p.src.Repo, n), nil
}

func contentType(file string) string {
	switch strings.ToLower(path.Ext(file)) {
	case ".json":
		return api.JSONType
	case ".html", ".htm":
		return api.HTMLType
	}
	return api.MarkdownType
}

// link is the address of a document as it was pushed.
func (p *push) link(file string) string {
	parts := strings.Split(file, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	return p.web + "/" + p.src.Repo + "/blob/" + p.head + "/" + strings.Join(parts, "/")
}

// newID chooses the id of a document that was never filed from here: its own,
// that of a postmortem which was filed by other means, or, where the name is
// that of another document, its path.
func (p *push) newID(ctx context.Context, file string, doc postmortem.Document) (string, error) {
	if filing.Named(path.Base(file), doc) {
		return postmortem.CleanID(doc.ID), nil
	}
	in := filing.Input{Document: doc}
	_, another, err := p.b.renamed(ctx, path.Base(file), &in)
	if err != nil {
		return "", err
	}
	if another {
		return documents.PathID(file), nil
	}
	for _, id := range []string{in.ID, postmortem.CleanID(doc.ID)} {
		if id == "" {
			continue
		}
		owner, err := p.b.ledger.Meta(ctx, "document-of/"+id)
		if err != nil || owner == "" || owner == p.place+"/"+file {
			return id, err
		}
	}
	return documents.PathID(file), nil
}

// known is the id of a document that was filed from this path.
func (p *push) known(ctx context.Context, file string) (string, error) {
	return p.b.ledger.Meta(ctx, "document/"+p.place+"/"+file)
}

func (p *push) bind(ctx context.Context, file, id string) error {
	if err := p.b.ledger.SetMeta(ctx, "document/"+p.place+"/"+file, id, 0); err != nil {
		return err
	}
	return p.b.ledger.SetMeta(ctx, "document-of/"+id, p.place+"/"+file, 0)
}

// moved takes what is known of a path along to another one.
func (p *push) moved(ctx context.Context, from, to string) (id string, err error) {
	if id, err = p.known(ctx, from); err != nil || id == "" {
		if err == nil {
			id, err = p.known(ctx, to) // a step that was interrupted
		}
		return id, err
	}
	if err := p.bind(ctx, to, id); err != nil {
		return id, err
	}
	return id, p.b.ledger.SetMeta(ctx, "document/"+p.place+"/"+from, "", 0)
}

// deleted tells the items of a document that it is gone. Their tickets stay.
func (p *push) deleted(ctx context.Context, file string) error {
	id, err := p.known(ctx, file)
	if err != nil || id == "" {
		return err
	}
	if err := p.b.drop(ctx, id, "The document "+file+" was deleted from "+p.src.Repo+".", "push to "+p.src.Repo+"@"+short12(p.head)); err != nil {
		return err
	}
	if err := p.b.ledger.SetMeta(ctx, "document-of/"+id, "", 0); err != nil {
		return err
	}
	return p.b.ledger.SetMeta(ctx, "document/"+p.place+"/"+file, "", 0)
}

// drop records that no document names these items any more.
func (b *Backend) drop(ctx context.Context, id, note, cause string) error {
	lease, err := b.hold(ctx, "postmortem/"+id)
	if err != nil {
		return err
	}
	defer func() { _ = b.ledger.Done(context.WithoutCancel(ctx), lease, time.Time{}) }()
	pm, err := b.ledger.Postmortem(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return storeError(err)
	}
	ids, err := b.ledger.ItemsOfPostmortem(ctx, id)
	if err != nil {
		return storeError(err)
	}
	entries := map[string][]domain.Entry{}
	for _, item := range ids {
		st, err := b.state(ctx, item)
		if err != nil {
			return err
		}
		if !st.Removed {
			entries[item] = []domain.Entry{{At: b.now().UTC(), Kind: domain.Fact, Name: domain.ItemRemoved, Cause: cause, Note: note}}
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return storeError(b.ledger.File(ctx, lease, pm, entries))
}
