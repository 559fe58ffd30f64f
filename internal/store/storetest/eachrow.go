package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var eachRowPromises = []promise[usersync.Store]{
	{"EachRowIsInOrderOfNumber", eachRowIsInOrderOfNumber},
	{"EachRowOfNoneIsNone", eachRowOfNoneIsNone},
	{"EachRowEndsOnTheCallersError", eachRowEndsOnTheCallersError},
	{"EachRowMayUseTheStoreMeanwhile", eachRowMayUseTheStoreMeanwhile},
}

// eachRowIsInOrderOfNumber has numbers of one to six digits, gaps, small and large rows, and more
// bytes than an engine gives in one answer; rows of other readings, kinds and jobs lie between.
func eachRowIsInOrderOfNumber(t *testing.T, p stores) {
	job := newJobID()
	numbers := []int{0, 1, 2, 9, 10, 11, 99, 100, 101, 1000, 9999, 10000, 123456}
	for _, kind := range kinds {
		readings := []string{""}
		if kind == usersync.RowPage {
			readings = []string{"", "r", "r2"}
		}
		for _, reading := range readings {
			for i, n := range numbers {
				// Written from the middle out, so that order is not that of writing.
				n = numbers[(i*5+3)%len(numbers)]
				row := usersync.Row{ID: usersync.RowID{Job: job, Kind: kind, Reading: reading, N: n}, Data: noise(n, rowSize(n))}
				noError(t, p.a.PutRow(t.Context(), 1, row, p.in(time.Hour)))
			}
			for first, from := range map[int]int{0: 0, 2: 2, 3: 3, 4: 10, 9: 500, 12: 10001, 13: 123457} {
				rows := get(collect(t.Context(), p.b, usersync.RowID{Job: job, Kind: kind, Reading: reading, N: from}))(t)
				if len(rows) != len(numbers)-first {
					t.Fatalf("%s from %d: %d rows, want %d", kind, from, len(rows), len(numbers)-first)
				}
				for i, row := range rows {
					n := numbers[first+i]
					want := usersync.RowID{Job: job, Kind: kind, Reading: reading, N: n}
					if row.ID != want || !bytes.Equal(row.Data, noise(n, rowSize(n))) {
						t.Fatalf("%s from %d: element %d is row %+v of %d bytes, want %+v", kind, from, i, row.ID, len(row.Data), want)
					}
				}
			}
		}
	}
}

// rowSize makes row n of eachRowIsInOrderOfNumber small or large.
func rowSize(n int) int {
	switch n % 3 {
	case 0:
		return 350 << 10
	case 1:
		return 500 << 10
	}
	return n % 100
}

func eachRowOfNoneIsNone(t *testing.T, p stores) {
	for _, kind := range kinds {
		if rows := get(collect(t.Context(), p.a, usersync.RowID{Job: newJobID(), Kind: kind}))(t); len(rows) != 0 {
			t.Fatalf("%d rows", len(rows))
		}
	}
}

func eachRowEndsOnTheCallersError(t *testing.T, p stores) {
	enough := errors.New("enough")
	for _, kind := range kinds {
		job := newJobID()
		for n := range 5 {
			row := usersync.Row{ID: usersync.RowID{Job: job, Kind: kind, N: n}, Data: noise(n, 9)}
			noError(t, p.a.PutRow(t.Context(), 1, row, p.in(time.Hour)))
		}
		calls := 0
		err := p.b.EachRow(t.Context(), usersync.RowID{Job: job, Kind: kind}, func(usersync.Row) error {
			if calls++; calls == 3 {
				return enough
			}
			return nil
		})
		if err != enough || calls != 3 { //nolint:errorlint // the promise is the very error
			t.Fatalf("%s: error %v after %d calls", kind, err, calls)
		}
	}
}

func eachRowMayUseTheStoreMeanwhile(t *testing.T, p stores) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, kind := range kinds {
		job := newJobID()
		for n := range 6 {
			row := usersync.Row{ID: usersync.RowID{Job: job, Kind: kind, N: n}, Data: noise(n, 9)}
			noError(t, p.a.PutRow(ctx, 1, row, p.in(time.Hour)))
		}
		// Many walks at once, so that one that kept a connection while it yields would starve the others.
		together(16, func(i int) {
			seen := 0
			err := p.a.EachRow(ctx, usersync.RowID{Job: job, Kind: kind}, func(r usersync.Row) error {
				seen++
				if _, err := p.a.Row(ctx, r.ID); err != nil {
					return err
				}
				return p.a.PutRow(ctx, 1, usersync.Row{ID: r.ID, Data: noise(i, 9)}, p.in(time.Hour))
			})
			if err != nil || seen != 6 {
				t.Errorf("%s: %d rows, error %v", kind, seen, err)
			}
		})
	}
}
