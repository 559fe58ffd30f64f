package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestTheFolderIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data ?%#ø")
	db := openIn(t, dir, usersynctest.NewClock())
	if err := db.CreateJob(t.Context(), usersync.Job{ID: "j"}); err != nil {
		t.Fatal(err)
	}
	release, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	want := map[string]fs.FileMode{
		".": 0o700, "usersync.db": 0o600, "usersync.db-wal": 0o600, "usersync.db-shm": 0o600, "pages.db": 0o600, "usersync.lock": 0o600,
	}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%s has mode %v, want %v", name, got, mode)
		}
	}
}

func TestAFileOfANewerVersionIsRefused(t *testing.T) {
	for _, name := range []string{"usersync.db", "pages.db"} {
		dir := t.TempDir()
		if err := openIn(t, dir, usersynctest.NewClock()).Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		raw, err := sql.Open("sqlite", filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := raw.Exec("PRAGMA user_version = 7"); err != nil {
			t.Fatal(err)
		}
		_, err = Open(dir, usersynctest.NewClock())
		if !usersync.Is(err, usersync.Settings) || !strings.Contains(usersync.Public(err), "version is 7") {
			t.Errorf("%s: error %v (%s)", name, err, usersync.CodeOf(err))
		}
	}
}

func TestAFileOfAnOlderVersionGetsWhatWasAdded(t *testing.T) {
	all := schema{pagesSchema, surveysSchema, runsSchema}
	for version := 1; version < len(all); version++ {
		path := filepath.Join(t.TempDir(), "pages.db")
		old, err := openFile(path, all[:version], 1, 256, true)
		if err != nil {
			t.Fatal(err)
		}
		err = old.write(t.Context(), func(tx *tx) error {
			_, err := tx.exec("INSERT INTO keys (job, key, expires) VALUES ('before', x'01', 1)")
			return err
		})
		if err := errors.Join(err, old.close()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			now, err := openFile(path, all, 1, 256, true)
			if err != nil {
				t.Fatal(err)
			}
			var kept, added int
			err = errors.Join(now.get(t.Context(), "SELECT count(*) FROM keys", nil, &kept),
				now.get(t.Context(), "SELECT (SELECT count(*) FROM surveys) + (SELECT count(*) FROM survey_runs)", nil, &added), now.close())
			if err != nil || kept != 1 {
				t.Fatalf("of a file of version %d %d keys are left: %v", version, kept, err)
			}
		}
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "usersync.db"), bytes.Repeat([]byte("no database. "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	aFile := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(aFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{foreign, aFile} {
		_, err := Open(dir, usersynctest.NewClock())
		if !usersync.Is(err, usersync.Settings) || strings.Contains(usersync.Public(err), "SQL") {
			t.Errorf("error %v (%s)", err, usersync.CodeOf(err))
		}
	}
}

func TestAnErasedKeyLeavesNothingOfItselfOrItsPages(t *testing.T) {
	dir := t.TempDir()
	clock := usersynctest.NewClock()
	db := openIn(t, dir, clock)
	expires := clock.Now().Add(time.Hour)
	key, page := []byte("PLANTED-KEY-0123456789-PLANTED!!"), bytes.Repeat([]byte("PLANTED-PAGE "), 9000)
	if _, err := db.PutKey(t.Context(), "mine", key, expires); err != nil {
		t.Fatal(err)
	}
	put := func(job usersync.JobID, n int) {
		t.Helper()
		row := usersync.Row{ID: usersync.RowID{Job: job, Kind: usersync.RowPage, Reading: "r", N: n}, Data: page}
		if err := db.PutRow(t.Context(), 1, row, expires); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 50 {
		put("mine", n)
	}
	if !planted(t, dir, "PLANTED-KEY") || !planted(t, dir, "PLANTED-PAGE") {
		t.Fatal("the search finds nothing even before")
	}
	if err := db.EraseKey(t.Context(), "mine", expires); err != nil {
		t.Fatal(err)
	}
	if planted(t, dir, "PLANTED") {
		t.Error("something of the key or of a page is left in the folder")
	}

	put("another", 0)
	if err := db.EraseKey(t.Context(), "mine", expires); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Row(t.Context(), usersync.RowID{Job: "another", Kind: usersync.RowPage, Reading: "r"}); err != nil {
		t.Errorf("another job's page: %v", err)
	}
}

// planted reports whether a text is in any file of the folder.
func planted(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

func TestSweepDeletesWhatHasExpiredAndNothingElse(t *testing.T) {
	clock := usersynctest.NewClock()
	db := openIn(t, t.TempDir(), clock)
	for i, expires := range []time.Time{clock.Now().Add(time.Hour), clock.Now().Add(3 * time.Hour)} {
		for n := range 50 {
			for _, kind := range []usersync.RowKind{usersync.RowPage, usersync.RowPlan} {
				row := usersync.Row{ID: usersync.RowID{Job: "j", Kind: kind, N: 100*i + n}, Data: []byte{1}}
				if err := db.PutRow(t.Context(), 1, row, expires); err != nil {
					t.Fatal(err)
				}
			}
			name := fmt.Sprint(i, n)
			if _, err := db.PutKey(t.Context(), usersync.JobID(name), []byte{1}, expires); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Claim(t.Context(), "c", name, usersync.Claim{Job: "j"}, expires); err != nil {
				t.Fatal(err)
			}
		}
	}
	clock.Advance(2 * time.Hour)
	for range 2 {
		if err := db.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for text, file := range map[string]*file{
		"SELECT count(*) FROM rows": db.pages, "SELECT count(*) FROM keys": db.pages,
		"SELECT count(*) FROM rows WHERE kind = 'plan'": db.main, "SELECT count(*) FROM claims": db.main,
	} {
		var n int
		if err := file.get(t.Context(), text, nil, &n); err != nil || n != 50 {
			t.Errorf("%s: %d, error %v", text, n, err)
		}
	}
}

func TestSweepAndCloseWriteTheLogsIntoTheFiles(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, usersynctest.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	fill := func(job usersync.JobID) {
		if err := errors.Join(db.CreateJob(t.Context(), usersync.Job{ID: job}), db.Ping(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, err := db.PutKey(t.Context(), job, []byte{1}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Key(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	fill("a")
	if err := db.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"usersync.db-wal", "pages.db-wal"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() != 0 {
			t.Errorf("after Sweep %s is there with %v, error %v", name, info, err)
		}
	}
	fill("b")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.db-*")); err != nil || len(left) > 0 {
		t.Errorf("after Close there is %q, error %v", left, err)
	}
	again := openIn(t, dir, usersynctest.NewClock())
	for _, job := range []usersync.JobID{"a", "b"} {
		if _, err := again.Job(t.Context(), "", job); err != nil {
			t.Errorf("job %s: %v", job, err)
		}
	}
}

func TestAReaderInTheWayLeavesTheLogToTheNextTime(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir, usersynctest.NewClock())
	if err := db.CreateJob(t.Context(), usersync.Job{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	reader, err := sql.Open("sqlite", filepath.Join(dir, "usersync.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	reading, err := reader.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var jobs int
	if err := reading.QueryRow("SELECT count(*) FROM jobs").Scan(&jobs); err != nil {
		t.Fatal(err)
	}
	for _, job := range []usersync.JobID{"b", "c"} {
		if err := errors.Join(db.CreateJob(t.Context(), usersync.Job{ID: job}), db.Sweep(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "usersync.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if size() == 0 {
		t.Error("the log is empty, with a reader in it")
	}
	if err := errors.Join(reading.Rollback(), db.Sweep(t.Context())); err != nil || size() != 0 {
		t.Errorf("the log has %d bytes after the reader has gone, error %v", size(), err)
	}
}

func TestAnEndedContextAndAClosedStoreAreSaidSo(t *testing.T) {
	db, err := Open(t.TempDir(), usersynctest.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]func(context.Context) error{
		"Ping":      db.Ping,
		"CreateJob": func(ctx context.Context) error { return db.CreateJob(ctx, usersync.Job{ID: "j"}) },
		"ListJobs":  func(ctx context.Context) error { _, err := db.ListJobs(ctx, usersync.JobQuery{Take: 1}); return err },
		"Sweep":     db.Sweep,
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls {
		if err := call(ended); !usersync.Is(err, usersync.Unavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: %v", name, err)
		}
	}
	if jobs, err := db.ListJobs(t.Context(), usersync.JobQuery{Take: 1}); err != nil || len(jobs) != 0 {
		t.Errorf("a call with an ended context wrote %d jobs, error %v", len(jobs), err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		if err := call(t.Context()); !usersync.Is(err, usersync.Unavailable) {
			t.Errorf("%s after Close: %v (%s)", name, err, usersync.CodeOf(err))
		}
	}
}

func TestARowOverTheLimitIsRefused(t *testing.T) {
	db := openIn(t, t.TempDir(), usersynctest.NewClock())
	row := usersync.Row{ID: usersync.RowID{Job: "j", Kind: usersync.RowPlan}, Data: make([]byte, maxRow+1)}
	if err := db.PutRow(t.Context(), 1, row, time.Now()); !usersync.Is(err, usersync.Validation) {
		t.Errorf("PutRow: %v", err)
	}
	if _, err := db.PutRowOnce(t.Context(), 1, row, time.Now()); !usersync.Is(err, usersync.Validation) {
		t.Errorf("PutRowOnce: %v", err)
	}
}

func TestMomentsOutsideTheTablesRangeKeepTheirOrder(t *testing.T) {
	moments := []time.Time{{}, time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, 0), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range moments[1:] {
		if nanos(moments[i]) >= nanos(moments[i+1]) {
			t.Errorf("%v is not before %v", moments[i], moments[i+1])
		}
	}
}
