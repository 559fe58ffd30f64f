package local

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"sync"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// Executions runs the executions of this process, each in a goroutine. What it remembers ends with the
// process: what must last is in the store.
type Executions struct {
	machine *Machine
	log     *slog.Logger
	ctx     context.Context // of every execution
	stop    context.CancelFunc

	mu      sync.Mutex
	jobs    map[usersync.JobID]*runs
	running int
	idle    chan struct{} // closed while nothing runs
	closed  bool
}

// runs is what is known of one job's executions in this process.
type runs struct {
	latest   int // the largest number of an execution; 0: none
	running  int // two for the moment of a hand-over
	failures int // executions in a row that left the job behind with an error

	done chan struct{} // closed while none runs
}

var _ usersync.Executions = (*Executions)(nil)

// remembered is how many jobs are remembered before those are forgotten that do not run. A forgotten
// execution that is started again finds its job ended.
const remembered = 10_000

// NewExecutions loads the workflow's definition around the steps. The executions live until Shutdown,
// whatever becomes of the context, whose values they have.
func NewExecutions(ctx context.Context, steps *workflow.Steps, log *slog.Logger, o Options) (*Executions, error) {
	e := &Executions{log: log, jobs: map[usersync.JobID]*runs{}, idle: make(chan struct{})}
	close(e.idle)
	e.ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	o.ID = machineID
	machine, err := Load(workflow.Definition(), e.tasks(steps), o)
	if err != nil {
		e.stop()
		return nil, err
	}
	e.machine = machine
	return e, nil
}

// Start starts an execution. A name that runs or has run already is success; so is the first execution
// of a job that has been taken up again meanwhile. Errors: Rejected where the input is none of a job's,
// or has another's name; Unavailable after Shutdown.
func (e *Executions) Start(_ context.Context, name string, input []byte) error {
	state, err := workflow.ParseState(input)
	if err != nil || state.Name() != name {
		return &usersync.Error{Code: usersync.Rejected, Message: "the execution's name or input is not that of a job", Cause: err}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return usersync.E(usersync.Unavailable, "the process is about to end")
	}
	if state.Execution > e.of(state.Job).latest {
		e.begin(state, input)
	}
	return nil
}

// Resume runs the job again from where the store says it is, unless an execution of it is running
// here or the process is about to end; it reports whether it did.
func (e *Executions) Resume(job *usersync.Job) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.of(job.ID)
	if e.closed || r.running > 0 {
		return false
	}
	state := workflow.FirstState(job).Again(max(r.latest+1, job.Progress.Execution+1, 2))
	input, err := json.Marshal(state)
	if err != nil {
		return false
	}
	e.begin(state, input)
	return true
}

// Running reports whether an execution of the job runs here.
func (e *Executions) Running(id usersync.JobID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.jobs[id]
	return r != nil && r.running > 0
}

// Done is closed as soon as no execution of the job runs here; at once, where none does.
func (e *Executions) Done(id usersync.JobID) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.of(id).done
}

// Failures is how often in a row the job's executions have ended here with an error; zero while one runs.
func (e *Executions) Failures(id usersync.JobID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.jobs[id]; r != nil && r.running == 0 {
		return r.failures
	}
	return 0
}

// Wait returns as soon as nothing runs, or with the context's error.
func (e *Executions) Wait(ctx context.Context) error {
	e.mu.Lock()
	idle := e.idle
	e.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shutdown starts nothing any more, ends the context of what runs, and waits until the steps have
// written what they have done, or for as long as its own context lasts. Jobs stay as they are.
func (e *Executions) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	return e.Wait(ctx)
}

// of is what is known of the job; e.mu is held.
func (e *Executions) of(id usersync.JobID) *runs {
	if r := e.jobs[id]; r != nil {
		return r
	}
	if len(e.jobs) >= remembered {
		maps.DeleteFunc(e.jobs, func(_ usersync.JobID, r *runs) bool { return r.running == 0 })
	}
	r := &runs{done: make(chan struct{})}
	close(r.done)
	e.jobs[id] = r
	return r
}

// begin runs an execution; e.mu is held.
func (e *Executions) begin(state workflow.State, input []byte) {
	r := e.of(state.Job)
	r.latest = state.Execution
	if r.running == 0 {
		r.done = make(chan struct{})
	}
	r.running++
	if e.running == 0 {
		e.idle = make(chan struct{})
	}
	e.running++
	go func() {
		_, err := e.machine.Run(e.ctx, input)
		e.ended(state, r, err)
	}()
}

// ended notes how an execution ended. Its error's cause stays out of the log: the job has what may be said.
func (e *Executions) ended(state workflow.State, r *runs, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	failed, hasName := errors.AsType[*Error](err)
	switch {
	case err == nil:
		r.failures = 0
	case hasName:
		r.failures++
		e.log.Info("an execution ended with an error", "execution", state.Name(), "company", state.Company, "error", failed.Name)
	default: // its context has ended
		e.log.Info("an execution was stopped; its job goes on when the next process starts", "execution", state.Name(), "company", state.Company)
	}
	if r.running--; r.running == 0 {
		close(r.done)
	}
	e.running--
	if e.running == 0 {
		close(e.idle)
	}
}
