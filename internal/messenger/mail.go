package messenger

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// The ways in which a connection to a mail server is kept private.
const (
	TLSAuto     = "auto"     // as the server offers; needed where there is a password
	TLSStartTLS = "starttls" // needed
	TLSImplicit = "tls"      // from the first byte
	TLSNone     = "none"     // never
)

// Mail sends mail to one address.
type Mail struct {
	Host     string
	Port     int
	From     string
	User     string
	Password string
	TLS      string
	To       string
	Name     string // of the person, may be empty
	// RootCAs is for tests with a certificate of their own.
	TLSConfig *tls.Config
}

// Send implements Channel. Every attempt carries the same Message-ID and date,
// by which mail systems drop a second copy.
func (m Mail) Send(ctx context.Context, msg Message, _ func(string) error) error {
	letter, err := m.letter(msg)
	if err != nil {
		return Refused{err}
	}
	c, err := mail.NewClient(m.Host, m.options()...)
	if err != nil {
		return Refused{fmt.Errorf("preparing the connection to the mail server: %w", err)}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	// Once the server has taken the mail, what becomes of the connection does
	// not matter: the mail is not to be sent again.
	if err := c.DialAndSendWithContext(ctx, letter); err != nil && !letter.IsDelivered() {
		err = fmt.Errorf("sending mail through %s: %w", m.Host, hush{err, m.Password})
		var se *mail.SendError
		if errors.As(err, &se) && !se.IsTemp() && se.Reason != mail.ErrConnCheck && se.ErrorCode() >= 500 {
			return Refused{err}
		}
		return err
	}
	return nil
}

// hush keeps a secret out of an error that a server worded.
type hush struct {
	error
	secret string
}

func (h hush) Error() string {
	if h.secret == "" {
		return h.error.Error()
	}
	return strings.ReplaceAll(h.error.Error(), h.secret, "…")
}

func (h hush) Unwrap() error { return h.error }

func (m Mail) options() []mail.Option {
	o := []mail.Option{mail.WithPort(m.Port), mail.WithTimeout(attemptTime)}
	switch {
	case m.TLS == TLSNone:
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	case m.TLS == TLSImplicit, m.TLS != TLSStartTLS && m.Port == 465:
		o = append(o, mail.WithSSL())
	case m.TLS == TLSStartTLS, m.User != "":
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if m.TLSConfig != nil {
		o = append(o, mail.WithTLSConfig(m.TLSConfig))
	}
	if m.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if m.TLS == TLSNone {
			auth = mail.SMTPAuthPlainNoEnc // asked for in the configuration
		}
		o = append(o, mail.WithSMTPAuth(auth), mail.WithUsername(m.User), mail.WithPassword(m.Password))
	}
	return o
}

// letter writes the mail: plain text, HTML, and the charts as inline images.
func (m Mail) letter(msg Message) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(m.From); err != nil {
		return nil, fmt.Errorf("reports.smtp.from: %w", err)
	}
	var err error
	if m.Name != "" {
		err = letter.AddToFormat(m.Name, m.To)
	} else {
		err = letter.AddTo(m.To)
	}
	if err != nil {
		return nil, fmt.Errorf("the address of the receiver: %w", err)
	}
	title := msg.Digest.Title()
	var text, html string
	var charts [][]byte
	if msg.Note != nil {
		note := msg.Note.digest()
		title, text, html = note.Title, note.Text(), note.HTML()
	} else {
		text = report.Text(msg.Digest)
		html = report.MailHTML(msg.Digest, func(p []report.Point) string {
			charts = append(charts, report.ChartPNG(p))
			return contentID(len(charts))
		})
	}
	letter.Subject(report.OneLine(title))
	letter.SetMessageIDWithValue(msg.ID + "@" + domainOf(m.From))
	letter.SetDateWithValue(msg.At)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetUserAgent("Holdfast")
	letter.SetBodyString(mail.TypeTextPlain, text)
	letter.AddAlternativeString(mail.TypeTextHTML, html)
	for i, png := range charts {
		if err := letter.EmbedReader(fmt.Sprintf("weeks-%d.png", i+1), bytes.NewReader(png), mail.WithFileContentID("<"+contentID(i+1)+">"), mail.WithFileContentType("image/png")); err != nil {
			return nil, fmt.Errorf("putting the chart into the mail: %w", err)
		}
	}
	return letter, nil
}

func contentID(n int) string { return fmt.Sprintf("weeks-%d@holdfast", n) }

func domainOf(address string) string {
	_, domain, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(address), ">"), "@")
	if !ok || domain == "" {
		return "holdfast"
	}
	return domain
}
