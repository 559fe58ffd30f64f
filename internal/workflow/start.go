package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	keyTerm   = 24 * time.Hour         // of an Idempotency-Key
	startTerm = 25 * time.Second       // of one start, whatever becomes of its caller
	attempts  = 4                      // of a call whose answer was lost
	firstWait = 200 * time.Millisecond // before the second one; doubled each time
)

var errRunning = errors.New("the company has a running job")

// Starter starts jobs:
//
//	claim the Idempotency-Key ─► take the lease ─► write the job ─► start its execution
//	                                  │                                 │
//	                                  └ held: Conflict                  └ refused: Failed, lease given back
//
// Every part is named by the job's id and may be repeated, so that whoever comes back with the same
// Idempotency-Key carries on what an earlier start left half done.
type Starter struct {
	closer     *Closer
	store      usersync.Store
	companies  usersync.Companies
	links      usersync.Linker
	executions usersync.Executions
	clock      usersync.Clock
}

var _ usersync.Starter = (*Starter)(nil)

// NewStarter makes a Starter that works on the closer's store, by its clock.
func NewStarter(closer *Closer, companies usersync.Companies, links usersync.Linker, executions usersync.Executions) *Starter {
	return &Starter{
		closer: closer, store: closer.Store, companies: companies, links: links, executions: executions, clock: closer.Clock,
	}
}

// Start starts a job. A caller that goes away does not stop it halfway. Where the execution is refused
// for good, the job is returned as it then stands: Failed.
func (s *Starter) Start(ctx context.Context, r usersync.StartRequest) (usersync.Job, error) {
	company, err := s.companies.Company(ctx, r.Company)
	if err != nil {
		return usersync.Job{}, err
	}
	links, err := s.links.LinkSet(company)
	if err != nil {
		return usersync.Job{}, err
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return usersync.Job{}, &usersync.Error{Code: usersync.Internal, Message: "no id could be made for the job", Cause: err}
	}
	now := s.clock.Now()
	job := usersync.Job{
		ID: usersync.JobID(fresh.String()), Company: company.ID, Status: usersync.Pending, CreatedAt: now, UpdatedAt: now,
		Full: r.Full, Settings: company, Links: links, Rev: 1,
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTerm)
	defer cancel()
	if r.IdempotencyKey == "" {
		return s.begin(ctx, job)
	}
	return s.claimed(ctx, r, job)
}

// claimed starts the job under the request's Idempotency-Key, or goes on with the key's first one.
func (s *Starter) claimed(ctx context.Context, r usersync.StartRequest, job usersync.Job) (usersync.Job, error) {
	mine := usersync.Claim{Job: job.ID, Body: r.Body}
	claim := mine
	err := s.repeat(ctx, func() (err error) {
		claim, err = s.store.Claim(ctx, job.Company, r.IdempotencyKey, mine, job.CreatedAt.Add(keyTerm))
		return err
	})
	switch {
	case err != nil:
		return usersync.Job{}, err
	case claim.Body != r.Body:
		return usersync.Job{}, usersync.E(usersync.KeyReused, "the Idempotency-Key was used for another request")
	}
	if claim.Job != job.ID {
		first, err := s.store.Job(ctx, job.Company, claim.Job)
		switch {
		case err == nil && first.Status == usersync.Pending:
			return s.Execute(ctx, first)
		case err == nil, !usersync.Is(err, usersync.NotFound):
			return first, err
		}
		job.ID = claim.Job
		return s.begin(ctx, job)
	}
	started, err := s.begin(ctx, job)
	if errors.Is(err, errRunning) {
		s.unclaim(ctx, r, job)
	}
	return started, err
}

// unclaim forgets the key of a refused request, unless somebody who came with the same one meanwhile
// has had more luck. Where it fails the key stands for a job that does not exist, which is what the
// next request with it then starts.
func (s *Starter) unclaim(ctx context.Context, r usersync.StartRequest, job usersync.Job) {
	if _, err := s.store.Job(ctx, job.Company, job.ID); usersync.Is(err, usersync.NotFound) {
		_ = s.store.Unclaim(ctx, job.Company, r.IdempotencyKey, job.ID)
	}
}

