package main

import (
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/holdfast-dev/holdfast/internal/api"
)

const defaultServer = "http://127.0.0.1:8080"

// env is what every command gets: where to read and write, and the flags that
// all share.
type env struct {
	in          io.Reader
	out, errOut io.Writer
	getenv      func(string) string

	server, token, output string
	colours               bool
}

func newEnv() *env {
	return &env{in: os.Stdin, out: os.Stdout, errOut: os.Stderr, getenv: os.Getenv}
}

// prepare checks the shared flags, before a command runs.
func (e *env) prepare() error {
	switch e.output {
	case "table", "plain", "json":
	case "":
		e.output = "plain"
		if isTerminal(e.out) {
			e.output = "table"
		}
	default:
		return usagef("-o %q is unknown: want table, plain or json", e.output)
	}
	e.colours = isTerminal(e.out) && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"
	if e.colours {
		text.EnableColors()
	} else {
		text.DisableColors()
	}
	return nil
}

// client is a client of the server that flags and environment name.
func (e *env) client() *api.Client {
	return api.NewClient(firstOf(e.server, e.getenv("HOLDFAST_URL"), defaultServer), firstOf(e.token, e.getenv("HOLDFAST_TOKEN")))
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// isTerminal reports whether f, a reader or writer, is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
