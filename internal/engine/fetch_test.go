package engine

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

func TestFetchIsTenPagesAheadAndAsksForNoneTwice(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	var pages [][]usersync.Entry
	for n := range 25 {
		pages = append(pages, people(n*2, 2))
	}
	source := &listed{pages: pages}
	w.source = source
	ref := w.begin(false)
	for range 2 {
		step, err := w.engine.Fetch(t.Context(), ref)
		if err != nil || step.Next != NextUpsert || source.asked != 10 {
			t.Fatalf("%+v %v after %d requests", step, err, source.asked)
		}
	}
	if p := w.store.jobs[ref.Job].Progress; p.Staged != 10 || p.Cursor != "10" {
		t.Errorf("%+v", p)
	}
	if err := w.drive(ref, NextFetch); err != nil || source.asked != 25 {
		t.Errorf("%v after %d requests for 25 pages", err, source.asked)
	}
}

func TestALargePageIsStagedWholeInPagesOf500(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.source = &listed{pages: [][]usersync.Entry{people(0, 1201), people(1201, 1)}}
	ref := w.begin(false)
	if _, err := w.engine.Fetch(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if p := w.store.jobs[ref.Job].Progress; p.Staged != 4 || !p.SourceDone {
		t.Errorf("%+v", p)
	}
	if err := w.drive(ref, NextUpsert); err != nil || w.store.jobs[ref.Job].Counts.Created != 1202 {
		t.Errorf("%v %+v", err, w.store.jobs[ref.Job].Counts)
	}
}

func TestACursorThatCannotBeFollowedIsMalformed(t *testing.T) {
	for name, next := range map[string]usersync.Cursor{"still": "", "too long": usersync.Cursor(strings.Repeat("x", 4097))} {
		page := usersync.Page{Entries: people(0, 1), Next: next}
		if err := checkPage(&page, ""); !usersync.Is(err, usersync.Malformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	page := usersync.Page{Last: true}
	if err := checkPage(&page, ""); err != nil {
		t.Error(err)
	}
}

func TestAThrottledSourceIsWaitedForBetweenSteps(t *testing.T) {
	for said, want := range map[time.Duration]time.Duration{7 * time.Minute: 7 * time.Minute, 0: unsaidPause, 48 * time.Hour: maxPause} {
		w := newWorld(t, kinds["upserts by key"])
		throttled := false
		w.source = &listed{pages: [][]usersync.Entry{people(0, 3), people(3, 3)}, fetch: func(at usersync.Cursor) error {
			if at == "1" && !throttled {
				throttled = true
				return &usersync.Error{Code: usersync.Throttled, Message: "429", RetryAfter: said}
			}
			return nil
		}}
		ref := w.begin(false)
		step, err := w.engine.Fetch(t.Context(), ref)
		if err != nil || step != (Step{Next: NextFetch, Wait: want}) {
			t.Errorf("%v: %+v %v", said, step, err)
		}
		if until := w.store.leases[company].until; !until.Equal(w.clock.Now().Add(want + usersync.LeaseTerm)) {
			t.Errorf("%v: the lease ends %v from now", said, until.Sub(w.clock.Now()))
		}
		w.clock.Advance(step.Wait)
		if err := w.drive(ref, NextFetch); err != nil || w.store.jobs[ref.Job].Counts.Created != 6 {
			t.Errorf("%v: %v %+v", said, err, w.store.jobs[ref.Job].Counts)
		}
	}
}

func TestOnlyAReadingThatCameToItsEndIsUsed(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	broken := errors.New("cut")
	first := true
	source := &streamed{pages: [][]usersync.Entry{people(0, 500), people(500, 300), people(800, 300)}}
	source.emit = func(n int) error {
		if n == 2 && first {
			first = false
			return broken
		}
		return nil
	}
	w.source = source
	ref := w.begin(false)
	if _, err := w.engine.Fetch(t.Context(), ref); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if p := w.store.jobs[ref.Job].Progress; p.Staged != 0 || p.Reading != "" {
		t.Errorf("half a reading is published: %+v", p)
	}
	source.pages[0] = people(0, 400)
	if err := w.drive(ref, NextFetch); err != nil {
		t.Fatal(err)
	}
	if job := w.store.jobs[ref.Job]; job.Counts.Created != 1000 || job.Progress.Staged != 2 {
		t.Errorf("%+v %+v", job.Counts, job.Progress)
	}
}

func TestAReadingThatTakesTooLongSaysSo(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.source = &streamed{pages: [][]usersync.Entry{people(0, 1), people(1, 1)}, emit: func(int) error {
		w.clock.Advance(8 * time.Minute)
		return nil
	}}
	_, err := w.engine.Fetch(t.Context(), w.begin(false))
	if !usersync.Is(err, usersync.Rejected) || err.Error() != "reading the source took longer than 14m0s" {
		t.Error(err)
	}
}

func TestALongReadingKeepsTheLease(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	source := &streamed{emit: func(int) error {
		w.clock.Advance(50 * time.Second)
		if !w.store.leases[company].until.After(w.clock.Now().Add(3 * time.Minute)) {
			t.Error("the lease is about to run out")
		}
		return nil
	}}
	for n := range 12 {
		source.pages = append(source.pages, people(n*500, 500))
	}
	w.source = source
	if _, err := w.engine.Fetch(t.Context(), w.begin(false)); err != nil {
		t.Fatal(err)
	}
}

func TestEveryStepHoldsTheFenceAndTheAgeOfItsJob(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.source = &listed{pages: [][]usersync.Entry{people(0, 3)}}
	ref := w.begin(false)
	late := ref
	late.Fence--
	steps := map[string]func(Ref) (Step, error){
		"fetch":  func(r Ref) (Step, error) { return w.engine.Fetch(t.Context(), r) },
		"upsert": func(r Ref) (Step, error) { return w.engine.Upsert(t.Context(), r) },
		"settle": func(r Ref) (Step, error) { return w.engine.Settle(t.Context(), r) },
		"finish": func(r Ref) (Step, error) { return Step{}, w.engine.Finish(t.Context(), r, "") },
	}
	before := w.store.jobs[ref.Job]
	for name, step := range steps {
		if _, err := step(late); !usersync.Is(err, usersync.Fenced) {
			t.Errorf("%s under an old fence: %v", name, err)
		}
	}
	if after := w.store.jobs[ref.Job]; after.Rev != before.Rev || w.store.leases[company].free {
		t.Error("a late step has changed something")
	}
	w.clock.Advance(25 * time.Hour)
	delete(steps, "finish")
	for name, step := range steps {
		if _, err := step(ref); !usersync.Is(err, usersync.Rejected) || !strings.Contains(err.Error(), "24 hours") {
			t.Errorf("%s after 25 hours: %v", name, err)
		}
	}
}

func TestAJobThatHasEndedNeedsNoStep(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	job := w.sync(people(0, 3))
	ref := Ref{Job: job.ID, Company: company, Fence: job.Fence}
	for range 2 {
		for name, step := range map[string]func() (Step, error){
			"fetch":  func() (Step, error) { return w.engine.Fetch(t.Context(), ref) },
			"upsert": func() (Step, error) { return w.engine.Upsert(t.Context(), ref) },
			"settle": func() (Step, error) { return w.engine.Settle(t.Context(), ref) },
		} {
			if step, err := step(); err != nil || step != (Step{Next: NextFinish}) {
				t.Errorf("%s: %+v %v", name, step, err)
			}
		}
		w.store.leases[company].free = false
		if err := w.engine.Finish(t.Context(), ref, "too late"); err != nil || !w.store.leases[company].free {
			t.Errorf("finish: %v; the lease is free: %v", err, w.store.leases[company].free)
		}
	}
	if got := w.store.jobs[job.ID]; got.Rev != job.Rev || got.Status != usersync.Completed {
		t.Error("the job was changed after its end: " + got.Status.String() + " rev " + strconv.FormatInt(got.Rev, 10))
	}
}
