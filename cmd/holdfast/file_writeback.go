package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/writeback"
)

// writeBack puts the links of tickets into the documents that were filed. It
// shows each change first and asks, unless the person said yes to all.
func (e *env) writeBack(ctx context.Context, names []string, bodies [][]byte, plans, filed []api.FiledView, yes bool) error {
	var errs []error
	for i, name := range names {
		if err := e.writeBackOne(ctx, name, bodies[i], plans[i].Plan, filed[i], yes); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (e *env) writeBackOne(ctx context.Context, name string, body []byte, plan []api.PlanLine, filed api.FiledView, yes bool) error {
	if !writeback.Possible(name) {
		e.note("%s: links are only written into Markdown; the list above has them.", name)
		return nil
	}
	links, err := linksFor(filepath.Base(name), body, plan, filed)
	if err != nil {
		return err
	}
	out, edits, skipped, err := writeback.Apply(filepath.Base(name), body, links)
	if err != nil {
		return err
	}
	for _, s := range skipped {
		e.note("%s: %s %s is not written in: %s.", name, s.Link.Text, s.Link.URL, s.Why)
	}
	if len(edits) == 0 {
		if len(links) == 0 {
			e.note("%s: there is no ticket to write in.", name)
		} else if len(skipped) == 0 {
			e.note("%s names all its tickets.", name)
		}
		return nil
	}
	for _, ed := range edits {
		e.note("%s:%d", name, ed.Line)
		e.note("- %s", strings.TrimRight(ed.Old, "\r"))
		e.note("+ %s", strings.TrimRight(ed.New, "\r"))
	}
	if !yes {
		ok, err := e.ask(ctx, fmt.Sprintf("Write the %s into %s?", plural(len(edits), "link"), name), "the document was not changed")
		if err != nil || !ok {
			return err
		}
	}
	if err := replaceFile(name, body, out); err != nil {
		return fmt.Errorf("writing the links into %s: %w", name, err)
	}
	e.note("%s: %s written in.", name, plural(len(edits), "link"))
	return nil
}

// linksFor are the tickets of the items of a document, as it is read here. The
// plan says which item is which: a ticket may have other words than the
// document, because a person gave it these or because they follow later.
func linksFor(name string, body []byte, plan []api.PlanLine, filed api.FiledView) ([]writeback.Link, error) {
	doc, err := postmortem.Parse(name, body)
	if err != nil {
		return nil, err
	}
	tickets := map[string]*api.TicketView{}
	for _, it := range filed.Items {
		tickets[it.ID] = it.Ticket
	}
	byTitle := map[string][]string{} // to the ids of the items
	for _, l := range plan {
		if l.Action != "remove" {
			byTitle[l.Title] = append(byTitle[l.Title], l.Item)
		}
	}
	var links []writeback.Link
	for i, item := range doc.Items {
		title := strings.Join(strings.Fields(item.Title), " ")
		same := byTitle[title]
		if len(same) == 0 {
			continue // the server read it otherwise
		}
		byTitle[title] = same[1:]
		if t := tickets[same[0]]; t != nil && t.URL != "" {
			links = append(links, writeback.Link{Item: i, Text: t.Ref.Key(), URL: t.URL})
		}
	}
	return links, nil
}

// replaceFile writes a file in one step, so that nobody ever sees half of it.
// One that somebody changed meanwhile is left alone.
func replaceFile(name string, before, after []byte) error {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	st, err := os.Stat(real)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(real), ".holdfast-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already where all went well
	_, err = tmp.Write(after)
	if err == nil {
		err = tmp.Chmod(st.Mode().Perm())
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	now, err := os.ReadFile(real)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, before) {
		return errors.New("it was changed meanwhile; run this again")
	}
	return os.Rename(tmp.Name(), real)
}
