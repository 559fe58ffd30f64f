package engine

import (
	"encoding/binary"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/usersync/usersync/internal/usersync"
)

// The rows that steps leave to each other are small binary forms: a version byte, then numbers as
// uvarints and texts with their length before them. A reader trusts none of it.

// actions are the actions by their Rank, which is also how rows name them.
var actions = [...]usersync.Action{
	usersync.Refused, usersync.Created, usersync.Updated, usersync.Unchanged, usersync.Skipped, usersync.Removed,
}

// appendText appends a text with its length before it.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// wire reads a binary form from its beginning. After the first thing that is not as it should be, bad
// is true and everything reads as zero.
type wire struct {
	b   []byte
	bad bool
}

// take returns the next n bytes.
func (w *wire) take(n int) []byte {
	if w.bad || n < 0 || n > len(w.b) {
		w.bad, w.b = true, nil
		return nil
	}
	taken := w.b[:n]
	w.b = w.b[n:]
	return taken
}

func (w *wire) byte() byte {
	if b := w.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a number that is at most limit.
func (w *wire) number(limit int) int {
	n, size := binary.Uvarint(w.b)
	if size <= 0 || n > uint64(limit) {
		w.bad, w.b = true, nil
		return 0
	}
	w.b = w.b[size:]
	return int(n)
}

// text reads a text of at most limit bytes.
func (w *wire) text(limit int) string {
	text := string(w.take(w.number(limit)))
	if !utf8.ValidString(text) {
		w.bad = true
	}
	return text
}

func (w *wire) hash() (h usersync.KeyHash) {
	copy(h[:], w.take(len(h)))
	return h
}

// action reads the action in the low bits of flags.
func (w *wire) action(flags byte) usersync.Action {
	if rank := int(flags & actionBits); rank < len(actions) {
		return actions[rank]
	}
	w.bad = true
	return ""
}

// end returns an error unless everything was read and nothing was bad.
func (w *wire) end(what string) error {
	if w.bad || len(w.b) > 0 {
		return corrupt(what)
	}
	return nil
}

// corrupt says that a stored row is not what the engine wrote.
func corrupt(what string) error {
	return usersync.E(usersync.Internal, what+" of the job cannot be read")
}

// Flags that share a byte with an action.
const (
	actionBits = 0x0f
	claimFlag  = 0x80 // the listing asked for the person to be as listed: later ones repeat it
	repeatFlag = 0x40 // a listing before this one did
	rowFlag    = 0x20 // the key is a row's, not a person's
	adoptFlag  = 0x10 // the id of a record that is adopted follows
)

const (
	maxReason = 500
	maxText   = 4096
	maxFields = 4096
)

// clip cuts a text to at most limit bytes of valid UTF-8.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// packer and unpacker compress whole rows. Both are safe for concurrent use and keep little memory.
var (
	packer = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
			zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err) // the options are constant
		}
		return e
	})
	unpacker = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(128<<20))
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	})
)
