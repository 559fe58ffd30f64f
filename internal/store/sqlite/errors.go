package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/usersync/usersync/internal/usersync"
)

// failures says what the engine's errors mean to whoever runs usersync, by their primary code.
var failures = map[int]*usersync.Error{
	sqlite3.SQLITE_BUSY:     usersync.E(usersync.Unavailable, "another process keeps the data folder's database locked"),
	sqlite3.SQLITE_LOCKED:   usersync.E(usersync.Unavailable, "another process keeps the data folder's database locked"),
	sqlite3.SQLITE_FULL:     usersync.E(usersync.Unavailable, "the disk with the data folder is full"),
	sqlite3.SQLITE_IOERR:    usersync.E(usersync.Unavailable, "the data folder's database cannot be read or written"),
	sqlite3.SQLITE_CANTOPEN: usersync.E(usersync.Settings, "the data folder's database cannot be opened"),
	sqlite3.SQLITE_READONLY: usersync.E(usersync.Settings, "the data folder's database cannot be written"),
	sqlite3.SQLITE_PERM:     usersync.E(usersync.Settings, "the data folder's database cannot be written"),
	sqlite3.SQLITE_NOTADB:   usersync.E(usersync.Settings, "a file in the data folder is no database of usersync"),
	sqlite3.SQLITE_CORRUPT:  usersync.E(usersync.Settings, "the data folder's database is damaged"),
}

// failed makes an error of the store from one of the engine, whose text stays inside.
func failed(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*usersync.Error](err); ok {
		return e
	}
	e := usersync.E(usersync.Internal, "the database failed")
	switch engine, is := errors.AsType[*sqlite.Error](err); {
	case errors.Is(err, sql.ErrNoRows):
		e = notFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e = usersync.E(usersync.Unavailable, "the store was not asked in time")
	case errors.Is(err, sql.ErrConnDone):
		e = usersync.E(usersync.Unavailable, "the store is closed")
	case is:
		if known := failures[engine.Code()&0xff]; known != nil {
			e = known
		}
	}
	return &usersync.Error{Code: e.Code, Message: e.Message, Cause: err}
}

// The refusals that several methods share.
var (
	notFound = usersync.E(usersync.NotFound, "there is no such thing in the store")
	fenced   = usersync.E(usersync.Fenced, "a newer writer has been here")
)
