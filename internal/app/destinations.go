package app

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/messenger"
	"github.com/holdfast-dev/holdfast/internal/report"
)

// destination is one address on one channel that gets one message a week: a
// section for each of its teams, or a row for each team where it is a
// director's, or both.
type destination struct {
	channel  string // email, slack, teams, webhook, directory
	shown    string // the address, for people; of a hook its host alone
	key      string // channel and a digest of the address: no secret
	teams    []string
	overview bool
	zones    []*time.Location
	send     messenger.Channel
}

// destinations lists who gets reports, in the order of the configuration.
func destinations(cfg *config.Config) []*destination {
	d := &directory{cfg: cfg, byKey: map[string]*destination{}}
	for _, t := range cfg.Teams {
		for _, l := range t.Leads {
			d.mail(l).add(t)
		}
		d.notify(t.Notify, t.Name, func(x *destination) { x.add(t) })
	}
	overview := func(x *destination) {
		if x == nil {
			return
		}
		x.overview = true
		for _, t := range cfg.Teams {
			x.zones = append(x.zones, t.Location())
		}
	}
	for _, p := range cfg.Reports.Directors.People {
		overview(d.mail(p))
	}
	d.notify(cfg.Reports.Directors.Notify, "all", overview)
	return d.list
}

// add gives the destination a section; a nil one is nobody.
func (x *destination) add(t config.Team) {
	if x == nil || slices.Contains(x.teams, t.Name) {
		return
	}
	x.teams = append(x.teams, t.Name)
	x.zones = append(x.zones, t.Location())
}

// directory finds the destination of an address, so that each gets one message
// however often it is named.
type directory struct {
	cfg   *config.Config
	list  []*destination
	byKey map[string]*destination
}

func (d *directory) at(channel, address, shown string, send messenger.Channel) *destination {
	sum := sha256.Sum256([]byte(address))
	key := channel + "/" + hex.EncodeToString(sum[:8])
	if x, ok := d.byKey[key]; ok {
		return x
	}
	x := &destination{channel: channel, shown: shown, key: key, send: send}
	d.byKey[key] = x
	d.list = append(d.list, x)
	return x
}

// mail is nil where no mail can be sent.
func (d *directory) mail(p config.Person) *destination {
	s := d.cfg.Reports.SMTP
	if s == nil || p.Email == "" {
		return nil
	}
	return d.at("email", strings.ToLower(p.Email), p.Email, messenger.Mail{Host: s.Host, Port: s.Port, From: s.From, User: s.User,
		Password: s.Password.Reveal(), TLS: s.TLS, To: p.Email, Name: p.Name})
}

func (d *directory) notify(n config.Notify, name string, use func(*destination)) {
	// With a bot that posts to a channel, the webhook of the same team would
	// say everything twice.
	if s := d.cfg.Reports.Slack; s != nil && n.SlackChannel != "" {
		use(d.at("slack", s.APIURL+" "+n.SlackChannel, n.SlackChannel, messenger.SlackBot{API: s.APIURL, Token: s.BotToken.Reveal(), Channel: n.SlackChannel}))
	} else if u := n.SlackWebhook.Reveal(); u != "" {
		use(d.at("slack", u, hostOf(u), messenger.SlackWebhook{URL: u}))
	}
	if u := n.TeamsWebhook.Reveal(); u != "" {
		use(d.at("teams", u, hostOf(u), messenger.TeamsWebhook{URL: u}))
	}
	if h := n.Webhook; h != nil {
		use(d.at("webhook", h.URL.Reveal(), hostOf(h.URL.Reveal()), messenger.Hook{URL: h.URL.Reveal(), Secret: h.Secret.Reveal()}))
	}
	if n.Directory != "" {
		use(d.at("directory", n.Directory+"\x00"+name, n.Directory, messenger.Directory{Path: n.Directory, Name: name}))
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable)"
	}
	return u.Host
}

// when is the moment at which the report of a week is sent: the configured day
// after the week's end, when it is that time for all of the destination's
// teams.
func (x *destination) when(cfg *config.Config, w report.Week) time.Time {
	days := slices.Index([]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}, cfg.Reports.Weekly.Day)
	hour, minute := clockOf(cfg.Reports.Weekly.At)
	var at time.Time
	for _, zone := range x.zones {
		if t := w.Add(1).At(max(days, 0), hour, minute, zone); t.After(at) {
			at = t
		}
	}
	return at
}

// clockOf reads HH:MM, which the configuration has checked.
func clockOf(s string) (hour, minute int) {
	h, m, _ := strings.Cut(s, ":")
	hour, _ = strconv.Atoi(h)
	minute, _ = strconv.Atoi(m)
	return hour, minute
}

// last is the newest week whose report is due by now, and when it was.
func (x *destination) last(cfg *config.Config, now time.Time) (report.Week, time.Time) {
	w := report.WeekOf(now, time.UTC).Add(1)
	for ; ; w = w.Add(-1) {
		if at := x.when(cfg, w); !at.After(now) {
			return w, at
		}
	}
}

// scheduleWords says for people when reports are sent.
func scheduleWords(cfg *config.Config, team string) string {
	zone := "each team's time zone"
	if t, ok := cfg.Team(team); ok {
		zone = t.Timezone
	}
	day := cmp.Or(cfg.Reports.Weekly.Day, "monday")
	return "It is sent each " + strings.ToUpper(day[:1]) + day[1:] + " at " + cfg.Reports.Weekly.At + ", " + zone + ". To change that, set reports.weekly in the configuration; to change who gets it, leads and notify of the team."
}
