package usersync

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Cursor is where a source goes on reading; its text is the source's own, at most 4 KiB. Empty is
// the beginning.
type Cursor string

// Entry is one element of a source's list: a person, or what stood in a person's place and cannot be
// used. Exactly one of Person and Fault is set.
type Entry struct {
	Key     string  `json:"key"`               // Person.ID, or `row:N` (RowKey) where there is no usable id
	Keyless bool    `json:"keyless,omitempty"` // Key is `row:N`
	Person  *Person `json:"person,omitempty"`
	Fault   string  `json:"fault,omitempty"` // why it cannot be used: names fields, never their values
}

// Page is one answer of a source. Last is the source's word that nothing follows; a page may be
// empty and not the last.
type Page struct {
	Entries []Entry
	Next    Cursor
	Last    bool
}

// RowKey is the key of an element without a usable id: the line in a file (the header is 1), or the
// element's number in an array or a paged list, from 1.
func RowKey(n int) string { return "row:" + strconv.Itoa(n) }

// Listed makes an entry of a person: usable, or, where the id is none, a fault under the row's key.
func Listed(p *Person, row int) Entry {
	if fault := KeyFault(p.ID); fault != "" {
		return Entry{Key: RowKey(row), Keyless: true, Fault: fault}
	}
	return Entry{Key: p.ID, Person: p}
}

// KeyHash is how a key is named where the key itself is not wanted: the first 16 bytes of SHA-256.
type KeyHash [16]byte

// HashKey hashes a key of the given kind, so that keys of two kinds never meet.
func HashKey(kind, key string) KeyHash {
	sum := sha256.Sum256([]byte(kind + "\x00" + key))
	return KeyHash(sum[:16])
}

// Hash is the entry's identity within a job and in the links.
func (e *Entry) Hash() KeyHash {
	if e.Keyless {
		return HashKey("row", e.Key)
	}
	return HashKey("person", e.Key)
}

// String is the hash in hexadecimal; its order is the order of the bytes.
func (h KeyHash) String() string { return hex.EncodeToString(h[:]) }
