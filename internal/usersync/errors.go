package usersync

import (
	"errors"
	"time"
)

// Code is the machine's name of an error. Each boundary (HTTP, the command line, the state machine)
// has one table from codes to its own answers; a code that a table lacks is Internal.
type Code string

// The codes.
const (
	Internal     Code = "Internal"     // unforeseen: only its id leaves the process
	Validation   Code = "Validation"   // the caller's input is wrong; Field names where
	NotFound     Code = "NotFound"     // there is no such thing
	Conflict     Code = "Conflict"     // somebody else has it; Holder names the job where there is one
	Exists       Code = "Exists"       // it was written before
	Fenced       Code = "Fenced"       // a newer writer has been here: stop, write nothing
	NotSupported Code = "NotSupported" // recognised, and not built yet
	KeyReused    Code = "KeyReused"    // an Idempotency-Key came with another body

	Unauthorized Code = "Unauthorized" // the outside system refuses the login
	Forbidden    Code = "Forbidden"    // the login is known and lacks the right
	Rejected     Code = "Rejected"     // the outside system refuses this one person or request, for good
	Throttled    Code = "Throttled"    // 429: not done; RetryAfter says when to ask again, zero if unsaid
	Unavailable  Code = "Unavailable"  // 5xx, connection lost, or no answer in time; InDoubt says whether it may have been done
	Malformed    Code = "Malformed"    // the outside system's answer is not what it should be
	EmptySource  Code = "EmptySource"  // a source that lists nobody where there were people
	Settings     Code = "Settings"     // a job's settings cannot be used: a missing secret, an unknown type
)

// Error is every error that crosses a boundary. Message is public and is all that is ever shown: it
// names requests, fields and causes, never a person, a secret or an outside system's body. Cause is
// for errors.Is and As alone and is never printed.
type Error struct {
	Code       Code
	Message    string
	Field      string        // of Validation
	Holder     JobID         // of Conflict
	RetryAfter time.Duration // of Throttled and Unavailable; zero if unsaid
	InDoubt    bool          // of Unavailable: the request may have been carried out
	Sent       time.Time     // of what is in doubt: when it was sent, at the latest; zero if unsaid
	Cause      error
}

// Error is the public message.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// E makes an error of a code and its public message. There is no formatting of causes into it: a
// cause's text must not slip into a message.
func E(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// CodeOf is the code of err, Internal where it has none, empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Is reports whether err has the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Public is what may be shown of err: its message, or a fixed sentence where err is not an Error.
func Public(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return "an unforeseen error; the log has more"
}
