// Package config reads holdfast.yaml: Load decodes it strictly, sets defaults,
// validates, and tells every mistake at once with its line and column. It
// refuses unknown keys, empty secrets, references to what is not configured,
// and files that are too large or too deeply nested to be a configuration. It
// opens no connection and changes nothing: that a token works is doctor's
// business.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// MaxSize is the largest configuration that is read, in bytes.
const MaxSize = 4 << 20

// Config is a checked configuration with its defaults filled in. It is not
// changed after Load and may be shared between goroutines.
type Config struct {
	Listen    string `yaml:"listen" jsonschema_description:"Address to serve on, host:port. Default 127.0.0.1:8080."`
	PublicURL string `yaml:"public_url" jsonschema_description:"How people and trackers reach Holdfast. Default http://<listen>."`
	MarkerKey Secret `yaml:"marker_key" jsonschema_description:"Signs the markers in tickets. Default: data_dir/marker.key, made at the first start."`
	DataDir   string `yaml:"data_dir" jsonschema_description:"Mirrors, and the private store where no redis is configured. Relative to this file. Default ./holdfast-data."`
	Redis     Redis  `yaml:"redis"`
	// Retention is how long a finished item keeps its whole ledger; 0: for ever.
	Retention Duration `yaml:"retention" jsonschema_description:"How long finished items keep their whole ledger, and old deployments are kept; then a summary is left. 0 keeps everything. Default 400d."`

	Trackers    []Tracker `yaml:"trackers"`
	ServiceList []Service `yaml:"services"`
	Defaults    Defaults  `yaml:"defaults"`
	// Policy is decoded before the teams, whose policies start from it.
	Policy     Policy   `yaml:"policy"`
	Teams      []Team   `yaml:"teams"`
	PersonList []Person `yaml:"people"`

	Labels      Labels             `yaml:"labels"`
	Adopt       []Adopt            `yaml:"adopt"`
	Deployments Deployments        `yaml:"deployments"`
	Postmortems []PostmortemSource `yaml:"postmortems"`
	Reports     Reports            `yaml:"reports"`
	API         *API               `yaml:"api" jsonschema_description:"Who may use the API. Absent: open to the local user, on loopback only."`

	// Warnings are what is allowed and yet probably not meant.
	Warnings Problems `yaml:"-"`

	services []domain.Service
	byName   map[string]int // lower-case name or alias → index in services
}

// Options are where Load looks for what the file itself does not hold. The
// zero value means the process's environment and the file system.
type Options struct {
	// Getenv looks up a variable for ${NAME} and reports whether it is set.
	Getenv func(name string) (string, bool)
	// Dir is what relative paths in the file start from; Load sets it to the
	// directory of the file where it is empty.
	Dir string
	// ReadFile reads the file behind a …_file key.
	ReadFile func(path string) ([]byte, error)
}

// Load reads and checks the file at path. The error is a Problems when the
// file could be read but is wrong.
func Load(path string) (*Config, error) { return Options{}.Load(path) }

// Parse checks the text of a configuration; name stands for it in messages.
func Parse(name string, data []byte) (*Config, error) { return Options{}.Parse(name, data) }

// Load is Load with these options.
func (o Options) Load(path string) (*Config, error) {
	data, err := readBounded(path, MaxSize)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("reading the configuration: %w; name the file with -c, or start from docs/examples/minimal-github.yaml", err)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("reading the configuration: %w; let the user that runs holdfast read it", err)
	case err != nil:
		return nil, fmt.Errorf("reading the configuration %s: %w", path, err)
	}
	if o.Dir == "" {
		if o.Dir, err = filepath.Abs(filepath.Dir(path)); err != nil {
			return nil, fmt.Errorf("finding the directory of %s: %w", path, err)
		}
	}
	return o.Parse(path, data)
}

// Parse is Parse with these options.
func (o Options) Parse(name string, data []byte) (*Config, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.ReadFile == nil {
		o.ReadFile = func(path string) ([]byte, error) { return readBounded(path, maxSecretFile) }
	}
	d := newDecoder(name, o)
	cfg := &Config{}
	cfg.setDefaults()
	if root := d.parse(data); root != nil {
		d.decodeFile(root, cfg)
		if !d.stopped && !d.bad[""] {
			cfg.derive(o.Dir)
			v := validator{decoder: d, cfg: cfg}
			v.all()
		}
	}
	d.problems.sort()
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	d.warnings.sort()
	cfg.Warnings = d.warnings
	cfg.index()
	return cfg, nil
}

// readBounded reads a regular file of at most limit bytes. A pipe or device
// could block for ever.
func readBounded(path string, limit int64) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("is larger than %d bytes", limit)
	}
	return data, nil
}
