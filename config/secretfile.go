package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

const (
	fileSuffix    = "_file"
	maxSecretFile = 64 << 10 // bytes; a key pair with its chain fits
)

// secret reads a secret that stands in the file or in the environment.
func (d *decoder) secret(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	s, ok := d.anyText(n, path, "text", true)
	if !ok {
		return
	}
	d.setSecret(s.value, v, path, tag)
}

// secretFile reads a secret from the file that NAME_file names, relative to
// the configuration. One line break at its end is not part of the secret.
func (d *decoder) secretFile(p pair, v reflect.Value, parent, key string, both bool, tag reflect.StructTag) {
	path, plain := join(parent, key+fileSuffix), join(parent, key)
	d.places[path] = p.valueAt()
	name := ""
	d.value(p.value, reflect.ValueOf(&name).Elem(), path, "")
	switch {
	case d.bad[path]:
		d.bad[plain] = true
		return
	case both:
		d.problem(path, "stands beside "+key, "keep one of them")
		return
	case name == "":
		d.problem(path, "names no file", "write the path of the file that holds the secret")
		d.bad[plain] = true
		return
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.opts.Dir, name)
	}
	data, err := d.opts.ReadFile(name)
	if err != nil {
		// The path may come from the environment; only the reason is told.
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		d.problem(path, "can't read the file: "+err.Error(), "the path starts from the directory of the configuration; holdfast's user must be able to read it")
		d.bad[plain] = true
		return
	}
	d.places[plain] = d.places[path]
	d.setSecret(string(data), v, plain, tag)
}

func (d *decoder) setSecret(value string, v reflect.Value, path string, tag reflect.StructTag) {
	value = strings.TrimRight(value, "\r\n")
	switch {
	case strings.TrimSpace(value) == "":
		d.emptySecret(path)
	case tag.Get("multiline") == "" && strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		d.problem(path, "holds blanks or control characters", "a secret here is one word; look for a line break that was copied along")
	default:
		v.Set(reflect.ValueOf(NewSecret(value)))
	}
}

func (d *decoder) emptySecret(path string) {
	d.problem(path, "is empty", "write the secret, ${NAME} for a variable that holds it, or use "+path[strings.LastIndexByte(path, '.')+1:]+fileSuffix)
}
