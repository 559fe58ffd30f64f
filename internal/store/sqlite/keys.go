package sqlite

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var noKey = usersync.E(usersync.NotFound, "the job has no page key, or no more")

// PutKey writes the key if the job has none and returns the one that it has now.
func (db *DB) PutKey(ctx context.Context, job usersync.JobID, key []byte, expires time.Time) ([]byte, error) {
	if len(key) == 0 {
		return nil, usersync.E(usersync.Validation, "a page key is empty")
	}
	var stored []byte
	err := db.pages.write(ctx, func(tx *tx) error {
		n, err := tx.exec(`INSERT INTO keys (job, key, expires) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET key = excluded.key, expires = excluded.expires WHERE keys.expires <= ?`,
			job, key, nanos(expires), nanos(db.clock.Now()))
		if err != nil || n > 0 {
			stored = key
			return err
		}
		_, err = tx.get("SELECT key FROM keys WHERE job = ?", []any{job}, &stored)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(stored) == 0:
		return nil, noKey
	}
	return stored, nil
}

// Key reads the job's key.
func (db *DB) Key(ctx context.Context, job usersync.JobID) ([]byte, error) {
	var key []byte
	err := db.pages.get(ctx, "SELECT key FROM keys WHERE job = ? AND expires > ?", []any{job, nanos(db.clock.Now())}, &key)
	switch {
	case usersync.Is(err, usersync.NotFound):
		return nil, noKey
	case err != nil:
		return nil, err
	case len(key) == 0:
		return nil, noKey
	}
	return key, nil
}

// EraseKey removes the key for good, and the pages that it was for: from the tables, overwritten, and from the
// write-ahead log. The job's surveys are nothing without the key, and are left to Sweep: a job's end does not wait
// for as many rows as a target has records.
func (db *DB) EraseKey(ctx context.Context, job usersync.JobID, expires time.Time) error {
	err := db.pages.write(ctx, func(tx *tx) error {
		_, err := tx.exec(`INSERT INTO keys (job, key, expires) VALUES (?, x'', ?)
			ON CONFLICT DO UPDATE SET key = x'', expires = max(expires, excluded.expires)`, job, nanos(expires))
		return err
	})
	if err != nil {
		return err
	}
	// Pages of 20 rows a transaction: other jobs' pages are written between.
	err = db.pages.deleteAll(ctx, "DELETE FROM rows WHERE rowid IN (SELECT rowid FROM rows WHERE job = ? LIMIT 20)", job)
	if err != nil {
		return err
	}
	return db.pages.forget(ctx)
}
