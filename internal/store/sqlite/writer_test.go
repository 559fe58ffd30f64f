package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// note is work that leaves a trace.
func note(name string) func(*tx) error {
	return func(tx *tx) error {
		_, err := tx.exec("INSERT INTO leases (company, job, fence, until) VALUES (?, '', 1, 0)", name)
		return err
	}
}

func notes(t *testing.T, db *DB) (names []string) {
	t.Helper()
	err := db.main.each(t.Context(), "SELECT company FROM leases ORDER BY company", nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// inOneTransaction has the writer do all works in one, and returns what each caller was told.
func inOneTransaction(t *testing.T, db *DB, works ...func(*tx) error) []error {
	t.Helper()
	w := db.main.writer
	errs := make([]error, len(works))
	var callers sync.WaitGroup
	w.lead <- struct{}{} // nobody leads until all have come
	for i, work := range works {
		callers.Go(func() { errs[i] = w.do(t.Context(), work) })
		for queued := 0; queued <= i; runtime.Gosched() {
			w.mu.Lock()
			queued = len(w.waiting)
			w.mu.Unlock()
		}
	}
	<-w.lead
	callers.Wait()
	return errs
}

func TestOnesRefusalUndoesNobodyElsesWork(t *testing.T) {
	db := openIn(t, t.TempDir(), usersynctest.NewClock())
	refusal := usersync.E(usersync.Conflict, "no")
	errs := inOneTransaction(t, db, note("a"), func(*tx) error { return refusal }, note("b"))
	if errs[0] != nil || !errors.Is(errs[1], refusal) || errs[2] != nil {
		t.Fatalf("told %v", errs)
	}
	if got := fmt.Sprint(notes(t, db)); got != "[a b]" {
		t.Fatalf("stored %s", got)
	}
}

func TestAnEngineErrorUndoesItsOwnWorkAlone(t *testing.T) {
	db := openIn(t, t.TempDir(), usersynctest.NewClock())
	half := func(tx *tx) error {
		if err := note("half")(tx); err != nil {
			return err
		}
		_, err := tx.exec("INSERT INTO leases (company) VALUES (NULL)")
		return err
	}
	errs := inOneTransaction(t, db, note("a"), half, note("b"))
	if errs[0] != nil || !usersync.Is(errs[1], usersync.Internal) || errs[2] != nil {
		t.Fatalf("told %v", errs)
	}
	if got := fmt.Sprint(notes(t, db)); got != "[a b]" {
		t.Fatalf("stored %s", got)
	}
}

func TestAFileLockedForTooLongIsToldToAll(t *testing.T) {
	dir := t.TempDir()
	db, other := openIn(t, dir, usersynctest.NewClock()), openIn(t, dir, usersynctest.NewClock())
	err := db.main.writer.alone(t.Context(), func(conn *sql.Conn) error {
		_, err := conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = other.main.write(t.Context(), func(*tx) error {
		for _, err := range inOneTransaction(t, db, note("a"), note("b")) {
			if !usersync.Is(err, usersync.Unavailable) {
				t.Errorf("told %v (%s)", err, usersync.CodeOf(err))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.main.write(t.Context(), note("c")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(notes(t, db)); got != "[c]" {
		t.Fatalf("stored %s", got)
	}
}

func TestAPanicLeavesTheWriterUsable(t *testing.T) {
	db := openIn(t, t.TempDir(), usersynctest.NewClock())
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.main.write(t.Context(), func(tx *tx) error {
			if err := note("half")(tx); err != nil {
				t.Error(err)
			}
			panic("planted")
		})
	}()
	if err := db.main.write(t.Context(), note("a")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(notes(t, db)); got != "[a]" {
		t.Fatalf("stored %s", got)
	}
}
