package sqlite

import (
	"context"
	"database/sql"

	"github.com/usersync/usersync/internal/usersync"
)

// Reserve claims target keys. The rows go in first, where nobody has the key, and where some did not, who
// has them is read after, both in one transaction: of two claims of one key in a call the first has it.
func (db *DB) Reserve(ctx context.Context, set usersync.LinkSet, fence int64, claims []usersync.Reservation) ([]string, error) {
	name := setKey(set)
	var holders []string
	err := db.main.write(ctx, func(tx *tx) error {
		holders = make([]string, 0, len(claims))
		return grouped(claims, func(group []usersync.Reservation) error {
			return reserve(tx, name, fence, group, func(holder string) { holders = append(holders, holder) })
		})
	})
	if err != nil {
		return nil, err
	}
	return holders, nil
}

// reserve claims a group and tells who else has each key, in order.
func reserve(tx *tx, name int64, fence int64, claims []usersync.Reservation, tell func(holder string)) error {
	args := make([]any, 0, 4*len(claims))
	keys := append(make([]any, 0, len(claims)+1), name)
	for i := range claims {
		key := claims[i].TargetKey[:]
		args = append(args, name, key, claims[i].Key, fence)
		keys = append(keys, key)
	}
	written, err := tx.exec("INSERT OR FAIL INTO reservations (link_set, target_key, holder, fence) VALUES "+marks(len(claims), "(?,?,?,?)")+
		" ON CONFLICT DO NOTHING", args...)
	if err != nil {
		return err
	}
	if int(written) == len(claims) {
		for range claims {
			tell("")
		}
		return nil
	}
	has := make(map[usersync.KeyHash]string, len(claims))
	text := "SELECT target_key, holder FROM reservations WHERE link_set = ? AND target_key IN (" + marks(len(claims), "?") + ")"
	err = tx.each(text, keys, func(rows *sql.Rows) error {
		var key sql.RawBytes
		var holder string
		if err := rows.Scan(&key, &holder); err != nil {
			return err
		}
		has[usersync.KeyHash(key)] = holder
		return nil
	})
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if holder := has[claim.TargetKey]; holder != claim.Key {
			tell(holder)
		} else {
			tell("")
		}
	}
	return nil
}

// Free gives reserved keys back.
func (db *DB) Free(ctx context.Context, set usersync.LinkSet, claims []usersync.Reservation) error {
	name := setKey(set)
	return db.main.write(ctx, func(tx *tx) error {
		for i := range claims {
			_, err := tx.exec("DELETE FROM reservations WHERE link_set = ? AND target_key = ? AND holder = ?",
				name, claims[i].TargetKey[:], claims[i].Key)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
