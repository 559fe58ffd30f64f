// Package local runs jobs in one process: the state machine's own file, executed as it stands, and
// what takes unfinished jobs up again after any end of the process.
//
//	machine.go     a loaded state machine, and running it
//	load.go        reading the file; whatever this package does not know is refused here
//	states.go      choice, wait, succeed, fail
//	task.go        task: error(catch(retry(timeout(call))))
//	path.go        the paths of the file
//	executions.go  the executions of this process
//	handlers.go    the tasks of the state machine: the steps, and the hand-over
//	resume.go      unfinished jobs go on
package local

import (
	"context"
	"encoding/json"
	"math/rand/v2"

	"github.com/usersync/usersync/internal/usersync"
)

// Task does the work of the Task states that name it as their Resource. It must end soon after its
// context: the machine waits for it, so that no work goes on unseen. An error that is no *Error is one
// called States.TaskFailed.
type Task func(ctx context.Context, input json.RawMessage) (json.RawMessage, error)

// Error is an error with the name by which Retry and Catch know it. Run's error is one too, unless the
// context has ended. Cause may be anything that a task said: it is for the state machine, not for a log.
type Error struct {
	Name  string
	Cause string
}

// Error is the name.
func (e *Error) Error() string { return e.Name }

// The names of errors that the machine itself raises.
const (
	errTimeout    = "States.Timeout"    // a task took longer than its TimeoutSeconds
	errTaskFailed = "States.TaskFailed" // a task's error without a name
	errRuntime    = "States.Runtime"    // the file and the state do not fit each other; nothing catches it
)

// Options are what a machine needs of its surroundings.
type Options struct {
	Clock usersync.Clock // the system's, if nil
	// Random gives the jitter of retries: a number from 0 up to 1. math/rand, if nil.
	Random func() float64
	// Trace is told of each state that is entered, with its input; nil: nobody is.
	Trace func(state string, input json.RawMessage)
	// ID is the machine's own name: $$.StateMachine.Id.
	ID string
}

// Machine is a loaded state machine. It may run any number of executions at once.
type Machine struct {
	start  string
	states map[string]state
	o      Options
}

// state is one state of the file. Its run returns its output and the name of the state that follows,
// or no name at the end of the execution.
type state interface {
	run(ctx context.Context, m *Machine, input json.RawMessage) (output json.RawMessage, next string, err error)
	// nexts are the states that may follow.
	nexts() []string
}

// Load reads a definition in Amazon States Language, whose tasks are called by their Resource, exactly
// as it is written there. It knows what sync.asl.json uses; everything else, be it a field, a type, an
// operator or a path, is an error that names the state and the field. So is a way round that meets no
// task, which would never end.
func Load(definition []byte, tasks map[string]Task, o Options) (*Machine, error) {
	if o.Clock == nil {
		o.Clock = usersync.SystemClock{}
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Trace == nil {
		o.Trace = func(string, json.RawMessage) {}
	}
	m := &Machine{states: map[string]state{}, o: o}
	if err := m.load(definition, tasks); err != nil {
		return nil, err
	}
	return m, nil
}

// Run runs one execution to its end and returns its output. Errors: *Error, with the name in the Fail
// state or that of the error that nothing caught; the context's, as soon as it has ended: nothing is
// retried or caught then.
func (m *Machine) Run(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
	for name := m.start; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.o.Trace(name, input)
		output, next, err := m.states[name].run(ctx, m, input)
		if err != nil || next == "" {
			return output, err
		}
		name, input = next, output
	}
}
