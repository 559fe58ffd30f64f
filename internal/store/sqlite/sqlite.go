// Package sqlite keeps everything of one machine in two SQLite files of a data folder:
//
//	usersync.db   leases, jobs, plans and outcomes, links, reservations, the directory
//	pages.db      staged pages, sealed, and their keys; surveys: what can be thrown away
//
// Each file has one connection that writes and a few that read. Calls that write at the same moment
// share one transaction (writer.go). Other processes may read, and write a little, beside: whoever
// finds a file locked waits. What was written is there after any end of the process; after a loss of
// power the last moments may be missing, never a part of a transaction.
package sqlite

import (
	"context"
	_ "embed" // the schemas
	"errors"
	"os"
	"path/filepath"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

var (
	//go:embed nights.sql
	nightsSchema string
	//go:embed schema.sql
	mainSchema string
	//go:embed pages.sql
	pagesSchema string
	//go:embed surveys.sql
	surveysSchema string
	//go:embed runs.sql
	runsSchema string
)

// DB is the store of a data folder. It is safe for concurrent use.
type DB struct {
	clock usersync.Clock
	main  *file
	pages *file
}

var (
	_ usersync.Store  = (*DB)(nil)
	_ directory.Store = (*DB)(nil)
)

// Open opens the store in a folder, which it makes (for its owner alone) where there is none. It may
// be open in several processes at once; who of them may run jobs is Lock's to say. Errors: Settings
// where the folder cannot be used or a newer usersync wrote it; Unavailable.
func Open(dir string, clock usersync.Clock) (*DB, error) {
	dir, err := makeDir(dir)
	if err != nil {
		return nil, err
	}
	main, err := openFile(filepath.Join(dir, "usersync.db"), schema{mainSchema, nightsSchema}, 2, 6<<10, false)
	if err != nil {
		return nil, err
	}
	pages, err := openFile(filepath.Join(dir, "pages.db"), schema{pagesSchema, surveysSchema, runsSchema}, 2, 1<<10, true)
	if err != nil {
		return nil, errors.Join(err, main.close())
	}
	return &DB{clock: clock, main: main, pages: pages}, nil
}

// OpenExisting opens the store in a folder that has one already, and makes nothing. Errors: NotFound
// where there is none, else those of Open.
func OpenExisting(dir string, clock usersync.Clock) (*DB, error) {
	if _, err := os.Stat(filepath.Join(dir, "usersync.db")); err != nil {
		return nil, &usersync.Error{Code: usersync.NotFound, Message: "there are no jobs in the data folder " + dir, Cause: err}
	}
	return Open(dir, clock)
}

// makeDir makes the folder where there is none and returns its absolute path.
func makeDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err != nil {
		return "", &usersync.Error{Code: usersync.Settings, Message: "the data folder cannot be made or opened", Cause: err}
	}
	return abs, nil
}

// Close closes the store; calls after it fail.
func (db *DB) Close() error { return errors.Join(db.main.close(), db.pages.close()) }

// Ping reads from the database.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.main.get(ctx, "SELECT count(*) FROM (SELECT 1 FROM leases LIMIT 1)", nil, &one)
}
