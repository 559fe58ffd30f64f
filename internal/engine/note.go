package engine

import (
	"context"
	"encoding/binary"

	"github.com/usersync/usersync/internal/usersync"
)

// A note stands in an unfinished page's seen row (of leavers, who leave none: in a row of its own) when a step ends in good order: who was tried how often
// without a proper answer, and who has failed for good. The next step goes on from it, so that slow
// failures come to an end although no step is long enough for all their attempts. A step that crashed
// leaves none, or an old one: then some people are tried more often.
const noteVersion = 2

// tries is how often a person was asked for without a proper answer.
type tries struct {
	attempts int // to write their record
	lookUps  int // to find it
}

// maxAttempts is how often one person is tried who gets no proper answer.
const maxAttempts = 4

// noteID is the row of a page's note.
func (b *batch) noteID(pg *page) usersync.RowID {
	kind := usersync.RowSeen
	if pg.leavers {
		kind = usersync.RowNote
	}
	return usersync.RowID{Job: b.id, Kind: kind, N: pg.n}
}

// leaveNote writes the note of a page that is not done.
func (b *batch) leaveNote(ctx context.Context, pg *page) error {
	row := []byte{noteVersion}
	for _, t := range pg.tasks {
		reason := ""
		switch it := &pg.items[t.n]; {
		case it.action == usersync.Refused:
			reason = it.reason
		case t.done || t.tries == tries{}:
			continue
		}
		row = binary.AppendUvarint(row, uint64(t.n))
		row = binary.AppendUvarint(row, uint64(min(t.attempts, maxAttempts)))
		row = binary.AppendUvarint(row, uint64(min(t.lookUps, maxAttempts)))
		row = appendText(row, reason)
	}
	if len(row) == 1 {
		return nil
	}
	return b.Store.PutRow(ctx, b.fence, usersync.Row{ID: b.noteID(pg), Data: row}, b.Clock.Now().Add(rowTerm))
}

// recall takes up the note of a page, if there is one.
func (b *batch) recall(ctx context.Context, pg *page) error {
	row, err := b.Store.Row(ctx, b.noteID(pg))
	if usersync.Is(err, usersync.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	w := wire{b: row}
	if w.byte() != noteVersion {
		return nil // the page was done already, and the checkpoint did not come to it
	}
	pg.tried = make(map[int]tries)
	for len(w.b) > 0 && !w.bad {
		n := w.number(pageEntries - 1)
		sofar := tries{attempts: w.number(maxAttempts), lookUps: w.number(maxAttempts)}
		reason := w.text(maxText)
		switch {
		case w.bad || n >= len(pg.items):
			return corrupt("a note")
		case reason != "":
			fail(&pg.items[n], reason)
		default:
			pg.tried[n] = sofar
		}
	}
	return w.end("a note")
}
