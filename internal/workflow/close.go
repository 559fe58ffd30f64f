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

// Closer ends jobs which no execution will end.
type Closer struct {
	Store    usersync.Store
	Clock    usersync.Clock
	Observer usersync.Observer // told of each end that is written here; nil: nobody is
}

// Close sees to it that the job has ended: unless it has already, it becomes Failed with the message;
// then its page key is erased and its lease, if it still holds it, given back. It may be called at any
// time and twice; a job that does not exist is as good as ended. Errors: those of the store; Fenced where
// somebody goes on working on the job.
func (c *Closer) Close(ctx context.Context, company usersync.CompanyID, id usersync.JobID, message string) error {
	job, mine, err := c.fail(ctx, company, id, message)
	switch {
	case usersync.Is(err, usersync.NotFound):
		return nil
	case err != nil:
		return err
	}
	if mine && c.Observer != nil {
		c.Observer.Ended(ctx, job)
	}
	if err := c.Store.EraseKey(ctx, id, c.Clock.Now().Add(keyGone)); err != nil {
		return err
	}
	return c.Store.Release(ctx, job.Lease())
}

// fail writes the end of an unfinished job; mine is true where this call did. A writer that was faster is
// read again: it may have ended the job, or have been the last that its late step did.
func (c *Closer) fail(ctx context.Context, company usersync.CompanyID, id usersync.JobID, message string) (job usersync.Job, mine bool, err error) {
	for range 5 {
		job, err = c.Store.Job(ctx, company, id)
		if err != nil || job.Status.Ended() {
			return job, false, err
		}
		job.Status, job.Error, job.UpdatedAt = usersync.Failed, clip(message), c.Clock.Now()
		job, err = c.Store.SaveJob(ctx, job)
		if !usersync.Is(err, usersync.Fenced) {
			return job, err == nil, err
		}
	}
	return job, false, err
}
