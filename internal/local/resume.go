package local

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

const (
	resumeEvery = time.Minute
	maxFailures = 3 // executions of a job that end with an error before it is given up
)

// GivenUp is what a job says that no execution could bring to an end.
const GivenUp = "the job broke off several times and was given up"

// Resumer takes up unfinished jobs of which no execution runs in this process: those that an earlier
// process left behind, those whose start was lost halfway, those whose execution broke off. The store
// must be this process's alone.
type Resumer struct {
	closer     *workflow.Closer
	store      usersync.Store
	executions *Executions
	clock      usersync.Clock
	log        *slog.Logger
}

// NewResumer makes a Resumer that works on the closer's store, by its clock.
func NewResumer(closer *workflow.Closer, executions *Executions, log *slog.Logger) *Resumer {
	return &Resumer{closer: closer, store: closer.Store, executions: executions, clock: closer.Clock, log: log}
}

// Run does Once now and then every minute, until the context ends. Errors are logged; the next minute
// tries again.
func (r *Resumer) Run(ctx context.Context) {
	for {
		if _, err := r.Once(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "unfinished jobs could not all be taken up", "code", usersync.CodeOf(err), "error", usersync.Public(err))
		}
		if r.clock.Wait(ctx, resumeEvery) != nil {
			return
		}
	}
}

// Once takes up each unfinished job that does not run here, under its own fence, and returns those that
// run again. One whose lease is another's by now, or that broke off too often, is ended as Failed.
// only names the companies whose jobs are meant; none: all. Errors: those of the store, joined; the
// other jobs are taken up all the same.
func (r *Resumer) Once(ctx context.Context, only ...usersync.CompanyID) (resumed []usersync.JobID, err error) {
	jobs, err := r.store.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, job := range jobs {
		if len(only) > 0 && !slices.Contains(only, job.Company) {
			continue
		}
		again, err := r.takeUp(ctx, &job)
		if again {
			resumed = append(resumed, job.ID)
		}
		faults = append(faults, err)
	}
	return resumed, errors.Join(faults...)
}

func (r *Resumer) takeUp(ctx context.Context, job *usersync.Job) (again bool, err error) {
	if r.executions.Running(job.ID) {
		return false, nil
	}
	if r.executions.Failures(job.ID) >= maxFailures {
		r.log.WarnContext(ctx, "a job is given up", "job", job.ID, "company", job.Company)
		return false, r.closer.Close(ctx, job.Company, job.ID, GivenUp)
	}
	err = r.store.Extend(ctx, job.Lease(), r.clock.Now().Add(usersync.LeaseTerm))
	switch {
	case usersync.Is(err, usersync.Fenced):
		return false, r.closer.Close(ctx, job.Company, job.ID, workflow.LeaseLost)
	case err != nil:
		return false, err
	}
	if !r.executions.Resume(job) {
		return false, nil
	}
	r.log.InfoContext(ctx, "an unfinished job goes on", "job", job.ID, "company", job.Company)
	return true, nil
}
