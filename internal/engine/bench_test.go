package engine

import (
	"fmt"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// crowd is n people in pages of 500, as full as people usually are.
func crowd(n int) [][]usersync.Entry {
	var pages [][]usersync.Entry
	for i := range n {
		if i%pageEntries == 0 {
			pages = append(pages, nil)
		}
		p := &usersync.Person{
			ID: fmt.Sprintf("8f1c2d3e-%08d", i), UserName: fmt.Sprintf("user%06d", i), DisplayName: fmt.Sprintf("Åse Ødegård %d", i),
			Title: "Saksbehandler", Name: usersync.Name{GivenName: "Åse", FamilyName: fmt.Sprintf("Ødegård %d", i)},
			Emails: usersync.Emails{Work: fmt.Sprintf("ase.%d@example.org", i)}, Phones: usersync.Phones{Mobile: "+47 900 00 000"},
			Department: "Plan og bygg", DepartmentCode: "PB", Attributes: map[string]string{"misc1": fmt.Sprint(i)},
		}
		last := &pages[len(pages)-1]
		*last = append(*last, usersync.Listed(p, i+1))
	}
	return pages
}

var fast = usersync.TargetTraits{UpsertsByKey: true, MaxInFlight: 50, TimeOut: 30}

// BenchmarkUnchanged is a whole job in which nothing is to be done.
func BenchmarkUnchanged(b *testing.B) {
	pages := crowd(10_000)
	w := newWorld(b, fast)
	w.sync(pages...)
	for b.Loop() {
		job := w.sync(pages...)
		if job.Counts.Unchanged != 10_000 {
			b.Fatalf("%+v", job.Counts)
		}
	}
}

// BenchmarkApply is a whole job in which everybody is created in a target that answers at once.
func BenchmarkApply(b *testing.B) {
	pages := crowd(10_000)
	for b.Loop() {
		w := newWorld(b, fast)
		if job := w.sync(pages...); job.Counts.Created != 10_000 {
			b.Fatalf("%+v", job.Counts)
		}
	}
}

// BenchmarkPlan plans a page of 500 people, half of them changed.
func BenchmarkPlan(b *testing.B) {
	listings := make([]listing, pageEntries)
	for i, e := range crowd(pageEntries)[0] {
		record, _ := mapper{}.Map(e.Person)
		written := append(usersync.Record(nil), record...)
		if i%2 == 0 {
			written[1].Value = "another"
		}
		listings[i] = listing{entry: &e, hash: e.Hash(), record: record, link: &usersync.Link{Target: "t", Digest: newDigest(written)}}
	}
	for b.Loop() {
		if items := plan(listings, false); items[0].action != usersync.Updated || items[1].action != usersync.Unchanged {
			b.Fatal(items[0], items[1])
		}
	}
}
