// Command chaos plays a story against a Holdfast that is killed and trackers
// that misbehave, and exits with 1 when something was lost, done twice, or
// came out otherwise than in a world where nothing goes wrong.
package main

import (
	"context"
	"encoding/json"
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
	weather := flag.String("weather", "", "JSON `file` with the faults to play, instead of those that the seed draws")
	show := flag.Bool("show-weather", false, "print the faults that the seed draws as JSON, and play nothing")
	store := flag.String("redis", "", "`address` (redis://…) of a store for the disturbed service that you run, and kill, yourself")
	verbose := flag.Bool("v", false, "tell each step")
	keep := flag.Bool("keep", false, "leave logs and stores behind")
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	o := chaos.Options{Seed: *seed, For: time.Duration(*seconds) * time.Second, Binary: *binary, Redis: *store, Out: os.Stdout, Verbose: *verbose, Keep: *keep}
	if *show {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		fail(e.Encode(chaos.Draw(o.Seed, o.For)))
		return
	}
	if *weather != "" {
		w, err := readWeather(*weather)
		fail(err)
		o.Weather = &w
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	res, err := chaos.Run(ctx, o)
	stop()
	fail(err)
	fmt.Println(res)
	if !res.Good() {
		os.Exit(1)
	}
}

func readWeather(path string) (chaos.Weather, error) {
	f, err := os.Open(path)
	if err != nil {
		return chaos.Weather{}, err
	}
	defer f.Close() // it was only read
	return chaos.ReadWeather(f)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}
