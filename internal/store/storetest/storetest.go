// Package storetest is the suite that every store passes. It holds the promises of usersync.Store
// (Run) and of directory.Store (RunDirectory) against two clients of the same data, so that what is
// promised between processes is tried between two.
//
// An implementation joins it with a function that opens two clients over data that is empty. Time is
// told by a clock that the suite moves by hand. It stands decades from now, so that no engine removes
// expired rows by itself meanwhile: a reader has to find them absent although they are there.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// pair is two clients of the same data, and the clock that both go by.
type pair[S any] struct {
	clock *usersynctest.Clock
	a, b  S
}

// either is the one client for even numbers, the other for odd ones.
func (p pair[S]) either(i int) S {
	if i%2 == 0 {
		return p.a
	}
	return p.b
}

// in is the moment after d.
func (p pair[S]) in(d time.Duration) time.Time { return p.clock.Now().Add(d) }

// stores is two clients of one usersync.Store.
type stores = pair[usersync.Store]

// promise is one promise, and the test that tries to break it.
type promise[S any] struct {
	name string
	try  func(t *testing.T, p pair[S])
}

// Run holds a store to the promises of usersync.Store. open is called once a promise and gives two
// clients of the same, empty data, which it closes by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T, clock usersync.Clock) (a, b usersync.Store)) {
	t.Run("Ping", func(t *testing.T) {
		a, b := open(t, startClock())
		noError(t, a.Ping(t.Context()))
		noError(t, b.Ping(t.Context()))
	})
	runAll(t, open, leasePromises)
	runAll(t, open, jobPromises)
	runAll(t, open, rowPromises)
	runAll(t, open, eachRowPromises)
	runAll(t, open, keyPromises)
	runAll(t, open, linkPromises)
	runAll(t, open, reservePromises)
	runAll(t, open, surveyPromises)
	runAll(t, open, idempotencyPromises)
}

// RunDirectory holds a store to the promises of directory.Store; open is as for Run.
func RunDirectory(t *testing.T, open func(t *testing.T, clock usersync.Clock) (a, b directory.Store)) {
	runAll(t, open, userPromises)
	runAll(t, open, userListPromises)
	runAll(t, open, unitPromises)
}

func runAll[S any](t *testing.T, open func(t *testing.T, clock usersync.Clock) (a, b S), promises []promise[S]) {
	for _, promise := range promises {
		t.Run(promise.name, func(t *testing.T) {
			clock := startClock()
			a, b := open(t, clock)
			promise.try(t, pair[S]{clock: clock, a: a, b: b})
		})
	}
}

// startClock is far enough from now that no engine's own deletion takes a row of the suite for old.
func startClock() *usersynctest.Clock {
	clock := usersynctest.NewClock()
	clock.Advance(time.Date(2070, 1, 1, 0, 0, 0, 0, time.UTC).Sub(clock.Now()))
	return clock
}

// together runs f(0) … f(n-1) at the same moment and returns when all are done.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

// eventually asks until done says yes, for reads that may miss the last second's writes.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 100 {
		if done() {
			return
		}
		if err := (usersync.SystemClock{}).Wait(t.Context(), 50*time.Millisecond); err != nil {
			break
		}
	}
	t.Fatalf("%s: not even after seconds", what)
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v (%v)", err, errors.Unwrap(err))
	}
}

// wantCode fails unless err has the code; it can be called from any goroutine.
func wantCode(t *testing.T, err error, code usersync.Code) {
	t.Helper()
	if got := usersync.CodeOf(err); got != code {
		t.Errorf("error has code %q (%v), want %q", got, err, code)
	}
}

// same fails unless got and want have the same JSON, which is how the stores may keep them.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := asJSON(t, got), asJSON(t, want); g != w {
		t.Fatalf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// get gives the value of a call that must not fail: get(s.Job(…))(t).
func get[V any](v V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		noError(t, err)
		return v
	}
}

func newCompany() usersync.CompanyID { return usersync.CompanyID(uuid.NewString()) }

func newSet() usersync.LinkSet { return usersync.LinkSet(uuid.NewString()) }

// newJobID is greater than every one before it.
func newJobID() usersync.JobID { return usersync.JobID(uuid.Must(uuid.NewV7()).String()) }

// noise is n bytes that cannot be compressed, the same for the same seed.
func noise(seed, n int) []byte {
	key := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(seed)))
	data := make([]byte, n)
	rand.NewChaCha8(key).Read(data)
	return data
}

// collect reads rows by EachRow.
func collect(ctx context.Context, s usersync.Store, from usersync.RowID) ([]usersync.Row, error) {
	var rows []usersync.Row
	err := s.EachRow(ctx, from, func(r usersync.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}
