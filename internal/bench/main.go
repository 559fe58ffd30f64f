// Command bench measures usersync as whole processes, against bars: how close a first sync comes to a
// bare loop of the same requests, what an unchanged night costs, how memory and time grow with the
// number of people, what a mapping costs, and how soon `serve` answers. Servers that it talks to are processes of its own
// on the loopback address.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	binary := flag.String("usersync", "bin/usersync", "the program to measure")
	people := flag.Int("people", 10_000, "how many people a source has, or a target has already")
	inFlight := flag.Int("in-flight", 50, "requests under way at once, of the bare loop and of usersync")
	delay := flag.Duration("delay", 20*time.Millisecond, "how long the target takes for a request")
	only := flag.String("only", "", "one part alone: websak, bokamera, survey, mapping, directory or serve")
	flag.Parse()
	if err := run(flag.Args(), *only, *binary, *people, *inFlight, *delay); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run dispatches: the same program is the measuring process and each process that is measured against.
func run(args []string, only, binary string, people, inFlight int, delay time.Duration) error {
	switch {
	case len(args) == 0:
		return measure(only, binary, people, inFlight, delay)
	case args[0] == "websak":
		return serve(newWebsak(people, delay), os.Stdin, os.Stdout)
	case args[0] == "vaka":
		return serve(newVAKA(people), os.Stdin, os.Stdout)
	case args[0] == "bokamera":
		return serve(newBokaMera(people, delay), os.Stdin, os.Stdout)
	case args[0] == "loop" && len(args) == 3 && loops[args[1]].path != "":
		return bareLoop(loops[args[1]], args[2], people, inFlight)
	}
	return fmt.Errorf("unknown argument %q; run it without one", args[0])
}

// measure runs everything, or one part, once, in an order that lets each figure stand beside the one it is held to.
func measure(only, binary string, people, inFlight int, delay time.Duration) error {
	dir, err := os.MkdirTemp("", "usersync-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{binary: binary, dir: dir, people: people, inFlight: inFlight, delay: delay}
	defer b.stop()
	known := false
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"websak", b.websakToWebsak}, {"bokamera", b.vakaToBokaMera}, {"survey", b.survey},
		{"mapping", b.mapping}, {"directory", b.fileToDirectory}, {"serve", b.serveStart},
	} {
		if only != "" && only != part.name {
			continue
		}
		known = true
		if err := part.run(); err != nil {
			return err
		}
	}
	if !known {
		return fmt.Errorf("no part is called %q", only)
	}
	return b.table.print(os.Stdout)
}
