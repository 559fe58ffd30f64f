package engine

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

func TestThePlanThatWasThereFirstIsTheOneThatCounts(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	page := people(0, 3)
	var rival []item
	for i := range page {
		rival = append(rival, item{hash: page[i].Hash(), key: page[i].Key, action: usersync.Skipped, reason: "planned elsewhere"})
	}
	w.store.rival = encodePlan(rival)
	if job := w.sync(page); job.Counts.Skipped != 3 || len(w.target.asked) > 0 {
		t.Errorf("%+v after %v", job.Counts, w.target.asked)
	}
}

func TestTwoPeopleNeverBecomeOneRecord(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		same := func(key, code string) usersync.Entry {
			return usersync.Listed(&usersync.Person{ID: key, UserName: code, DisplayName: key}, 0)
		}
		pages := [][]usersync.Entry{{same("a", "X"), same("b", "x"), same("c", "y")}, {same("d", "X"), same("e", "z")}}
		job := w.sync(pages...)
		if job.Counts.Created != 3 || job.Counts.Failed != 2 || len(w.target.records) != 3 {
			t.Fatalf("%s: %+v", kind, job.Counts)
		}
		for _, o := range w.outcomes(job.ID) {
			if failed := o.Key == "b" || o.Key == "d"; failed != (o.Action == usersync.Refused) || failed && o.Reason != reasonTaken {
				t.Errorf("%s: %+v", kind, o)
			}
		}
		// c leaves its key, e takes that and leaves its own, which b can have from the next job on.
		w.sync([]usersync.Entry{same("a", "X"), same("c", "new"), same("e", "z")})
		now := []usersync.Entry{same("a", "X"), same("c", "new"), same("e", "y"), same("b", "z"), same("d", "new")}
		if job = w.sync(now); job.Counts.Updated != 1 || job.Counts.Failed != 2 {
			t.Errorf("%s: %+v %+v", kind, job.Counts, w.outcomes(job.ID))
		}
		if job = w.sync(now); job.Counts.Created != 1 || job.Counts.Failed != 1 {
			t.Errorf("%s: %+v %+v", kind, job.Counts, w.outcomes(job.ID))
		}
	}
}

func TestARefusedCreateGivesItsKeyBack(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		w.target.answer = func(op, code string) (bool, error) { return false, usersync.E(usersync.Rejected, "name is refused") }
		if job := w.sync(people(0, 3)); job.Counts.Failed != 3 || len(w.store.reserved) != 0 || len(w.store.links) != 0 {
			t.Errorf("%s: %+v, reserved %v, links %v", kind, job.Counts, w.store.reserved, w.store.links)
		}
	}
}

func TestAnUpdateThatMeetsNothingCreatesOnceAndStaysAnUpdate(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		w.sync([]usersync.Entry{person("a", "A"), person("b", "B")})
		clear(w.target.records)
		w.target.asked = nil
		w.target.answer = func(op, code string) (bool, error) {
			if op == "create" && code == "c-b" {
				return false, usersync.E(usersync.Rejected, "no")
			}
			return true, nil
		}
		job := w.sync([]usersync.Entry{person("a", "A2"), person("b", "B2")})
		if job.Counts.Updated != 1 || job.Counts.Failed != 1 || w.target.count("create") != 2 || w.content()["c-a"] != "A2" {
			t.Errorf("%s: %+v %v", kind, job.Counts, w.target.asked)
		}
		if len(w.store.links) != 1 || len(w.store.reserved) != 2 { // a's code and record
			t.Errorf("%s: the link without a record stayed", kind)
		}
	}
}

func TestARecordThatWasThereBeforeIsAdopted(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.target.records["old"], w.target.ids["c-a"] = record("code", "c-a"), "old"
	w.sync([]usersync.Entry{person("a", "A"), person("b", "B")})
	a, b := w.store.links[usersync.HashKey("person", "a")], w.store.links[usersync.HashKey("person", "b")]
	if a.Origin != usersync.OriginAdopted || a.Target != "old" || b.Origin != usersync.OriginCreated {
		t.Errorf("%+v %+v", a.Link, b.Link)
	}
	w.sync([]usersync.Entry{person("a", "A2"), person("b", "B2")})
	if a := w.store.links[usersync.HashKey("person", "a")]; a.Origin != usersync.OriginAdopted {
		t.Error("an update has made an adopted record ours")
	}
}

func TestAnswersThatAreNoneAreNotLinked(t *testing.T) {
	for name, id := range map[string]string{"no id": "", "a long id": strings.Repeat("x", 257)} {
		w := newWorld(t, kinds["upserts by key"])
		w.engine.Connectors = badTarget{w, id}
		job := w.sync(people(0, 3))
		if job.Counts.Failed != 3 || len(w.store.links) != 0 {
			t.Errorf("%s: %+v", name, job.Counts)
		}
	}
}

// badTarget answers creates with an id that is none.
type badTarget struct {
	*world
	id string
}

func (b badTarget) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return badAnswers{b.world.target, b.id}, mapper{}, nil
}

type badAnswers struct {
	*scripted
	id string
}

func (b badAnswers) Create(context.Context, usersync.Record) (usersync.Written, error) {
	return usersync.Written{ID: b.id}, nil
}

func TestTheSameIDIsWrittenOnceAcrossBatches(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	var pages [][]usersync.Entry
	for n := range 25 {
		pages = append(pages, []usersync.Entry{person("same", "N"+strconv.Itoa(n)), person("own"+strconv.Itoa(n), "N")})
	}
	w.store.onRows = func() { // also when the last batch looks back, and when settle begins
		if c := w.store.jobs["job-1"].Counts; c.Dealt() > 26 {
			t.Errorf("repetitions are counted while the job runs: %+v", c)
		}
	}
	job := w.sync(pages...)
	if job.Counts.Found != 26 || job.Counts.Created != 26 || len(w.target.asked) != 26 || w.content()["c-same"] != "N0" {
		t.Errorf("%+v with %d requests, %q", job.Counts, len(w.target.asked), w.content()["c-same"])
	}
	w.store.onRows = nil
	if outcomes := w.outcomes(job.ID); len(outcomes) != 26 {
		t.Errorf("%d outcomes", len(outcomes))
	}
}
