package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// readAll reads the documents that are to be filed, each with the name by which
// it is spoken of. All that cannot be read are told at once.
func (e *env) readAll(ctx context.Context, f fileFlags, files []string) (names []string, requests []api.FileRequest, err error) {
	var bad []error
	for _, name := range files {
		body, err := e.readDocument(ctx, name)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		parts := severalDocuments(body)
		if len(parts) > 1 && f.id != "" {
			bad = append(bad, usagef("--id names one postmortem; %s holds %d", name, len(parts)))
			continue
		}
		for i, part := range parts {
			r := api.FileRequest{ID: f.id, Service: f.service, Force: f.force, ContentType: documentType(name, part), Body: part}
			said := name
			if len(parts) > 1 {
				said = fmt.Sprintf("%s[%d]", name, i) // each has its own id; the name is that of none
			} else if name != "-" {
				r.Name = filepath.Base(name)
			}
			names, requests = append(names, said), append(requests, r)
		}
	}
	return names, requests, errors.Join(bad...)
}

// severalDocuments takes apart what parse prints of several files; all else is
// one document.
func severalDocuments(body []byte) [][]byte {
	var list []json.RawMessage
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) || json.Unmarshal(body, &list) != nil || len(list) == 0 {
		return [][]byte{body}
	}
	out := make([][]byte, len(list))
	for i, one := range list {
		var form struct {
			Items []json.RawMessage `json:"items"`
		}
		if json.Unmarshal(one, &form) != nil || form.Items == nil {
			return [][]byte{body}
		}
		out[i] = one
	}
	return out
}

// readDocument reads a file, or standard input for -.
func (e *env) readDocument(ctx context.Context, name string) ([]byte, error) {
	var from io.Reader = interruptible{ctx, e.in}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading a postmortem: %w", err)
		}
		defer file.Close()
		if st, err := file.Stat(); err == nil && st.IsDir() {
			return nil, fmt.Errorf("%s is a directory: name its files, for example %s", name, filepath.Join(name, "*.md"))
		}
		from = file
	}
	body, err := io.ReadAll(io.LimitReader(from, api.MaxPostmortemBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", name, err)
	case len(body) > api.MaxPostmortemBytes:
		return nil, fmt.Errorf("%s is larger than 2 MiB: a postmortem's text is smaller, take images out", name)
	case len(bytes.TrimSpace(body)) == 0:
		return nil, fmt.Errorf("%s is empty", name)
	}
	return body, nil
}

func documentType(name string, body []byte) string {
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case ext == ".json", name == "-" && (bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || json.Valid(body)):
		return api.JSONType
	case ext == ".html", ext == ".htm":
		return api.HTMLType
	}
	return api.MarkdownType
}
