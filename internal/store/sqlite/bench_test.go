package sqlite

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

const benchCompany = usersync.CompanyID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")

func benchUser(n int64) directory.User {
	text := func(s string) *string { return &s }
	u := directory.User{ID: fmt.Sprintf("0197a5c0-0000-7000-8000-%012d", n), Created: time.Now().UTC(), Changed: time.Now().UTC()}
	u.Request = directory.UserRequest{
		Code: text(fmt.Sprintf("code-%d", n)), Name: text("Åse Ærlig O'Neill"), Title: text("Rådgiver"),
		EmailAddr: text(fmt.Sprintf("ase.%d@example.com", n)), Mobile: text("+4712345678"), Addr: text("Storgatan 1"),
		PostalNo: text("12345"), DepartmentCode: text("D1"), Misc1: text("m"), LanguageID: text("nb"),
	}
	return u
}

// BenchmarkCreateUser has 50 callers at once, as a sync has.
func BenchmarkCreateUser(b *testing.B) {
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	var n atomic.Int64
	b.SetParallelism(25)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := db.CreateUser(b.Context(), benchCompany, benchUser(n.Add(1))); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkUpsertUser is what the directory does for each new person: a look by code, then a create.
func BenchmarkUpsertUser(b *testing.B) {
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	var n atomic.Int64
	b.SetParallelism(25)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			u := benchUser(n.Add(1))
			if _, err := db.UserByCode(b.Context(), benchCompany, *u.Request.Code); !usersync.Is(err, usersync.NotFound) {
				b.Error(err)
			}
			if _, err := db.CreateUser(b.Context(), benchCompany, u); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkReadUser(b *testing.B) {
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	for n := range int64(1000) {
		if _, err := db.CreateUser(b.Context(), benchCompany, benchUser(n)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("ByID", func(b *testing.B) {
		for n := int64(0); b.Loop(); n++ {
			if _, err := db.User(b.Context(), benchCompany, benchUser(n%1000).ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ByCode", func(b *testing.B) {
		for n := int64(0); b.Loop(); n++ {
			if _, err := db.UserByCode(b.Context(), benchCompany, *benchUser(n % 1000).Request.Code); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("500", func(b *testing.B) {
		for b.Loop() {
			if users, err := db.Users(b.Context(), benchCompany, 300, 500); err != nil || len(users) != 500 {
				b.Fatal(len(users), err)
			}
		}
	})
}

func benchLinks(from, n int) ([]usersync.Link, []usersync.KeyHash, []usersync.Reservation) {
	links, hashes, claims := make([]usersync.Link, n), make([]usersync.KeyHash, n), make([]usersync.Reservation, n)
	for i := range links {
		key := fmt.Sprintf("0197a5c0-0000-7000-8000-%012d", from+i)
		links[i] = usersync.Link{
			Key: key, Target: key, TargetKey: usersync.HashKey("target", key), Origin: usersync.OriginCreated,
			Job: "0197a5c0-0000-7000-8000-000000000000", Digest: make([]byte, 150),
		}
		hashes[i] = links[i].Hash()
		claims[i] = usersync.Reservation{TargetKey: links[i].TargetKey, Key: key}
	}
	return links, hashes, claims
}

// BenchmarkLinks has 10,000 links in the set.
func BenchmarkLinks(b *testing.B) {
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	for i := 0; i < 10_000; i += 100 {
		links, _, _ := benchLinks(i, 100)
		if err := db.PutLinks(b.Context(), "set", 1, links); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Load500", func(b *testing.B) {
		for n := 0; b.Loop(); n += 500 {
			_, hashes, _ := benchLinks(n%10_000, 500)
			if links, err := db.LoadLinks(b.Context(), "set", hashes, false); err != nil || len(links) != 500 {
				b.Fatal(len(links), err)
			}
		}
	})
	b.Run("Put100New", func(b *testing.B) {
		for n := 10_000; b.Loop(); n += 100 {
			links, _, _ := benchLinks(n, 100)
			if err := db.PutLinks(b.Context(), "set", 1, links); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Reserve500New", func(b *testing.B) {
		for n := 0; b.Loop(); n += 500 {
			_, _, claims := benchLinks(n, 500)
			if _, err := db.Reserve(b.Context(), "set", 1, claims); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Range1000", func(b *testing.B) {
		last := usersync.KeyHash{0xff}
		for b.Loop() {
			if links, err := db.LinkRange(b.Context(), "set", nil, last, 1000); err != nil || len(links) != 1000 {
				b.Fatal(len(links), err)
			}
		}
	})
}

func BenchmarkRows(b *testing.B) {
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	data := make([]byte, 60<<10)
	expires := time.Now().Add(time.Hour)
	b.Run("Put60K", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			id := usersync.RowID{Job: "j", Kind: usersync.RowPage, N: n % 200}
			if err := db.PutRow(b.Context(), 1, usersync.Row{ID: id, Data: data}, expires); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Read60K", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Row(b.Context(), usersync.RowID{Job: "j", Kind: usersync.RowPage}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("EraseKeyOf200Pages", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			for n := range 200 {
				id := usersync.RowID{Job: "e", Kind: usersync.RowPage, N: n}
				if err := db.PutRow(b.Context(), 1, usersync.Row{ID: id, Data: data}, expires); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
			if err := db.EraseKey(b.Context(), "e", expires); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSaveJob(b *testing.B) {
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	job := usersync.Job{ID: "j", Company: benchCompany, Rev: 1}
	if err := db.CreateJob(b.Context(), job); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var err error
		if job, err = db.SaveJob(b.Context(), job); err != nil {
			b.Fatal(err)
		}
	}
}

// benchSurvey is n customers with two values each, as one call puts them, and one value of each.
func benchSurvey(from, n int) (keys []usersync.SurveyedKey, hashes []usersync.KeyHash) {
	for i := from; i < from+n; i++ {
		target := fmt.Sprintf("c0ffee00-0000-4000-9000-%012d", i)
		email, phone := usersync.HashKey("email", target), usersync.HashKey("phone", target)
		keys = append(keys, usersync.SurveyedKey{Hash: email, Target: target}, usersync.SurveyedKey{Hash: phone, Target: target})
		hashes = append(hashes, email)
	}
	return keys, hashes
}

// BenchmarkSurvey is of 100,000 customers with two values each.
func BenchmarkSurvey(b *testing.B) {
	const customers = 100_000
	put := func(b *testing.B, db *DB) {
		b.Helper()
		for from := 0; from < customers; from += 500 {
			keys, _ := benchSurvey(from, 500)
			if err := db.PutSurvey(b.Context(), "j", keys, time.Now().Add(time.Hour)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("Put", func(b *testing.B) {
		for b.Loop() {
			put(b, openIn(b, b.TempDir(), usersync.SystemClock{}))
		}
	})
	db := openIn(b, b.TempDir(), usersync.SystemClock{})
	put(b, db)
	look := func(from, known int) func(b *testing.B) {
		return func(b *testing.B) {
			for n := 0; b.Loop(); n += 500 {
				_, hashes := benchSurvey(from+n%customers, 500)
				if found, err := db.Surveyed(b.Context(), "j", hashes); err != nil || len(found) != known {
					b.Fatal(len(found), err)
				}
			}
		}
	}
	b.Run("Look500Known", look(0, 500))
	b.Run("Look500Unknown", look(customers, 0))
	b.Run("EraseKeyAndSweep", func(b *testing.B) {
		for b.Loop() {
			if err := errors.Join(db.EraseKey(b.Context(), "j", time.Now().Add(time.Hour)), db.Sweep(b.Context())); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			put(b, db)
			b.StartTimer()
		}
	})
}
