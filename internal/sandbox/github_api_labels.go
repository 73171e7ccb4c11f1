package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

func (c *call) wireLabel(l *ghLabel) obj { return c.g.wireLabel(c.repo, l) }

func (c *call) listRepoLabels() answer { return list(c, c.repo.labels, c.wireLabel) }

func (c *call) getLabel() answer {
	l := c.repo.label(c.path("name"))
	if l == nil {
		return notFound
	}
	return answer{http.StatusOK, c.wireLabel(l)}
}

func (c *call) createLabel() answer {
	var name, color, text string
	for _, f := range []struct {
		key  string
		into *string
	}{{"name", &name}, {"color", &color}, {"description", &text}} {
		if _, err := c.field(f.key, f.into); err != nil {
			return problem(http.StatusUnprocessableEntity, "Invalid request.\n\n"+err.Error())
		}
	}
	if a := checkLabels([]string{name}); a.status != 0 {
		return a
	}
	if c.repo.label(name) != nil {
		return invalid("Label", "name", "already_exists", "", nil)
	}
	if color == "" {
		color = "ededed"
	}
	l := &ghLabel{id: c.g.id(), name: name, color: color, text: text}
	c.repo.labels = append(c.repo.labels, l)
	return answer{http.StatusCreated, c.wireLabel(l)}
}

func (c *call) answerLabels(is *ghIssue) answer {
	return answer{http.StatusOK, c.g.wireLabels(c.repo, is.labels)}
}

func (c *call) listLabels() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	var found []*ghLabel
	for _, name := range is.labels {
		if l := c.repo.label(name); l != nil {
			found = append(found, l)
		}
	}
	return list(c, found, c.wireLabel)
}

// changeLabels reads the labels of the body, {"labels": […]} or a bare list.
func (c *call) changeLabels(change func(now, given []string) []string) answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	given, ok, err := c.names("labels")
	if !ok && err == nil {
		given, _, err = c.names("")
	}
	if err != nil {
		return problem(http.StatusUnprocessableEntity, "Invalid request.\n\n"+err.Error())
	}
	if a := checkLabels(given); a.status != 0 {
		return a
	}
	c.g.setLabels(c.repo, is, c.login, change(slices.Clone(is.labels), given))
	return c.answerLabels(is)
}

func (c *call) addLabels() answer {
	return c.changeLabels(func(now, given []string) []string { return append(now, given...) })
}

func (c *call) replaceLabels() answer {
	return c.changeLabels(func(_, given []string) []string { return given })
}

func (c *call) removeAllLabels() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	c.g.setLabels(c.repo, is, c.login, nil)
	return nothingHere
}

func (c *call) removeLabel() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	name := c.path("name")
	if !is.hasLabel(name) {
		return problem(http.StatusNotFound, "Label does not exist")
	}
	c.g.setLabels(c.repo, is, c.login, slices.DeleteFunc(slices.Clone(is.labels), func(l string) bool { return strings.EqualFold(l, name) }))
	return c.answerLabels(is)
}
