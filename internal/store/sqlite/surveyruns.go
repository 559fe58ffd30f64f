package sqlite

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// The shape of a run, as runs.sql has it.
const (
	maxRun    = 1000 // keys
	chunkKeys = 36   // keys of a chunk; the last one may have fewer
	chunkIDs  = 32   // ids that a run's chunks may have
	headBytes = 4
	hashBytes = len(usersync.KeyHash{})

	_ = uint(chunkKeys*chunkIDs - maxRun) // a run has ids enough
)

// surveyRun is at most maxRun keys in order of hash, each but once.
type surveyRun struct {
	heads  []byte   // the first bytes of each key's hash
	chunks [][]byte // the keys
}

func newSurveyRun(keys []usersync.SurveyedKey) surveyRun {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b usersync.SurveyedKey) int {
		return cmp.Or(bytes.Compare(a.Hash[:], b.Hash[:]), strings.Compare(a.Target, b.Target))
	})
	r := surveyRun{heads: make([]byte, 0, headBytes*len(keys))}
	for part := range slices.Chunk(slices.Compact(keys), chunkKeys) {
		chunk := make([]byte, 0, 2048)
		for i := range part {
			r.heads = append(r.heads, part[i].Hash[:headBytes]...)
			chunk = append(chunk, part[i].Hash[:]...)
			chunk = binary.AppendUvarint(chunk, uint64(len(part[i].Target)))
			chunk = append(chunk, part[i].Target...)
		}
		r.chunks = append(r.chunks, chunk)
	}
	return r
}

// wanted are hashes that are looked for in runs.
type wanted struct {
	hashes []usersync.KeyHash   // in order, each but once
	begins [1 << 16 / 64]uint64 // a bit for each two bytes that one of them begins with
}

func newWanted(hashes []usersync.KeyHash) *wanted {
	w := &wanted{hashes: slices.Clone(hashes)}
	slices.SortFunc(w.hashes, func(a, b usersync.KeyHash) int { return bytes.Compare(a[:], b[:]) })
	w.hashes = slices.Compact(w.hashes)
	for i := range w.hashes {
		n := binary.BigEndian.Uint16(w.hashes[i][:])
		w.begins[n/64] |= 1 << (n % 64)
	}
	return w
}

// may reports whether there is a hash that begins with these two bytes.
func (w *wanted) may(a, b byte) bool {
	n := uint16(a)<<8 | uint16(b)
	return w.begins[n/64]&(1<<(n%64)) != 0
}

// find returns the first hash that begins so.
func (w *wanted) find(begin []byte) (hash usersync.KeyHash, found bool) {
	i, _ := slices.BinarySearchFunc(w.hashes, begin, func(h usersync.KeyHash, begin []byte) int {
		return bytes.Compare(h[:len(begin)], begin)
	})
	if i == len(w.hashes) || !bytes.HasPrefix(w.hashes[i][:], begin) {
		return hash, false
	}
	return w.hashes[i], true
}

// chunksOf adds the ids of the run's chunks in which a hash may be, by the run's heads.
func (w *wanted) chunksOf(run int64, heads []byte, ids []int64) []int64 {
	for i := 0; i+headBytes <= len(heads); i += headBytes {
		if !w.may(heads[i], heads[i+1]) {
			continue
		}
		id := run*chunkIDs + int64(i/headBytes/chunkKeys)
		if _, found := w.find(heads[i : i+headBytes]); found && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
	}
	return ids
}

var errChunk = errors.New("a chunk of a survey is damaged")

// collect adds the targets that a chunk has for the hashes.
func (w *wanted) collect(chunk []byte, found map[usersync.KeyHash][]string) error {
	for len(chunk) > 0 {
		if len(chunk) < hashBytes {
			return errChunk
		}
		hash, rest := chunk[:hashBytes], chunk[hashBytes:]
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return errChunk
		}
		end := n + int(length)
		if w.may(hash[0], hash[1]) {
			if h, is := w.find(hash); is {
				found[h] = append(found[h], string(rest[n:end]))
			}
		}
		chunk = rest[end:]
	}
	return nil
}
