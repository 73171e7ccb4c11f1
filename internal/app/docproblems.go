package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/trackers"
)

// docProblem is why a document was not filed.
type docProblem struct {
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

// docProblems are the documents of a repository that were not filed, by path;
// empty: not one document alone. One that was filed since, or deleted, is none.
type docProblems map[string]docProblem

// maxDocProblems bounds what is kept of one repository.
const maxDocProblems = 200

func (b *Backend) docProblems(ctx context.Context, tracker, repo string) (docProblems, error) {
	out := docProblems{}
	text, err := b.ledger.Meta(ctx, "documents-problems/"+tracker+"/"+strings.ToLower(repo))
	if err != nil || text == "" {
		return out, err
	}
	return out, json.Unmarshal([]byte(text), &out)
}

func (b *Backend) setDocProblems(ctx context.Context, tracker, repo string, p docProblems) error {
	for _, file := range slices.Sorted(maps.Keys(p)) {
		if len(p) <= maxDocProblems {
			break
		}
		delete(p, file)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return b.ledger.SetMeta(ctx, "documents-problems/"+tracker+"/"+strings.ToLower(repo), string(text), 0)
}

// intakeFindings tell what doctor should know of documents and of queries for
// tickets to be adopted.
func (a *App) intakeFindings(ctx context.Context, cfg *config.Config) []trackers.Finding {
	var out []trackers.Finding
	for _, src := range cfg.Postmortems {
		subject := "documents of " + src.Repo
		check, cancel := context.WithTimeout(ctx, time.Minute)
		files, err := a.backend.docSource(src.Tracker, src.Repo)
		branch, head := "", ""
		if err == nil {
			branch, head, err = files.head(check, src.Branch)
		}
		problems, perr := a.backend.docProblems(check, src.Tracker, src.Repo)
		cancel()
		switch {
		case err != nil:
			out = append(out, trackers.Finding{Subject: subject, Detail: err.Error(), Remedy: "check that the tracker's token may read " + src.Repo})
		case head == "":
			out = append(out, trackers.Finding{Subject: subject, OK: true, Warning: true, Detail: fmt.Sprintf("there is no branch %q yet", branch), Remedy: "push to it, or correct postmortems[].branch"})
		default:
			out = append(out, trackers.Finding{Subject: subject, OK: true, Detail: "pushes to " + branch + " are filed"})
		}
		if perr != nil {
			continue // the store is told of elsewhere
		}
		for _, file := range slices.Sorted(maps.Keys(problems)) {
			f := trackers.Finding{Subject: strings.TrimSpace(subject + " " + file), OK: true, Warning: true, Detail: problems[file].Detail, Remedy: "correct the document and push it; holdfast parse shows what is read from it"}
			if file == "" {
				f.Remedy = "file those that are meant: holdfast file"
			}
			out = append(out, f)
		}
	}
	for i, q := range cfg.Adopt {
		t, ok := a.reconciler.Setup().Trackers[q.Tracker]
		if !ok {
			continue
		}
		check, cancel := context.WithTimeout(ctx, time.Minute)
		_, _, err := a.backend.search(check, t, q.Query, a.o.Now().Add(-time.Minute))
		cancel()
		f := trackers.Finding{Subject: fmt.Sprintf("adopt[%d]", i), OK: err == nil, Detail: q.Tracker + " understands the query " + q.Query}
		if err != nil {
			f.Detail, f.Remedy = err.Error(), "try the query in the tracker's own search, and correct adopt in the configuration"
		}
		out = append(out, f)
	}
	return out
}
