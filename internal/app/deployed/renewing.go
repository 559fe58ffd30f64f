package deployed

import (
	"context"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// renewer reads a company's secrets again.
type renewer interface {
	Renew(ctx context.Context, company usersync.CompanyID) (changed bool, err error)
}

// renewing makes a step again, once, where a login was refused and the company's secrets have changed
// since they were read: a rotated secret stops no job. Where they cannot be read now, the step ends with
// that, which the state machine repeats. A step may be made again at any time.
type renewing struct {
	workflow.Engine
	secrets renewer
}

// Fetch implements workflow.Engine.
func (r renewing) Fetch(ctx context.Context, job engine.Ref) (engine.Step, error) {
	return r.step(ctx, job, r.Engine.Fetch)
}

// Upsert implements workflow.Engine.
func (r renewing) Upsert(ctx context.Context, job engine.Ref) (engine.Step, error) {
	return r.step(ctx, job, r.Engine.Upsert)
}

// Settle implements workflow.Engine.
func (r renewing) Settle(ctx context.Context, job engine.Ref) (engine.Step, error) {
	return r.step(ctx, job, r.Engine.Settle)
}

func (r renewing) step(ctx context.Context, job engine.Ref, work func(context.Context, engine.Ref) (engine.Step, error)) (engine.Step, error) {
	step, err := work(ctx, job)
	if !usersync.Is(err, usersync.Unauthorized) {
		return step, err
	}
	switch changed, failed := r.secrets.Renew(ctx, job.Company); {
	case failed != nil: // it is not known whether the login would be refused still
		return step, failed
	case !changed:
		return step, err
	}
	return work(ctx, job)
}
