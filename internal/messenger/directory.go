package messenger

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// Directory writes each report as files: text, Markdown, HTML, CSV and JSON.
// A file that is there is replaced in one step.
type Directory struct {
	Path string
	Name string // of the files, beside the week
}

// Send implements Channel.
func (d Directory) Send(_ context.Context, m Message, _ func(string) error) error {
	if m.Note != nil {
		return d.write(filepath.Base(d.Name)+"-reminders-"+m.At.UTC().Format("2006-01-02")+".txt", []byte(m.Note.digest().Text()))
	}
	data, err := json.MarshalIndent(struct {
		Overview []report.Report `json:"overview,omitempty"`
		Reports  []report.Report `json:"reports"`
	}{m.Digest.Overview, m.Digest.Reports}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report as JSON: %w", err)
	}
	for ext, text := range map[string][]byte{"txt": []byte(report.Text(m.Digest)), "md": []byte(report.Markdown(m.Digest)), "html": []byte(report.HTML(m.Digest)),
		"csv": []byte(report.CSV(m.Digest)), "json": data} {
		if err := d.write(m.Digest.Week()+"-"+d.Name+"."+ext, text); err != nil {
			return err
		}
	}
	return nil
}

func (d Directory) write(name string, text []byte) error {
	if err := os.MkdirAll(d.Path, 0o750); err != nil {
		return fmt.Errorf("making the directory of the reports: %w; let the user that runs holdfast write there", err)
	}
	name = strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' {
			return r
		}
		return '_'
	}, name)
	tmp, err := os.CreateTemp(d.Path, ".report-*")
	if err != nil {
		return fmt.Errorf("writing a report: %w; let the user that runs holdfast write there", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644) //nolint:gosec // a report is for others to read
	}
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(d.Path, name))
	}
	if err != nil {
		return fmt.Errorf("writing the report %s: %w", name, err)
	}
	return nil
}
