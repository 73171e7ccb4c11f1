package messengertest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"encoding/base64"

	"github.com/emersion/go-smtp"
)

// Mail is a mail that the server took, taken apart.
type Mail struct {
	From   string
	To     []string
	Header mail.Header
	Raw    []byte
	Text   string
	HTML   string
	Images map[string][]byte // by content id
}

// MailServer is a real SMTP server on 127.0.0.1.
type MailServer struct {
	Host string
	Port int

	mu     sync.Mutex
	mails  []Mail
	refuse error
	drop   bool
}

// NewMailServer starts a server that ends with the test.
func NewMailServer(t testing.TB) *MailServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &MailServer{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s}, nil }))
	server.Domain, server.ReadTimeout, server.WriteTimeout = "mail.acme.example", 30*time.Second, 30*time.Second
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { server.Close(); <-done })
	return s
}

// Refuse makes the server answer every receiver with err; nil: none.
func (s *MailServer) Refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = err
}

// DropAfterData makes the server take mails and hang up before it says so.
func (s *MailServer) DropAfterData(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = on
}

// Mails are those that were taken.
func (s *MailServer) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

type session struct {
	s    *MailServer
	mail Mail
}

// Mail implements smtp.Session.
func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	x.mail.From = from
	return nil
}

// Rcpt implements smtp.Session.
func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.mail.To = append(x.mail.To, to)
	return x.s.refuse
}

// Data implements smtp.Session.
func (x *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := x.mail
	m.Raw = raw
	if err := m.parse(); err != nil {
		return &smtp.SMTPError{Code: 554, Message: "unreadable: " + err.Error()}
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.mails = append(x.s.mails, m)
	if x.s.drop {
		return &smtp.SMTPError{Code: 451, Message: "lost on the way back"}
	}
	return nil
}

// Reset implements smtp.Session.
func (x *session) Reset() { x.mail = Mail{} }

// Logout implements smtp.Session.
func (x *session) Logout() error { return nil }

// parse takes the parts out of the raw mail.
func (m *Mail) parse() error {
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return err
	}
	m.Header, m.Images = msg.Header, map[string][]byte{}
	return m.part(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), "", msg.Body)
}

func (m *Mail) part(contentType, encoding, id string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-ID"), p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	switch kind {
	case "text/plain":
		m.Text = string(data)
	case "text/html":
		m.HTML = string(data)
	default:
		inner, ok := strings.CutPrefix(id, "<")
		inner, closed := strings.CutSuffix(inner, ">")
		if !ok || !closed {
			return fmt.Errorf("the content id %q does not stand in angle brackets", id)
		}
		m.Images[inner] = data
	}
	return nil
}
