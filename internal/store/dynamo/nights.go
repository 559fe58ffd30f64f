package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var _ usersync.Nights = (*Store)(nil)

// nightsItem says how far the schedules have been looked after. There is one.
type nightsItem struct {
	key
	Looked string `dynamodbav:"looked"`
}

var nightsKey = key{PK: "N", SK: "N"}

// LookedUntil reads the item.
func (s *Store) LookedUntil(ctx context.Context) (time.Time, error) {
	found, err := s.get(ctx, s.tables.Main, nightsKey)
	if err != nil || found == nil {
		return time.Time{}, err
	}
	item, err := decode[nightsItem](found)
	if err != nil {
		return time.Time{}, err
	}
	until, err := time.Parse(moment, item.Looked)
	if err != nil {
		return time.Time{}, unreadable(err)
	}
	return until, nil
}

// SaveLookedUntil is one conditional write. One that was refused since it had been made already, and its
// answer lost, is done.
func (s *Store) SaveLookedUntil(ctx context.Context, before, now time.Time) error {
	when := absent()
	if !before.IsZero() {
		when = is("looked", stamp(before))
	}
	err := s.put(ctx, s.tables.Main, nightsItem{key: nightsKey, Looked: stamp(now)}, when)
	r, ok := errors.AsType[*refused](err)
	if !ok {
		return err
	}
	stands, err := decode[nightsItem](r.was)
	switch {
	case err != nil:
		return err
	case stands.Looked == stamp(now):
		return nil
	}
	return usersync.E(usersync.Conflict, "another process has looked after the schedules since")
}
