package sqlite

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Claim writes the claim if the key is not in use and returns the one that stands now.
func (db *DB) Claim(ctx context.Context, company usersync.CompanyID, key string, c usersync.Claim, expires time.Time) (usersync.Claim, error) {
	hash := sha256.Sum256([]byte(key))
	var stands usersync.Claim
	err := db.main.write(ctx, func(tx *tx) error {
		stands = c
		n, err := tx.exec(`INSERT INTO claims (company, key, job, body, expires) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET job = excluded.job, body = excluded.body, expires = excluded.expires WHERE claims.expires <= ?`,
			company, hash[:], c.Job, c.Body[:], nanos(expires), nanos(db.clock.Now()))
		if err != nil || n > 0 {
			return err
		}
		var body []byte
		_, err = tx.get("SELECT job, body FROM claims WHERE company = ? AND key = ?", []any{company, hash[:]}, &stands.Job, &body)
		copy(stands.Body[:], body)
		return err
	})
	if err != nil {
		return usersync.Claim{}, err
	}
	return stands, nil
}

// Unclaim forgets the key if it stands for the job.
func (db *DB) Unclaim(ctx context.Context, company usersync.CompanyID, key string, job usersync.JobID) error {
	hash := sha256.Sum256([]byte(key))
	return db.main.write(ctx, func(tx *tx) error {
		_, err := tx.exec("DELETE FROM claims WHERE company = ? AND key = ? AND job = ?", company, hash[:], job)
		return err
	})
}
