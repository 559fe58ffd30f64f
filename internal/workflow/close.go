package workflow

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// LeaseLost is what a job says that was ended because nobody worked on it any more.
const LeaseLost = "the job stopped without an end: its lease ran out or was taken over"

// keyGone is how long it is remembered that a job's page key was erased: longer than its pages live.
const keyGone = 72 * time.Hour

// CloseJob sees to it that a job has ended which no execution will end: unless it has ended already it
// becomes Failed with the message; then its page key is erased and its lease, if it still holds it,
// given back. It may be called at any time and twice; a job that does not exist is as good as ended.
// Errors: those of the store; Fenced where somebody goes on working on the job.
func CloseJob(ctx context.Context, store usersync.Store, clock usersync.Clock, company usersync.CompanyID, id usersync.JobID, message string) error {
	job, err := failJob(ctx, store, clock, company, id, message)
	switch {
	case usersync.Is(err, usersync.NotFound):
		return nil
	case err != nil:
		return err
	}
	if err := store.EraseKey(ctx, id, clock.Now().Add(keyGone)); err != nil {
		return err
	}
	return store.Release(ctx, job.Lease())
}

// failJob writes the end of an unfinished job. A writer that was faster is read again: it may have
// ended the job, or have been the last that its late step did.
func failJob(ctx context.Context, store usersync.Store, clock usersync.Clock, company usersync.CompanyID, id usersync.JobID, message string) (job usersync.Job, err error) {
	for range 5 {
		job, err = store.Job(ctx, company, id)
		if err != nil || job.Status.Ended() {
			return job, err
		}
		job.Status, job.Error, job.UpdatedAt = usersync.Failed, clip(message), clock.Now()
		job, err = store.SaveJob(ctx, job)
		if !usersync.Is(err, usersync.Fenced) {
			return job, err
		}
	}
	return job, err
}
