package dynamo

import (
	"context"
	"errors"

	"github.com/usersync/usersync/internal/usersync"
)

// reservationItem says whose a target key is; its sort key is the hash of the target key.
type reservationItem struct {
	key
	Fence int64  `dynamodbav:"fence"` // of whoever wrote it first
	Key   string `dynamodbav:"key"`
}

// Reserve makes one conditional write for each different target key, many at once. Who has a key already is
// learnt from the refused write.
func (s *Store) Reserve(ctx context.Context, set usersync.LinkSet, fence int64, claims []usersync.Reservation) ([]string, error) {
	first := make(map[usersync.KeyHash]int, len(claims))
	var distinct []int
	for i, c := range claims {
		if _, ok := first[c.TargetKey]; !ok {
			first[c.TargetKey] = len(distinct)
			distinct = append(distinct, i)
		}
	}
	owners := make([]string, len(distinct))
	err := each(len(distinct), writeWidth, func(i int) (err error) {
		owners[i], err = s.reserve(ctx, set, fence, claims[distinct[i]])
		return err
	})
	if err != nil {
		return nil, err
	}
	holders := make([]string, len(claims))
	for i, c := range claims {
		if owner := owners[first[c.TargetKey]]; owner != c.Key {
			holders[i] = owner
		}
	}
	return holders, nil
}

// reserve returns the key of the person who has the target key now.
func (s *Store) reserve(ctx context.Context, set usersync.LinkSet, fence int64, c usersync.Reservation) (string, error) {
	item := reservationItem{key: reservationKey(set, c.TargetKey), Fence: fence, Key: c.Key}
	err := s.put(ctx, s.tables.Main, item, absent())
	if r, ok := errors.AsType[*refused](err); ok {
		owner, err := decode[reservationItem](r.was)
		return owner.Key, err
	}
	return c.Key, err
}

// Free deletes what is the person's own.
func (s *Store) Free(ctx context.Context, set usersync.LinkSet, claims []usersync.Reservation) error {
	return each(len(claims), writeWidth, func(i int) error {
		return unlessRefused(s.remove(ctx, reservationKey(set, claims[i].TargetKey), is("key", claims[i].Key)))
	})
}
