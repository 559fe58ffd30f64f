package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// The write-ahead log is written into the file beside the writer, on a connection of its own, so that
// nobody waits for it; only what came meanwhile is left to the writer, which then begins the log anew:
//
//	writer      commit ─ commit ─ … ─ commit ──due──► … ─ commit ─ the rest, log from its beginning ─ commit …
//	checkpoint                                  └─► passive ──────────┘
const (
	dueEvery = 1200 // commits between two looks at the log
	longLog  = 8192 // pages of 2 KiB from which on it is begun anew
)

// checkpointer is what writes the log of a file into it.
type checkpointer struct {
	pool    *sql.DB
	writer  *writer
	due     chan struct{}
	ended   chan struct{}
	closing sync.Once
}

func openCheckpointer(source string, w *writer) (*checkpointer, error) {
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	c := &checkpointer{pool: pool, writer: w, due: make(chan struct{}, 1), ended: make(chan struct{})}
	w.committed = c.count()
	go c.run()
	return c, nil
}

// count returns what the writer calls after each commit.
func (c *checkpointer) count() func() {
	commits := 0
	return func() {
		if commits++; commits%dueEvery == 0 {
			select {
			case c.due <- struct{}{}:
			default:
			}
		}
	}
}

// run waits for looks to be due. An error leaves the log as it is, to the next look or to the end of the
// last connection.
func (c *checkpointer) run() {
	defer close(c.ended)
	for range c.due {
		if pages := c.passive(); pages >= longLog {
			_ = c.writer.alone(context.Background(), func(conn *sql.Conn) error { return beginAnew(conn, "RESTART") })
		}
	}
}

// readersWithin is how long, in milliseconds, whoever begins the log anew waits for readers of it. Nobody can write
// meanwhile, and a reader who takes longer leaves it to the next time.
const readersWithin = "100"

// beginAnew writes the log into the file and begins it anew, where no reader is in the way.
func beginAnew(conn *sql.Conn, how string) error {
	ctx := context.Background()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = "+readersWithin); err != nil {
		return err
	}
	var busy, pages, done int
	err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+how+")").Scan(&busy, &pages, &done)
	_, again := conn.ExecContext(ctx, "PRAGMA busy_timeout = "+lockedWithin)
	return errors.Join(err, again)
}

// passive writes what it can without making anybody wait, and says how long the log is in pages, 0 after an error.
func (c *checkpointer) passive() int {
	var busy, pages, done int
	if c.pool.QueryRow("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &done) != nil {
		return 0
	}
	return pages
}

// close ends it. The writer must be closed before.
func (c *checkpointer) close() error {
	c.closing.Do(func() { close(c.due) })
	<-c.ended
	return c.pool.Close()
}
