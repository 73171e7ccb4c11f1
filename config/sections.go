package config

// Redis says where the store is. Without URL, serve starts a private
// redis-server in the data directory.
type Redis struct {
	URL        Secret `yaml:"url" jsonschema_description:"redis://host:6379/0, rediss://…, redis+cluster://h1,h2 or redis+sentinel://h1,h2/master/0. Absent: a private redis-server in data_dir."`
	KeyPrefix  string `yaml:"key_prefix"`
	Durability string `yaml:"durability" oneof:"default strict" jsonschema_description:"strict: acknowledged only when on disk."`
}

// Defaults are what a service or a document leaves open.
type Defaults struct {
	Tickets string `yaml:"tickets" jsonschema_description:"Where tickets go whose service is unknown: TRACKER:OWNER/REPO or TRACKER:PROJECT."`
	Team    string `yaml:"team"`
}

// Labels are the spellings of the two fixed labels.
type Labels struct {
	Postmortem string `yaml:"postmortem"`
	Awaiting   string `yaml:"awaiting"`
}

// Adopt names existing tickets that come under the rule.
type Adopt struct {
	Tracker string `yaml:"tracker"`
	Query   string `yaml:"query" jsonschema_description:"In the tracker's own query language."`
	Service string `yaml:"service" jsonschema_description:"Service of tickets that name none. Default: that of their repository or project, where there is one."`
}

// PostmortemSource is a repository whose pushes are read for postmortems.
type PostmortemSource struct {
	Tracker string   `yaml:"tracker" jsonschema_description:"The GitHub tracker that holds the repository; needed only where there are several."`
	Repo    string   `yaml:"repo"`
	Paths   []string `yaml:"paths" jsonschema_description:"Globs of the documents. Default **/*.md."`
	Branch  string   `yaml:"branch" jsonschema_description:"Default: the repository's default branch."`
}

func (p *PostmortemSource) setDefaults() { p.Paths = []string{"**/*.md"} }

// Reports says when and how the weekly report is sent.
type Reports struct {
	Weekly    Weekly    `yaml:"weekly"`
	SMTP      *SMTP     `yaml:"smtp"`
	Slack     *Slack    `yaml:"slack"`
	Reminders Reminders `yaml:"reminders"`
	Directors Directors `yaml:"directors" jsonschema_description:"Who gets one row for each team."`
}

// Slack is a bot that posts into channels.
type Slack struct {
	BotToken Secret `yaml:"bot_token" jsonschema_description:"With the scope chat:write."`
	APIURL   string `yaml:"api_url"`
}

func (s *Slack) setDefaults() { s.APIURL = "https://slack.com/api" }

// Directors get the numbers of all teams.
type Directors struct {
	People []Person `yaml:"people"`
	Notify Notify   `yaml:"notify"`
}

// Weekly is a day and a time of day in each team's time zone.
type Weekly struct {
	Day string `yaml:"day" oneof:"monday tuesday wednesday thursday friday saturday sunday"`
	At  string `yaml:"at" jsonschema_description:"HH:MM, in each team's time zone."`
}

// SMTP is the mail server for reports.
type SMTP struct {
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"`
	From     string `yaml:"from"`
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	TLS      string `yaml:"tls" oneof:"auto starttls tls none" jsonschema_description:"auto: STARTTLS where the server offers it, needed where there is a user; TLS from the start on port 465."`
}

func (s *SMTP) setDefaults() { s.Port, s.TLS = 587, "auto" }