// begin takes the lease, writes the job and starts its execution.
func (s *Starter) begin(ctx context.Context, job usersync.Job) (usersync.Job, error) {
	lease, previous, err := s.acquire(ctx, job)
	if err != nil {
		return usersync.Job{}, err
	}
	job.Fence = lease.Fence
	if previous != "" {
		err = s.repeat(ctx, func() error {
			return s.closer.Close(ctx, job.Company, previous, LeaseLost)
		})
		if err != nil {
			return usersync.Job{}, errors.Join(err, s.store.Release(ctx, lease))
		}
	}
	err = s.repeat(ctx, func() error { return s.store.CreateJob(ctx, job) })
	switch {
	case usersync.Is(err, usersync.Exists):
		return s.written(ctx, job, lease)
	case err != nil:
		return usersync.Job{}, errors.Join(err, s.store.Release(ctx, lease))
	}
	return s.Execute(ctx, job)
}

// written goes on with a job that is there already: written by this start, whose answer was lost, or
// by another one with the same Idempotency-Key.
func (s *Starter) written(ctx context.Context, job usersync.Job, lease usersync.Lease) (usersync.Job, error) {
	stored, err := s.store.Job(ctx, job.Company, job.ID)
	switch {
	case err != nil:
		return usersync.Job{}, err
	case stored.Fence == lease.Fence && stored.Status == usersync.Pending:
		return s.Execute(ctx, stored)
	case stored.Fence == lease.Fence:
		return stored, nil
	}
	// Its lease has ended before ours began: the job has ended too, or never will by itself.
	if err := s.closer.Close(ctx, job.Company, job.ID, LeaseLost); err != nil {
		return usersync.Job{}, errors.Join(err, s.store.Release(ctx, lease))
	}
	if err := s.store.Release(ctx, lease); err != nil {
		return usersync.Job{}, err
	}
	return s.store.Job(ctx, job.Company, job.ID)
}

// acquire takes the company's lease. A holder that has ended, but whose last step was lost before it
// gave the lease back, has it given back here: once a job is seen ended, a start succeeds.
func (s *Starter) acquire(ctx context.Context, job usersync.Job) (lease usersync.Lease, previous usersync.JobID, err error) {
	take := func() (err error) {
		lease, previous, err = s.store.Acquire(ctx, job.Company, job.ID, s.clock.Now().Add(usersync.LeaseTerm))
		return err
	}
	err = s.repeat(ctx, take)
	if holder, held := holderOf(err); held {
		other, failed := s.store.Job(ctx, job.Company, holder)
		if failed == nil && other.Status.Ended() && s.closer.Close(ctx, job.Company, holder, "") == nil {
			err = s.repeat(ctx, take)
		}
	}
	if holder, held := holderOf(err); held {
		err = &usersync.Error{Code: usersync.Conflict, Message: "a job is running for the company", Holder: holder, Cause: errRunning}
	}
	return lease, previous, err
}

func holderOf(err error) (holder usersync.JobID, held bool) {
	e, ok := errors.AsType[*usersync.Error](err)
	if !ok || e.Code != usersync.Conflict {
		return "", false
	}
	return e.Holder, true
}

// Execute starts the first execution of a Pending job, named by its id; one that was started already is
// the same one. Only a definite refusal ends the job; where every
// answer was lost it stays Pending under its lease, for whoever looks after unfinished jobs.
func (s *Starter) Execute(ctx context.Context, job usersync.Job) (usersync.Job, error) {
	input, err := json.Marshal(FirstState(&job))
	if err != nil {
		return job, err
	}
	err = s.repeat(ctx, func() error { return s.executions.Start(ctx, string(job.ID), input) })
	switch {
	case err == nil:
		return job, nil
	case !usersync.Is(err, usersync.Rejected):
		return job, &usersync.Error{Code: usersync.Unavailable, Message: "it is not known whether the job has started; if it has, it goes on", Cause: err}
	}
	if err := s.closer.Close(ctx, job.Company, job.ID, "the job's execution was refused: it has not started"); err != nil {
		return job, errors.Join(err, s.store.Release(ctx, job.Lease()))
	}
	return s.store.Job(ctx, job.Company, job.ID)
}

// repeat calls until there is an answer: all that it is used for may be called twice. Its error is
// that of the last call.
func (s *Starter) repeat(ctx context.Context, call func() error) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := call()
		switch usersync.CodeOf(err) {
		case usersync.Unavailable, usersync.Throttled, usersync.Internal:
		default:
			return err
		}
		if attempt == attempts || s.clock.Wait(ctx, wait) != nil {
			return err
		}
		wait *= 2
	}
}
