package config

import (
	"fmt"
	"net/url"
	"path/filepath"
)

// settle makes the directory absolute.
func (n *Notify) settle(dir string) {
	if n.Directory != "" && !filepath.IsAbs(n.Directory) {
		n.Directory = filepath.Join(dir, n.Directory)
	}
}

// empty reports whether nobody is told through n.
func (n Notify) empty() bool {
	return n.SlackWebhook.IsZero() && n.SlackChannel == "" && n.TeamsWebhook.IsZero() && n.Webhook == nil && n.Directory == ""
}

func (v *validator) notify(p string, n Notify) {
	v.webAddress(p+".slack_webhook", n.SlackWebhook, "write the address that Slack gave for the channel")
	v.webAddress(p+".teams_webhook", n.TeamsWebhook, "write the address of the workflow")
	if n.SlackChannel != "" && v.cfg.Reports.Slack == nil && !v.bad["reports.slack"] {
		v.problem(p+".slack_channel", "needs a bot, and none is configured", "add reports.slack.bot_token, or use slack_webhook")
	}
	if h := n.Webhook; h != nil && !v.bad[p+".webhook"] {
		if v.needSecret(p+".webhook", "url", h.URL, "write the address that takes the report") {
			v.webAddress(p+".webhook.url", h.URL, "write the address that takes the report")
		}
		if v.needSecret(p+".webhook", "secret", h.Secret, "make one with: openssl rand -hex 32") {
			v.strength(p+".webhook.secret", h.Secret)
		}
	}
}

func (v *validator) webAddress(p string, s Secret, remedy string) {
	if s.IsZero() {
		return
	}
	u, err := url.Parse(s.Reveal())
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		v.problem(p, "is no web address", remedy)
	}
}

// told warns of leads whom no report reaches. Only who configures reports
// wants to know.
func (v *validator) told(p string, t Team) {
	r := v.cfg.Reports
	if r.SMTP == nil {
		return
	}
	if len(t.Leads) == 0 && t.Notify.empty() && t.Name != "" {
		v.warn(p+".name", v.quote(p+".name", t.Name)+" has no leads and no notify, so nobody gets its weekly report", "add leads with an email address")
	}
	for i, l := range t.Leads {
		at := fmt.Sprintf("%s.leads[%d]", p, i)
		if l.Email == "" && !v.badBelow(at) {
			v.warn(at, "has no email address and gets no weekly report by mail", "add email")
		}
	}
}

// reportChannels checks what serves all reports.
func (v *validator) reportChannels() {
	r := v.cfg.Reports
	if r.Slack != nil && !v.bad["reports.slack"] {
		v.needSecret("reports.slack", "bot_token", r.Slack.BotToken, "write the bot's token, which starts with xoxb-")
		u, err := url.Parse(r.Slack.APIURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			v.problem("reports.slack.api_url", "is no web address", "remove it: the default is https://slack.com/api")
		}
	}
	v.notify("reports.directors.notify", r.Directors.Notify)
	for i, d := range r.Directors.People {
		p := fmt.Sprintf("reports.directors.people[%d]", i)
		v.person(p, d)
		if d.Email == "" && !v.badBelow(p) {
			v.warn(p, "has no email address and gets no report", "add email")
		}
	}
}
