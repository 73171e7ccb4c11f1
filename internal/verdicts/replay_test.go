package verdicts

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func sha(s string) string { return fmt.Sprintf("%040x", []byte(s)) }

// save writes lines of JSON, packed where the name says so, and returns the
// path.
func save(t testing.TB, dir, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(dir, strings.TrimSuffix(name, ".gz"))
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	if strings.HasSuffix(name, ".gz") {
		require.NoError(t, exec.Command("gzip", "-f", path).Run())
		path += ".gz"
	}
	return path
}

func commit(name string, more map[string]any, parents ...string) string {
	c := map[string]any{"sha": sha(name), "parents": []string{}, "author": "a1", "author_time": 1, "subject": name, "reverts": []any{}, "pr": nil, "patch_id": nil, "from": nil}
	ps := []string{}
	for _, p := range parents {
		ps = append(ps, sha(p))
	}
	c["parents"] = ps
	for k, v := range more {
		c[k] = v
	}
	b, _ := json.Marshal(c)
	return string(b)
}

func merge(name string) map[string]any { return map[string]any{"type": "merge", "sha": sha(name)} }
func closed(reason string) map[string]any {
	return map[string]any{"type": "close", "reason": reason}
}

func deploy(target, name string, more ...any) map[string]any {
	e := map[string]any{"type": "deploy", "target": target, "state": "success", "sha": sha(name)}
	for i := 0; i < len(more); i += 2 {
		if e[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(e, more[i].(string))
		}
	}
	return e
}

// story is one case: each event is a checkpoint.
func tale(id string, more map[string]any, events ...map[string]any) string {
	at := 100
	for i, e := range events {
		at += 100
		e["seq"] = i + 1
		if e["at"] == nil {
			e["at"] = at
		}
	}
	c := map[string]any{"id": id, "targets": []any{map[string]any{"name": "prod"}}, "policy": "all", "events": events,
		"fixes": []any{map[string]any{"pr": nil, "style": "direct", "landed": sha("fix"), "head": nil, "commits": []string{sha("fix")}}}}
	for k, v := range more {
		c[k] = v
	}
	b, _ := json.Marshal(c)
	return string(b)
}

func targets(list ...string) []any {
	var out []any
	for _, t := range list {
		name, service, _ := strings.Cut(t, "@")
		out = append(out, map[string]any{"name": name, "service": service})
	}
	return out
}

var small = []string{
	commit("base", nil),
	commit("old", nil, "base"),
	commit("fix", map[string]any{"paths": []string{"pay/", "README.md"}}, "old"),
	commit("next", nil, "fix"),
	commit("pick", map[string]any{"trailers": []string{sha("fix")}}, "base"),
	commit("undo", map[string]any{"reverts": []any{map[string]any{"sha": sha("fix"), "strong": true}}}, "next"),
	commit("two", map[string]any{"paths": []string{"shop/"}}, "next"),
}

