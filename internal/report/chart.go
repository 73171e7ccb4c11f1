package report

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// The chart shows for each of the eight weeks how many items were open at its
// end, the overdue part of them dark, and how many were verified in it. It is
// laid out once, in units that both drawings share.
const (
	chartWidth  = 640
	chartHeight = 220
	plotTop     = 34
	plotBottom  = 180
	plotLeft    = 16
	barWidth    = 34
	slotWidth   = (chartWidth - 2*plotLeft) / weeksShown
)

var (
	colourOpen     = color.RGBA{0xa9, 0xbf, 0xd6, 0xff}
	colourOverdue  = color.RGBA{0xc2, 0x41, 0x0c, 0xff}
	colourVerified = color.RGBA{0x2f, 0x85, 0x5a, 0xff}
	colourText     = color.RGBA{0x1c, 0x24, 0x30, 0xff}
	colourRule     = color.RGBA{0xb8, 0xc2, 0xcc, 0xff}
)

// bar is a filled rectangle of the chart; label is a text whose middle is at x.
type bar struct {
	x, y, w, h int
	fill       color.RGBA
}

type label struct {
	x, y int // y: the upper edge
	text string
	left bool // x is the left edge
}

func layout(points []Point) (bars []bar, labels []label) {
	most := 1
	for _, p := range points {
		most = max(most, p.Open, p.Verified)
	}
	height := func(n int) int {
		h := n * (plotBottom - plotTop - 14) / most
		if n > 0 {
			h = max(h, 2)
		}
		return h
	}
	for i, p := range points {
		x := plotLeft + i*slotWidth + (slotWidth-barWidth-14)/2
		open, over, done := height(p.Open), height(p.Overdue), height(p.Verified)
		bars = append(bars, bar{x, plotBottom - open, barWidth, open, colourOpen}, bar{x, plotBottom - over, barWidth, over, colourOverdue},
			bar{x + barWidth + 2, plotBottom - done, 12, done, colourVerified})
		labels = append(labels, label{x: x + barWidth/2, y: plotBottom - open - 12, text: fmt.Sprint(p.Open)})
		if p.Verified > 0 {
			labels = append(labels, label{x: x + barWidth + 8, y: plotBottom - done - 12, text: fmt.Sprint(p.Verified)})
		}
		_, week, _ := strings.Cut(p.Week, "-")
		labels = append(labels, label{x: x + (barWidth+14)/2, y: plotBottom + 8, text: week})
	}
	bars = append(bars, bar{plotLeft, plotBottom, chartWidth - 2*plotLeft, 1, colourRule})
	at := plotLeft
	for _, l := range []struct {
		text string
		fill color.RGBA
	}{{"OPEN", colourOpen}, {"OVERDUE", colourOverdue}, {"VERIFIED", colourVerified}} {
		bars = append(bars, bar{at, chartHeight - 17, 10, 10, l.fill})
		labels = append(labels, label{x: at + 16, y: chartHeight - 17, text: l.text, left: true})
		at += 40 + 10*len(l.text)
	}
	return bars, labels
}

// chartWords says the chart in words, for those who do not see it.
func chartWords(points []Point) string {
	var parts []string
	for _, p := range points {
		parts = append(parts, fmt.Sprintf("%s: %d open, %d overdue, %d verified", p.Week, p.Open, p.Overdue, p.Verified))
	}
	return "The last eight weeks. " + strings.Join(parts, "; ")
}

func svgChart(points []Point) string {
	bars, labels := layout(points)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="%s" width="%d" height="%d" viewBox="0 0 %d %d" style="display:block;max-width:100%%;height:auto;background:#ffffff">`,
		html.EscapeString(chartWords(points)), chartWidth, chartHeight, chartWidth, chartHeight)
	hex := func(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
	for _, r := range bars {
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, r.x, r.y, r.w, r.h, hex(r.fill))
	}
	for _, l := range labels {
		anchor := "middle"
		if l.left {
			anchor = "start"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="%s" font-family="Helvetica,Arial,sans-serif" font-size="12" fill="%s">%s</text>`,
			l.x, l.y+10, anchor, hex(colourText), html.EscapeString(strings.ToLower(strings.Replace(l.text, "W", "w", 1))))
	}
	b.WriteString("</svg>")
	return b.String()
}

// ChartPNG draws the line of weeks as a picture of 1280 by 440 pixels, to be
// shown at half that size. The same points always give the same bytes.
func ChartPNG(points []Point) []byte {
	const scale = 2
	img := image.NewPaletted(image.Rect(0, 0, chartWidth*scale, chartHeight*scale),
		color.Palette{color.White, colourOpen, colourOverdue, colourVerified, colourText, colourRule})
	fill := func(x, y, w, h int, c color.RGBA) {
		i := uint8(img.Palette.Index(c))
		for py := max(0, y); py < min(y+h, chartHeight*scale); py++ {
			for px := max(0, x); px < min(x+w, chartWidth*scale); px++ {
				img.SetColorIndex(px, py, i)
			}
		}
	}
	bars, labels := layout(points)
	for _, r := range bars {
		fill(r.x*scale, r.y*scale, r.w*scale, r.h*scale, r.fill)
	}
	for _, l := range labels {
		writeDots(l, func(x, y int) { fill(x, y, dot, dot, colourText) }, scale)
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // to memory
	return b.Bytes()
}

// dot is the size of one dot of a letter, in pixels.
const dot = 3

// writeDots writes a label with letters of 5 by 7 dots.
func writeDots(l label, put func(x, y int), scale int) {
	const advance = 6 * dot
	x, y := l.x*scale, l.y*scale
	if !l.left {
		x -= len(l.text) * advance / 2
	}
	for _, r := range l.text {
		for row, bits := range glyphs[r] {
			for col := range 5 {
				if bits&(1<<(4-col)) != 0 {
					put(x+col*dot, y+row*dot)
				}
			}
		}
		x += advance
	}
}

// glyphs are the letters of the chart, a row of five dots each line.
var glyphs = map[rune][7]byte{
	'0': {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}, '1': {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e}, '2': {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f},
	'3': {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e}, '4': {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}, '5': {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
	'6': {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}, '7': {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}, '8': {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e},
	'9': {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}, 'W': {0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11}, 'O': {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e},
	'P': {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10}, 'E': {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}, 'N': {0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11},
	'V': {0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04}, 'R': {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}, 'D': {0x1c, 0x12, 0x11, 0x11, 0x11, 0x12, 0x1c},
	'U': {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}, 'I': {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}, 'F': {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10},
}
