package httpx

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// maxRetryAfter is the longest that a server can make anybody wait.
const maxRetryAfter = time.Hour

// statusError is the table from a status that is no success to the error of it.
func statusError(r *Request, status int, header http.Header, now time.Time) *usersync.Error {
	e := &usersync.Error{Message: r.Name + " was answered with status " + strconv.Itoa(status)}
	switch {
	case status == http.StatusUnauthorized:
		e.Code, e.Message = usersync.Unauthorized, r.Name+": the login is refused (status 401)"
	case status == http.StatusForbidden:
		e.Code, e.Message = usersync.Forbidden, r.Name+": the login lacks the right to do this (status 403)"
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Code = usersync.NotFound
	case status == http.StatusTooManyRequests:
		e.Code, e.RetryAfter = usersync.Throttled, retryAfter(header, now)
		e.Message = r.Name + " is throttled (status 429)"
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly: // what stood before the server may have been late alone
		e.Code, e.InDoubt = usersync.Unavailable, r.changes()
	case status >= 500:
		e.Code, e.RetryAfter, e.InDoubt = usersync.Unavailable, retryAfter(header, now), r.changes()
	case status >= 400:
		e.Code = usersync.Rejected
	case status >= 300:
		e.Code, e.InDoubt = usersync.Malformed, r.changes()
		e.Message += ", a redirect, and redirects are not followed"
	default:
		e.Code, e.InDoubt = usersync.Malformed, r.changes()
	}
	return e
}

// changes reports whether the request may have changed something.
func (r *Request) changes() bool {
	return !r.Repeat && r.Method != http.MethodGet && r.Method != http.MethodHead
}

// retryAfter reads the header in either of its forms, at most an hour; zero where it says nothing.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// failed is the table from what can go wrong without a whole answer to the error of it: before there
// was a connection, with one, or while the body was read.
func (c *Client) failed(ctx context.Context, r *Request, cause error, connected, reading bool) (attempted, error) {
	if ctx.Err() != nil {
		return attempted{}, ctx.Err()
	}
	e := &usersync.Error{Code: usersync.Unavailable, Cause: cause, InDoubt: connected && r.changes()}
	waited, ok := errors.AsType[net.Error](cause)
	late := ok && waited.Timeout() || errors.Is(cause, context.DeadlineExceeded)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](cause)
	_, unknown := errors.AsType[*net.DNSError](cause)
	switch {
	case errors.Is(cause, errAddress):
		e.Code, e.Message = usersync.Settings, r.Name+": the address is none that may be called"
		return attempted{}, e
	case reading && cut(cause):
		e.Code, e.Message = usersync.Malformed, r.Name+" was answered with a body that is cut off or cannot be unpacked"
	case late && connected:
		e.Message = fmt.Sprintf("%s: no answer within %s", r.Name, c.timeOut)
	case connected:
		e.Message = r.Name + ": the connection was lost before the answer had come"
	case late:
		e.Message = r.Name + ": no connection to the server in time"
	case untrusted:
		e.Message = r.Name + ": the server's certificate cannot be trusted"
	case unknown:
		e.Message = r.Name + ": the host's name leads to no address"
	default:
		e.Message = r.Name + ": no connection to the server"
	}
	return attempted{again: true}, e
}

// cut reports whether a body ended too early or cannot be decompressed.
func cut(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

func tooLarge(r *Request, limit int64) error {
	what := "page"
	if r.changes() {
		what = "body"
	}
	message := fmt.Sprintf("%s was answered with a %s over %d MiB, which is too large", r.Name, what, limit>>20)
	return &usersync.Error{Code: usersync.Malformed, Message: message, Cause: errTooLarge, InDoubt: r.changes()}
}

// IsTooLarge reports whether an error of Do is that the body was larger than may be read.
func IsTooLarge(err error) bool { return errors.Is(err, errTooLarge) }

// NotJSON is the error of an answer that is not JSON at all; it tells what the body looks like, never
// what is in it.
func NotJSON(name string, body []byte) *usersync.Error {
	body = bytes.TrimSpace(body)
	looks := "what is not JSON"
	switch {
	case len(body) == 0:
		looks = "an empty body"
	case body[0] == '<':
		looks = "HTML or XML instead of JSON"
	case body[0] == '{' || body[0] == '[':
		looks = "JSON that is broken or cut off"
	}
	return usersync.E(usersync.Malformed, name+" was answered with "+looks)
}

// DecodeJSON reads a body that must be one JSON value into a struct. Errors: Malformed, naming the
// field whose type is wrong.
func DecodeJSON(name string, body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := "the answer"
		if wrong.Field != "" {
			where = wrong.Field
		}
		return usersync.E(usersync.Malformed, name+" was answered with JSON of another shape: "+where+" has the wrong type")
	}
	return NotJSON(name, body)
}
