package webhook

import (
	"testing"

	"github.com/holdfast-dev/holdfast/internal/leaktest"
)

// Nothing is left running when all tests are over.
func TestMain(m *testing.M) { leaktest.Main(m) }
