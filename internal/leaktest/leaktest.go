// Package leaktest looks for goroutines that tests leave behind. It is patient:
// what was told to end may take a while where the machine has much else to do.
package leaktest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const patience = time.Minute

// Find returns an error that names the goroutines that are left and stay.
func Find(o ...goleak.Option) error {
	for end := time.Now().Add(patience); ; {
		err := goleak.Find(o...) // it waits for some 400 ms
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// Main runs the tests of a package and ends the process.
func Main(m *testing.M, o ...goleak.Option) {
	code := m.Run()
	if code == 0 {
		if err := Find(o...); err != nil {
			fmt.Fprintln(os.Stderr, "after all tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}
