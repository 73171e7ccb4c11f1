package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/config"
)

// markerKey is the key that signs the markers in tickets: the configured one,
// else the one in data_dir, made at the first start.
func markerKey(cfg *config.Config, dir string, ephemeral bool) ([]byte, error) {
	if k := cfg.MarkerKey.Reveal(); k != "" {
		return []byte(k), nil
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("making a marker key: %w", err)
	}
	fresh := hex.EncodeToString(b[:])
	if ephemeral {
		return []byte(fresh), nil
	}
	path := filepath.Join(dir, "marker.key")
	// Only the process that creates the file writes to it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		_, err = f.WriteString(fresh + "\n")
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			_ = os.Remove(path) // half a key must not be found at the next start
			return nil, fmt.Errorf("writing %s: %w", path, err)
		}
		return []byte(fresh), nil
	case !errors.Is(err, os.ErrExist):
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the marker key: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if len(key) < 32 {
		return nil, fmt.Errorf("%s holds no key: restore it from a backup, or delete it if no ticket was filed yet", path)
	}
	return []byte(key), nil
}
