package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/usersync/usersync/internal/usersync"
)

// file is one database file: a connection that writes, a few that read, and their prepared statements.
type file struct {
	writer  *writer
	log     *checkpointer
	readers *sql.DB
	stmts   sync.Map // SQL text → *sql.Stmt of readers
	closed  atomic.Bool
}

// schema makes the tables of a file, a version at a time: what was added after a file was made is made
// when it is next opened. user_version says how many there are.
type schema []string

// openFile opens a file for its owner alone, with so many readers, and cache KiB for what
// is written, a quarter of it for each reader.
// shred overwrites deleted content.
func openFile(path string, s schema, readers, cache int, shred bool) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, &usersync.Error{Code: usersync.Settings, Message: "a file in the data folder cannot be opened for writing", Cause: err}
	}
	w, err := openWriter(dataSource(path, shred, writerPragmas(cache)...), s)
	if err != nil {
		return nil, failed(err)
	}
	log, err := openCheckpointer(dataSource(path, shred, cacheSize(256)), w)
	if err != nil {
		return nil, failed(errors.Join(err, w.close()))
	}
	db, err := sql.Open("sqlite", dataSource(path, shred, "query_only(1)", cacheSize(cache/4)))
	if err != nil {
		return nil, failed(errors.Join(err, w.close(), log.close()))
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	return &file{writer: w, log: log, readers: db}, nil
}

// writerPragmas leave the log to the checkpointer. Links come in no order, and in a long log a page that
// many of them meet is written into the file once.
func writerPragmas(cache int) []string {
	return []string{cacheSize(cache), "wal_autocheckpoint(0)"}
}

func cacheSize(kib int) string { return "cache_size(-" + strconv.Itoa(kib) + ")" }

// lockedWithin is how long a connection waits for a lock, in milliseconds.
const lockedWithin = "10000"

// dataSource names the file to the driver. Every connection waits for a lock, and keeps little in memory.
func dataSource(path string, shred bool, more ...string) string {
	pragmas := append([]string{"busy_timeout(" + lockedWithin + ")", "synchronous(NORMAL)", "mmap_size(0)"}, more...)
	if shred {
		pragmas = append(pragmas, "secure_delete(1)")
	} else { // what a statement would need to be undone: small here, while shredding goes over many pages
		pragmas = append(pragmas, "temp_store(MEMORY)")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return u.String()
}

// makeTables brings a file to the schema, and refuses one that a newer program wrote. Two processes may
// do it at once.
func (s schema) makeTables(ctx context.Context, conn *sql.Conn) error {
	var version int
	read := func() error { return conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version) }
	if err := read(); err != nil {
		return err
	}
	if version < len(s) {
		if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		defer conn.ExecContext(ctx, "ROLLBACK") // without effect after COMMIT
		if err := read(); err != nil {
			return err
		}
		for ; version < len(s); version++ {
			if _, err := conn.ExecContext(ctx, s[version]+"; PRAGMA user_version = "+strconv.Itoa(version+1)); err != nil {
				return err
			}
		}
		if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
			return err
		}
	}
	if version > len(s) {
		return usersync.E(usersync.Settings, "the data folder was written by another version of usersync (its version is "+
			strconv.Itoa(version)+", this program knows "+strconv.Itoa(len(s))+")")
	}
	return nil
}

// prepared is the kept statement of readers for a text. A context only ends a read before it begins:
// each takes less time than a context costs the driver.
func (f *file) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.closed.Load() {
		return nil, sql.ErrConnDone
	}
	if s, ok := f.stmts.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := f.readers.Prepare(text)
	if err != nil {
		return nil, err
	}
	if kept, there := f.stmts.LoadOrStore(text, s); there {
		return kept.(*sql.Stmt), s.Close()
	}
	return s, nil
}

// get reads one row. Errors: NotFound where there is none.
func (f *file) get(ctx context.Context, text string, args []any, into ...any) error {
	stmt, err := f.prepared(ctx, text)
	if err != nil {
		return failed(err)
	}
	return failed(stmt.QueryRow(args...).Scan(into...))
}

// each reads all rows that a statement gives; scan reads one of them.
func (f *file) each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	stmt, err := f.prepared(ctx, text)
	if err != nil {
		return failed(err)
	}
	rows, err := stmt.Query(args...)
	if err != nil {
		return failed(err)
	}
	return failed(scanAll(rows, scan))
}

func scanAll(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// write runs work within a transaction; see writer.
func (f *file) write(ctx context.Context, work func(*tx) error) error { return f.writer.do(ctx, work) }

// deleteAll repeats a deletion that is limited to a few rows until nothing is left to delete, so that
// nobody waits long between.
func (f *file) deleteAll(ctx context.Context, text string, args ...any) error {
	for {
		var n int64
		err := f.write(ctx, func(tx *tx) (err error) {
			n, err = tx.exec(text, args...)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// forget writes the write-ahead log into the file and empties it: deleted content would otherwise stay there
// for a while. A reader in the way leaves it to the next time.
func (f *file) forget(ctx context.Context) error {
	return f.writer.alone(ctx, func(conn *sql.Conn) error { return beginAnew(conn, "TRUNCATE") })
}

// close ends all connections, with their statements: the last of them writes the log into the file, safe
// from a loss of power, and removes it.
func (f *file) close() error {
	f.closed.Store(true)
	var err error
	f.stmts.Range(func(_, s any) bool {
		err = errors.Join(err, s.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(err, f.readers.Close(), f.writer.close(), f.log.close())
}

// nanos is a moment as the tables have it; what lies outside their range is the range's end.
func nanos(t time.Time) int64 {
	switch year := t.Year(); {
	case year < 1678:
		return math.MinInt64
	case year > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}
