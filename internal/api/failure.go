package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// responseStatus is ServiceStack's description of an error.
type responseStatus struct {
	ErrorCode string
	Message   string
	Errors    []fieldError      `json:",omitempty"`
	Meta      map[string]string `json:",omitempty"`
}

type fieldError struct {
	ErrorCode string
	FieldName string
	Message   string
}

type errorAnswer struct{ ResponseStatus responseStatus }

// failure is an answer that refuses.
type failure struct {
	responseStatus
	status     int
	allow      string        // of 405
	retryAfter time.Duration // of 503; zero if unsaid
}

// Error is the public message.
func (f *failure) Error() string { return f.Message }

func refuse(status int, code, message string) *failure {
	return &failure{status: status, responseStatus: responseStatus{ErrorCode: code, Message: message}}
}

// failures are the answers to the domain's errors. What is not here is unforeseen; above all, a login
// that an outside system refuses is no fault of the caller's.
var failures = map[usersync.Code]struct {
	status int
	code   string
}{
	usersync.Validation:   {http.StatusBadRequest, "ValidationError"},
	usersync.NotSupported: {http.StatusBadRequest, "NotSupported"},
	usersync.NotFound:     {http.StatusNotFound, "NotFound"},
	usersync.KeyReused:    {http.StatusUnprocessableEntity, "IdempotencyKeyReused"},
	usersync.Conflict:     {http.StatusConflict, "Conflict"},
	usersync.Unavailable:  {http.StatusServiceUnavailable, "ServiceUnavailable"},
	usersync.Throttled:    {http.StatusServiceUnavailable, "ServiceUnavailable"},
}

// failureOf makes an answer of an error. The id finds an unforeseen one in the log.
func failureOf(err error, id string) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	known, ok := failures[usersync.CodeOf(err)]
	if !ok {
		f := refuse(http.StatusInternalServerError, "InternalError", "An unforeseen error; the log has more under "+id)
		f.Meta = map[string]string{"Id": id}
		return f
	}
	f := refuse(known.status, known.code, usersync.Public(err))
	if e, ok := errors.AsType[*usersync.Error](err); ok {
		f.retryAfter = e.RetryAfter
		if e.Field != "" {
			f.Errors = []fieldError{{known.code, e.Field, e.Message}}
		}
		if e.Holder != "" {
			f.Meta = map[string]string{"JobId": string(e.Holder)}
		}
	}
	return f
}

// setHeader adds what HTTP wants beside the body.
func (f *failure) setHeader(h http.Header) {
	if f.allow != "" {
		h.Set("Allow", f.allow)
	}
	if f.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="usersync"`)
	}
	if f.status == http.StatusServiceUnavailable && f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
}
