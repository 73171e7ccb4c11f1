// Command holdfast is the service and its command line: one file per command,
// each of which reads flags, calls the server's API (or runs the service) and
// prints. It refuses to decide anything itself, so that a curl to the same
// API gets the same result.
//
// It exits with 0 when what was asked is done, 1 when that failed, and 2 when
// the question was wrong.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set when a release is built.
var version = "dev"

func main() { os.Exit(mainCode()) }

func mainCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, newEnv(), os.Args[1:])
}
