// Command usersync is the command line: it serves, syncs, and tells what happened.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the whole command line. Every flag is also an environment variable USERSYNC_….
type commands struct {
	Serve    serveCommand    `cmd:"" help:"Serve the job API and the directory, and run jobs."`
	Sync     syncCommand     `cmd:"" help:"Sync now, and wait for the end."`
	Status   statusCommand   `cmd:"" help:"Show jobs, newest first, or one job."`
	Outcomes outcomesCommand `cmd:"" help:"Show what happened to each person who was not simply unchanged."`
	Cancel   cancelCommand   `cmd:"" help:"Cancel a job (not supported yet)."`
	Check    checkCommand    `cmd:"" help:"Check the settings, log in on both sides, read one page; change nothing."`
	Token    tokenCommand    `cmd:"" help:"Print a token of the built-in issuer."`
	Company  companyCommand  `cmd:"" help:"Settings in a deployment's table."`
}

// streams is where a command reads its context and writes: the result to out, the rest to err.
type streams struct {
	out, err io.Writer
	terminal bool // err is a terminal
}

// gcPercent trades a little CPU for a steady size: ten times the people are to need hardly more memory.
const gcPercent = 60

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr, terminal: isTerminal(os.Stderr)})
	stop()
	os.Exit(code)
}

// execute parses the arguments, runs the command, and returns the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	var c commands
	helped := false
	parser, err := kong.New(&c,
		kong.Name("usersync"),
		kong.Description("Copies people from the system that knows them into the system that needs them."),
		kong.DefaultEnvars("USERSYNC"),
		kong.Writers(s.out, s.err),
		kong.Exit(func(int) { helped = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		fmt.Fprintln(s.err, "usersync:", err)
		return exitUsage
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitDone
	}
	if err != nil {
		fmt.Fprintf(s.err, "usersync: %v\n", err)
		fmt.Fprintln(s.err, "usersync --help lists the commands and flags")
		return exitUsage
	}
	return exitCode(s.err, parsed.Run())
}

// notSupported is a command or flag that is recognised and not built yet.
func notSupported(what string) error { return usageError{errors.New(what + " is not supported yet")} }

// cancelCommand is recognised and refused.
type cancelCommand struct {
	Job  string   `arg:"" optional:""`
	Rest []string `arg:"" optional:"" passthrough:""`
	connection
}

// Run refuses.
func (*cancelCommand) Run() error { return notSupported("cancel") }
