package policy_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The package decides from facts alone. What it may not import it cannot ask:
// no clock beyond the type time.Time, no network, no store, no client.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	allowed := []string{"errors", "fmt", "slices", "strings", "time", "github.com/holdfast-dev/holdfast/internal/domain"}
	for _, p := range strings.Fields(string(out)) {
		if !slices.Contains(allowed, p) {
			t.Errorf("policy imports %s; allowed are %v", p, allowed)
		}
	}
}