func TestReplay(t *testing.T) {
	two := []any{map[string]any{"style": "direct", "landed": sha("fix"), "commits": []string{sha("fix")}}, map[string]any{"style": "direct", "landed": sha("two"), "commits": []string{sha("two")}}}
	cases := []struct {
		name string
		more map[string]any
		do   []map[string]any
		want string // verdict and reason after each event
	}{
		{"shipped", nil, []map[string]any{merge("fix"), closed("completed"), deploy("prod", "old"), deploy("prod", "next")},
			"not_verified no_deployment_heard, not_verified no_deployment_heard, not_verified not_deployed, verified "},
		{"deployed before the merge was told", nil, []map[string]any{deploy("prod", "next"), closed("completed"), merge("fix")}, "not_verified no_linked_change, not_verified no_linked_change, verified "},
		{"rolled back and forward", nil, []map[string]any{merge("fix"), deploy("prod", "next"), deploy("prod", "old"), deploy("prod", "pick")},
			"not_verified no_deployment_heard, verified , not_verified rolled_back, verified "},
		{"reverted", nil, []map[string]any{merge("fix"), deploy("prod", "undo")}, "not_verified no_deployment_heard, not_verified reverted"},
		{"what moves nothing", nil, []map[string]any{merge("fix"), deploy("prod", "next"), deploy("prod", "old", "state", "failure"), deploy("prod", "old", "state", "in_progress"), deploy("staging", "old"),
			deploy("prod", "old", "at", 1), deploy("prod", "old", "percent", 50)},
			"not_verified no_deployment_heard, verified , verified , verified , verified , verified , verified "},
		{"the same second: by id", nil, []map[string]any{merge("fix"), deploy("prod", "next", "at", 9, "id", 10), deploy("prod", "old", "at", 9, "id", 9), deploy("prod", "old", "at", 9, "id", "11")},
			"not_verified no_deployment_heard, verified , verified , not_verified rolled_back"},
		{"a canary", nil, []map[string]any{merge("fix"), deploy("prod", "old"), deploy("prod", "next", "percent", 5), deploy("prod", "next")},
			"not_verified no_deployment_heard, not_verified not_deployed, not_verified canary, verified "},
		{"a canary of nothing", nil, []map[string]any{merge("fix"), deploy("prod", "next", "percent", 5)}, "not_verified no_deployment_heard, not_verified canary"},
		{"a version", nil, []map[string]any{merge("fix"), deploy("prod", "", "sha", nil, "ref", "v1.0.0"), deploy("prod", "", "sha", nil, "ref", "1.0.0"), deploy("prod", "", "sha", nil, "ref", "v9.9.9")},
			"not_verified no_deployment_heard, verified , verified , unknown revision_unknown"},
		{"an unknown commit", nil, []map[string]any{merge("fix"), deploy("prod", "nowhere"), deploy("prod", "next")}, "not_verified no_deployment_heard, unknown revision_unknown, verified "},
		{"all targets", map[string]any{"targets": targets("eu", "us")}, []map[string]any{merge("fix"), deploy("eu", "next"), deploy("us", "next")},
			"not_verified no_deployment_heard, not_verified partially_deployed, verified "},
		{"any target", map[string]any{"targets": targets("eu", "us"), "policy": "any"}, []map[string]any{merge("fix"), deploy("eu", "next")}, "not_verified no_deployment_heard, verified "},
		{"two of three", map[string]any{"targets": targets("eu", "us", "ap"), "policy": "quorum:2"}, []map[string]any{merge("fix"), deploy("eu", "next"), deploy("ap", "pick")},
			"not_verified no_deployment_heard, not_verified partially_deployed, verified "},
		{"unknown does not hide what is known", map[string]any{"targets": targets("eu", "us")}, []map[string]any{merge("fix"), deploy("eu", "nowhere"), deploy("us", "old")},
			"not_verified no_deployment_heard, not_verified not_deployed, not_verified not_deployed"},
		{"a second fix takes the proof away", map[string]any{"fixes": two}, []map[string]any{merge("fix"), deploy("prod", "next"), merge("two"), deploy("prod", "two")},
			"not_verified no_deployment_heard, verified , not_verified partially_deployed, verified "},
		{"in a monorepo only the service that it touches", map[string]any{"targets": targets("a@pay", "b@shop"), "services": map[string][]string{"pay": {"pay/"}, "shop": {"shop/"}}},
			[]map[string]any{merge("fix"), deploy("b", "next"), deploy("a", "next")}, "not_verified no_deployment_heard, not_verified not_deployed, verified "},
		{"each service its own fix", map[string]any{"fixes": two, "targets": targets("a@pay", "b@shop"), "services": map[string][]string{"pay": {"pay/"}, "shop": {"shop/"}}},
			[]map[string]any{merge("fix"), merge("two"), deploy("b", "two"), deploy("a", "next")},
			"not_verified no_deployment_heard, not_verified no_deployment_heard, not_verified partially_deployed, verified "},
		{"a fix that touches no service", map[string]any{"targets": targets("a@web"), "services": map[string][]string{"web": {"web/"}}}, []map[string]any{merge("fix"), deploy("a", "next")},
			"unknown no_service_concerned, unknown no_service_concerned"},
		{"not planned, reopened", nil, []map[string]any{merge("fix"), closed("not_planned"), {"type": "reopen"}, closed("duplicate")},
			"not_verified no_deployment_heard, exempt , not_verified no_deployment_heard, exempt "},
	}
	dir := t.TempDir()
	history := save(t, dir, "small.commits.jsonl.gz", small...)
	save(t, dir, "small.tags.json", `{"v1.0.0":"`+sha("next")+`"}`)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			loaded, err := Load(save(t, dir, fmt.Sprint("c", i, ".jsonl.gz"), tale(c.name, c.more, c.do...)))
			require.NoError(t, err)
			lines, err := ReplayFile(context.Background(), history, "", loaded, nil)
			require.NoError(t, err)
			var got []string
			for n, l := range lines {
				require.Equal(t, c.name, l.ID)
				require.Equal(t, n+1, l.After)
				got = append(got, l.Verdict+" "+l.Reason)
			}
			if diff := cmp.Diff(strings.Split(c.want, ", "), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	good := save(t, dir, "good.commits.jsonl", small...)
	story := func(more map[string]any) string { return tale("x", more, merge("fix")) }
	for name, c := range map[string]struct{ line, want string }{
		"no JSON":                       {"{", "line 1: no JSON object"},
		"an unknown policy":             {story(map[string]any{"policy": "most"}), `policy "most" is unknown: want all, any or quorum:N`},
		"a quorum of none":              {story(map[string]any{"policy": "quorum:0"}), "want a number above 0"},
		"a quorum of many":              {story(map[string]any{"policy": "quorum:9"}), "more than the 1 targets"},
		"no id":                         {story(map[string]any{"id": ""}), "no id"},
		"a fix without a commit":        {story(map[string]any{"fixes": []any{map[string]any{"landed": "main"}}}), `names the commit "main"`},
		"an unknown style":              {story(map[string]any{"fixes": []any{map[string]any{"style": "octopus"}}}), `style "octopus" is unknown`},
		"events out of order":           {story(map[string]any{"events": []any{map[string]any{"seq": 2, "type": "reopen"}, map[string]any{"seq": 1, "type": "reopen"}}}), "event 1 comes after event 2"},
		"an unknown event":              {story(map[string]any{"events": []any{map[string]any{"type": "explode"}}}), `unknown type "explode"`},
		"an unknown state":              {story(map[string]any{"events": []any{map[string]any{"type": "deploy", "state": "maybe"}}}), `unknown state "maybe"`},
		"a target of no service":        {story(map[string]any{"services": map[string]any{"pay": []string{"pay/"}}}), "which services does not name"},
		"nothing":                       {"", "holds no case"},
		"a line that is no line":        {strings.Repeat("x", maxLine+1), "longer than 4 MB"},
		"a name that would forge lines": {story(map[string]any{"policy": "a\nb\x1b[2J"}), `policy "a\nb\x1b[2J" is unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(save(t, dir, "cases.jsonl", c.line))
			require.ErrorContains(t, err, c.want)
		})
	}
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"a missing parent":      {[]string{commit("a", nil), commit("b", nil, "lost")}, "has the parent " + sha("lost") + ", which is missing"},
		"a circle":              {[]string{commit("a", nil, "c"), commit("b", nil, "a"), commit("c", nil, "b")}, "circle of parents"},
		"its own parent":        {[]string{commit("a", nil, "a")}, "circle of parents"},
		"no commit id":          {[]string{commit("a", map[string]any{"sha": "HEAD"})}, `"head" is no commit id`},
		"a parent that is none": {[]string{commit("a", map[string]any{"parents": []string{"x"}})}, `its parent "x" is no commit id`},
		"no JSON":               {[]string{commit("a", nil), "what?"}, "line 2: no JSON object"},
		"a commit twice":        {[]string{commit("a", nil), commit("b", nil, "a"), commit("a", nil)}, "line 3: commit \"" + sha("a") + "\" was told on an earlier line"},
	} {
		t.Run("history: "+name, func(t *testing.T) {
			_, err := ReadFile(save(t, dir, "bad.commits.jsonl", c.lines...), "")
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := ReadFile(good, filepath.Join(dir, "none.json"))
	require.ErrorContains(t, err, "reading the tags in")
	_, err = ReadFile(good, save(t, dir, "bad.tags.json", `{"v1":"main"}`))
	require.ErrorContains(t, err, `tag "v1" has the commit "main"`)
	_, err = ReadFile(filepath.Join(dir, "none.jsonl"), "")
	require.ErrorContains(t, err, "no such file")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.jsonl.gz"), []byte("no gzip"), 0o600))
	_, err = ReadFile(filepath.Join(dir, "x.jsonl.gz"), "")
	require.ErrorContains(t, err, "unpacking")
}

// A history in any order of lines, deep as any chain, ends.
func TestLargeHistory(t *testing.T) {
	const n = 100_000
	path := filepath.Join(t.TempDir(), "large.commits.jsonl")
	f, err := os.Create(path)
	require.NoError(t, err)
	for i := n; i > 0; i-- { // children first
		parent := ""
		if i > 1 {
			parent = fmt.Sprintf(`"%040x"`, i-1)
		}
		_, err := fmt.Fprintf(f, `{"sha":"%040x","parents":[%s],"author":"a","author_time":%d,"subject":"s %d"}`+"\n", i, parent, i, i)
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	start := time.Now()
	h, err := ReadFile(path, "")
	require.NoError(t, err)
	require.Equal(t, n, h.Len())
	require.Less(t, time.Since(start), 2*time.Minute)
}

// The same from a real git directory, with its own tags and paths.
func TestReplayGit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repo")
	clock := 1_700_000_000
	git := func(args ...string) string {
		t.Helper()
		clock += 60
		cmd := exec.Command("git", args...)
		if args[0] != "init" {
			cmd.Dir = dir
		}
		date := fmt.Sprintf("%d +0000", clock)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=alice", "GIT_AUTHOR_EMAIL=alice@acme.example",
			"GIT_COMMITTER_NAME=bob", "GIT_COMMITTER_EMAIL=bob@acme.example", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "git %v: %s", args, out)
		return strings.TrimSpace(string(out))
	}
	write := func(path, text, message string) string {
		t.Helper()
		full := filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o700))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o600))
		git("add", path)
		git("commit", "-q", "-m", message)
		return git("rev-parse", "HEAD")
	}
	git("init", "-q", "-b", "main", dir)
	write("pay/a.txt", "1\n2\n3\n4\n5\n6\n7\n", "base")
	git("branch", "release")
	fix := write("pay/a.txt", "1\n2\n3\nfour\n5\n6\n7\n", "fix it")
	git("tag", "-a", "-m", "x", "v1.0.0")
	git("switch", "-q", "release")
	without := write("shop/b.txt", "b", "something else")
	git("cherry-pick", "--no-commit", fix)
	git("commit", "-q", "-m", "the same by hand")
	pick := git("rev-parse", "HEAD")

	at := func(e map[string]any, s string) map[string]any { e["sha"] = s; return e }
	only := map[string]any{"fixes": []any{map[string]any{"style": "direct", "landed": fix, "commits": []string{fix}}},
		"targets": targets("a@pay", "b@shop"), "services": map[string][]string{"pay": {"pay/"}, "shop": {"shop/"}}}
	cases, err := Load(save(t, t.TempDir(), "cases.jsonl", tale("real", only,
		at(merge(""), fix), at(deploy("a", ""), without), at(deploy("a", ""), pick), deploy("a", "", "sha", nil, "ref", "v1.0.0"), deploy("a", "", "sha", nil, "ref", "v2"))))
	require.NoError(t, err)
	lines, err := ReplayGit(context.Background(), filepath.Join(dir, ".git"), "", cases, nil)
	require.NoError(t, err)
	var got []string
	for _, l := range lines {
		got = append(got, l.Verdict)
	}
	require.Equal(t, []string{"not_verified", "not_verified", "verified", "verified", "unknown"}, got)
	_, err = ReplayGit(context.Background(), t.TempDir(), "", cases, nil)
	require.ErrorContains(t, err, "no git directory")
}
