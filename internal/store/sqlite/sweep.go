package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// Sweep deletes what has expired, and surveys whose job's key is erased, in small transactions, and empties the
// logs. Nothing depends on it but the size of the files, and how much a loss of power takes; it is for a call a
// minute, and may run beside jobs.
func (db *DB) Sweep(ctx context.Context) error {
	now := nanos(db.clock.Now())
	if err := db.sweepSurveys(ctx, now); err != nil {
		return err
	}
	for _, table := range []struct {
		file *file
		name string
	}{{db.pages, "rows"}, {db.pages, "keys"}, {db.main, "rows"}, {db.main, "claims"}} {
		stmt := "DELETE FROM " + table.name + " WHERE rowid IN (SELECT rowid FROM " + table.name + " WHERE expires <= ? LIMIT 20)"
		if err := table.file.deleteAll(ctx, stmt, now); err != nil {
			return err
		}
	}
	db.main.log.passive() // so that nobody waits long for the rest
	return errors.Join(db.main.forget(ctx), db.pages.forget(ctx))
}

// worthless selects, of a table of surveys, the rows that have expired and those whose hashes nobody can make any
// more.
func worthless(table string) string {
	return "SELECT rowid FROM " + table + " WHERE expires <= ? UNION ALL SELECT s.rowid FROM keys k CROSS JOIN " + table +
		" s ON s.job = k.job WHERE k.key = x''"
}

// sweepSurveys deletes surveys that are worthless: runs, four a transaction, and what an earlier program has left.
func (db *DB) sweepSurveys(ctx context.Context, now int64) error {
	for more := true; more; {
		err := db.pages.write(ctx, func(tx *tx) error {
			runs, err := tx.ids(worthless("survey_runs")+" LIMIT 4", now)
			for _, run := range runs {
				if err == nil {
					err = tx.dropRun(run)
				}
			}
			more = len(runs) > 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return db.pages.deleteAll(ctx, "DELETE FROM surveys WHERE rowid IN ("+worthless("surveys")+" LIMIT 100)", now)
}

// dropRun deletes a run with its chunks.
func (t *tx) dropRun(run int64) error {
	_, err := t.exec("DELETE FROM survey_chunks WHERE id BETWEEN ? AND ?", run*chunkIDs, run*chunkIDs+chunkIDs-1)
	if err == nil {
		_, err = t.exec("DELETE FROM survey_runs WHERE id = ?", run)
	}
	return err
}

// ids reads all numbers that a statement gives.
func (t *tx) ids(text string, args ...any) (ids []int64, err error) {
	err = t.each(text, args, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}
