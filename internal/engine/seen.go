package engine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/usersync/usersync/internal/usersync"
)

// A page's seen row says which people it listed and what became of each: a version, how many, their
// hashes in order, then a byte of action and flags for each. While a page is unfinished its row may
// hold a note instead (note.go), which has another version.
const (
	seenVersion = 1
	hashSize    = len(usersync.KeyHash{})
)

// encodeSeen writes the seen row of a finished page.
func encodeSeen(items []item) []byte {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return bytes.Compare(items[i].hash[:], items[j].hash[:]) })

	b := make([]byte, 0, 8+len(items)*(hashSize+1))
	b = append(b, seenVersion)
	b = binary.AppendUvarint(b, uint64(len(items)))
	for _, i := range order {
		b = append(b, items[i].hash[:]...)
	}
	for _, i := range order {
		flags := byte(items[i].action.Rank())
		if items[i].claims {
			flags |= claimFlag
		}
		if items[i].repeated {
			flags |= repeatFlag
		}
		b = append(b, flags)
	}
	return b
}

// seen is a seen row, read in place.
type seen struct {
	hashes, flags []byte
}

func decodeSeen(row []byte) (seen, error) {
	w := wire{b: row}
	if w.byte() != seenVersion {
		return seen{}, corrupt("a seen row")
	}
	n := w.number(pageEntries)
	s := seen{hashes: w.take(n * hashSize), flags: w.take(n)}
	for _, flags := range s.flags {
		w.action(flags)
	}
	return s, w.end("a seen row")
}

func (s seen) len() int                    { return len(s.flags) }
func (s seen) hash(i int) usersync.KeyHash { return usersync.KeyHash(s.hashes[i*hashSize:]) }
func (s seen) rank(i int) uint8            { return s.flags[i] & actionBits }
func (s seen) claims(i int) bool           { return s.flags[i]&claimFlag != 0 }
func (s seen) repeated(i int) bool         { return s.flags[i]&repeatFlag != 0 }

// from is the place of the first hash that is not before h.
func (s seen) from(h usersync.KeyHash) int {
	return sort.Search(s.len(), func(i int) bool {
		return bytes.Compare(s.hashes[i*hashSize:(i+1)*hashSize], h[:]) >= 0
	})
}
