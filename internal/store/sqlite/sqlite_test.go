package sqlite

import (
	"testing"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/store/storetest"
	"github.com/usersync/usersync/internal/usersync"
)

// openTwo opens one new folder twice, as two processes would.
func openTwo(t *testing.T, clock usersync.Clock) (a, b *DB) {
	t.Helper()
	dir := t.TempDir()
	return openIn(t, dir, clock), openIn(t, dir, clock)
}

func openIn(t testing.TB, dir string, clock usersync.Clock) *DB {
	t.Helper()
	db, err := Open(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestStoreKeepsItsPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T, clock usersync.Clock) (usersync.Store, usersync.Store) {
		a, b := openTwo(t, clock)
		return a, b
	})
}

func TestStartsKeepTheirPromises(t *testing.T) {
	storetest.RunStart(t, func(t *testing.T, clock usersync.Clock) (usersync.Store, usersync.Store) {
		a, b := openTwo(t, clock)
		return a, b
	})
}

func TestDirectoryKeepsItsPromises(t *testing.T) {
	storetest.RunDirectory(t, func(t *testing.T, clock usersync.Clock) (directory.Store, directory.Store) {
		a, b := openTwo(t, clock)
		return a, b
	})
}

func TestNightsKeepTheirPromises(t *testing.T) {
	storetest.RunNights(t, func(t *testing.T, clock usersync.Clock) (usersync.Nights, usersync.Nights) {
		a, b := openTwo(t, clock)
		return a, b
	})
}
