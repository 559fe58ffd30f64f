package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// groups are the sizes in which many rows go into one statement, largest first: few sizes, so that few
// statements are prepared. Statements that write many rows say OR FAIL: what fails undoes the whole
// transaction anyhow, and the engine need not keep what it would take to undo the statement alone.
var groups = []int{500, 100, 10, 1}

// grouped calls use with the elements in groups, in order.
func grouped[T any](all []T, use func(group []T) error) error {
	for _, size := range groups {
		for len(all) >= size {
			if err := use(all[:size]); err != nil {
				return err
			}
			all = all[size:]
		}
	}
	return nil
}

// marks is n times text, with commas between.
func marks(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }

// setKey is a set's name in the tables.
func setKey(set usersync.LinkSet) int64 { return shortKey(string(set)) }

// shortKey names a company or a set in tables whose indexes all begin with it: the first 8 bytes of a
// hash, since most of an index would else be the one name again and again.
func shortKey(name string) int64 {
	sum := sha256.Sum256([]byte(name))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

const linkColumns = "key, target, target_key, origin, job, digest"

func scanLink(rows *sql.Rows) (usersync.Link, error) {
	var link usersync.Link
	var targetKey sql.RawBytes
	err := rows.Scan(&link.Key, &link.Target, &targetKey, &link.Origin, &link.Job, &link.Digest)
	copy(link.TargetKey[:], targetKey)
	return link, err
}

// LoadLinks returns the links that exist; they are always the newest, strong or not. They are read where
// they are written: a reader forgets the index's pages at every commit of the writer, and reads most of
// them again for every few hundred hashes.
func (db *DB) LoadLinks(ctx context.Context, set usersync.LinkSet, hashes []usersync.KeyHash, _ bool) (map[usersync.KeyHash]usersync.Link, error) {
	var links map[usersync.KeyHash]usersync.Link
	err := db.main.write(ctx, func(tx *tx) error {
		links = make(map[usersync.KeyHash]usersync.Link, len(hashes))
		return grouped(hashes, func(group []usersync.KeyHash) error {
			args := append(make([]any, 0, len(group)+1), setKey(set))
			for i := range group {
				args = append(args, group[i][:])
			}
			text := "SELECT " + linkColumns + " FROM links WHERE link_set = ? AND hash IN (" + marks(len(group), "?") + ")"
			return tx.each(text, args, func(rows *sql.Rows) error {
				link, err := scanLink(rows)
				links[link.Hash()] = link
				return err
			})
		})
	})
	if err != nil {
		return nil, err
	}
	return links, nil
}

// PutLinks writes links, all but those that a newer fence wrote.
func (db *DB) PutLinks(ctx context.Context, set usersync.LinkSet, fence int64, links []usersync.Link) error {
	name := setKey(set)
	return db.main.write(ctx, func(tx *tx) error {
		written := 0
		err := grouped(links, func(group []usersync.Link) error {
			args := make([]any, 0, 9*len(group))
			for i := range group {
				link := &group[i]
				hash, digest := link.Hash(), link.Digest
				if digest == nil {
					digest = []byte{} // nil would be NULL
				}
				args = append(args, name, hash[:], link.Key, link.Target, link.TargetKey[:], link.Origin, link.Job, digest, fence)
			}
			n, err := tx.exec("INSERT OR FAIL INTO links (link_set, hash, "+linkColumns+", fence) VALUES "+marks(len(group), "(?,?,?,?,?,?,?,?,?)")+`
				ON CONFLICT DO UPDATE SET key = excluded.key, target = excluded.target, target_key = excluded.target_key,
					origin = excluded.origin, job = excluded.job, digest = excluded.digest, fence = excluded.fence
				WHERE links.fence <= excluded.fence`, args...)
			written += int(n)
			return err
		})
		if err == nil && written < len(links) {
			return fenced
		}
		return err
	})
}

// DropLinks removes links, all but those that a newer fence wrote.
func (db *DB) DropLinks(ctx context.Context, set usersync.LinkSet, fence int64, hashes []usersync.KeyHash) error {
	name := setKey(set)
	return db.main.write(ctx, func(tx *tx) error {
		newer := false
		for i := range hashes {
			hash := hashes[i][:]
			n, err := tx.exec("DELETE FROM links WHERE link_set = ? AND hash = ? AND fence <= ?", name, hash, fence)
			if err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			var one int
			there, err := tx.get("SELECT 1 FROM links WHERE link_set = ? AND hash = ?", []any{name, hash}, &one)
			if err != nil {
				return err
			}
			newer = newer || there
		}
		if newer {
			return fenced
		}
		return nil
	})
}

// LinkRange returns links in order of hash.
func (db *DB) LinkRange(ctx context.Context, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) ([]usersync.Link, error) {
	links := []usersync.Link{}
	err := db.eachLink(ctx, linkColumns, set, after, to, limit, func(rows *sql.Rows) error {
		link, err := scanLink(rows)
		links = append(links, link)
		return err
	})
	return links, err
}

// LinkHashes reads the index alone.
func (db *DB) LinkHashes(ctx context.Context, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) ([]usersync.KeyHash, error) {
	hashes := []usersync.KeyHash{}
	err := db.eachLink(ctx, "hash", set, after, to, limit, func(rows *sql.Rows) error {
		var hash sql.RawBytes
		err := rows.Scan(&hash)
		if err == nil {
			hashes = append(hashes, usersync.KeyHash(hash))
		}
		return err
	})
	return hashes, err
}

// eachLink reads columns of links in order of hash.
func (db *DB) eachLink(ctx context.Context, columns string, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int, scan func(*sql.Rows) error) error {
	from := []byte{} // before every hash
	if after != nil {
		from = after[:]
	}
	return db.main.each(ctx, "SELECT "+columns+" FROM links WHERE link_set = ? AND hash > ? AND hash <= ? ORDER BY hash LIMIT ?",
		[]any{setKey(set), from, to[:], max(limit, 0)}, scan)
}
