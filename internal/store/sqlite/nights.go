package sqlite

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var _ usersync.Nights = (*DB)(nil)

// LookedUntil is the moment up to which the schedules have been looked after; zero: never.
func (db *DB) LookedUntil(ctx context.Context) (looked time.Time, err error) {
	err = db.main.write(ctx, func(tx *tx) error {
		looked, err = lookedUntil(tx)
		return err
	})
	return looked, err
}

func lookedUntil(tx *tx) (time.Time, error) {
	var looked int64
	found, err := tx.get("SELECT looked FROM nights", nil, &looked)
	if err != nil || !found {
		return time.Time{}, err
	}
	return time.Unix(0, looked).UTC(), nil
}

// SaveLookedUntil moves it on.
func (db *DB) SaveLookedUntil(ctx context.Context, before, now time.Time) error {
	return db.main.write(ctx, func(tx *tx) error {
		looked, err := lookedUntil(tx)
		switch {
		case err != nil || looked.Equal(now):
			return err
		case !looked.Equal(before):
			return usersync.E(usersync.Conflict, "another process has looked after the schedules since")
		}
		_, err = tx.exec("INSERT INTO nights (one, looked) VALUES (1, ?) ON CONFLICT DO UPDATE SET looked = excluded.looked", nanos(now))
		return err
	})
}
