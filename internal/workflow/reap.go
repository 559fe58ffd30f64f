package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	// silentFor is how long a job writes nothing before its execution is asked about.
	silentFor = 3 * time.Minute
	// maxUnfinished is how many executions in a row may leave a job unfinished before it is given up.
	maxUnfinished = 3
	// Overdue is how long a company that is synced every night may be without a success.
	Overdue = 26 * time.Hour
)

// What jobs say that were ended because of what became of their executions.
const (
	executionGone    = "the job's execution is gone"
	executionStopped = "the job's execution was stopped, timed out or failed"
	givenUp          = "the job could not be ended several times and was given up"
)

// Reaper sees to it that no job stays unfinished which no execution works on:
//
//	the execution runs, or its successor does    nothing
//	there has never been one                     started
//	it could not end the job (JobUnfinished)     a fresh one is started, up to three in a row
//	it was stopped, timed out, failed            the job is Failed and says so
//	it is gone                                   the job is Failed and says so
type Reaper struct {
	Closer     *Closer
	Starter    *Starter
	Executions usersync.Executions
	Viewer     usersync.ExecutionViewer
	Schedules  usersync.Schedules
	Log        *slog.Logger
}

// Swept says what one sweep did.
type Swept struct {
	Silent  int // jobs that had written nothing for three minutes
	Reaped  int // of them ended as Failed
	Again   int // of them started, or started again
	Overdue int // companies with a schedule that had no success for 26 hours
}

// Sweep looks after every unfinished job that has been silent for three minutes, and counts the companies
// that are overdue. Errors: those of the store and of the viewer, joined; the other jobs are looked after
// all the same.
func (r *Reaper) Sweep(ctx context.Context) (s Swept, err error) {
	jobs, err := r.Closer.Store.Unfinished(ctx)
	if err != nil {
		return s, err
	}
	now := r.Closer.Clock.Now()
	var faults []error
	for _, job := range jobs {
		if now.Sub(job.UpdatedAt) < silentFor {
			continue
		}
		s.Silent++
		faults = append(faults, r.lookAfter(ctx, &job, &s))
	}
	timetables, err := r.Schedules.Timetables(ctx)
	faults = append(faults, err)
	for _, t := range timetables {
		if now.Sub(latest(t.Succeeded, t.Since)) > Overdue {
			s.Overdue++
			r.Log.WarnContext(ctx, "a company is overdue", "company", t.Company, "succeeded", t.Succeeded)
		}
	}
	return s, errors.Join(faults...)
}

// Stopped looks after the job whose execution with the name has ended badly, with the error if it had one;
// one of an execution that the job is no longer at is passed over, and so is a job that has ended or that
// nobody knows. Errors: Validation where the name is no execution's of a job; those of the store and of the
// viewer.
func (r *Reaper) Stopped(ctx context.Context, name, failure string) (s Swept, err error) {
	id, number, ok := parseName(name)
	if !ok {
		return s, invalid("name", "the execution's name is not that of a job's execution")
	}
	job, err := r.Closer.Store.Job(ctx, "", id)
	switch {
	case usersync.Is(err, usersync.NotFound):
		r.Log.WarnContext(ctx, "an execution has ended whose job is not known", "execution", name)
		return s, nil
	case err != nil:
		return s, err
	case job.Status.Ended() || number < job.Progress.Execution:
		return s, nil
	}
	return s, r.badly(ctx, &job, number, usersync.Execution{State: usersync.ExecutionFailed, Error: failure}, &s)
}

// lookAfter does what the table of Reaper says.
func (r *Reaper) lookAfter(ctx context.Context, job *usersync.Job, s *Swept) error {
	number := max(job.Progress.Execution, 1)
	e, err := r.Viewer.Execution(ctx, executionName(job.ID, number))
	if err != nil {
		return err
	}
	if e.State == usersync.ExecutionAbsent && job.Status == usersync.Pending {
		r.Log.WarnContext(ctx, "a job without an execution is started", "job", job.ID, "company", job.Company)
		s.Again++
		_, err := r.Starter.Execute(ctx, *job)
		return err
	}
	if e.State == usersync.ExecutionRunning {
		return nil
	}
	next, err := r.Viewer.Execution(ctx, executionName(job.ID, number+1))
	if err != nil {
		return err
	}
	switch {
	case next.State == usersync.ExecutionRunning:
		return nil // handed over, and its first step has not begun
	case next.State != usersync.ExecutionAbsent: // it too has ended, before its first step
		number, e = number+1, next
	}
	return r.badly(ctx, job, number, e, s)
}

// badly deals with an execution that has left the job behind.
func (r *Reaper) badly(ctx context.Context, job *usersync.Job, number int, e usersync.Execution, s *Swept) error {
	switch {
	case e.State == usersync.ExecutionFailed && e.Error == errUnfinished:
		return r.again(ctx, job, number, s)
	case e.State == usersync.ExecutionFailed:
		return r.close(ctx, job, executionStopped, s)
	}
	return r.close(ctx, job, executionGone, s)
}

// errUnfinished is the error of the file's state Unfinished.
const errUnfinished = "JobUnfinished"

// again starts a fresh execution, unless the last ones could not end the job either.
func (r *Reaper) again(ctx context.Context, job *usersync.Job, number int, s *Swept) error {
	failed := 1
	for n := number - 1; n > 0 && failed < maxUnfinished; n-- {
		e, err := r.Viewer.Execution(ctx, executionName(job.ID, n))
		if err != nil {
			return err
		}
		if e.State != usersync.ExecutionFailed {
			break
		}
		failed++
	}
	if failed >= maxUnfinished {
		return r.close(ctx, job, givenUp, s)
	}
	err := r.Closer.Store.Extend(ctx, job.Lease(), r.Closer.Clock.Now().Add(usersync.LeaseTerm))
	switch {
	case usersync.Is(err, usersync.Fenced):
		return r.close(ctx, job, LeaseLost, s)
	case err != nil:
		return err
	}
	state := FirstState(job).Again(number + 1)
	input, err := json.Marshal(state)
	if err != nil {
		return err
	}
	r.Log.WarnContext(ctx, "a job that could not be ended goes on in a fresh execution", "job", job.ID, "company", job.Company, "execution", state.Name())
	s.Again++
	return r.Executions.Start(ctx, state.Name(), input)
}

// close ends the job as Failed.
func (r *Reaper) close(ctx context.Context, job *usersync.Job, message string, s *Swept) error {
	r.Log.WarnContext(ctx, "a job is ended that nobody works on", "job", job.ID, "company", job.Company, "message", message)
	s.Reaped++
	return r.Closer.Close(ctx, job.Company, job.ID, message)
}

// executionName is the name of a job's execution, which are counted from 1.
func executionName(job usersync.JobID, number int) string {
	return State{Job: job, Execution: number}.Name()
}

// parseName reads an execution's name.
func parseName(name string) (job usersync.JobID, number int, ok bool) {
	const guid = 36
	if len(name) < guid || !canonical(name[:guid]) {
		return "", 0, false
	}
	if len(name) == guid {
		return usersync.JobID(name), 1, true
	}
	text, dashed := strings.CutPrefix(name[guid:], "-")
	number, err := strconv.Atoi(text)
	if !dashed || err != nil || number < 2 || executionName(usersync.JobID(name[:guid]), number) != name {
		return "", 0, false
	}
	return usersync.JobID(name[:guid]), number, true
}
