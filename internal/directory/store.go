package directory

import (
	"context"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// User is a user as the store keeps it: what was asked for, whole, and what the directory knows beside it.
type User struct {
	ID      string      // given by the directory; opaque text
	Ordinal int         // place in the order of creation: dense, from 0, never changes
	Rev     int64       // grows with every change
	Request UserRequest // every field as last stored; ID and LookupField are not meaningful here
	Unit    string      // the department's id, resolved; empty where there is none
	Expires *time.Time  // deactivated since then; nil while active
	Created time.Time
	Changed time.Time
}

// CodeKey is the form in which codes are compared: unique in a company, whatever their letter case.
func CodeKey(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// Unit is a department as the store keeps it.
type Unit struct {
	ID      string
	Rev     int64
	Request DepartmentRequest
	Created time.Time
}

// Store keeps each company's users and departments. The promises of usersync's stores hold here as
// well: written is written, errors have codes, repeating a lost call is safe.
type Store interface {
	// CreateUser stores a new user under u.ID with the next ordinal, Rev 1. It is all or nothing.
	// Errors: Conflict where another user has the code (CodeKey; a user without a code conflicts with
	// nobody); Exists where the id is taken.
	CreateUser(ctx context.Context, company usersync.CompanyID, u User) (User, error)
	// UpdateUser replaces the user with u.ID, if Rev is still u.Rev; ordinal and Created stay. All or
	// nothing. Errors: Conflict where another user has the code; Fenced where Rev has moved; NotFound.
	UpdateUser(ctx context.Context, company usersync.CompanyID, u User) (User, error)
	// User reads one by id. Errors: NotFound.
	User(ctx context.Context, company usersync.CompanyID, id string) (User, error)
	// UserByCode reads one by its code, compared as CodeKey. Errors: NotFound.
	UserByCode(ctx context.Context, company usersync.CompanyID, code string) (User, error)
	// Users returns up to limit users from ordinal offset on, in order. Its cost does not grow with offset.
	Users(ctx context.Context, company usersync.CompanyID, offset, limit int) ([]User, error)
	// UsersChanged returns the users changed at or after since, in order of ordinal.
	UsersChanged(ctx context.Context, company usersync.CompanyID, since time.Time) ([]User, error)

	// CreateUnit stores a new department under its ID with Rev 1. Errors: Exists.
	CreateUnit(ctx context.Context, company usersync.CompanyID, u Unit) (Unit, error)
	// UpdateUnit replaces it if Rev is still u.Rev. Errors: Fenced; NotFound.
	UpdateUnit(ctx context.Context, company usersync.CompanyID, u Unit) (Unit, error)
	// Units returns all departments of a company, in order of creation; a company has hundreds, not millions.
	Units(ctx context.Context, company usersync.CompanyID) ([]Unit, error)
}
