// Package api is the job API as one http.Handler: its routes, login and roles, and the conventions of
// ServiceStack that the clients of the vendor's API rely on.
//
// A request goes through the same gates whatever its route, and each gate has its own refusals:
//
//	path 404 ─ method 405 ─ size 413 ─ login 401, 503 ─ role 403 ─ input 400 ─ company 403 ─ operation
//
// Every answer is JSON, whatever Accept asks for: there is no other format, and a client that accepts
// nothing we have is better served with JSON than with a refusal. A `callback` makes it JSONP.
package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
)

// Description says in the terms of OpenAPI what another handler serves at the same origin: its path items by
// path, and the schemas that they name, whose names are nobody else's.
type Description func() (paths, components map[string]any)

// Config is what the API works with. All of it is required but Origins and Beside.
type Config struct {
	Starter  usersync.Starter
	Jobs     usersync.Jobs
	Rows     usersync.Rows
	Ping     func(ctx context.Context) error // nil when the store answers
	Verifier auth.Verifier
	Clock    usersync.Clock // for the log's durations
	Log      *slog.Logger   // gets a line a request, without input or persons
	Origins  []string       // of browsers' pages that may read answers, such as https://app.example
	Beside   []Description  // of what the OpenAPI document describes beside this API
}

// New makes the handler. It is safe for concurrent use and serves all paths; those that it does not
// know it answers with 404.
func New(c Config) http.Handler {
	return &server{Config: c, outcomes: engine.Outcomes}
}

type server struct {
	Config
	outcomes func(ctx context.Context, rows usersync.Rows, job usersync.JobID, action usersync.Action,
		skip, take int) (total int, page []usersync.Outcome, err error)
}
