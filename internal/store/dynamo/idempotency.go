package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// claimItem is what an Idempotency-Key stands for; the key itself is only in the sort key, hashed.
type claimItem struct {
	key
	expiry
	Job  usersync.JobID `dynamodbav:"job"`
	Body []byte         `dynamodbav:"body"`
}

// Claim learns what the key stands for from the refused write.
func (s *Store) Claim(ctx context.Context, company usersync.CompanyID, idempotencyKey string, c usersync.Claim, expires time.Time) (usersync.Claim, error) {
	item := claimItem{key: claimKey(company, idempotencyKey), expiry: expiring(expires), Job: c.Job, Body: c.Body[:]}
	err := s.put(ctx, s.tables.Main, item, absentAt(s.clock.Now()))
	if r, ok := errors.AsType[*refused](err); ok {
		first, err := decode[claimItem](r.was)
		if err != nil {
			return usersync.Claim{}, err
		}
		if len(first.Body) != len(c.Body) {
			return usersync.Claim{}, unreadable(errors.New("a claim without a whole hash"))
		}
		return usersync.Claim{Job: first.Job, Body: [32]byte(first.Body)}, nil
	}
	if err != nil {
		return usersync.Claim{}, err
	}
	return c, nil
}

// Unclaim deletes the job's own claim.
func (s *Store) Unclaim(ctx context.Context, company usersync.CompanyID, idempotencyKey string, job usersync.JobID) error {
	return unlessRefused(s.remove(ctx, claimKey(company, idempotencyKey), is("job", job)))
}
