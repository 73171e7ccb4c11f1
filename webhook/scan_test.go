package webhook

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScanFindsMistakes(t *testing.T) {
	for _, bad := range []string{
		``, ` `, `{`, `}`, `[]`, `null`, `{]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{"a" 1}`, `{a:1}`,
		`{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":-}`, `{"a":1e}`, `{"a":+1}`, `{"a":0x1}`, `{"a":NaN}`,
		`{"a":tru}`, `{"a":nul`, `{"a":"`, `{"a":"\`, `{"a":"\u12`, `{"a":"\u12g4"}`, `{"a":"\x"}`, "{\"a\":\"line\nbreak\"}", "{\"a\":\"\x01\"}",
		`{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":[}`, `{"a":{}`, `{}x`, `{}{}`, "{}\x00", "\xef\xbb\xbf{}", `{'a':1}`,
		strings.Repeat(`{"a":`, maxDepth+1) + `1` + strings.Repeat(`}`, maxDepth+1),
		strings.Repeat(`[`, 1<<20),
		`{"a":` + strings.Repeat(`[`, 1<<20),
	} {
		require.Error(t, scan([]byte(bad), (*scanner).skip), "%.60q", bad)
	}
}

func TestScanReadsValues(t *testing.T) {
	var text, other, missing string
	var n, notN int64
	var yes, no bool
	var id, idText, idOther string
	var list []string
	err := scan([]byte(` { "text" : "a \"quoted\" \u00e4 \ud83d\ude80 and \\ more than eight bytes" ,"other":{"deep":[1,2]},
		"null":null,"n":-42,"notN":"5","yes":true,"no":false,"id":9007199254740993,"idText":"x1","idOther":[],"list":["a",null,"b"], "" : 1 } `), func(s *scanner) {
		s.object(func(key []byte) {
			switch string(key) {
			case "text":
				text = s.str()
			case "other":
				other = s.str()
			case "null":
				missing = s.str()
			case "n":
				n = s.integer()
			case "notN":
				notN = s.integer()
			case "yes":
				yes = s.boolean()
			case "no":
				no = s.boolean()
			case "id":
				id = s.id()
			case "idText":
				idText = s.id()
			case "idOther":
				idOther = s.id()
			case "list":
				s.array(func() { list = append(list, s.str()) })
			default:
				s.skip()
			}
		})
	})
	require.NoError(t, err)
	require.Equal(t, `a "quoted" ä 🚀 and \ more than eight bytes`, text)
	require.Equal(t, int64(-42), n)
	require.Equal(t, []string{"a", "", "b"}, list)
	require.Equal(t, "9007199254740993", id)
	require.Equal(t, "x1", idText)
	require.True(t, yes)
	require.False(t, no)
	require.Zero(t, other+missing+idOther)
	require.Zero(t, notN)
}

// depth is how deep a valid document nests.
func depth(doc []byte) int {
	deepest, at, quoted := 0, 0, false
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			at++
			deepest = max(deepest, at)
		case c == '}' || c == ']':
			at--
		}
	}
	return deepest
}

// FuzzScan holds the scanner against encoding/json: both accept the same
// objects, and read the same text from them.
func FuzzScan(f *testing.F) {
	f.Add([]byte(closedIssue))
	f.Add([]byte(closedJira))
	f.Add([]byte(`{"text":"\ud800 \u00e9\n","x":[1.5e-3,-0,{"":[]}]}`))
	f.Add([]byte("{\"text\":\"\xff\xfe eight bytes and more\\\"\"}"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var text string
		err := scan(doc, func(s *scanner) {
			s.object(func(key []byte) {
				if string(key) == "text" {
					text = s.str()
				} else {
					s.skip()
				}
			})
		})
		var want map[string]json.RawMessage
		valid := json.Unmarshal(doc, &want) == nil && want != nil
		if valid && depth(doc) > maxDepth {
			require.Error(t, err)
			return
		}
		if err == nil != valid {
			t.Fatalf("scan says %v of %q, valid is %v", err, doc, valid)
		}
		// A key is compared as it stands, so an escaped one is another key.
		if raw, ok := want["text"]; valid && ok && !bytes.Contains(doc, []byte(`\u00`)) {
			var plain string
			_ = json.Unmarshal(raw, &plain)
			require.Equal(t, noRuns(plain), noRuns(text))
		}
	})
}

// noRuns makes one replacement character of each run of bytes that are no
// text: encoding/json writes one for each byte.
func noRuns(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}

func BenchmarkScan(b *testing.B) {
	doc := []byte(closedIssue[:len(closedIssue)-1] + `,"pad":[` + strings.Repeat(`{"url":"https://api.github.example/repos/acme/checkout/issues/12/labels{/name}","id":123456},`, 110) + `0]}`)
	b.SetBytes(int64(len(doc)))
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			if err := scan(doc, (*scanner).skip); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json.Valid", func(b *testing.B) {
		for b.Loop() {
			if !json.Valid(doc) {
				b.Fatal("invalid")
			}
		}
	})
}
