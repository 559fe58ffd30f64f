package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var rowPromises = []promise[usersync.Store]{
	{"ARowOfAnySizeComesBackWhole", aRowOfAnySizeComesBackWhole},
	{"ARowIsOverwrittenByAnySize", aRowIsOverwrittenByAnySize},
	{"RowsAreToldApart", rowsAreToldApart},
	{"ALateWriterOverwritesNoRow", aLateWriterOverwritesNoRow},
	{"AReaderSeesOneRowWhole", aReaderSeesOneRowWhole},
	{"ARowPutOnceIsTheFirstWriters", aRowPutOnceIsTheFirstWriters},
	{"ARowThatIsThereIsNotPutAgain", aRowThatIsThereIsNotPutAgain},
	{"AnExpiredRowIsAbsent", anExpiredRowIsAbsent},
}

// kinds are all kinds of rows: stores keep pages apart from the rest.
var kinds = []usersync.RowKind{usersync.RowPage, usersync.RowPlan, usersync.RowSeen, usersync.RowOutcome}

func wantRow(t *testing.T, s usersync.Store, id usersync.RowID, want []byte) {
	t.Helper()
	data, err := s.Row(t.Context(), id)
	noError(t, err)
	if !bytes.Equal(data, want) {
		t.Fatalf("%s row %d has %d bytes that are not the %d expected", id.Kind, id.N, len(data), len(want))
	}
}

func wantNoRow(t *testing.T, s usersync.Store, id usersync.RowID) {
	t.Helper()
	_, err := s.Row(t.Context(), id)
	wantCode(t, err, usersync.NotFound)
}

func aRowOfAnySizeComesBackWhole(t *testing.T, p stores) {
	for _, kind := range kinds {
		job := newJobID()
		for n, size := range []int{0, 1, 300 << 10, 400 << 10, 5 << 20} {
			id, data := usersync.RowID{Job: job, Kind: kind, N: n}, noise(n, size)
			noError(t, p.a.PutRow(t.Context(), 1, usersync.Row{ID: id, Data: data}, p.in(time.Hour)))
			wantRow(t, p.b, id, data)
		}
	}
	largest := usersync.Row{ID: usersync.RowID{Job: newJobID(), Kind: usersync.RowPage}, Data: noise(9, 32<<20)}
	noError(t, p.a.PutRow(t.Context(), 1, largest, p.in(time.Hour)))
	wantRow(t, p.b, largest.ID, largest.Data)
}

func aRowIsOverwrittenByAnySize(t *testing.T, p stores) {
	for _, kind := range kinds {
		id := usersync.RowID{Job: newJobID(), Kind: kind, N: 3}
		for i, size := range []int{2 << 20, 10, 900 << 10, 1 << 20, 0, 1 << 20} {
			data := noise(i, size)
			noError(t, p.either(i).PutRow(t.Context(), int64(1+i/2), usersync.Row{ID: id, Data: data}, p.in(time.Hour)))
			wantRow(t, p.either(i+1), id, data)
		}
	}
}

func rowsAreToldApart(t *testing.T, p stores) {
	job, other := newJobID(), newJobID()
	ids := []usersync.RowID{
		{Job: job, Kind: usersync.RowPage},
		{Job: job, Kind: usersync.RowPage, Reading: "a"},
		{Job: job, Kind: usersync.RowPage, Reading: "0123456789012345678901234567890123456789"},
		{Job: job, Kind: usersync.RowPage, N: 1},
		{Job: job, Kind: usersync.RowPage, N: 10},
		{Job: job, Kind: usersync.RowPlan},
		{Job: job, Kind: usersync.RowSeen},
		{Job: job, Kind: usersync.RowOutcome},
		{Job: other, Kind: usersync.RowPage},
		{Job: other, Kind: usersync.RowPlan},
	}
	for i, id := range ids {
		wantNoRow(t, p.a, id)
		noError(t, p.a.PutRow(t.Context(), 1, usersync.Row{ID: id, Data: noise(i, 20)}, p.in(time.Hour)))
	}
	for i, id := range ids {
		wantRow(t, p.b, id, noise(i, 20))
	}
}

func aLateWriterOverwritesNoRow(t *testing.T, p stores) {
	for _, kind := range kinds {
		for i, size := range []int{100, 1 << 20} {
			id := usersync.RowID{Job: newJobID(), Kind: kind}
			newer := usersync.Row{ID: id, Data: noise(i, size)}
			late := usersync.Row{ID: id, Data: noise(i+10, size)}
			noError(t, p.a.PutRow(t.Context(), 4, late, p.in(time.Hour)))
			noError(t, p.b.PutRow(t.Context(), 5, newer, p.in(time.Hour)))
			wantCode(t, p.a.PutRow(t.Context(), 4, late, p.in(2*time.Hour)), usersync.Fenced)
			wantRow(t, p.a, id, newer.Data)
			noError(t, p.a.PutRow(t.Context(), 5, late, p.in(time.Hour)))
			wantRow(t, p.b, id, late.Data)
		}
	}
}

