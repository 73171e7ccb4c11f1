package report

import (
	"html"
	"net/url"
	"strings"
)

// HTML renders reports as one page without anything from outside, for a
// browser: the line of weeks is an inline drawing.
func HTML(d Digest) string {
	return htmlPage(d.Title(), document(d), svgChart)
}

// MailHTML renders reports for mail clients: tables and inline styles alone.
// Each line of weeks is a picture in the mail itself; image gets its points and
// names its content id.
func MailHTML(d Digest, image func([]Point) (contentID string)) string {
	return htmlPage(d.Title(), document(d), func(p []Point) string {
		return `<img src="cid:` + html.EscapeString(image(p)) + `" width="640" height="220" alt="` + html.EscapeString(chartWords(p)) + `" style="display:block;max-width:100%;height:auto;border:0;background:#ffffff">`
	})
}

// The styles are inline because mail clients drop style sheets. Every colour
// of a text goes with one of its ground, so that a client which turns only one
// of them dark leaves it readable. On a narrow screen the text wraps, however
// long a word is, and a table that is wider scrolls by itself: neither makes
// the page wider.
const (
	stylePage  = `margin:0;padding:0;background-color:#f4f5f7;color:#1c2430`
	styleSheet = `table-layout:fixed;width:100%;max-width:760px;background-color:#ffffff;color:#1c2430;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;text-align:left`
	styleCell  = `padding:24px 20px;overflow-wrap:anywhere;word-break:break-word`
	styleH1    = `margin:0 0 12px;font-size:22px;line-height:1.3;color:#10202f`
	styleH2    = `margin:28px 0 8px;padding-bottom:4px;border-bottom:2px solid #d5dce4;font-size:17px;line-height:1.3;color:#10202f`
	styleH3    = `margin:20px 0 6px;font-size:15px;line-height:1.3;color:#10202f`
	styleP     = `margin:0 0 10px`
	styleUL    = `margin:0 0 12px;padding-left:20px`
	styleLI    = `margin:0 0 8px`
	styleWide  = `overflow-x:auto;overflow-wrap:normal;word-break:normal`
	styleTable = `border-collapse:collapse;margin:0 0 14px;font-size:14px`
	styleTH    = `padding:4px 12px 4px 0;border-bottom:1px solid #b8c2cc;text-align:right;font-weight:600;color:#3b4856`
	styleTD    = `padding:4px 12px 4px 0;border-bottom:1px solid #e4e8ed;text-align:right;vertical-align:top;font-weight:400`
	styleLink  = `color:#0b57a4;text-decoration:underline`
	styleCode  = `font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;background-color:#eef1f4;color:#1c2430;padding:1px 4px`
)

func htmlPage(title string, blocks []block, draw func([]Point) string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">" +
		"<meta name=\"color-scheme\" content=\"light\"><meta name=\"supported-color-schemes\" content=\"light\">" +
		"<title>" + html.EscapeString(oneLine(title)) + "</title></head>\n<body style=\"" + stylePage + "\">\n" +
		"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"table-layout:fixed;width:100%;background-color:#f4f5f7\"><tr><td align=\"center\" style=\"padding:16px 8px\">\n" +
		"<table role=\"presentation\" width=\"760\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"" + styleSheet + "\"><tr><td style=\"" + styleCell + "\">\n")
	for _, bl := range blocks {
		htmlBlock(&b, bl, draw)
	}
	b.WriteString("</td></tr></table>\n</td></tr></table>\n</body></html>\n")
	return b.String()
}

func htmlBlock(b *strings.Builder, bl block, draw func([]Point) string) {
	switch bl.kind {
	case heading:
		tag, style := "h1", styleH1
		switch bl.level {
		case 2:
			tag, style = "h2", styleH2
		case 3:
			tag, style = "h3", styleH3
		}
		b.WriteString("<" + tag + " style=\"" + style + "\">" + htmlSpans(bl.spans) + "</" + tag + ">\n")
	case paragraph:
		b.WriteString("<p style=\"" + styleP + "\">" + htmlSpans(bl.spans) + "</p>\n")
	case list:
		b.WriteString("<ul style=\"" + styleUL + "\">\n")
		for _, it := range bl.items {
			b.WriteString("<li style=\"" + styleLI + "\">" + htmlSpans(it) + "</li>\n")
		}
		b.WriteString("</ul>\n")
	case table:
		htmlTable(b, bl)
	case chart:
		b.WriteString("<p style=\"" + styleP + "\">" + draw(bl.points) + "</p>\n")
	case fold:
	}
}

func htmlTable(b *strings.Builder, t block) {
	left := func(style string, i int) string {
		if i == 0 {
			return strings.Replace(style, "text-align:right", "text-align:left", 1)
		}
		return style
	}
	b.WriteString("<div style=\"" + styleWide + "\">\n<table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"" + styleTable + "\">\n<tr>")
	for i, h := range t.header {
		b.WriteString("<th align=\"" + map[bool]string{true: "left", false: "right"}[i == 0] + "\" scope=\"col\" style=\"" + left(styleTH, i) + "\">" + html.EscapeString(h) + "</th>")
	}
	b.WriteString("</tr>\n")
	for _, r := range t.rows {
		b.WriteString("<tr>")
		for i, c := range r {
			open, end := "<td", "</td>"
			if i == 0 { // what is read out before each number of the row
				open, end = "<th scope=\"row\" align=\"left\"", "</th>"
			}
			b.WriteString(open + " style=\"" + left(styleTD, i) + "\">" + htmlSpans(c) + end)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n</div>\n")
}

func htmlSpans(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		// Mail clients make links of what looks like an address.
		text := html.EscapeString(strings.ReplaceAll(oneLine(s.text), "://", ":\u200b//"))
		if s.code {
			text = "<code style=\"" + styleCode + "\">" + text + "</code>"
		}
		if s.bold {
			text = "<strong>" + text + "</strong>"
		}
		if s.link != "" {
			if u, err := url.Parse(s.link); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
				text = "<a href=\"" + html.EscapeString(u.String()) + "\" style=\"" + styleLink + "\">" + text + "</a>"
			}
		}
		b.WriteString(text)
	}
	return b.String()
}
