package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// The exit codes.
const (
	exitDone    = 0 // done
	exitFailed  = 1 // a job failed
	exitUsage   = 2 // wrong usage or settings
	exitRunning = 3 // already running
	exitPartly  = 4 // done, but some people failed
)

// worst picks what several ends come to: the first of 2, 1, 3, 4, 0 among them.
func worst(codes []int) int {
	for _, code := range []int{exitUsage, exitFailed, exitRunning, exitPartly} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return exitDone
}

// ended is a command that has shown its result and ends with a code.
type ended int

func (e ended) Error() string { return fmt.Sprintf("ended with %d", int(e)) }

// usageError is a command that was called the wrong way.
type usageError struct{ error }

// exitCode shows an error, unless the command has shown its result, and turns it into the code.
func exitCode(stderr io.Writer, err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return exitDone
	}
	if e, is := errors.AsType[ended](err); is {
		return int(e)
	}
	if e, is := errors.AsType[usageError](err); is {
		fmt.Fprintln(stderr, "usersync:", e.Error())
		return exitUsage
	}
	if e, is := errors.AsType[*usersync.Error](err); is {
		fmt.Fprintln(stderr, "usersync:", e.Message)
		switch e.Code {
		case usersync.Conflict:
			return exitRunning
		case usersync.Settings, usersync.Validation, usersync.NotSupported:
			return exitUsage
		}
		return exitFailed
	}
	fmt.Fprintln(stderr, "usersync:", err)
	return exitFailed
}
