package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var trackerName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]{0,49}$`)

func (v *validator) redis() {
	const p = "redis.url"
	if s := v.cfg.Redis.URL; !s.IsZero() && !v.bad[p] {
		scheme, rest, _ := strings.Cut(s.Reveal(), "://")
		base, kind, plus := strings.Cut(scheme, "+")
		if base != "redis" && base != "rediss" || plus && kind != "cluster" && kind != "sentinel" || rest == "" {
			v.problem(p, "is no address of a Redis", "write redis://host:6379/0, rediss://…, redis+cluster://h1,h2 or redis+sentinel://h1,h2/master/0")
		}
	}
	if k := v.cfg.Redis.KeyPrefix; !keyPrefix.MatchString(k) {
		v.problem("redis.key_prefix", v.quote("redis.key_prefix", k)+" is no key prefix", "use up to 64 letters, digits and . : _ -")
	}
}

// keyPrefix leaves out braces, which mark the hash tag of a cluster.
var keyPrefix = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

func (v *validator) trackers() {
	if len(v.cfg.Trackers) == 0 && !v.bad["trackers"] {
		v.problem("trackers", "there is none", "add a tracker: {name: github, kind: github, token: …, webhook_secret: …}")
	}
	seen := names{}
	for i, t := range v.cfg.Trackers {
		p := fmt.Sprintf("trackers[%d]", i)
		if v.need(p, "name", t.Name, "give it a name; tickets are called NAME:OWNER/REPO#12") {
			v.unique(seen, p+".name", t.Name, "name")
			if !trackerName.MatchString(t.Name) {
				v.problem(p+".name", v.quote(p+".name", t.Name)+" can't be the prefix of a ticket", "use letters, digits and . _ -")
			}
		}
		if !v.need(p, "kind", t.Kind, "write kind: github or kind: jira") {
			continue
		}
		if t.Kind == GitHub {
			v.github(p, t)
		} else {
			v.jira(p, t)
		}
		if t.Ingest != IngestPoll && !v.bad[p+".ingest"] {
			v.needSecret(p, "webhook_secret", t.WebhookSecret, "without it anybody could send webhooks; write the secret of the webhook, or ingest: poll")
		}
	}
}

func (v *validator) github(p string, t Tracker) {
	v.only(p, "url", Jira, "api_url", "a GitHub tracker has api_url")
	for _, key := range []string{"flavor", "user", "priorities", "projects"} {
		v.only(p, key, Jira, "", "remove it")
	}
	if v.need(p, "api_url", t.APIURL, "write https://api.github.com, or remove the key") && v.webURL(p+".api_url", t.APIURL) {
		v.plaintext(p+".api_url", t.APIURL)
		if u, _ := url.Parse(t.APIURL); strings.EqualFold(u.Hostname(), "github.com") {
			v.problem(p+".api_url", "is the address of the website", "write https://api.github.com, or remove the key")
		}
	}
	if t.App == nil || v.bad[p+".app"] {
		if !v.bad[p+".app"] {
			v.needSecret(p, "token", t.Token, "write a token, or app: {id, private_key_file}")
		}
		return
	}
	if v.given(p + ".token") {
		v.problem(p+".app", "stands beside token", "keep one of them")
	}
	v.need(p+".app", "id", t.App.ID, "write the app's id from its settings page")
	if v.needSecret(p+".app", "private_key", t.App.PrivateKey, "write private_key_file: with the path of the key that GitHub gave") &&
		!strings.Contains(t.App.PrivateKey.Reveal(), "PRIVATE KEY-----") {
		v.problem(p+".app.private_key", "is no private key in PEM form", "download it from the app's settings page")
	}
}

func (v *validator) jira(p string, t Tracker) {
	v.only(p, "api_url", GitHub, "url", "a Jira tracker has url")
	v.only(p, "app", GitHub, "token", "use user and token")
	if v.need(p, "url", t.URL, "write https://NAME.atlassian.net, or the address of your Jira") && v.webURL(p+".url", t.URL) {
		v.plaintext(p+".url", t.URL)
	}
	if t.Flavor == Cloud && !v.bad[p+".flavor"] {
		v.need(p, "user", t.User, "write the e-mail address of the account that the token belongs to")
	}
	v.needSecret(p, "token", t.Token, "write an API token of that account")
	for _, pr := range slices.Sorted(maps.Keys(t.Priorities)) {
		v.filled(p+".priorities."+string(pr), t.Priorities[pr])
	}
	for _, key := range slices.Sorted(maps.Keys(t.Projects)) {
		at := p + ".projects." + key
		// A project that only a ticket target names is checked there.
		if v.given(at) && !projectKey.MatchString(key) {
			v.problem(at, fmt.Sprintf("%q is no project key", cut(key)), "write the part before the dash of its tickets, in capitals")
		}
		v.filled(at+".issue_type", t.Projects[key].IssueType)
	}
}

// plaintext warns where a token would cross a network unprotected.
func (v *validator) plaintext(p, raw string) {
	if u, err := url.Parse(raw); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		v.warn(p, "the token crosses the network in the clear", "use https://")
	}
}

// tracker checks a reference to a tracker of a kind; "" means any kind.
func (v *validator) tracker(p, name, kind string) {
	t, known := v.cfg.Tracker(name)
	switch {
	case !known:
		v.unknown(p, "tracker", name, v.trackerNames(kind))
	case kind != "" && t.Kind != "" && t.Kind != kind:
		v.problem(p, "the tracker "+name+" is of kind "+t.Kind+", and this needs one of kind "+kind, didYouMean("", v.trackerNames(kind)))
	}
}

// lacksGitHub reports whether it is certain that no tracker holds
// repositories.
func (v *validator) lacksGitHub() bool {
	for _, t := range v.cfg.Trackers {
		if t.Kind != Jira {
			return false
		}
	}
	return len(v.cfg.Trackers) > 0
}

func (v *validator) trackerNames(kind string) []string {
	var out []string
	for _, t := range v.cfg.Trackers {
		if t.Name != "" && (kind == "" || t.Kind == kind) {
			out = append(out, t.Name)
		}
	}
	return out
}

// home checks the tracker that holds a repository. Where the file names none
// and several could be meant, it must.
func (v *validator) home(p, tracker string) {
	if v.given(p + ".tracker") {
		v.tracker(p+".tracker", tracker, GitHub)
		return
	}
	if hosts := v.trackerNames(GitHub); tracker == "" && len(hosts) > 1 {
		v.need(p, "tracker", "", "say which one holds the repository: "+strings.Join(hosts, ", "))
	}
}
