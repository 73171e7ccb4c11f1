package webhook

import (
	"testing"

	"go.uber.org/goleak"
)

// Nothing is left running when all tests are over.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
