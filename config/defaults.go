package config

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func (c *Config) setDefaults() {
	c.Listen = "127.0.0.1:8080"
	c.DataDir = "./holdfast-data"
	c.Redis = Redis{KeyPrefix: "holdfast", Durability: "default"}
	c.Retention = Duration(400 * 24 * time.Hour)
	c.Policy = defaultPolicy()
	c.Labels = Labels{Postmortem: "postmortem", Awaiting: "awaiting-deployment"}
	c.Reports.Weekly = Weekly{Day: "monday", At: "08:00"}
	c.Reports.Reminders = Reminders{At: "09:00", Before: 2 * day, LeadAfter: 7 * day, Via: []string{ViaMail, ViaChat}, Quiet: "18:00-08:00"}
}

// derive fills in what depends on other keys. It must cope with values that
// validation refuses afterwards.
func (c *Config) derive(dir string) {
	if c.PublicURL == "" {
		host, port, err := net.SplitHostPort(c.Listen)
		if err == nil && slices.Contains([]string{"", "0.0.0.0", "::"}, host) {
			c.PublicURL = "http://" + net.JoinHostPort("localhost", port)
		} else {
			c.PublicURL = "http://" + c.Listen
		}
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.DataDir != "" && !filepath.IsAbs(c.DataDir) {
		c.DataDir = filepath.Join(dir, c.DataDir)
	}
	for i := range c.Teams {
		c.Teams[i].Notify.settle(dir)
	}
	c.Reports.Directors.Notify.settle(dir)
	targets := c.Targets()
	sole := c.soleGitHub()
	for i := range c.Trackers {
		c.Trackers[i].settle(targets)
	}
	for i := range c.ServiceList {
		if c.ServiceList[i].Tracker == "" {
			c.ServiceList[i].Tracker = sole
		}
	}
	for i := range c.Postmortems {
		if c.Postmortems[i].Tracker == "" {
			c.Postmortems[i].Tracker = sole
		}
	}
}

// soleGitHub is the name of the only GitHub tracker, or empty.
func (c *Config) soleGitHub() string {
	name := ""
	for _, t := range c.Trackers {
		if t.Kind != GitHub {
			continue
		}
		if name != "" {
			return ""
		}
		name = t.Name
	}
	return name
}
