package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// PutSurvey adds keys.
func (db *DB) PutSurvey(ctx context.Context, job usersync.JobID, keys []usersync.SurveyedKey, expires time.Time) error {
	return db.pages.write(ctx, func(tx *tx) error {
		return grouped(keys, func(group []usersync.SurveyedKey) error {
			args := make([]any, 0, 4*len(group))
			for i := range group {
				args = append(args, job, group[i].Hash[:], group[i].Target, nanos(expires))
			}
			_, err := tx.exec("INSERT OR FAIL INTO surveys (job, hash, target, expires) VALUES "+marks(len(group), "(?,?,?,?)")+
				" ON CONFLICT DO UPDATE SET expires = excluded.expires", args...)
			return err
		})
	})
}

// Surveyed returns all targets of each value.
func (db *DB) Surveyed(ctx context.Context, job usersync.JobID, hashes []usersync.KeyHash) (map[usersync.KeyHash][]string, error) {
	found := make(map[usersync.KeyHash][]string)
	hashes = slices.SortedFunc(slices.Values(hashes), func(a, b usersync.KeyHash) int { return bytes.Compare(a[:], b[:]) })
	err := grouped(slices.Compact(hashes), func(group []usersync.KeyHash) error {
		args := append(make([]any, 0, len(group)+2), job, nanos(db.clock.Now()))
		for i := range group {
			args = append(args, group[i][:])
		}
		text := "SELECT hash, target FROM surveys WHERE job = ? AND expires > ? AND hash IN (" + marks(len(group), "?") + ")"
		return db.pages.each(ctx, text, args, func(rows *sql.Rows) error {
			var hash sql.RawBytes
			var target string
			if err := rows.Scan(&hash, &target); err != nil {
				return err
			}
			h := usersync.KeyHash(hash)
			found[h] = append(found[h], target)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}
