package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
)

// NextHandOver is the answer of a step after which a fresh execution goes on with the job; the other
// answers are the engine's.
const NextHandOver engine.Next = "handover"

// MaxSteps is how many steps one execution makes before it hands over. A step leaves at most 38
// events in the history (its state, the choice and wait after it, and 9 retries of 3 events), so
// that a history stays under 20,000.
const MaxSteps = 500

// maxStateBytes bounds a state that comes in: no state of Step Functions is larger. A real one has under 2 KiB, but for an
// error of the platform's.
const maxStateBytes = 256 << 10

// maxWait bounds a pause, in seconds: no job is older than a day.
const maxWait = 24 * 60 * 60

// State is what travels between the states of an execution. It says nothing that the store does not,
// and what it can hold is checked: no person fits into it.
type State struct {
	Job       usersync.JobID     `json:"job"`
	Company   usersync.CompanyID `json:"company"`
	Fence     int64              `json:"fence"`     // of the job's lease, at least 1
	Execution int                `json:"execution"` // the job's executions are counted from 1
	Steps     int                `json:"steps"`     // made by this execution
	Next      engine.Next        `json:"next"`      // the step that follows
	Wait      int                `json:"wait"`      // seconds before it
	Successor *Successor         `json:"successor,omitempty"`
	Error     *Failure           `json:"error,omitempty"` // what the state machine caught
}

// Successor is the execution that a job is handed over to.
type Successor struct {
	Name  string `json:"name"`
	Input State  `json:"input"`
}

// Failure is an error as Step Functions puts it into a state.
type Failure struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// FirstState is the input of a job's first execution.
func FirstState(job *usersync.Job) State {
	return State{Job: job.ID, Company: job.Company, Fence: job.Fence, Execution: 1, Next: engine.NextFetch}
}

// Name is the name of the execution that has the state: the job's id, and from the second on its number.
func (s State) Name() string {
	if s.Execution == 1 {
		return string(s.Job)
	}
	return fmt.Sprintf("%s-%d", s.Job, s.Execution)
}

// Again is the input of the job's execution with the given number, which goes on where the store says.
func (s State) Again(execution int) State {
	return State{Job: s.Job, Company: s.Company, Fence: s.Fence, Execution: execution, Next: engine.NextFetch}
}

// ParseState reads a state strictly. Errors: Validation, naming the field.
func ParseState(data []byte) (State, error) {
	if len(data) > maxStateBytes {
		return State{}, invalid("", "the state is too large")
	}
	type plain State // without UnmarshalJSON
	var p plain
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return State{}, unreadable(err)
	}
	if decoder.More() {
		return State{}, invalid("", "the state is more than one JSON value")
	}
	s := State(p)
	return s, s.check()
}

// UnmarshalJSON reads the state as ParseState does; its error has a name that the state machine
// understands, since Lambda reports it as it is.
func (s *State) UnmarshalJSON(data []byte) error {
	parsed, err := ParseState(data)
	if err != nil {
		return named(usersync.Validation, usersync.Public(err)) // a wrapped error would lose its name
	}
	*s = parsed
	return nil
}

func unreadable(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return invalid(e.Field, "the state's "+e.Field+" is of the wrong type")
	}
	if e, ok := errors.AsType[messages.InvokeResponse_Error](err); ok { // of the successor's input
		return invalid("successor", "the state's successor: "+e.Message)
	}
	return invalid("", "the state is not the JSON object that it should be, or has a field that is not known")
}

func (s *State) check() error {
	switch {
	case !canonical(string(s.Job)):
		return invalid("job", "the state's job is not an id")
	case !canonical(string(s.Company)):
		return invalid("company", "the state's company is not an id")
	case s.Fence < 1:
		return invalid("fence", "the state's fence is less than 1")
	case s.Execution < 1:
		return invalid("execution", "the state's execution is less than 1")
	case s.Steps < 0:
		return invalid("steps", "the state's steps are less than 0")
	case s.Wait < 0 || s.Wait > maxWait:
		return invalid("wait", "the state's wait is not between 0 and a day")
	}
	switch s.Next {
	case "", engine.NextFetch, engine.NextUpsert, engine.NextSettle, engine.NextFinish, NextHandOver:
	default:
		return invalid("next", "the state's next is not a step")
	}
	if s.Successor != nil && s.Successor.Name != s.Successor.Input.Name() {
		return invalid("successor", "the state's successor has another's name")
	}
	return nil
}

// canonical reports whether the text is a guid in lower case with dashes.
func canonical(id string) bool {
	spelled, ok := usersync.CanonicalGUID(id)
	return ok && spelled == id
}

func invalid(field, message string) error {
	return &usersync.Error{Code: usersync.Validation, Message: message, Field: field}
}

// seconds is a pause in whole seconds, never shorter than asked for, but for the bound of a day.
func seconds(d time.Duration) int {
	d = min(max(d, 0), maxWait*time.Second)
	return int((d + time.Second - 1) / time.Second)
}
