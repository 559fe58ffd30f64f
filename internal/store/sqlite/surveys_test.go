package sqlite

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// surveyOf is n records with a value each, and the values.
func surveyOf(n int) (keys []usersync.SurveyedKey, hashes []usersync.KeyHash) {
	for i := range n {
		keys = append(keys, usersync.SurveyedKey{Hash: usersync.HashKey("value", fmt.Sprint(i)), Target: fmt.Sprint("record-", i)})
		hashes = append(hashes, keys[i].Hash)
	}
	return keys, hashes
}

func putSurvey(t *testing.T, db *DB, job usersync.JobID, keys []usersync.SurveyedKey, expires time.Time) {
	t.Helper()
	if err := db.PutSurvey(t.Context(), job, keys, expires); err != nil {
		t.Fatal(err)
	}
}

func surveyed(t *testing.T, db *DB, job usersync.JobID, hashes []usersync.KeyHash) map[usersync.KeyHash][]string {
	t.Helper()
	found, err := db.Surveyed(t.Context(), job, hashes)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAJobsEndDoesNotWaitForItsSurveyToBeDeleted(t *testing.T) {
	clock := usersynctest.NewClock()
	db := openIn(t, t.TempDir(), clock)
	expires := clock.Now().Add(time.Hour)
	commits, counted := 0, db.pages.writer.committed
	db.pages.writer.committed = func() { commits++; counted() }
	erase := func(job usersync.JobID) int {
		before := commits
		if err := db.EraseKey(t.Context(), job, expires); err != nil {
			t.Fatal(err)
		}
		return commits - before
	}
	keys, _ := surveyOf(20_000)
	putSurvey(t, db, "surveyed", keys, expires)
	if none, many := erase("another"), erase("surveyed"); none != many {
		t.Errorf("a job without a survey ends in %d transactions, one with 20000 keys in %d", none, many)
	}
}

func TestSweepDeletesSurveysThatAreWorthlessAndNoOthers(t *testing.T) {
	clock := usersynctest.NewClock()
	db := openIn(t, t.TempDir(), clock)
	now := clock.Now()
	keys, hashes := surveyOf(2500)
	for _, job := range []usersync.JobID{"running", "ended", "expired", "keyless"} {
		expires := now.Add(3 * time.Hour)
		if job == "expired" {
			expires = now.Add(time.Hour)
		}
		putSurvey(t, db, job, keys, expires)
		putBefore(t, db.pages, job, keys[:150], expires)
		if job == "keyless" {
			continue
		}
		if _, err := db.PutKey(t.Context(), job, []byte{1}, now.Add(4*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.EraseKey(t.Context(), "ended", now.Add(4*time.Hour)); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Hour)
	for range 2 {
		if err := db.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, job := range []usersync.JobID{"running", "keyless"} {
		if found := surveyed(t, db, job, hashes); len(found) != len(keys) {
			t.Errorf("of job %s %d values are left", job, len(found))
		}
	}
	for text, want := range map[string]int{
		"SELECT count(*) FROM survey_runs": 2 * 3, "SELECT count(*) FROM survey_chunks": 2 * (28 + 28 + 14), "SELECT count(*) FROM surveys": 2 * 150,
	} {
		var n int
		if err := db.pages.get(t.Context(), text, nil, &n); err != nil || n != want {
			t.Errorf("%s: %d, not %d, error %v", text, n, want, err)
		}
	}
}

// putBefore writes keys as version 2 of pages.db had them.
func putBefore(t *testing.T, f *file, job usersync.JobID, keys []usersync.SurveyedKey, expires time.Time) {
	t.Helper()
	err := f.write(t.Context(), func(tx *tx) error {
		for i := range keys {
			if _, err := tx.exec("INSERT INTO surveys (job, hash, target, expires) VALUES (?, ?, ?, ?)",
				job, keys[i].Hash[:], keys[i].Target, nanos(expires)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAJobThatSurveyedUnderAnEarlierProgramStillKnowsWhatItFound(t *testing.T) {
	dir, clock := t.TempDir(), usersynctest.NewClock()
	keys, hashes := surveyOf(1200)
	old, err := openFile(filepath.Join(dir, "pages.db"), schema{pagesSchema, surveysSchema}, 1, 256, true)
	if err != nil {
		t.Fatal(err)
	}
	putBefore(t, old, "j", keys[:700], clock.Now().Add(2*time.Hour))
	putBefore(t, old, "j", keys[700:710], clock.Now().Add(time.Hour))
	if err := old.close(); err != nil {
		t.Fatal(err)
	}
	db := openIn(t, dir, clock)
	clock.Advance(90 * time.Minute)
	putSurvey(t, db, "j", keys[690:], clock.Now().Add(time.Hour))
	more := usersync.SurveyedKey{Hash: hashes[0], Target: "a later record"}
	putSurvey(t, db, "j", []usersync.SurveyedKey{more}, clock.Now().Add(time.Hour))
	found := surveyed(t, db, "j", hashes)
	for i, h := range hashes {
		want := []string{keys[i].Target}
		if i == 0 {
			want = []string{more.Target, keys[i].Target}
		}
		if !slices.Equal(found[h], want) {
			t.Fatalf("value %d is that of %v, not %v", i, found[h], want)
		}
	}
	if found := surveyed(t, db, "another", hashes); len(found) > 0 {
		t.Errorf("another job knows %d values", len(found))
	}
}

// alike is a hash that differs from others in its bytes from at on alone.
func alike(at, n int) (h usersync.KeyHash) {
	for i := at; i < len(h); i++ {
		h[i] = byte(n >> (8 * (i % 3)))
	}
	return h
}

func TestASurveyIsFoundWholeWhateverItsHashesAndTargetsAre(t *testing.T) {
	clock := usersynctest.NewClock()
	db := openIn(t, t.TempDir(), clock)
	want := map[usersync.KeyHash][]string{}
	var keys []usersync.SurveyedKey
	add := func(h usersync.KeyHash, target string) {
		keys = append(keys, usersync.SurveyedKey{Hash: h, Target: target})
		if !slices.Contains(want[h], target) {
			want[h] = append(want[h], target)
		}
	}
	for i := range 300 {
		for _, at := range []int{0, 2, 4, 13} { // also hashes that begin alike
			add(alike(at, i), fmt.Sprint("t", i%7))
		}
		add(usersync.HashKey("value", "many"), fmt.Sprint("many-", i))
	}
	for _, length := range []int{0, 1, 127, 128, 256} {
		add(usersync.HashKey("value", "length"), strings.Repeat("æ", length/2)+strings.Repeat("x", length%2))
	}
	add(usersync.KeyHash(slices.Repeat([]byte{0xff}, 16)), "last")
	for from, size := 0, 1; from < len(keys); from, size = from+size, 2*size+1 { // 1, 3, … keys a call, and some again
		putSurvey(t, db, "j", keys[max(0, from-2):min(len(keys), from+size)], clock.Now().Add(time.Hour))
	}
	putSurvey(t, db, "j", slices.Concat(keys, keys), clock.Now().Add(time.Hour))
	asked := append(slices.Collect(maps.Keys(want)), usersync.HashKey("value", "nobody's"), alike(4, 999), alike(15, 77))
	for _, group := range [][]usersync.KeyHash{asked, asked[:1], asked[1:12]} {
		found := surveyed(t, db, "j", group)
		for _, h := range group {
			slices.Sort(want[h])
			if !slices.Equal(found[h], want[h]) {
				t.Fatalf("%v is that of %q, not %q", h, found[h], want[h])
			}
		}
	}
}

func TestADamagedChunkIsAnErrorAndNoAnswer(t *testing.T) {
	keys, hashes := surveyOf(3)
	w := newWanted(hashes)
	run := newSurveyRun(keys)
	whole := map[usersync.KeyHash][]string{}
	if err := w.collect(run.chunks[0], whole); err != nil || len(whole) != 3 {
		t.Fatalf("%v, error %v", whole, err)
	}
	each := len(run.chunks[0]) / 3
	for cut := range run.chunks[0] {
		err := w.collect(run.chunks[0][:cut], map[usersync.KeyHash][]string{})
		if (err == nil) != (cut%each == 0) {
			t.Errorf("cut after %d bytes: error %v", cut, err)
		}
	}

	clock := usersynctest.NewClock()
	db := openIn(t, t.TempDir(), clock)
	putSurvey(t, db, "j", keys, clock.Now().Add(time.Hour))
	err := db.pages.write(t.Context(), func(tx *tx) error {
		_, err := tx.exec("UPDATE survey_chunks SET keys = x'0102'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := db.Surveyed(t.Context(), "j", hashes); !usersync.Is(err, usersync.Internal) {
		t.Errorf("found %v, error %v", found, err)
	}
}
