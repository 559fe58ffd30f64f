package engine

import (
	"context"
	"encoding/binary"

	"github.com/usersync/usersync/internal/usersync"
)

// A page's outcome row: a version, how many outcomes there are of each action (in the order of
// their ranks), and the compressed outcomes in the order of the listing. The numbers stand apart so
// that a reader can pass over a page without unpacking it.
const outcomeVersion = 1

// maxOutcomes is how many outcomes a row can have.
const maxOutcomes = pageEntries

// encodeOutcomes writes the outcomes of a page: of everybody who was not simply unchanged.
func encodeOutcomes(items []item) []byte {
	var counts [len(actions)]int
	var body []byte
	for i := range items {
		if items[i].action == usersync.Unchanged {
			continue
		}
		counts[items[i].action.Rank()]++
		body = appendItem(body, &items[i])
	}
	b := []byte{outcomeVersion}
	for _, n := range counts {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return packer().EncodeAll(body, b)
}

// outcomeCounts reads the head of an outcome row: the numbers by rank, and the rest.
func outcomeCounts(row []byte) (counts [len(actions)]int, packed []byte, err error) {
	w := wire{b: row}
	if w.byte() != outcomeVersion {
		return counts, nil, corrupt("an outcome row")
	}
	for i := range counts {
		counts[i] = w.number(maxOutcomes)
	}
	if w.bad {
		return counts, nil, corrupt("an outcome row")
	}
	return counts, w.b, nil
}

// decodeOutcomes reads an outcome row whole.
func decodeOutcomes(row []byte) ([]item, error) {
	counts, packed, err := outcomeCounts(row)
	if err != nil {
		return nil, err
	}
	body, err := unpacker().DecodeAll(packed, nil)
	if err != nil {
		return nil, corrupt("an outcome row")
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	w := wire{b: body}
	items := make([]item, min(total, maxOutcomes))
	for i := range items {
		items[i] = w.item()
		entry := usersync.Entry{Key: items[i].key, Keyless: items[i].keyless}
		items[i].hash = entry.Hash()
	}
	return items, w.end("an outcome row")
}

// Outcomes returns what happened to the people of a job who were not simply unchanged, in the order in
// which the source listed them: at most take after the first skip ones with the action (empty: all),
// and how many there are in all. It may be called while the job runs. Errors are those of rows.
func Outcomes(ctx context.Context, rows usersync.Rows, job usersync.JobID, action usersync.Action, skip, take int) (total int, found []usersync.Outcome, err error) {
	wanted := func(a usersync.Action) bool { return action == "" || a == action }
	err = rows.EachRow(ctx, usersync.RowID{Job: job, Kind: usersync.RowOutcome}, func(row usersync.Row) error {
		counts, _, err := outcomeCounts(row.Data)
		if err != nil {
			return err
		}
		first := total
		for rank, n := range counts {
			if wanted(actions[rank]) {
				total += n
			}
		}
		if total <= skip || total == first || len(found) >= take {
			return nil
		}
		items, err := decodeOutcomes(row.Data)
		if err != nil {
			return err
		}
		for i := range items {
			if !wanted(items[i].action) {
				continue
			}
			if first >= skip && len(found) < take {
				found = append(found, items[i].outcome())
			}
			first++
		}
		return nil
	})
	return total, found, err
}

// outcome is what the world sees of an item.
func (it *item) outcome() usersync.Outcome {
	return usersync.Outcome{Key: it.key, Action: it.action, Fields: it.fields, Reason: it.reason}
}
