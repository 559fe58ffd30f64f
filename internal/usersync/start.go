package usersync

import "context"

// StartRequest asks for a job.
type StartRequest struct {
	Company        CompanyID
	Full           bool
	IdempotencyKey string   // empty: none
	Body           [32]byte // SHA-256 of what was asked for, where there is an IdempotencyKey
}

// Starter starts jobs.
type Starter interface {
	// Start takes the company's lease, writes the job and starts its execution; it returns the job as
	// it then stands. The same IdempotencyKey and Body within 24 hours give the same job.
	// Errors: NotFound (a company without settings), Settings, KeyReused, Conflict with Holder,
	// Unavailable (it is not known whether the execution has started; if it has, the job goes on).
	Start(ctx context.Context, r StartRequest) (Job, error)
}
