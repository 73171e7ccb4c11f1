package reconcile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// write commits a file.
func (w *world) write(path, text, subject string) string {
	w.t.Helper()
	full := filepath.Join(w.repo, path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(full), 0o700))
	require.NoError(w.t, os.WriteFile(full, []byte(text), 0o600))
	w.git("add", path)
	w.git("commit", "-q", "-m", subject)
	return w.git("rev-parse", "HEAD")
}

func (w *world) why(id string) string { return strings.Join(w.state(id).Verdict.Why, "\n") }

const rows = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"

// A release line that has the fix only as a patch applied by hand ships it,
// and loses it with the revert of that patch.
func TestACopyOnAReleaseLineShipsTheFix(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.write("a.txt", rows, "base")
	w.git("branch", "release")
	w.advance(time.Minute)
	fix := w.write("a.txt", strings.Replace(rows, "5", "five", 1), "Fix the rounding")
	w.git("switch", "-q", "release")
	w.advance(time.Minute)
	without := w.write("b.txt", "b", "Something else")
	w.merge(fix, 7, id)
	w.deploy("prod-eu", without)
	w.close(id, domain.Completed)
	require.False(t, w.ticket(id).Closed)
	require.Equal(t, "not_deployed", w.state(id).Verdict.Reason)

	w.git("cherry-pick", "--no-commit", fix)
	w.advance(time.Minute)
	w.git("commit", "-q", "-m", "Round as one should")
	pick := w.git("rev-parse", "HEAD")
	d := w.deploy("prod-eu", pick)
	require.Equal(t, []string{id}, d.Shipped)
	require.True(t, w.ticket(id).Closed)
	require.Contains(t, w.why(id), "carried by "+pick[:10]+" (the same patch)")

	w.advance(time.Minute)
	w.git("revert", "--no-edit", pick)
	undo := w.git("rev-parse", "HEAD")
	d = w.deploy("prod-eu", undo)
	require.Equal(t, []string{id}, d.TookBack)
	require.Equal(t, "reverted", w.state(id).Verdict.Reason)
	require.Contains(t, w.why(id), "undone by the revert "+undo[:10])
	w.advance(time.Hour)
	require.False(t, w.ticket(id).Closed)
}

// In a monorepo the services whose paths a change touches must ship it, and no
// others; one that touches none is asked about.
func TestPathsSayWhichServiceMustShip(t *testing.T) {
	w := newWorld(t)
	shop := w.setup.Services[0]
	shop.Name, shop.Paths, shop.Production = "shop", []string{"services/shop/**"}, []domain.Environment{{Name: "prod-shop"}}
	w.setup.Services[0].Paths = []string{"services/checkout/**"}
	w.setup.Services = append(w.setup.Services, shop)
	w.r.setup.Store(w.setup)
	ids := w.file(2)
	fix := w.write("services/checkout/a.go", "package a", "Fix the checkout")
	w.merge(fix, 7, ids[0])
	w.deploy("prod-eu", fix)
	w.close(ids[0], domain.Completed)
	require.True(t, w.ticket(ids[0]).Closed)
	require.Equal(t, "done", w.status(ids[0]))
	require.NotContains(t, w.why(ids[0]), "shop")

	docs := w.write("docs/a.md", "words", "Explain it")
	w.merge(docs, 8, ids[1])
	w.deploy("prod-eu", docs)
	w.close(ids[1], domain.Completed)
	require.Equal(t, "no_service_concerned", w.state(ids[1]).Verdict.Reason)
	require.True(t, w.ticket(ids[1]).Closed, "held, not reopened")
	asked := 0
	for _, c := range w.comments(ids[1]) {
		if strings.Contains(c.Body, "/holdfast service") {
			asked++
		}
	}
	require.Equal(t, 1, asked)
	w.gh.SetWriter("bob")
	w.say(ids[1], "bob", "/holdfast service checkout")
	require.Equal(t, "done", w.status(ids[1]), "answered: it is there")
}

// What is live, and only not for long enough, is not called undeployed.
func TestAFixThatSoaksIsNotCalledUndeployed(t *testing.T) {
	w := newWorld(t)
	w.rules.Soak = time.Hour
	id := w.file(1)[0]
	w.deploy("prod-eu", w.commit("Before"))
	fix := w.commit("The fix")
	w.merge(fix, 7, id)
	w.close(id, domain.Completed)
	require.Contains(t, w.comments(id)[0].Body, "Not in production yet.")
	w.deploy("prod-eu", fix)
	body := w.comments(id)[0].Body
	require.Contains(t, body, "In production, but not for long enough yet.")
	require.NotContains(t, body, "when the fix ships")
	w.advance(2 * time.Hour)
	require.True(t, w.ticket(id).Closed)
}

// What only looks like the fix is asked about, and the question is settled by
// writing what it says.
func TestTheQuestionAboutALikenessIsSettledByItsAnswer(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	base := w.write("a.txt", rows, "base")
	w.git("branch", "release")
	w.deploy("prod-eu", base)
	w.advance(time.Minute)
	fix := w.write("a.txt", strings.Replace(rows, "5", "five", 1), "Round as one should (#7)")
	w.merge(fix, 7, id)
	w.git("switch", "-q", "release")
	w.write("b.txt", "ported by hand", "Round as one should (#7) (#8)")
	w.git("commit", "-q", "--amend", "--no-edit", "--author=Somebody Else <else@acme.example>")
	copied := w.git("rev-parse", "HEAD")
	w.deploy("prod-eu", copied)
	w.close(id, domain.Completed)
	require.Equal(t, "probable_equivalent", w.state(id).Verdict.Reason)
	require.True(t, w.ticket(id).Closed, "it is held")

	comments := w.comments(id)
	asked := comments[len(comments)-1].Body
	require.Contains(t, asked, "/holdfast not-fixed-by acme/checkout#7")
	w.say(id, "owner-gh", "/holdfast fixed-by "+copied+"\n/holdfast not-fixed-by "+fix)
	require.Equal(t, "verified", w.state(id).Verdict.Verdict)
	require.True(t, w.ticket(id).Closed)
}

// Every reason that the checks leave open what to do about says it.
func TestRemedies(t *testing.T) {
	for _, reason := range []policy.Reason{policy.NoLinkedChange, policy.NotMerged, policy.ReopenedByPerson, policy.NotDeployed, policy.RolledBack,
		policy.PartiallyDeployed, policy.Canary, policy.Reverted, policy.ProbableEquivalent, policy.RevisionUnknown} {
		require.NotEmpty(t, Remedy(reason), reason)
	}
	require.Empty(t, Remedy(policy.Soaking), "there is only to wait")
}
