package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/usersync/usersync/internal/usersync"
)

// writer is the one connection that writes to a file. Work that comes while a transaction runs is
// collected and shares the next one:
//
//	do ──► waiting ──► one of the callers leads: BEGIN IMMEDIATE, everybody's work, COMMIT ──► all return
//
// Work that refuses (returns a usersync.Error) must have written nothing that it does not want to
// stay: the others' work beside it is committed all the same. An error of the engine undoes the whole
// transaction, and each work is then run again in one of its own; work is therefore repeatable.
type writer struct {
	conn  *sql.Conn
	pool  *sql.DB
	stmts map[string]*sql.Stmt // the leader's

	lead chan struct{} // holds one element while somebody leads

	committed func() // called by the leader after each commit

	mu      sync.Mutex
	waiting []*pending
}

// pending is work of one caller; err is its own once done is closed.
type pending struct {
	work func(*tx) error
	done chan struct{}
	err  error
}

// tx is a transaction under way.
type tx struct{ w *writer }

func openWriter(source string, s schema) (*writer, error) {
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	conn, err := pool.Conn(ctx)
	if err == nil {
		err = unlocked(ctx, func() error {
			// The size of pages holds for a new file alone, and only before the log is there.
			if _, err := conn.ExecContext(ctx, "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL"); err != nil {
				return err
			}
			return s.makeTables(ctx, conn)
		})
	}
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &writer{conn: conn, pool: pool, stmts: map[string]*sql.Stmt{}, lead: make(chan struct{}, 1), committed: func() {}}, nil
}

// opening is how long another process may hold up the opening of a file, and knocking how often it is tried.
const (
	opening  = 10 * time.Second
	knocking = 10 * time.Millisecond
)

// unlocked repeats what another process holds up by making the same file just now: the engine itself does not
// wait for the lock that a file is made under.
func unlocked(ctx context.Context, work func() error) error {
	clock := usersync.SystemClock{}
	for until := clock.Now().Add(opening); ; {
		err := work()
		engine, is := errors.AsType[*sqlite.Error](err)
		if !is || engine.Code()&0xff != sqlite3.SQLITE_BUSY || clock.Now().After(until) {
			return err
		}
		if err := clock.Wait(ctx, knocking); err != nil {
			return err
		}
	}
}

// do runs work within a transaction and returns when it is committed. ctx ends it only before it
// begins, so that nobody has to wonder whether it was done.
func (w *writer) do(ctx context.Context, work func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return failed(err)
	}
	mine := &pending{work: work, done: make(chan struct{})}
	w.mu.Lock()
	w.waiting = append(w.waiting, mine)
	w.mu.Unlock()
	select {
	case <-mine.done:
	case w.lead <- struct{}{}:
		defer func() { <-w.lead }()
		runtime.Gosched() // whoever is about to come shares the transaction
		w.mu.Lock()
		batch := w.waiting
		w.waiting = nil
		w.mu.Unlock()
		w.run(batch)
		<-mine.done
	}
	return mine.err
}

// alone runs what cannot be within a transaction.
func (w *writer) alone(ctx context.Context, run func(*sql.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return failed(err)
	}
	w.lead <- struct{}{}
	defer func() { <-w.lead }()
	return failed(run(w.conn))
}

// run does the work of a batch, together or, where the engine fails, one by one.
func (w *writer) run(batch []*pending) {
	if len(batch) == 0 {
		return
	}
	defer func() {
		for _, p := range batch {
			close(p.done)
		}
	}()
	for _, p := range batch {
		p.err = usersync.E(usersync.Internal, "the store's work was broken off")
	}
	t := &tx{w: w}
	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
		for _, p := range batch {
			p.err = failed(err)
		}
		return
	}
	if err := t.finish(batch); err == nil {
		return
	}
	for i, p := range batch {
		_, err := t.exec("BEGIN IMMEDIATE")
		if err == nil {
			err = t.finish(batch[i : i+1])
		}
		if err != nil {
			p.err = failed(err)
		}
	}
}

// finish does the work of a batch in the transaction that has begun, and ends it. An error means that
// nothing of it was written.
func (t *tx) finish(batch []*pending) error {
	committed := false
	defer func() {
		if !committed {
			// Where the engine has rolled back by itself already this fails, and that is as well.
			_, _ = t.exec("ROLLBACK")
		}
	}()
	for _, p := range batch {
		err := p.work(t)
		if _, refused := errors.AsType[*usersync.Error](err); err != nil && !refused {
			return err
		}
		p.err = err
	}
	if _, err := t.exec("COMMIT"); err != nil {
		return err
	}
	committed = true
	t.w.committed()
	return nil
}

// close ends the connection after the work that is under way. A connection whose statements are open
// would stay behind, and with it the log.
func (w *writer) close() error {
	w.lead <- struct{}{}
	defer func() { <-w.lead }()
	var err error
	for _, s := range w.stmts {
		err = errors.Join(err, s.Close())
	}
	clear(w.stmts)
	return errors.Join(err, w.conn.Close(), w.pool.Close())
}

func (t *tx) prepared(text string) (*sql.Stmt, error) {
	if s, ok := t.w.stmts[text]; ok {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(context.Background(), text)
	if err == nil {
		t.w.stmts[text] = s
	}
	return s, err
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(text string, args ...any) (int64, error) {
	s, err := t.prepared(text)
	if err != nil {
		return 0, err
	}
	result, err := s.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// get reads one row; found says whether there is one.
func (t *tx) get(text string, args []any, into ...any) (found bool, err error) {
	s, err := t.prepared(text)
	if err != nil {
		return false, err
	}
	err = s.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each reads all rows that a statement gives.
func (t *tx) each(text string, args []any, scan func(*sql.Rows) error) error {
	s, err := t.prepared(text)
	if err != nil {
		return err
	}
	rows, err := s.Query(args...)
	if err != nil {
		return err
	}
	return scanAll(rows, scan)
}
