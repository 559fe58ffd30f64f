package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/usersync/usersync/internal/usersync"
)

// CreateJob writes a new job with Rev 1.
func (db *DB) CreateJob(ctx context.Context, job usersync.Job) error {
	job.Rev = 1
	body, err := json.Marshal(job)
	if err != nil {
		return failed(err)
	}
	return db.main.write(ctx, func(tx *tx) error {
		n, err := tx.exec("INSERT INTO jobs (id, company, status, fence, rev, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			job.ID, job.Company, job.Status, job.Fence, job.Rev, string(body))
		if err == nil && n == 0 {
			return usersync.E(usersync.Exists, "the job exists")
		}
		return err
	})
}

// Job reads a job.
func (db *DB) Job(ctx context.Context, company usersync.CompanyID, id usersync.JobID) (usersync.Job, error) {
	var body []byte
	err := db.main.get(ctx, "SELECT body FROM jobs WHERE id = ? AND ? IN (company, '')", []any{id, company}, &body)
	if usersync.Is(err, usersync.NotFound) {
		return usersync.Job{}, usersync.E(usersync.NotFound, "there is no such job")
	}
	if err != nil {
		return usersync.Job{}, err
	}
	var job usersync.Job
	return job, failed(json.Unmarshal(body, &job))
}

// SaveJob writes the job over the one that it was read from.
func (db *DB) SaveJob(ctx context.Context, job usersync.Job) (usersync.Job, error) {
	read := job.Rev
	job.Rev++
	body, err := json.Marshal(job)
	if err != nil {
		return usersync.Job{}, failed(err)
	}
	err = db.main.write(ctx, func(tx *tx) error {
		n, err := tx.exec("UPDATE jobs SET status = ?, fence = ?, rev = ?, body = ? WHERE id = ? AND company = ? AND rev = ? AND fence <= ?",
			job.Status, job.Fence, job.Rev, string(body), job.ID, job.Company, read, job.Fence)
		if err != nil || n == 1 {
			return err
		}
		var one int
		there, err := tx.get("SELECT 1 FROM jobs WHERE id = ? AND company = ?", []any{job.ID, job.Company}, &one)
		switch {
		case err != nil:
			return err
		case !there:
			return usersync.E(usersync.NotFound, "there is no such job")
		}
		return usersync.E(usersync.Fenced, "a newer writer has been at the job")
	})
	if err != nil {
		return usersync.Job{}, err
	}
	return job, nil
}

// ListJobs returns the selected jobs, newest first.
func (db *DB) ListJobs(ctx context.Context, q usersync.JobQuery) ([]usersync.Job, error) {
	text, args := "SELECT body FROM jobs WHERE true", []any{}
	if q.Company != "" {
		text, args = text+" AND company = ?", append(args, q.Company)
	}
	if q.Status != nil {
		text, args = text+" AND status = ?", append(args, *q.Status)
	}
	text += " ORDER BY id DESC LIMIT ? OFFSET ?"
	return db.jobs(ctx, text, append(args, max(q.Take, 0), max(q.Skip, 0)))
}

// Unfinished returns the jobs that have not ended, oldest first.
func (db *DB) Unfinished(ctx context.Context) ([]usersync.Job, error) {
	return db.jobs(ctx, "SELECT body FROM jobs WHERE status IN (?, ?) ORDER BY id", []any{usersync.Pending, usersync.Processing})
}

func (db *DB) jobs(ctx context.Context, text string, args []any) ([]usersync.Job, error) {
	jobs := []usersync.Job{}
	err := db.main.each(ctx, text, args, func(rows *sql.Rows) error {
		var body sql.RawBytes
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var job usersync.Job
		if err := json.Unmarshal(body, &job); err != nil {
			return err
		}
		jobs = append(jobs, job)
		return nil
	})
	return jobs, err
}
