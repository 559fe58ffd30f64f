package engine

import (
	"encoding/binary"

	"github.com/usersync/usersync/internal/usersync"
)

const planVersion = 1

// encodePlan writes a plan: for each entry the hash of its key, its action and flags, and, unless it
// is unchanged, its key, reason and names of fields. No value and nothing else of the person is in it.
func encodePlan(items []item) []byte {
	b := make([]byte, 0, 16+len(items)*40)
	b = append(b, planVersion)
	b = binary.AppendUvarint(b, uint64(len(items)))
	for i := range items {
		b = append(b, items[i].hash[:]...)
		b = appendItem(b, &items[i])
	}
	return b
}

// appendItem writes all of an item but its hash.
func appendItem(b []byte, it *item) []byte {
	flags := byte(it.action.Rank())
	if it.claims {
		flags |= claimFlag
	}
	if it.repeated {
		flags |= repeatFlag
	}
	if it.keyless {
		flags |= rowFlag
	}
	b = append(b, flags)
	if it.action == usersync.Unchanged {
		return b
	}
	if it.adopt != "" {
		b[len(b)-1] |= adoptFlag
		b = appendText(b, it.adopt)
	}
	b = appendText(b, it.key)
	b = appendText(b, it.reason)
	b = binary.AppendUvarint(b, uint64(len(it.fields)))
	for _, name := range it.fields {
		b = appendText(b, name)
	}
	return b
}

// item reads what appendItem wrote.
func (w *wire) item() (it item) {
	flags := w.byte()
	it.action = w.action(flags)
	it.claims = flags&claimFlag != 0
	it.repeated = flags&repeatFlag != 0
	it.keyless = flags&rowFlag != 0
	if it.action == usersync.Unchanged {
		return it
	}
	if flags&adoptFlag != 0 {
		it.adopt = w.text(maxText)
	}
	it.key = w.text(maxText)
	it.reason = w.text(maxText)
	if n := w.number(maxFields); n > 0 {
		it.fields = make([]string, n)
		for i := range it.fields {
			it.fields[i] = w.text(maxText)
		}
	}
	return it
}

// decodePlan reads a plan.
func decodePlan(row []byte) ([]item, error) {
	w := wire{b: row}
	if w.byte() != planVersion {
		return nil, corrupt("a plan")
	}
	items := make([]item, w.number(pageEntries))
	for i := range items {
		hash := w.hash()
		items[i] = w.item()
		items[i].hash = hash
	}
	return items, w.end("a plan")
}
