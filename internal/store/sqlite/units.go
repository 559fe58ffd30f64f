package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// CreateUnit stores a new department.
func (db *DB) CreateUnit(ctx context.Context, company usersync.CompanyID, u directory.Unit) (directory.Unit, error) {
	body, err := json.Marshal(u.Request)
	if err != nil {
		return directory.Unit{}, failed(err)
	}
	u.Rev = 1
	err = db.main.write(ctx, func(tx *tx) error {
		n, err := tx.exec("INSERT INTO units (company, id, rev, created, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			company, u.ID, u.Rev, created(u.Created), string(body))
		if err == nil && n == 0 {
			return usersync.E(usersync.Exists, "the department's id is taken")
		}
		return err
	})
	if err != nil {
		return directory.Unit{}, err
	}
	return u, nil
}

// UpdateUnit replaces a department; when it was created stays.
func (db *DB) UpdateUnit(ctx context.Context, company usersync.CompanyID, u directory.Unit) (directory.Unit, error) {
	body, err := json.Marshal(u.Request)
	if err != nil {
		return directory.Unit{}, failed(err)
	}
	read := u.Rev
	u.Rev++
	var since string
	err = db.main.write(ctx, func(tx *tx) error {
		stored, err := tx.get("UPDATE units SET rev = ?, body = ? WHERE company = ? AND id = ? AND rev = ? RETURNING created",
			[]any{u.Rev, string(body), company, u.ID, read}, &since)
		if err != nil || stored {
			return err
		}
		var one int
		there, err := tx.get("SELECT 1 FROM units WHERE company = ? AND id = ?", []any{company, u.ID}, &one)
		switch {
		case err != nil:
			return err
		case !there:
			return usersync.E(usersync.NotFound, "there is no such department")
		}
		return fenced
	})
	if err != nil {
		return directory.Unit{}, err
	}
	u.Created, err = time.Parse(time.RFC3339Nano, since)
	return u, failed(err)
}

// Units returns all departments of a company, in order of creation.
func (db *DB) Units(ctx context.Context, company usersync.CompanyID) ([]directory.Unit, error) {
	units := []directory.Unit{}
	err := db.main.each(ctx, "SELECT id, rev, created, body FROM units WHERE company = ? ORDER BY rowid", []any{company}, func(rows *sql.Rows) error {
		var u directory.Unit
		var created string
		var body sql.RawBytes
		err := rows.Scan(&u.ID, &u.Rev, &created, &body)
		if err == nil {
			err = json.Unmarshal(body, &u.Request)
		}
		if err == nil {
			u.Created, err = time.Parse(time.RFC3339Nano, created)
		}
		units = append(units, u)
		return err
	})
	return units, err
}
