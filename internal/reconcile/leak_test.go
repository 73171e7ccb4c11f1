package reconcile

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/leaktest"
)

// Nothing is left running when all tests are over but the store that they
// share, whose process ends with this one.
func TestMain(m *testing.M) {
	leaktest.Main(m, goleak.IgnoreAnyFunction("github.com/holdfast-dev/holdfast/internal/store/redisserver.(*Process).run"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).writerDescriptor.func1"))
}
