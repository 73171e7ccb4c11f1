package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strings"
)

// adminPath is where an outside test drives a stand-in:
//
//	GET  /_sandbox/faults   the rules in force, and how often each kind has struck
//	PUT  /_sandbox/faults   other rules; no rules end all faults
//	GET  /_sandbox/state    tickets with labels and comments, deployments, deliveries
//	POST /_sandbox/act      what a person or CI does, see Act
//
// It needs no credentials and is there for this machine alone.
const adminPath = "/_sandbox/"

// admin is what the interface needs of a stand-in.
type admin interface {
	Faults() (Faults, map[FaultKind]int)
	SetFaults(Faults) error
	Act(Act) (ActResult, error)
	state() obj
}

// Faults returns the rules in force and how often each kind has struck since
// the start.
func (g *GitHub) Faults() (Faults, map[FaultKind]int) { return g.faults.get() }

// SetFaults replaces all rules; counts and spells begin anew.
func (g *GitHub) SetFaults(f Faults) error { return g.faults.set(f) }

// Faults returns the rules in force and how often each kind has struck since
// the start.
func (j *Jira) Faults() (Faults, map[FaultKind]int) { return j.faults.get() }

// SetFaults replaces all rules; counts and spells begin anew.
func (j *Jira) SetFaults(f Faults) error { return j.faults.set(f) }

func serveAdmin(w http.ResponseWriter, r *http.Request, a admin) {
	reply := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the client may be gone
	}
	problem := func(status int, err error) { reply(status, obj{"error": err.Error()}) }
	if !local(r) {
		problem(http.StatusForbidden, errors.New("this is for the machine on which the sandbox runs: call it at its loopback address"))
		return
	}
	var in any
	faults, act := Faults{}, Act{}
	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, adminPath)
	switch route {
	case "GET faults", "GET state":
	case "PUT faults":
		in = &faults
	case "POST act":
		in = &act
	default:
		problem(http.StatusNotFound, fmt.Errorf("no %s %s: there are GET and PUT faults, GET state and POST act", r.Method, r.URL.Path))
		return
	}
	if in != nil {
		// A page in a browser can't send this type to another site unasked.
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			problem(http.StatusUnsupportedMediaType, errors.New("send it as application/json"))
			return
		}
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(in); err != nil {
			if strings.Contains(err.Error(), "unknown field") {
				err = fmt.Errorf("%w: there are %s", err, strings.Join(fieldsOf(reflect.TypeOf(in).Elem()), " "))
			}
			problem(http.StatusBadRequest, err)
			return
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			problem(http.StatusBadRequest, errors.New("more than one JSON value"))
			return
		}
	}
	switch route {
	case "GET state":
		reply(http.StatusOK, a.state())
		return
	case "POST act":
		done, err := a.Act(act)
		if err != nil {
			problem(http.StatusUnprocessableEntity, err)
			return
		}
		reply(http.StatusOK, done)
		return
	case "PUT faults":
		if err := a.SetFaults(faults); err != nil {
			problem(http.StatusUnprocessableEntity, err)
			return
		}
	}
	now, struck := a.Faults()
	reply(http.StatusOK, obj{"faults": now, "struck": struck})
}

// local is true for a caller on this machine that names it as such; a name
// that a foreign page could have made to resolve here does not count.
func local(r *http.Request) bool {
	host := func(s string) string {
		if h, _, err := net.SplitHostPort(s); err == nil {
			s = h
		}
		return strings.Trim(s, "[]")
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	from, asked := net.ParseIP(host(r.RemoteAddr)), host(r.Host)
	to := net.ParseIP(asked)
	return from != nil && from.IsLoopback() && (asked == "localhost" || to != nil && to.IsLoopback())
}

// fieldsOf names what a body may hold, those within each other with dots.
func fieldsOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			for _, sub := range fieldsOf(inner) {
				out = append(out, name+"."+sub)
			}
		}
	}
	return out
}
