// Command chaos plays a story against a Holdfast that is killed and trackers
// that misbehave, and exits with 1 when something was lost, done twice, or
// came out otherwise than in a world where nothing goes wrong.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/internal/chaos"
)

func main() {
	seconds := flag.Int("seconds", 60, "how long the story and the faults go on")
	seed := flag.Uint64("seed", 0, "of the story and the faults; 0: one from the clock")
	binary := flag.String("holdfast", "bin/holdfast", "the program to be tested")
	verbose := flag.Bool("v", false, "tell each step")
	keep := flag.Bool("keep", false, "leave logs and stores behind")
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	res, err := chaos.Run(ctx, chaos.Options{Seed: *seed, For: time.Duration(*seconds) * time.Second, Binary: *binary, Out: os.Stdout, Verbose: *verbose, Keep: *keep})
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	fmt.Println(res)
	if !res.Good() {
		os.Exit(1)
	}
}
