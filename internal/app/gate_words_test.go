package app_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// what says which step of the service a command is, by the keys that it
// declares and the words that it brings; empty: it writes nothing, or nothing
// that an event's way goes through.
func (c command) what(answer []byte) string {
	if len(c) == 0 {
		return ""
	}
	if name := strings.ToUpper(c[0]); name != "EVAL" && name != "EVALSHA" {
		return "" // all that an event brings about is written by scripts
	}
	n := 0
	for _, digit := range c[2] {
		n = 10*n + int(digit-'0')
	}
	keys, words := c[3:3+n], c[3+n:]
	has := func(suffix string) bool {
		for _, k := range keys {
			if strings.HasSuffix(k, suffix) {
				return true
			}
		}
		return false
	}
	// done is what the end of a lease says; a touch begins with the channel.
	touch := n == 4 && len(words) > 2 && strings.HasSuffix(words[0], ":wake")
	done := n == 4 && len(words) == 4 && !touch
	switch {
	case done && !slices.Contains(onTheWay, part(words[0], 0)):
		return ""
	case touch && !slices.Contains(onTheWay, part(words[2], 0)):
		return ""
	case n < 4 || !strings.HasSuffix(keys[0], ":due"):
		return "" // reads, and the brake's groups
	case has(":lease-gen"):
		if bytes.HasPrefix(answer, []byte("*0\r\n")) {
			return "" // nothing was due
		}
		if kind := subject(string(answer)); kind != "" {
			return "store: claim " + kind
		}
		return ""
	case has(":events"):
		return "store: record" + recorded(words)
	case has(":serial"):
		return "store: record a postmortem"
	case has(":deployments") && has(":receipts"):
		return "store: record a deployment"
	case has(":state"):
		return "store: save the snapshot"
	case has(":tickets"):
		return "store: bind the ticket"
	case has(":log"):
		return "store: append" + entries(words)
	case touch:
		return "store: touch " + part(words[2], 0)
	case done && words[3] == "":
		return "store: done with " + part(words[0], 0)
	case done:
		return "store: retry " + part(words[0], 0)
	}
	return "store: another script"
}

// onTheWay are the kinds of subjects that events make due. Sweeps and the like
// come by themselves.
var onTheWay = []string{"item", "deployment", "repo", "postmortem"}

// subject finds the kind of subject in the answer to a claim; empty: none that
// an event brought.
func subject(answer string) string {
	for _, kind := range onTheWay {
		if strings.Contains(answer, "\n"+kind+"/") {
			return kind
		}
	}
	return ""
}

// part is the i-th part of a name that is no item's id.
func part(name string, i int) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == ':' })
	return parts[min(i, len(parts)-1)]
}

// recorded names the events in a record.
func recorded(words []string) (out string) {
	for _, w := range words {
		var ev domain.Event
		if strings.HasPrefix(w, "{") && json.Unmarshal([]byte(w), &ev) == nil && ev.Tracker != "" {
			out += " " + string(ev.Kind) + "." + ev.Action
		}
	}
	return out
}

// entries names the entries that are appended.
func entries(words []string) (out string) {
	for _, w := range words {
		var e domain.Entry
		if !strings.HasPrefix(w, "{") || json.Unmarshal([]byte(w), &e) != nil {
			continue
		}
		out += " " + string(e.Name)
		if e.Action != nil {
			out += ":" + string(e.Action.Kind)
		}
	}
	return out
}
