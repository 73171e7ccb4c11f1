package postmortem

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// confluence reads the elements that Confluence adds to HTML: macros, tasks,
// mentions, status lozenges. It reports whether n was one.
func (r *htmlReader) confluence(n *html.Node, st style, depth int) bool {
	switch n.Data {
	case "ac:task-list":
		r.flush()
		r.tasks(n, depth)
	case "ac:structured-macro", "ac:macro":
		r.macro(n, st, depth)
	case "ac:parameter", "ac:placeholder", "ac:image", "ac:emoticon", "ri:attachment", "ac:plain-text-body":
	case "ri:user":
		if who := firstNonEmpty(attr(n, "ri:username"), attr(n, "ri:account-id"), attr(n, "ri:userkey")); who != "" {
			r.mention(who, st)
		}
		r.children(n, st, depth) // an unclosed element holds what follows it
	case "ri:page":
		r.children(n, st, depth)
	default:
		switch {
		case hasClass(n, "status-macro") || hasClass(n, "aui-lozenge") || hasClass(n, "status"):
			// Only a span of bare text: what holds other elements is no lozenge.
			if c := n.FirstChild; n.Data == "span" && c != nil && c.NextSibling == nil && c.Type == html.TextNode && len(c.Data) < 40 {
				r.add(span{text: " [" + strings.TrimSpace(c.Data) + "] ", style: st})
				return true
			}
			return false
		case hasClass(n, "checkbox"): // Notion
			if hasClass(n, "checkbox-on") || hasClass(n, "checkbox-off") {
				r.add(span{text: boxText(hasClass(n, "checkbox-on"))})
				return true
			}
			return false
		}
		return false
	}
	return true
}

// tasks reads the task list of a page in Confluence's storage format.
func (r *htmlReader) tasks(n *html.Node, depth int) {
	b := block{kind: listBlock, line: r.line}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth < maxTreeDepth; c = c.NextSibling {
			if c.Data != "ac:task" {
				walk(c, depth+1)
				continue
			}
			done := false
			for p := range c.Descendants() {
				if p.Data == "ac:task-status" && p.FirstChild != nil {
					done = strings.TrimSpace(p.FirstChild.Data) == "complete"
					break
				}
			}
			for p := range c.Descendants() {
				if p.Data == "ac:task-body" {
					e := r.entry(p, depth+1)
					e.checked = &done
					b.entries = append(b.entries, e)
					break
				}
			}
		}
	}
	walk(n, depth)
	if len(b.entries) > 0 {
		r.out = append(r.out, b)
	}
}

func (r *htmlReader) macro(n *html.Node, st style, depth int) {
	parameters := map[string]string{}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Data == "ac:parameter" && c.FirstChild != nil {
			parameters[attr(c, "ac:name")] = strings.TrimSpace(c.FirstChild.Data)
		}
	}
	switch attr(n, "ac:name") {
	case "jira", "jiraissues":
		if key := parameters["key"]; isTicket(key) {
			r.add(span{text: key, style: st, href: "ticket:" + key})
		}
	case "status":
		if title := parameters["title"]; title != "" {
			r.add(span{text: " [" + title + "] ", style: st})
		}
	case "toc", "code", "noformat", "html", "include", "excerpt-include", "children", "livesearch", "attachments", "gallery", "contributors":
	default:
		// A panel or an expander: its title may be a heading, its body counts.
		if title := parameters["title"]; title != "" {
			r.flush()
			r.out = append(r.out, block{kind: paragraphBlock, line: r.line, text: inline{{text: title, style: bold}}})
		}
		r.children(n, st, depth)
	}
}

// unwrapLink takes the target out of the redirect that Google Docs and mail
// filters put around links. The address is read, never fetched.
func unwrapLink(href string) string {
	if !strings.Contains(href, "?") || len(href) > 4000 {
		return href
	}
	u, err := url.Parse(href)
	if err != nil {
		return href
	}
	for host, key := range map[string]string{"www.google.com/url": "q", "safelinks.protection.outlook.com/": "url"} {
		if strings.HasSuffix(u.Host+u.Path, host) {
			if to := u.Query().Get(key); strings.HasPrefix(to, "http") {
				return to
			}
		}
	}
	return href
}
