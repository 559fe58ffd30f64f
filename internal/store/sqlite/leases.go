package sqlite

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Acquire takes the company's lease; see usersync.Leases.
func (db *DB) Acquire(ctx context.Context, company usersync.CompanyID, job usersync.JobID, until time.Time) (usersync.Lease, usersync.JobID, error) {
	var fence int64
	var previous usersync.JobID
	err := db.main.write(ctx, func(tx *tx) error {
		var holder usersync.JobID
		var ends int64
		fence, previous = 0, ""
		_, err := tx.get("SELECT job, fence, until FROM leases WHERE company = ?", []any{company}, &holder, &fence, &ends)
		switch {
		case err != nil:
			return err
		case holder == job:
			ends = max(ends, nanos(until))
		case holder != "" && ends > nanos(db.clock.Now()):
			return &usersync.Error{Code: usersync.Conflict, Message: "a job is running for the company", Holder: holder}
		default:
			previous, fence, ends = holder, fence+1, nanos(until)
		}
		_, err = tx.exec(`INSERT INTO leases (company, job, fence, until) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET job = excluded.job, fence = excluded.fence, until = excluded.until`, company, job, fence, ends)
		return err
	})
	if err != nil {
		return usersync.Lease{}, "", err
	}
	return usersync.Lease{Company: company, Job: job, Fence: fence}, previous, nil
}

// Extend lets the lease hold for longer.
func (db *DB) Extend(ctx context.Context, lease usersync.Lease, until time.Time) error {
	return db.main.write(ctx, func(tx *tx) error {
		n, err := tx.exec("UPDATE leases SET until = max(until, ?) WHERE company = ? AND job = ? AND fence = ?",
			nanos(until), lease.Company, lease.Job, lease.Fence)
		if err == nil && n == 0 {
			return usersync.E(usersync.Fenced, "the company's lease is not the job's any more")
		}
		return err
	})
}

// Release gives the lease back; the row and its fence stay.
func (db *DB) Release(ctx context.Context, lease usersync.Lease) error {
	return db.main.write(ctx, func(tx *tx) error {
		_, err := tx.exec("UPDATE leases SET job = '', until = 0 WHERE company = ? AND job = ? AND fence = ?",
			lease.Company, lease.Job, lease.Fence)
		return err
	})
}
