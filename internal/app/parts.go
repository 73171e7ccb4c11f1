package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// verdictParts digests what the configuration says that can change a verdict,
// part by part.
func verdictParts(cfg *config.Config, engine string) reconcile.Parts {
	parts := reconcile.Parts{reconcile.PartEngine: engine, reconcile.PartPolicy: digest(cfg.Policy)}
	for _, t := range cfg.Teams {
		parts[reconcile.PartTeam+t.Name] = digest(cfg.TeamPolicy(t.Name))
	}
	for _, svc := range cfg.Services() {
		parts[reconcile.PartService+svc.Name] = digest(svc) + " " + strings.ToLower(svc.Repo)
	}
	return parts
}

// digest is short, and the same for the same content.
func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of plain values
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// engine names the program that works out the verdicts, by what is in its file:
// another build may judge otherwise, and nobody has to remember to say so. Where
// the file cannot be read, its version must do.
func engine(version string) string {
	if sum := program(); sum != "" {
		return sum
	}
	return version
}

var program = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
})
