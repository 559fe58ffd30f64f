package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/usersync/usersync/internal/usersync"
)

// leaseItem is never deleted: its fence only grows.
type leaseItem struct {
	Job       usersync.JobID `dynamodbav:"job"` // empty while nobody holds the lease
	Fence     int64          `dynamodbav:"fence"`
	Until     string         `dynamodbav:"until"`
	TakenFrom usersync.JobID `dynamodbav:"takenFrom"` // the job whose run-out lease this is
}

func heldBy(lease usersync.Lease) expression.ConditionBuilder {
	return is("job", lease.Job).And(is("fence", lease.Fence))
}

// Acquire takes the lease by one write. Whoever it is refused by may be the job itself, of an earlier
// call or of a lost answer: then the lease is the same, taken over from the same job.
func (s *Store) Acquire(ctx context.Context, company usersync.CompanyID, job usersync.JobID, until time.Time) (usersync.Lease, usersync.JobID, error) {
	name := expression.Name
	ranOut := name("until").LessThanEqual(expression.Value(stamp(s.clock.Now()))).
		And(name("job").NotEqual(expression.Value(job)))
	change := expression.Set(name("takenFrom"), expression.IfNotExists(name("job"), expression.Value(""))).
		Set(name("job"), expression.Value(job)).
		Set(name("until"), expression.Value(stamp(until))).
		Add(name("fence"), expression.Value(1))
	now, err := s.update(ctx, leaseKey(company), change, expression.AttributeNotExists(name("job")).Or(ranOut))
	if r, ok := errors.AsType[*refused](err); ok {
		return s.acquireAgain(ctx, company, job, until, r.was)
	}
	if err != nil {
		return usersync.Lease{}, "", err
	}
	taken, err := decode[leaseItem](now)
	if err != nil {
		return usersync.Lease{}, "", err
	}
	return usersync.Lease{Company: company, Job: job, Fence: taken.Fence}, taken.TakenFrom, nil
}

// acquireAgain answers for a lease that is held: by the job itself, or by another.
func (s *Store) acquireAgain(ctx context.Context, company usersync.CompanyID, job usersync.JobID, until time.Time, was row) (usersync.Lease, usersync.JobID, error) {
	held, err := decode[leaseItem](was)
	if err != nil {
		return usersync.Lease{}, "", err
	}
	if held.Job != job {
		return usersync.Lease{}, "", &usersync.Error{
			Code: usersync.Conflict, Message: "a job is running for the company", Holder: held.Job,
		}
	}
	lease := usersync.Lease{Company: company, Job: job, Fence: held.Fence}
	if held.Until < stamp(until) {
		err := s.Extend(ctx, lease, until)
		if usersync.Is(err, usersync.Fenced) { // lost in this very moment
			return s.Acquire(ctx, company, job, until)
		}
		if err != nil {
			return usersync.Lease{}, "", err
		}
	}
	return lease, held.TakenFrom, nil
}

// Extend moves the lease's end later.
func (s *Store) Extend(ctx context.Context, lease usersync.Lease, until time.Time) error {
	end := expression.Value(stamp(until))
	_, err := s.update(ctx, leaseKey(lease.Company), expression.Set(expression.Name("until"), end),
		heldBy(lease).And(expression.Name("until").LessThan(end)))
	r, ok := errors.AsType[*refused](err)
	if !ok {
		return err
	}
	held, err := decode[leaseItem](r.was)
	if err != nil {
		return err
	}
	if held.Job != lease.Job || held.Fence != lease.Fence {
		return usersync.E(usersync.Fenced, "the company's lease is no longer this job's")
	}
	return nil // it holds that long already
}

// Release keeps the item and its fence.
func (s *Store) Release(ctx context.Context, lease usersync.Lease) error {
	name := expression.Name
	_, err := s.update(ctx, leaseKey(lease.Company),
		expression.Remove(name("job")).Remove(name("until")).Remove(name("takenFrom")), heldBy(lease))
	return unlessRefused(err)
}
