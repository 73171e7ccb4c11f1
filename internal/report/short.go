package report

// Short is a message of a few lines, such as a reminder.
type Short struct {
	Title string      `json:"title"`
	Intro string      `json:"intro"`
	Lines []ShortLine `json:"lines"`
}

// ShortLine is one line: a link, and words about it.
type ShortLine struct {
	Label string `json:"label"`
	URL   string `json:"url"`
	Text  string `json:"text"`
}

func (s Short) blocks() []block {
	b := block{kind: list}
	for _, l := range s.Lines {
		b.items = append(b.items, []span{{text: l.Label, link: webAddress(l.URL)}, plain(" %s", l.Text)})
	}
	return []block{head(1, "%s", s.Title), para(plain("%s", s.Intro)), b}
}

// Text renders the message as plain text.
func (s Short) Text() string { return textOf(s.blocks()) }

// HTML renders it for mail clients.
func (s Short) HTML() string {
	return htmlPage(s.Title, s.blocks(), func([]Point) string { return "" })
}

// Slack renders it for Slack; what does not fit into one message is cut.
func (s Short) Slack() SlackMessage { return slackOf(s.Title, s.blocks())[0] }

// Teams renders it as an Adaptive Card; what does not fit is left out with a
// word. again says that the same may have come before.
func (s Short) Teams(again bool) []byte {
	return teamsOf(s.blocks(), again, "More than fits here: `holdfast items --overdue` prints the rest.")
}

// OneLine makes foreign text fit for one line: a subject, a log.
func OneLine(s string) string { return oneLine(s) }
