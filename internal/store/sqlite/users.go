package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// userBody is what the column body holds of a user: what no statement asks for.
type userBody struct {
	Request directory.UserRequest `json:"request"`
	Unit    string                `json:"unit,omitempty"`
	Expires *time.Time            `json:"expires,omitempty"`
	Changed time.Time             `json:"changed"`
}

// companyKey is a company in the table of users.
func companyKey(company usersync.CompanyID) int64 { return shortKey(string(company)) }

const userColumns = "id, ordinal, rev, created, body"

// userOf makes a user of a row's userColumns.
func userOf(u directory.User, created string, body []byte) (directory.User, error) {
	var b userBody
	if err := json.Unmarshal(body, &b); err != nil {
		return directory.User{}, err
	}
	u.Request, u.Unit, u.Expires, u.Changed = b.Request, b.Unit, b.Expires, b.Changed
	var err error
	u.Created, err = time.Parse(time.RFC3339Nano, created)
	return u, err
}

// columnsOf are a user's columns code and body.
func columnsOf(u directory.User) (code sql.NullString, body string, err error) {
	if u.Request.Code != nil {
		code.String = directory.CodeKey(*u.Request.Code)
		code.Valid = code.String != ""
	}
	text, err := json.Marshal(userBody{Request: u.Request, Unit: u.Unit, Expires: u.Expires, Changed: u.Changed})
	return code, string(text), err
}

func created(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

var (
	noUser    = usersync.E(usersync.NotFound, "there is no such user")
	codeTaken = usersync.E(usersync.Conflict, "another user has the code")
)

// CreateUser stores a new user under the next ordinal.
func (db *DB) CreateUser(ctx context.Context, company usersync.CompanyID, u directory.User) (directory.User, error) {
	code, body, err := columnsOf(u)
	if err != nil {
		return directory.User{}, failed(err)
	}
	u.Rev = 1
	err = db.main.write(ctx, func(tx *tx) error {
		stored, err := tx.get(`INSERT INTO users (company, ordinal, id, code, rev, created, changed, body)
			VALUES (?1, (SELECT coalesce(max(ordinal) + 1, 0) FROM users WHERE company = ?1), ?2, ?3, ?4, ?5, ?6, ?7)
			ON CONFLICT DO NOTHING RETURNING ordinal`,
			[]any{companyKey(company), u.ID, code, u.Rev, created(u.Created), nanos(u.Changed), body}, &u.Ordinal)
		if err != nil || stored {
			return err
		}
		var one int
		there, err := tx.get("SELECT 1 FROM users WHERE company = ? AND id = ?", []any{companyKey(company), u.ID}, &one)
		switch {
		case err != nil:
			return err
		case there:
			return usersync.E(usersync.Exists, "the user's id is taken")
		}
		return codeTaken
	})
	if err != nil {
		return directory.User{}, err
	}
	return u, nil
}

// UpdateUser replaces a user.
func (db *DB) UpdateUser(ctx context.Context, company usersync.CompanyID, u directory.User) (directory.User, error) {
	code, body, err := columnsOf(u)
	if err != nil {
		return directory.User{}, failed(err)
	}
	read := u.Rev
	u.Rev++
	var since string
	err = db.main.write(ctx, func(tx *tx) error {
		var rev int64
		var holder string
		there, err := tx.get("SELECT rev, ordinal, created FROM users WHERE company = ? AND id = ?", []any{companyKey(company), u.ID}, &rev, &u.Ordinal, &since)
		switch {
		case err != nil:
			return err
		case !there:
			return noUser
		case rev != read:
			return fenced
		}
		taken, err := tx.get("SELECT id FROM users WHERE company = ? AND code = ? AND id <> ?", []any{companyKey(company), code, u.ID}, &holder)
		switch {
		case err != nil:
			return err
		case taken:
			return codeTaken
		}
		_, err = tx.exec("UPDATE users SET code = ?, rev = ?, changed = ?, body = ? WHERE company = ? AND id = ?",
			code, u.Rev, nanos(u.Changed), body, companyKey(company), u.ID)
		return err
	})
	if err != nil {
		return directory.User{}, err
	}
	u.Created, err = time.Parse(time.RFC3339Nano, since)
	return u, failed(err)
}

// User reads a user by id.
func (db *DB) User(ctx context.Context, company usersync.CompanyID, id string) (directory.User, error) {
	return db.user(ctx, "SELECT "+userColumns+" FROM users WHERE company = ? AND id = ?", companyKey(company), id)
}

// UserByCode reads a user by code. An empty code is nobody's.
func (db *DB) UserByCode(ctx context.Context, company usersync.CompanyID, code string) (directory.User, error) {
	return db.user(ctx, "SELECT "+userColumns+" FROM users WHERE company = ? AND code = ?", companyKey(company), directory.CodeKey(code))
}

func (db *DB) user(ctx context.Context, text string, args ...any) (directory.User, error) {
	var u directory.User
	var created string
	var body []byte
	err := db.main.get(ctx, text, args, &u.ID, &u.Ordinal, &u.Rev, &created, &body)
	switch {
	case usersync.Is(err, usersync.NotFound):
		return directory.User{}, noUser
	case err != nil:
		return directory.User{}, err
	}
	u, err = userOf(u, created, body)
	return u, failed(err)
}

// Users returns users from an ordinal on.
func (db *DB) Users(ctx context.Context, company usersync.CompanyID, offset, limit int) ([]directory.User, error) {
	return db.users(ctx, "SELECT "+userColumns+" FROM users WHERE company = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?",
		companyKey(company), max(offset, 0), max(limit, 0))
}

// UsersChanged returns the users changed at or after a moment.
func (db *DB) UsersChanged(ctx context.Context, company usersync.CompanyID, since time.Time) ([]directory.User, error) {
	return db.users(ctx, "SELECT "+userColumns+" FROM users WHERE company = ? AND changed >= ? ORDER BY ordinal", companyKey(company), nanos(since))
}

func (db *DB) users(ctx context.Context, text string, args ...any) ([]directory.User, error) {
	users := []directory.User{}
	err := db.main.each(ctx, text, args, func(rows *sql.Rows) error {
		var u directory.User
		var created string
		var body sql.RawBytes
		if err := rows.Scan(&u.ID, &u.Ordinal, &u.Rev, &created, &body); err != nil {
			return err
		}
		u, err := userOf(u, created, body)
		users = append(users, u)
		return err
	})
	return users, err
}
