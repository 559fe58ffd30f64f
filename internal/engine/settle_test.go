package engine

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

func TestRangesCoverEveryHashOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "ranges")
		hash := usersync.HashKey("person", rapid.String().Draw(t, "key"))
		switch rapid.IntRange(0, 3).Draw(t, "edge") {
		case 0:
			hash = rangeOf(rapid.IntRange(0, n-1).Draw(t, "range"), n).to
		case 1:
			hash = usersync.KeyHash{}
		}
		in := 0
		for i := range n {
			s := rangeOf(i, n)
			if (s.after == nil || bytes.Compare(hash[:], s.after[:]) > 0) && bytes.Compare(hash[:], s.to[:]) <= 0 {
				in++
			}
		}
		if in != 1 {
			t.Fatalf("%v is in %d of %d ranges", hash, in, n)
		}
	})
}

func TestManyRangesCountAsOneDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, kinds["upserts by key"])
		w.sync(drawPages(rt, "before", 3)...)
		job := w.sync(append(drawPages(rt, "now", 12), people(0, 1))...)
		if job.Counts.Found == 0 {
			rt.Fatal("nobody was found")
		}
		r := &run{Engine: w.engine, job: job}
		n := rapid.IntRange(1, 9).Draw(rt, "ranges")
		var total usersync.Counts
		leavers := map[string]int{}
		for i := range n {
			counts, err := r.settleRange(rt.Context(), rangeOf(i, n))
			if err != nil {
				rt.Fatal(err)
			}
			total = sum(total, counts)
			sightings, err := r.sightings(rt.Context(), rangeOf(i, n))
			if err != nil {
				rt.Fatal(err)
			}
			err = r.leavers(rt.Context(), rangeOf(i, n), sightings, func(link *usersync.Link, reason string) error {
				if reason == reasonLeft {
					leavers[link.Key]++
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		if total != job.Counts {
			rt.Fatalf("%+v in %d ranges, want %+v", total, n, job.Counts)
		}
		want := map[string]int{}
		for _, link := range w.store.links {
			want[link.Key] = 1
		}
		for _, page := range w.source.(*listed).pages {
			for _, entry := range page {
				delete(want, entry.Key)
			}
		}
		if !maps.Equal(leavers, want) {
			rt.Fatalf("leavers %v, want %v", leavers, want)
		}
	})
}

func TestOfEachPersonTheOutcomeThatCountsStaysOnce(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.sync([]usersync.Entry{person("linked", "A")})
	job := w.sync(
		[]usersync.Entry{faulty("f"), person("created", "A"), faulty("f"), inactive("linked"), inactive("twice off")},
		[]usersync.Entry{person("f", "A"), faulty("created"), person("linked", "A"), inactive("twice off"), inactive("late")},
		[]usersync.Entry{person("late", "A"), faulty("f")},
	)
	want := "[{f failed [] phones.mobile is not text} {twice off skipped [] not active} " +
		"{created failed [] phones.mobile is not text} {late created [] not linked yet}]"
	if got := fmt.Sprint(w.outcomes(job.ID)); got != want {
		t.Errorf("outcomes\n%s, want\n%s", got, want)
	}
	if want := (usersync.Counts{Found: 5, Created: 1, Unchanged: 1, Failed: 2, Skipped: 1}); job.Counts != want {
		t.Errorf("%+v, want %+v", job.Counts, want)
	}
	if job.Error != "2 of 5 people failed; the outcomes say who and why" || job.Status != usersync.Completed {
		t.Errorf("%v %q", job.Status, job.Error)
	}
}

func TestASourceThatListsNobodyFailsWhereAnybodyIsLinked(t *testing.T) {
	for _, pages := range [][][]usersync.Entry{nil, {{}, {}}} {
		w := newWorld(t, kinds["upserts by key"])
		if job := w.sync(pages...); job.Status != usersync.Completed || job.Counts != (usersync.Counts{}) {
			t.Errorf("nobody is linked: %v %+v", job.Status, job.Counts)
		}
		w.sync(people(0, 3))
		w.source = &listed{pages: pages}
		ref := w.begin(false)
		err := w.drive(ref, NextFetch)
		if !usersync.Is(err, usersync.EmptySource) || !strings.Contains(err.Error(), "3 people are linked") {
			t.Fatal(err)
		}
		if len(w.store.links) != 3 || len(w.target.records) != 3 {
			t.Error("somebody is gone")
		}
	}
}

func TestLeaversAreKeptAndCounted(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.sync(people(0, 10))
	w.log.Reset()
	job := w.sync(people(5, 10))
	if job.Counts.Removed != 0 || len(w.store.links) != 15 || len(w.target.records) != 15 {
		t.Errorf("%+v, %d links, %d records", job.Counts, len(w.store.links), len(w.target.records))
	}
	if !strings.Contains(w.log.String(), "people=5") {
		t.Error(w.log.String())
	}
}

func TestSettleStopsAtItsTimeAndGoesOn(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	ref := w.fetched(t, people(0, 9))
	if _, err := w.engine.Upsert(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	job := w.store.jobs[ref.Job]
	job.Counts.Found = 3*settleKeys + 1 // as if there had been as many
	w.store.jobs[ref.Job] = job
	w.store.onRows = func() { w.clock.Advance(time.Minute) } // reading takes long
	steps := 0
	for step := (Step{Next: NextSettle}); step.Next == NextSettle; steps++ {
		var err error
		if step, err = w.engine.Settle(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	if job := w.store.jobs[ref.Job]; steps != 4 || job.Counts.Created != 9 || job.Counts.Found != 9 {
		t.Errorf("%d steps, %+v", steps, job.Counts)
	}
	if step, err := w.engine.Settle(t.Context(), ref); err != nil || step.Next != NextFinish || w.store.jobs[ref.Job].Counts.Found != 9 {
		t.Error("settling what is settled counts again")
	}
}

func TestAMissingSeenRowIsAnErrorAndNoSmallerCount(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	ref := w.fetched(t, people(0, 3), people(3, 3))
	if _, err := w.engine.Upsert(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	delete(w.store.rows, usersync.RowID{Job: ref.Job, Kind: usersync.RowSeen, N: 1})
	if _, err := w.engine.Settle(t.Context(), ref); !usersync.Is(err, usersync.Internal) {
		t.Error(err)
	}
}

func TestFinishErasesTheKeyFreesTheLeaseAndKeepsWhatWasCounted(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	ref := w.fetched(t, people(0, 3))
	if _, err := w.engine.Upsert(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Finish(t.Context(), ref, "the source: "+strings.Repeat("å", 2000)); err != nil {
		t.Fatal(err)
	}
	job := w.store.jobs[ref.Job]
	if job.Status != usersync.Failed || !strings.HasPrefix(job.Error, "the source: å") || len(job.Error) > 1000 || job.Counts.Created != 3 {
		t.Errorf("%v %d bytes, %+v", job.Status, len(job.Error), job.Counts)
	}
	if w.store.keys[ref.Job] != nil || !w.store.leases[company].free {
		t.Error("the key or the lease is still there")
	}
	if !strings.Contains(w.log.String(), "msg=\"job ended\" job=job-1") || !strings.Contains(w.log.String(), "created=3") {
		t.Error(w.log.String())
	}
}

func TestFinishUnderALeaseThatSomebodyElseHasByNowLeavesThatAlone(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	ref := w.begin(false)
	w.clock.Advance(time.Hour)
	newer := w.begin(false)
	if _, err := w.engine.Fetch(t.Context(), ref); !usersync.Is(err, usersync.Fenced) {
		t.Errorf("a step under a lost lease: %v", err)
	}
	if err := w.engine.Finish(t.Context(), ref, "the lease was lost"); err != nil {
		t.Fatal(err)
	}
	if held := w.store.leases[company]; held.free || held.Job != newer.Job {
		t.Errorf("%+v", held)
	}
}

func TestOutcomesArePagedAndChosenByAction(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	var pages [][]usersync.Entry
	for n := range 7 {
		pages = append(pages, append(people(n*10, 10), faulty(fmt.Sprintf("f%d", n)), inactive(fmt.Sprintf("off%d", n))))
	}
	job := w.sync(pages...)
	all := w.outcomes(job.ID)
	if len(all) != 84 {
		t.Fatalf("%d outcomes", len(all))
	}
	for _, action := range []usersync.Action{"", usersync.Created, usersync.Refused, usersync.Skipped, usersync.Updated} {
		var want []usersync.Outcome
		for _, o := range all {
			if action == "" || o.Action == action {
				want = append(want, o)
			}
		}
		for _, take := range []int{1, 5, 13, 100} {
			var got []usersync.Outcome
			for skip := 0; skip <= len(want); skip += take {
				total, part, err := Outcomes(t.Context(), w.store, job.ID, action, skip, take)
				if err != nil || total != len(want) || len(part) != min(take, len(want)-skip) {
					t.Fatalf("%q skip %d take %d: %d of %d, %v", action, skip, take, len(part), total, err)
				}
				got = append(got, part...)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%q by %d: %v, want %v", action, take, got, want)
			}
		}
	}
}

func TestNoPersonIsInAnyRowLinkOrLineButSealed(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		w.target.answer = func(op, code string) (bool, error) {
			if code == "c-p002" && op == "create" {
				return false, usersync.E(usersync.Rejected, "name is refused")
			}
			return true, nil
		}
		page := people(0, 5)
		for i := range page {
			page[i].Person.DisplayName = "Planted Name"
			page[i].Person.Emails.Work = "planted@example.org"
			page[i].Person.Phones.Mobile = "+47 planted"
		}
		w.sync(page)
		page[0].Person.DisplayName = "Planted Again"
		page = append(page, page[0], faulty("p004"))
		job := w.sync(page)
		said := w.log.String() + fmt.Sprint(w.outcomes(job.ID), job)
		for id, row := range w.store.rows {
			said += fmt.Sprint(id) + string(row.data)
			if id.Kind == usersync.RowOutcome {
				items, err := decodeOutcomes(row.data)
				if err != nil {
					t.Fatal(err)
				}
				said += fmt.Sprint(items)
			}
		}
		for _, link := range w.store.links {
			said += fmt.Sprint(link.Link) + string(link.Digest)
		}
		if strings.Contains(strings.ToLower(said), "planted") || !strings.Contains(said, "p002") {
			t.Errorf("%s: a person's data is outside of the sealed pages", kind)
		}
	}
}
