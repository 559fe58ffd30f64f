package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/usersync"
)

// handling says what the state machine does about an error's name.
type handling int

const (
	fatal   handling = iota // the job ends as failed
	patient                 // retried over minutes: what is outside may come back
	brief                   // retried twice, at once: where it was no accident, it comes back
)

// codes holds every code, since its name is what the state machine sees. A test holds it against the
// file, both ways.
//
// Fenced is worth a second look: it also says that a step which was given up on, and worked on all the
// same, has moved the checkpoint under the same fence. Malformed is fatal, since sources have asked
// twice themselves before they say so.
var codes = map[usersync.Code]handling{
	usersync.Throttled:   patient,
	usersync.Unavailable: patient,

	usersync.Fenced:   brief,
	usersync.Internal: brief,

	usersync.Validation:   fatal,
	usersync.NotFound:     fatal,
	usersync.Conflict:     fatal,
	usersync.Exists:       fatal,
	usersync.NotSupported: fatal,
	usersync.KeyReused:    fatal,
	usersync.Unauthorized: fatal,
	usersync.Forbidden:    fatal,
	usersync.Rejected:     fatal,
	usersync.Malformed:    fatal,
	usersync.EmptySource:  fatal,
	usersync.Settings:     fatal,
}

// platform holds the names under which the platform reports that a task did not run or did not end,
// each with what the job says of it. All of them are retried with patience.
var platform = map[string]string{
	"States.Timeout":                         "a step took longer than its time limit",
	"Sandbox.Timedout":                       "a step took longer than its time limit",
	"Runtime.ExitError":                      "a step's process ended before its time",
	"Lambda.Unknown":                         "a step ended without an answer",
	"Lambda.ServiceException":                "a step could not be run",
	"Lambda.AWSLambdaException":              "a step could not be run",
	"Lambda.SdkClientException":              "a step could not be run",
	"Lambda.ClientExecutionTimeoutException": "a step could not be run",
	"Lambda.TooManyRequestsException":        "a step could not be run: too many run already",
}

// maxMessage bounds the text of an error in a state and in a job, in bytes.
const maxMessage = 1 << 10

// named is an error whose name is the code at Lambda's boundary. It must be returned as it is: Lambda
// reports the type of the outermost error, so that a wrapped one is called wrapError and no
// ErrorEquals matches it.
func named(code usersync.Code, message string) messages.InvokeResponse_Error {
	return messages.InvokeResponse_Error{Type: string(code), Message: clip(message)}
}

// Boundary is the only way of an error out of a function that no person calls: a named one, with what may
// be shown of it. What was unforeseen gets an id, which the log has too; about goes into the log beside it.
func Boundary(ctx context.Context, log *slog.Logger, err error, about ...any) error {
	code := usersync.CodeOf(err)
	if _, known := codes[code]; !known {
		code = usersync.Internal
	}
	message := usersync.Public(err)
	ranOut := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	switch {
	case code == usersync.Internal && ranOut:
		return named(usersync.Unavailable, "the step was stopped before it had ended")
	case code == usersync.Internal:
		id := uuid.NewString()
		log.ErrorContext(ctx, "a call failed in an unforeseen way", append([]any{"id", id, "error", unforeseen(err)}, about...)...)
		message += " (error id " + id + ")"
	default:
		log.WarnContext(ctx, "a call ended with an error", append([]any{"code", code, "error", message}, about...)...)
	}
	return named(code, message)
}

// unforeseen is what the log may have of an error: all of one that nobody expected, of an Error its
// message alone. The types on its way tell where it came from.
func unforeseen(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*usersync.Error](err); ok {
		text = e.Message
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		text += fmt.Sprintf(" < %T", inner)
	}
	return clip(text)
}

// Reported is how Step Functions sees an error that a handler returned: its name, and its cause in
// Lambda's JSON. What the handlers of Steps return has a name; anything else is Lambda.Unknown.
func Reported(err error) (name, cause string) {
	e, ok := errors.AsType[messages.InvokeResponse_Error](err)
	if !ok {
		return "Lambda.Unknown", ""
	}
	text, _ := json.Marshal(e)
	return e.Type, string(text)
}

func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxMessage)], "")
}
