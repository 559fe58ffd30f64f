package engine

import (
	"context"
	"log/slog"
	"strconv"

	"github.com/usersync/usersync/internal/usersync"
)

// endedBefore is what a step says that has come too late.
const endedBefore = "the job has ended as failed"

// maxFailure is the longest message of a failed job.
const maxFailure = 1000

// Finish ends the job: Completed where failure is empty, else Failed with it. Then the page key is erased,
// with which the staged people are gone, and the lease is given back. It may be called again at any time,
// also for a job that has ended; each time the observer is told of the end. Errors: Fenced where somebody
// newer works on the job, in which case nothing was done; Rejected where it was to be completed and has
// ended as failed; NotFound.
func (e *Engine) Finish(ctx context.Context, ref Ref, failure string) error {
	job, err := e.Store.Job(ctx, ref.Company, ref.Job)
	if err != nil {
		return err
	}
	if !job.Status.Ended() {
		if err := ref.current(&job); err != nil {
			return err
		}
		if job, err = e.end(ctx, job, failure); err != nil {
			return err
		}
	}
	e.Observer.Ended(ctx, job)
	if err := e.Store.EraseKey(ctx, job.ID, e.Clock.Now().Add(rowTerm)); err != nil {
		return err
	}
	if err := e.Store.Release(ctx, job.Lease()); err != nil {
		return err
	}
	if job.Status == usersync.Failed && failure == "" {
		return usersync.E(usersync.Rejected, endedBefore)
	}
	return nil
}

// end saves the job with its end.
func (e *Engine) end(ctx context.Context, job usersync.Job, failure string) (usersync.Job, error) {
	job.Status, job.Error, job.UpdatedAt = usersync.Completed, "", e.Clock.Now()
	if failure != "" {
		job.Status, job.Error = usersync.Failed, clip(failure, maxFailure)
		e.countUnfinished(ctx, &job)
		job.Counts.Found = job.Counts.Dealt() // the others were listed, and nothing became of them
	} else {
		job.Error = told(&job)
	}
	job, err := e.Store.SaveJob(ctx, job)
	if err != nil {
		return job, err
	}
	r := run{Engine: e, job: job}
	c := job.Counts
	e.Log.LogAttrs(ctx, slog.LevelInfo, "job ended", r.attrs(slog.String("status", job.Status.String()),
		slog.Int("found", c.Found), slog.Int("created", c.Created), slog.Int("updated", c.Updated),
		slog.Int("unchanged", c.Unchanged), slog.Int("removed", c.Removed), slog.Int("failed", c.Failed),
		slog.Int("skipped", c.Skipped))...)
	return job, nil
}

// told is what a job that has done its work says of those for whom it could not; empty where there are none.
func told(job *usersync.Job) string {
	text := ""
	switch n := job.Counts.Failed; {
	case n == 1:
		text = "1 of " + strconv.Itoa(job.Counts.Found) + " people failed"
	case n > 1:
		text = strconv.Itoa(n) + " of " + strconv.Itoa(job.Counts.Found) + " people failed"
	}
	if n := job.Progress.Leaving.Refused; n > 0 {
		if text != "" {
			text += ", and "
		}
		text += "of those who left " + strconv.Itoa(n) + " could not be removed"
	}
	if text != "" {
		text += "; the outcomes say who and why"
	}
	return text
}

// attrs is what every line of the log says of a job, and more.
func (r *run) attrs(more ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.String("job", string(r.job.ID)), slog.String("company", string(r.job.Company))}, more...)
}
