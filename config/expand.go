package config

import (
	"regexp"
	"strings"
)

// While the file is parsed these two stand for the braces of ${NAME}, so that
// it may also be written inside {…} and […] and columns stay as they are.
// Expansion happens in values only, after parsing: what a variable holds can't
// change the structure of the file.
const (
	maskOpen  = '\uFDD0'
	maskClose = '\uFDD1'
)

var (
	reference = regexp.MustCompile(`\$\{([^{}\s"'#,\[\]]*)\}`)
	masked    = regexp.MustCompile("\\$" + string(maskOpen) + "([^" + string(maskClose) + "]*)" + string(maskClose))
	varName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	unmasker  = strings.NewReplacer(string(maskOpen), "{", string(maskClose), "}")
)

func mask(data []byte) []byte {
	return reference.ReplaceAll(data, []byte("$$"+string(maskOpen)+"$1"+string(maskClose)))
}

func unmask(s string) string { return unmasker.Replace(s) }

// expand replaces each ${NAME}. It reports whether anything was replaced, and
// whether all could be; if not, the problem has been told.
func (d *decoder) expand(raw, path string) (value string, env, ok bool) {
	ok = true
	value = masked.ReplaceAllStringFunc(raw, func(m string) string {
		name := strings.Trim(m, "$"+string(maskOpen)+string(maskClose))
		env = true
		if !varName.MatchString(name) {
			ok = false
			d.problem(path, "${"+cut(name)+"} names no environment variable", "only ${NAME} is understood, with letters, digits and _")
			return ""
		}
		v, set := d.opts.Getenv(name)
		if !set && ok {
			ok = false
			d.problem(path, "the environment variable "+cut(name)+" is not set", "set it where holdfast starts, or write the value here")
		}
		return v
	})
	if ok && strings.Contains(unmask(masked.ReplaceAllString(raw, "")), "${") {
		ok = false
		d.problem(path, "has a ${ without its }", "write ${NAME}; a value that really holds ${ must come from a variable or a file")
	}
	return value, env, ok
}
