package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/usersync/usersync/internal/usersync"
)

// pageKeyItem is a job's page key, or the mark that it was erased.
type pageKeyItem struct {
	key
	expiry
	Key    []byte `dynamodbav:"key,omitempty"`
	Erased bool   `dynamodbav:"erased,omitempty"`
}

func noKey() error { return usersync.E(usersync.NotFound, "the job has no page key") }

// PutKey writes the key where there is neither one nor the mark.
func (s *Store) PutKey(ctx context.Context, job usersync.JobID, pageKey []byte, expires time.Time) ([]byte, error) {
	item := pageKeyItem{key: pageKeyKey(job), expiry: expiring(expires), Key: pageKey}
	err := s.put(ctx, s.tables.Pages, item, absentAt(s.clock.Now()))
	if r, ok := errors.AsType[*refused](err); ok {
		first, err := decode[pageKeyItem](r.was)
		if err != nil {
			return nil, err
		}
		if first.Erased {
			return nil, noKey()
		}
		return first.Key, nil
	}
	if err != nil {
		return nil, err
	}
	return pageKey, nil
}

// Key reads the key.
func (s *Store) Key(ctx context.Context, job usersync.JobID) ([]byte, error) {
	found, err := s.get(ctx, s.tables.Pages, pageKeyKey(job))
	if err != nil {
		return nil, err
	}
	item, err := decode[pageKeyItem](found)
	if err != nil {
		return nil, err
	}
	if found == nil || item.Erased || item.over(s.clock.Now()) {
		return nil, noKey()
	}
	return item.Key, nil
}

// EraseKey puts the mark in the key's place. It stays until it expires, which should be later than anybody
// who may still come with a key.
func (s *Store) EraseKey(ctx context.Context, job usersync.JobID, expires time.Time) error {
	item := pageKeyItem{key: pageKeyKey(job), expiry: expiring(expires), Erased: true}
	until := expression.Name("until")
	// A mark that stays longer than this one would is left as it is.
	err := s.put(ctx, s.tables.Pages, item, absent().
		Or(expression.AttributeNotExists(expression.Name("erased"))).
		Or(until.LessThan(expression.Value(item.Until))))
	return unlessRefused(err)
}
