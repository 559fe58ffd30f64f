package sqlite

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// maxRow is the largest row, in bytes.
const maxRow = 32 << 20

// rowsOf is the file that keeps rows of the kind.
func (db *DB) rowsOf(kind usersync.RowKind) *file {
	if kind == usersync.RowPage {
		return db.pages
	}
	return db.main
}

// putRow writes a row where there is none, over an expired one, and, with over, over one whose fence
// is not newer.
const (
	putRow = `INSERT INTO rows (job, kind, reading, n, fence, expires, data) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET fence = excluded.fence, expires = excluded.expires, data = excluded.data
		WHERE rows.expires <= ?`
	over = ` OR rows.fence <= excluded.fence`
)

func (db *DB) put(tx *tx, text string, fence int64, row usersync.Row, expires time.Time) (written bool, err error) {
	data := row.Data
	if data == nil {
		data = []byte{}
	}
	n, err := tx.exec(text, row.ID.Job, row.ID.Kind, row.ID.Reading, row.ID.N, fence, nanos(expires), data, nanos(db.clock.Now()))
	return n > 0, err
}

func checkRow(row usersync.Row) error {
	if len(row.Data) > maxRow {
		return usersync.E(usersync.Validation, "a row is larger than 32 MiB")
	}
	return nil
}

// PutRow writes the row over one of the same or a smaller fence.
func (db *DB) PutRow(ctx context.Context, fence int64, row usersync.Row, expires time.Time) error {
	if err := checkRow(row); err != nil {
		return err
	}
	return db.rowsOf(row.ID.Kind).write(ctx, func(tx *tx) error {
		written, err := db.put(tx, putRow+over, fence, row, expires)
		if err == nil && !written {
			return fenced
		}
		return err
	})
}

// PutRowOnce writes the row if it is absent and returns the data that stands there now.
func (db *DB) PutRowOnce(ctx context.Context, fence int64, row usersync.Row, expires time.Time) ([]byte, error) {
	if err := checkRow(row); err != nil {
		return nil, err
	}
	var stored []byte
	err := db.rowsOf(row.ID.Kind).write(ctx, func(tx *tx) error {
		written, err := db.put(tx, putRow, fence, row, expires)
		if err != nil || written {
			stored = row.Data
			return err
		}
		_, err = tx.get("SELECT data FROM rows WHERE job = ? AND kind = ? AND reading = ? AND n = ?",
			[]any{row.ID.Job, row.ID.Kind, row.ID.Reading, row.ID.N}, &stored)
		return err
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

// Row reads a row.
func (db *DB) Row(ctx context.Context, id usersync.RowID) ([]byte, error) {
	var data []byte
	err := db.rowsOf(id.Kind).get(ctx, "SELECT data FROM rows WHERE job = ? AND kind = ? AND reading = ? AND n = ? AND expires > ?",
		[]any{id.Job, id.Kind, id.Reading, id.N, nanos(db.clock.Now())}, &data)
	return data, err
}

// EachRow reads row by row: it holds one of them and no connection while yield works.
func (db *DB) EachRow(ctx context.Context, from usersync.RowID, yield func(usersync.Row) error) error {
	next := from
	for {
		row := usersync.Row{ID: from}
		err := db.rowsOf(from.Kind).get(ctx, `SELECT n, data FROM rows
			WHERE job = ? AND kind = ? AND reading = ? AND n >= ? AND expires > ? ORDER BY n LIMIT 1`,
			[]any{next.Job, next.Kind, next.Reading, next.N, nanos(db.clock.Now())}, &row.ID.N, &row.Data)
		if usersync.Is(err, usersync.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := yield(row); err != nil {
			return err
		}
		next.N = row.ID.N + 1
	}
}
