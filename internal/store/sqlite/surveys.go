package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// PutSurvey adds keys as a run, which is written behind all others: the hashes come in no order, and each would
// else touch another page of the file. A run that is put twice is there twice.
func (db *DB) PutSurvey(ctx context.Context, job usersync.JobID, keys []usersync.SurveyedKey, expires time.Time) error {
	for part := range slices.Chunk(keys, maxRun) {
		run := newSurveyRun(part)
		if err := db.pages.write(ctx, func(tx *tx) error { return tx.putRun(job, run, expires) }); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putRun(job usersync.JobID, run surveyRun, expires time.Time) error {
	var id int64
	_, err := t.get("INSERT INTO survey_runs (job, expires, heads) VALUES (?, ?, ?) RETURNING id", []any{job, nanos(expires), run.heads}, &id)
	if err != nil {
		return err
	}
	next := id * chunkIDs
	return grouped(run.chunks, func(group [][]byte) error {
		args := make([]any, 0, 2*len(group))
		for i := range group {
			args = append(args, next, group[i])
			next++
		}
		_, err := t.exec("INSERT INTO survey_chunks (id, keys) VALUES "+marks(len(group), "(?,?)"), args...)
		return err
	})
}

// Surveyed returns all targets of each value. It reads the heads of all the job's runs, 4 bytes a key, and the
// chunks that they point to. A run that is swept between the two is one of a job that has ended.
func (db *DB) Surveyed(ctx context.Context, job usersync.JobID, hashes []usersync.KeyHash) (map[usersync.KeyHash][]string, error) {
	w, found := newWanted(hashes), make(map[usersync.KeyHash][]string)
	if len(hashes) == 0 {
		return found, nil
	}
	if err := db.surveyedBefore(ctx, job, w, found); err != nil {
		return nil, err
	}
	var chunks []int64
	text := "SELECT id, heads FROM survey_runs WHERE job = ? AND expires > ?"
	err := db.pages.each(ctx, text, []any{job, nanos(db.clock.Now())}, func(rows *sql.Rows) error {
		var run int64
		var heads sql.RawBytes
		err := rows.Scan(&run, &heads)
		chunks = w.chunksOf(run, heads, chunks)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = grouped(chunks, func(group []int64) error {
		args := make([]any, len(group))
		for i := range group {
			args[i] = group[i]
		}
		return db.pages.each(ctx, "SELECT keys FROM survey_chunks WHERE id IN ("+marks(len(group), "?")+")", args, func(rows *sql.Rows) error {
			var keys sql.RawBytes
			if err := rows.Scan(&keys); err != nil {
				return err
			}
			return w.collect(keys, found)
		})
	})
	if err != nil {
		return nil, err
	}
	for h, targets := range found { // a run may be there twice
		slices.Sort(targets)
		found[h] = slices.Compact(targets)
	}
	return found, nil
}

// surveyedBefore adds what the job has found out under an earlier program: its survey is not made again, and whom
// it had found would else be created once more.
func (db *DB) surveyedBefore(ctx context.Context, job usersync.JobID, w *wanted, found map[usersync.KeyHash][]string) error {
	var there bool
	err := db.pages.get(ctx, "SELECT EXISTS (SELECT 1 FROM surveys WHERE job = ?)", []any{job}, &there)
	if err != nil || !there {
		return err
	}
	return grouped(w.hashes, func(group []usersync.KeyHash) error {
		args := []any{job, nanos(db.clock.Now())}
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
}
