package deployed

import (
	"context"
	"log/slog"

	"github.com/usersync/usersync/internal/usersync"
)

// observers tells each of several.
type observers []usersync.Observer

// Stepped implements usersync.Observer.
func (all observers) Stepped(ctx context.Context, s usersync.StepReport) {
	for _, o := range all {
		o.Stepped(ctx, s)
	}
}

// Ended implements usersync.Observer.
func (all observers) Ended(ctx context.Context, job usersync.Job) {
	for _, o := range all {
		o.Ended(ctx, job)
	}
}

// successes notes when a company's job last succeeded, for whoever counts the companies that are overdue.
type successes struct {
	usersync.Nobody
	tenants usersync.Tenants
	log     *slog.Logger
}

// Ended implements usersync.Observer.
func (s successes) Ended(ctx context.Context, job usersync.Job) {
	if job.Status != usersync.Completed {
		return
	}
	if err := s.tenants.TenantSucceeded(ctx, job.Company, job.UpdatedAt); err != nil {
		s.log.ErrorContext(ctx, "a company's success could not be noted", "job", job.ID, "company", job.Company, "code", usersync.CodeOf(err))
	}
}
