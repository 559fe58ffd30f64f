package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Config is what an Engine needs. Store and Connectors are required.
type Config struct {
	Store      usersync.Store
	Connectors usersync.Connectors
	Clock      usersync.Clock // the machine's where nil
	Log        *slog.Logger   // discards where nil
	Observer   usersync.Observer
	StepTime   time.Duration // how long a step takes on new work; a minute where zero
	StreamTime time.Duration // how long one reading of a streamed source may take; 14 minutes where zero
}

// Engine does the steps of jobs. It keeps nothing between two calls: whatever a step leaves to the
// next is in the store, so that each step may be called again after a crash, also by another process.
// It is safe for concurrent use.
//
// Errors of all steps: Fenced where somebody newer works on the job, NotFound where there is no such
// job, Rejected where it has ended as failed, whatever the source, the target or the store says where the job cannot go on with it, and the
// error of ctx where that ended.
type Engine struct {
	Config
}

// New makes an Engine.
func New(c Config) *Engine {
	if c.Clock == nil {
		c.Clock = usersync.SystemClock{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = usersync.Nobody{}
	}
	if c.StepTime <= 0 {
		c.StepTime = time.Minute
	}
	if c.StreamTime <= 0 {
		c.StreamTime = 14 * time.Minute
	}
	return &Engine{Config: c}
}

// maxAge is the age at which a job is given up: its rows live for 48 hours.
const maxAge = 24 * time.Hour

// rowTerm and outcomeTerm say how long a job's rows are kept.
const (
	rowTerm     = 48 * time.Hour
	outcomeTerm = 90 * 24 * time.Hour
)

// run is one step at work: the job as it is stored, and the lease that was last extended.
type run struct {
	*Engine
	*tally
	job      usersync.Job
	extended time.Time
	deadline time.Time // no new work after it
}

// begin loads the job that a step works on, holds its fence and execution against the step's and extends
// the lease. ended is true where the job needs no more steps.
func (e *Engine) begin(ctx context.Context, ref Ref, t *tally) (r *run, ended bool, err error) {
	job, err := e.Store.Job(ctx, ref.Company, ref.Job)
	if err != nil {
		return nil, false, err
	}
	r = &run{Engine: e, tally: t, job: job, deadline: e.Clock.Now().Add(e.StepTime)}
	switch {
	case job.Status == usersync.Failed: // an execution that was stopped, and goes on after all
		return nil, false, usersync.E(usersync.Rejected, endedBefore)
	case job.Status.Ended():
		return r, true, nil
	}
	if err := ref.current(&job); err != nil {
		return nil, false, err
	}
	if e.Clock.Now().Sub(job.CreatedAt) > maxAge {
		return nil, false, usersync.E(usersync.Rejected, "the job was not done within 24 hours and is given up")
	}
	if err := r.extend(ctx, 0); err != nil {
		return nil, false, err
	}
	if job.Status == usersync.Pending || job.Progress.Execution < ref.Execution {
		r.job.Status, r.job.Progress.Execution = usersync.Processing, max(job.Progress.Execution, ref.Execution)
		if err := r.save(ctx); err != nil {
			return nil, false, err
		}
	}
	return r, false, nil
}

// extend lets the lease hold for its term after a pause.
func (r *run) extend(ctx context.Context, pause time.Duration) error {
	now := r.Clock.Now()
	if err := r.Store.Extend(ctx, r.job.Lease(), now.Add(pause+usersync.LeaseTerm)); err != nil {
		return err
	}
	r.extended = now
	return nil
}

// keep extends the lease where that was last done a minute ago.
func (r *run) keep(ctx context.Context) error {
	if r.Clock.Now().Sub(r.extended) < time.Minute {
		return nil
	}
	return r.extend(ctx, 0)
}

// save writes the checkpoint.
func (r *run) save(ctx context.Context) error {
	r.job.UpdatedAt = r.Clock.Now()
	saved, err := r.Store.SaveJob(ctx, r.job)
	if err != nil {
		return err
	}
	r.job = saved
	return nil
}

// of says of an error at which end of the sync it arose: both may be systems of one kind.
func of(end string, err error) error {
	e, ok := errors.AsType[*usersync.Error](err)
	if !ok {
		return err
	}
	told := *e
	told.Message = "the " + end + ": " + e.Message
	return &told
}

// maxPause is the longest wait between two steps: whoever asks for more is asked again after it.
const maxPause = time.Hour

// pause ends a step with a wait before the next one.
func (r *run) pause(ctx context.Context, next Next, wait time.Duration) (Step, error) {
	wait = min(wait, maxPause)
	r.job.Progress.NotBefore = r.Clock.Now().Add(wait)
	if err := r.save(ctx); err != nil {
		return Step{}, err
	}
	return Step{Next: next, Wait: wait}, r.extend(ctx, wait)
}

// paused is what is left of the pause that an earlier step was asked for, also by a process that has ended.
func (r *run) paused() time.Duration { return r.job.Progress.NotBefore.Sub(r.Clock.Now()) }

// following says which step the checkpoint asks for.
func (r *run) following() Next {
	switch p := &r.job.Progress; {
	case p.Upserted < p.Staged:
		return NextUpsert
	case !p.SourceDone:
		return NextFetch
	}
	return NextSettle
}
