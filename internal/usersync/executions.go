package usersync

import "context"

// Executions runs the state machine.
type Executions interface {
	// Start starts an execution under a name with an input. A name that was started already with the
	// same input is success. Errors: Rejected where it surely did not and will not start; any other
	// error leaves open whether it did, and the call is then repeated as it was.
	Start(ctx context.Context, name string, input []byte) error
}

// ExecutionState is what became of an execution.
type ExecutionState int

// The states. Absent is also what an execution is called that ended so long ago that nobody remembers.
const (
	ExecutionAbsent ExecutionState = iota
	ExecutionRunning
	ExecutionSucceeded
	ExecutionFailed // failed, timed out or aborted
)

// Execution is an execution as the state machine's service knows it.
type Execution struct {
	State ExecutionState
	Error string // the name of the error that it failed with; empty where it has none
}

// ExecutionViewer asks what became of executions.
type ExecutionViewer interface {
	// Execution looks at the execution with the name. Errors: Throttled, Unavailable, Internal; an
	// unknown name is ExecutionAbsent.
	Execution(ctx context.Context, name string) (Execution, error)
}
