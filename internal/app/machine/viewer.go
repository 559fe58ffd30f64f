package machine

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/store/sqlite"
	"github.com/usersync/usersync/internal/usersync"
)

// Viewer looks at the jobs of a data folder, also beside the process that works in it.
type Viewer struct{ db *sqlite.DB }

// OpenViewer opens the folder. Errors: NotFound where it is none.
func OpenViewer(data string) (*Viewer, error) {
	db, err := sqlite.OpenExisting(data, usersync.SystemClock{})
	if err != nil {
		return nil, err
	}
	return &Viewer{db}, nil
}

// Close lets go of the folder.
func (v *Viewer) Close() { _ = v.db.Close() }

// Job reads a job; company may be empty.
func (v *Viewer) Job(ctx context.Context, company usersync.CompanyID, id usersync.JobID) (usersync.Job, error) {
	return v.db.Job(ctx, company, id)
}

// Jobs lists jobs, newest first.
func (v *Viewer) Jobs(ctx context.Context, q usersync.JobQuery) ([]usersync.Job, error) {
	return v.db.ListJobs(ctx, q)
}

// Outcomes reads a part of a job's outcomes, and says how many there are in all.
func (v *Viewer) Outcomes(ctx context.Context, id usersync.JobID, action usersync.Action, skip, take int) (int, []usersync.Outcome, error) {
	return engine.Outcomes(ctx, v.db, id, action, skip, take)
}

// Token makes a token of the data folder's built-in issuer; the folder is made where there is none.
func Token(data string, company usersync.CompanyID, roles, scopes []string, ttl time.Duration) (string, error) {
	issuer, err := auth.OpenIssuer(data, usersync.SystemClock{})
	if err != nil {
		return "", err
	}
	return issuer.Token(auth.TokenRequest{Company: company, Roles: roles, Scopes: scopes, TTL: ttl})
}

// Keys are the public keys of the data folder's built-in issuer, as a JWKS; the folder is made where there is none.
func Keys(data string) ([]byte, error) {
	issuer, err := auth.OpenIssuer(data, usersync.SystemClock{})
	if err != nil {
		return nil, err
	}
	return issuer.JWKS()
}