// aReaderSeesOneRowWhole writes two versions of a row in turns, large enough to be kept in pieces,
// and reads meanwhile: one or the other, never a mixture, never nothing.
func aReaderSeesOneRowWhole(t *testing.T, p stores) {
	for _, kind := range []usersync.RowKind{usersync.RowPage, usersync.RowOutcome} {
		id := usersync.RowID{Job: newJobID(), Kind: kind}
		versions := [][]byte{noise(1, 900<<10), noise(2, 1300<<10)}
		noError(t, p.a.PutRow(t.Context(), 1, usersync.Row{ID: id, Data: versions[0]}, p.in(time.Hour)))
		done := make(chan struct{})
		together(3, func(who int) {
			if who == 0 {
				defer close(done)
				for i := range 20 {
					if err := p.a.PutRow(t.Context(), 1, usersync.Row{ID: id, Data: versions[i%2]}, p.in(time.Hour)); err != nil {
						t.Error(err)
					}
				}
				return
			}
			for more := true; more; {
				select {
				case <-done:
					more = false
				default:
				}
				data, err := p.either(who).Row(t.Context(), id)
				if err != nil || !bytes.Equal(data, versions[0]) && !bytes.Equal(data, versions[1]) {
					t.Errorf("read %d bytes that nobody wrote, error %v", len(data), err)
					return
				}
			}
		})
	}
}

func aRowPutOnceIsTheFirstWriters(t *testing.T, p stores) {
	for _, kind := range kinds {
		for _, size := range []int{50, 700 << 10} {
			id := usersync.RowID{Job: newJobID(), Kind: kind}
			mine, stored := make([][]byte, 10), make([][]byte, 10)
			together(len(mine), func(i int) {
				mine[i] = noise(i, size+i)
				var err error
				stored[i], err = p.either(i).PutRowOnce(t.Context(), int64(1+i), usersync.Row{ID: id, Data: mine[i]}, p.in(time.Hour))
				if err != nil {
					t.Error(err)
				}
			})
			first := len(stored[0]) - size
			if first < 0 || first >= len(mine) {
				t.Fatalf("%s row of %d bytes, which nobody wrote", kind, len(stored[0]))
			}
			for i := range stored {
				if !bytes.Equal(stored[i], mine[first]) {
					t.Fatalf("%s: two writers were told of two rows", kind)
				}
			}
			wantRow(t, p.b, id, mine[first])
		}
	}
}

func aRowThatIsThereIsNotPutAgain(t *testing.T, p stores) {
	for _, kind := range kinds {
		id := usersync.RowID{Job: newJobID(), Kind: kind}
		for i, size := range []int{0, 600 << 10} {
			id.N = i
			there := noise(1, size)
			noError(t, p.a.PutRow(t.Context(), 3, usersync.Row{ID: id, Data: there}, p.in(time.Hour)))
			for _, fence := range []int64{2, 3, 4} {
				stored := get(p.b.PutRowOnce(t.Context(), fence, usersync.Row{ID: id, Data: noise(2, 40)}, p.in(2*time.Hour)))(t)
				if !bytes.Equal(stored, there) {
					t.Fatalf("%s: told of a row that is not the one that is there", kind)
				}
			}
			wantRow(t, p.a, id, there)
		}
	}
}

func anExpiredRowIsAbsent(t *testing.T, p stores) {
	for _, kind := range kinds {
		job := newJobID()
		put := func(n int, size int, expires time.Duration) usersync.RowID {
			id := usersync.RowID{Job: job, Kind: kind, N: n}
			noError(t, p.a.PutRow(t.Context(), 5, usersync.Row{ID: id, Data: noise(n, size)}, p.in(expires)))
			return id
		}
		old, oldLarge, lasting := put(0, 10, time.Hour), put(1, 800<<10, time.Hour), put(2, 30, 10*time.Hour)
		put(3, 700<<10, time.Hour)
		renewed := put(3, 700<<10, 10*time.Hour)
		p.clock.Advance(2 * time.Hour)

		wantNoRow(t, p.b, old)
		wantNoRow(t, p.b, oldLarge)
		wantRow(t, p.b, lasting, noise(2, 30))
		wantRow(t, p.b, renewed, noise(3, 700<<10))
		rows := get(collect(t.Context(), p.a, usersync.RowID{Job: job, Kind: kind}))(t)
		if len(rows) != 2 || rows[0].ID != lasting || rows[1].ID != renewed {
			t.Fatalf("%s: %d rows are left, want 2", kind, len(rows))
		}
		again := get(p.b.PutRowOnce(t.Context(), 6, usersync.Row{ID: old, Data: noise(8, 80)}, p.in(time.Hour)))(t)
		if !bytes.Equal(again, noise(8, 80)) {
			t.Fatalf("%s: an expired row stood in the way", kind)
		}
		wantRow(t, p.a, old, noise(8, 80))
	}
}
