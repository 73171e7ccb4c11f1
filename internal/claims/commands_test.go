package claims_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/claims"
)

const day = 24 * time.Hour

func TestCommands(t *testing.T) {
	for line, want := range map[string]claims.Command{
		"/holdfast status":                   {Verb: "status"},
		"/Holdfast STATUS please":            {Verb: "status", Rest: "please"},
		"  /holdfast status":                 {Verb: "status"},
		"/holdfast\tstatus":                  {Verb: "status", Line: "/holdfast status"},
		"/holdfast unwaive":                  {Verb: "unwaive"},
		"/holdfast fixed-by 1a2b3c4":         {Verb: "fixed-by", Args: []string{"1a2b3c4"}},
		"/holdfast fixed-by #12, acme/x#3":   {Verb: "fixed-by", Args: []string{"#12", "acme/x#3"}},
		"/holdfast fixed-by acme/x@1a2b3c4":  {Verb: "fixed-by", Args: []string{"acme/x@1a2b3c4"}},
		"/holdfast not-fixed-by #12":         {Verb: "not-fixed-by", Args: []string{"#12"}},
		"/holdfast service checkout, pay b":  {Verb: "service", Args: []string{"checkout", "pay b"}},
		"/holdfast due 2026-12-01 on leave":  {Verb: "due", Args: []string{"2026-12-01"}, Rest: "on leave"},
		"/holdfast type Prevent":             {Verb: "type", Args: []string{"preventative"}},
		"/holdfast type mitigative":          {Verb: "type", Args: []string{"mitigative"}},
		"/holdfast priority p1":              {Verb: "priority", Args: []string{"P1"}},
		"/holdfast waive 30d vendor is slow": {Verb: "waive", Args: []string{"30d"}, Rest: "vendor is slow", Duration: 30 * day},
		"/holdfast waive 4W vendor":          {Verb: "waive", Args: []string{"4w"}, Rest: "vendor", Duration: 28 * day},
		"/holdfast withdraw no longer ours":  {Verb: "withdraw", Rest: "no longer ours"},
		"/holdfast fixed-by https://github.com/acme/x/pull/3": {
			Verb: "fixed-by", Args: []string{"https://github.com/acme/x/pull/3"},
		},
		"/holdfast attest <https://wiki.acme.example/x> seen `it`": {
			Verb: "attest", Args: []string{"https://wiki.acme.example/x"}, Rest: "seen `it`",
		},
	} {
		t.Run(line, func(t *testing.T) {
			if want.Line == "" {
				want.Line = strings.TrimSpace(line)
			}
			if diff := cmp.Diff([]claims.Command{want}, claims.Commands(line)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMalformedCommands(t *testing.T) {
	for line, want := range map[string]string{
		"/holdfast":                                       "a command is missing",
		"/holdfast wave 30d x":                            "`wave` is no command; known are status, ",
		"/holdfast @everyone":                             "`?everyone` is no command",
		"/holdfast fixed-by":                              "does not say which change",
		"/holdfast fixed-by main":                         "`main` is no change",
		"/holdfast fixed-by 1a2b3c":                       "is no change",
		"/holdfast fixed-by --upload-pack=x":              "is no change",
		"/holdfast fixed-by https://a:b@x.example":        "is no change",
		"/holdfast service ,":                             "does not say which service",
		"/holdfast due tomorrow x":                        "`tomorrow` is no date",
		"/holdfast due 2026-02-30 x":                      "is no date",
		"/holdfast due 2026-12-01":                        "a reason is missing",
		"/holdfast type nice":                             "is no type",
		"/holdfast priority P5":                           "is no priority",
		"/holdfast priority":                              "is no priority",
		"/holdfast attest":                                "is no web address",
		"/holdfast attest javascript:alert(1)":            "is no web address",
		"/holdfast waive":                                 "is no duration",
		"/holdfast waive 0d x":                            "is no duration",
		"/holdfast waive -3d x":                           "is no duration",
		"/holdfast waive 99999w x":                        "is no duration",
		"/holdfast waive 30d":                             "a reason is missing",
		"/holdfast withdraw":                              "a reason is missing",
		"/holdfast waive 1d " + strings.Repeat("x", 3000): "too long",
	} {
		got := claims.Commands(line)
		if len(got) != 1 || !strings.Contains(got[0].Problem, want) {
			t.Errorf("%.60q: %+v, want the problem %q", line, got, want)
		}
	}
}

func TestWhereCommandsCount(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"two, Windows":                {"/holdfast status\r\n/holdfast unwaive\r\n", 2},
		"within a text":               {"Done.\n/holdfast status\nThanks", 1},
		"within a line":               {"please /holdfast status", 0},
		"longer word":                 {"/holdfastly status", 0},
		"quoted":                      {"> /holdfast status", 0},
		"below a quotation":           {"> what?\n/holdfast status", 1},
		"fenced":                      {"```\n/holdfast status\n```", 0},
		"indented code":               {"text\n\n    /holdfast status", 0},
		"inline code":                 {"`/holdfast status`", 0},
		"inline code over lines":      {"a `b\n/holdfast status\nc`", 0},
		"list item":                   {"- /holdfast status", 0},
		"comment":                     {"<!--\n/holdfast status\n-->", 0},
		"HTML quotation":              {"<blockquote>\n/holdfast status\n</blockquote>", 0},
		"Jira code":                   {"{code:java|title=x}\n/holdfast status\n{code}", 0},
		"Jira noformat":               {"{noformat}\n/holdfast status\n{noformat}\n/holdfast status", 1},
		"Jira quote":                  {"{quote}\n/holdfast status\n{quote}", 0},
		"Jira quote without end":      {"{quote}\n/holdfast status", 1},
		"Jira line quotation":         {"bq. x\nbq. /holdfast status", 0},
		"beyond the bound":            {strings.Repeat("/holdfast status\n", 50), claims.MaxCommands},
		"nothing":                     {"", 0},
		"carriage return is a line":   {"x\r/holdfast status", 1},
		"unicode line separator":      {"x\u2028/holdfast status", 0},
		"emphasis":                    {"**/holdfast status**", 0},
		"a long text before, then it": {strings.Repeat("x", claims.MaxText) + "\n/holdfast status", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := claims.Commands(c.body)
			if len(got) != c.want {
				t.Errorf("%d commands, want %d: %+v", len(got), c.want, got)
			}
			if claims.HasCommand(c.body) != (c.want > 0) {
				t.Error("HasCommand disagrees")
			}
		})
	}
}

func TestCommandsAreOneCleanLine(t *testing.T) {
	got := claims.Commands("/holdfast withdraw a\x1b[31m b\u202ec\u2028level=error")
	if len(got) != 1 || got[0].Line != "/holdfast withdraw a[31m bc level=error" {
		t.Errorf("%+q", got)
	}
}
