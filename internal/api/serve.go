package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
)

const maxBody = 64 << 10 // bytes

// call is one request on its way.
type call struct {
	id     string // named in the log and in the answer to an unforeseen error
	began  time.Time
	route  *route
	header http.Header
	origin string // where the client has reached the API, such as https://api.example
	query  query
	who    auth.Principal // zero where the operation needs no login
	in     *input
}

// ServeHTTP answers one request and logs it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{id: rand.Text(), began: s.Clock.Now(), header: r.Header, origin: originOf(r), query: readQuery(r.URL.RawQuery)}
	status := http.StatusOK
	s.allowOrigin(w.Header(), r)
	if s.options(w, r) {
		return
	}
	answer, err := s.serve(w, r, c)
	if err != nil {
		f := failureOf(err, c.id)
		s.logFailure(r.Context(), c, f, err)
		status, answer = f.status, errorAnswer{f.responseStatus}
		f.setHeader(w.Header())
	}
	write(w, r, c.query, status, answer)
	s.logRequest(r, c, status)
}

// originOf is the address that a client has used, as far as the request tells.
func originOf(r *http.Request) string {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// serve leads the request through the gates to its operation.
func (s *server) serve(w http.ResponseWriter, r *http.Request, c *call) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, &panicked{value: p, stack: debug.Stack()}
		}
	}()
	var id string
	if c.route, id = findRoute(r.URL); c.route == nil {
		return nil, refuse(http.StatusNotFound, "NotFound", "There is nothing at this path")
	}
	op := c.route.operation(r.Method)
	if op == nil {
		f := refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method is not known at this path")
		f.allow = c.route.allow()
		return nil, f
	}
	if r.ContentLength > maxBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RequestTooLarge", "The body is longer than 64 KiB")
	}
	body, unread := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](unread); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RequestTooLarge", "The body is longer than 64 KiB")
	}
	if err := s.login(r.Context(), c, op.roles); err != nil {
		return nil, err
	}
	c.in = &input{takes: op.takes, values: map[string]value{}}
	c.in.addFormat(c.query)
	c.in.addPath(id)
	c.in.addQuery(c.query)
	if unread != nil {
		c.in.fault("Body", "The body could not be read")
	} else if r.Method == http.MethodPost {
		c.in.addBody(body, r.Header.Get("Content-Type"))
	}
	return op.run(s, r.Context(), c)
}

// login finds out who is calling, where the operation wants to know, and whether they may.
func (s *server) login(ctx context.Context, c *call, roles []string) (err error) {
	if len(roles) == 0 {
		return nil
	}
	// Two headers make one that is no login, rather than a choice between two callers.
	c.who, err = s.Verifier.Verify(ctx, strings.Join(c.header.Values("Authorization"), ","))
	switch {
	case usersync.Is(err, usersync.Unavailable):
		return err
	case usersync.Is(err, usersync.Unauthorized):
		return refuse(http.StatusUnauthorized, "Unauthorized", "Not Authenticated")
	case err != nil:
		return err
	case !c.who.HasRole(roles...):
		return refuse(http.StatusForbidden, "Forbidden", "You have too low privileges to call this service")
	}
	return nil
}

// panicked is a panic as an error. Its value may hold anything, so that only the words of Go's own
// runtime are repeated.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string {
	if e, ok := p.value.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("a panic with a %T", p.value)
}

func (s *server) logRequest(r *http.Request, c *call, status int) {
	method, pattern := "other", "none"
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, r.Method) {
		method = r.Method
	}
	if c.route != nil {
		pattern = c.route.pattern
	}
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", method), slog.String("route", pattern), slog.Int("status", status),
		slog.Duration("duration", s.Clock.Now().Sub(c.began)), slog.String("id", c.id))
}

// logFailure logs what is the operator's business. Of a cause only its types are named: its text may
// hold anything.
func (s *server) logFailure(ctx context.Context, c *call, f *failure, err error) {
	if f.status < http.StatusInternalServerError {
		return
	}
	attrs := []slog.Attr{slog.String("id", c.id), slog.String("error", usersync.Public(err)), slog.String("code", string(usersync.CodeOf(err)))}
	if p, ok := errors.AsType[*panicked](err); ok {
		attrs = append(attrs, slog.String("panic", p.Error()), slog.String("stack", string(p.stack)))
	}
	var types []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		types = append(types, fmt.Sprintf("%T", e))
	}
	s.Log.LogAttrs(ctx, slog.LevelError, "request failed", append(attrs, slog.Any("types", types))...)
}
