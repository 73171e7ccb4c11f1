package verdicts

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type checkpoint struct {
	id    string
	after int
}

// wanted reads what a file of cases expects.
func wanted(t testing.TB, name string) (verdict, category map[checkpoint]string) {
	t.Helper()
	verdict, category = map[checkpoint]string{}, map[checkpoint]string{}
	require.NoError(t, eachLine(name, maxCases, func(_ int, line []byte) error {
		var c struct {
			ID, Category string
			Expect       []struct {
				After           int
				Verdict, Reason string
			}
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		for _, x := range c.Expect {
			verdict[checkpoint{c.ID, x.After}] = x.Verdict
			category[checkpoint{c.ID, x.After}] = c.Category + ": " + x.Reason
		}
		return nil
	}))
	return verdict, category
}

// Every checkpoint of the recorded histories is right. Where these are not at
// hand, the package's own small ones stand for them.
func TestRecordedHistories(t *testing.T) {
	const dir = "../../../shared/histories"
	files, err := filepath.Glob(filepath.Join(dir, "*.cases.jsonl.gz"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Log("no recorded histories beside the project; the small ones of this package stand for them")
	}
	for _, cases := range files {
		name := cases[len(dir)+1 : len(cases)-len(".cases.jsonl.gz")]
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			loaded, err := Load(cases)
			require.NoError(t, err)
			h, err := ReadFile(filepath.Join(dir, name+".commits.jsonl.gz"), "")
			require.NoError(t, err)
			lines, err := Replay(context.Background(), h, loaded)
			require.NoError(t, err)
			t.Logf("%d verdicts in %s", len(lines), time.Since(start).Round(time.Millisecond))
			check(t, cases, lines)
		})
	}
}

func check(t *testing.T, cases string, lines []Line) {
	t.Helper()
	want, category := wanted(t, cases)
	if out := os.Getenv("HOLDFAST_VERDICTS"); out != "" {
		b := []byte{}
		for _, l := range lines {
			j, _ := json.Marshal(l)
			b = append(append(b, j...), '\n')
		}
		require.NoError(t, os.WriteFile(out+"/"+filepath.Base(cases)+".v", b, 0o600))
	}
	wrong := map[string]int{}
	for _, l := range lines {
		at := checkpoint{l.ID, l.After}
		if want[at] != l.Verdict {
			k := category[at] + " → want " + want[at] + ", got " + l.Verdict + " (" + l.Reason + ")"
			if wrong[k]++; wrong[k] <= 3 {
				t.Errorf("%s after %d: %s", l.ID, l.After, k)
			}
		}
		delete(want, at)
	}
	require.Empty(t, want, "checkpoints without a verdict")
	for k, n := range wrong {
		t.Logf("%4d × %s", n, k)
	}
}
