package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// people makes n people with keys from the first on.
func people(first, n int) (entries []usersync.Entry) {
	for i := range n {
		entries = append(entries, person(fmt.Sprintf("p%03d", first+i), "N"))
	}
	return entries
}

// fetched stages everything and returns the job.
func (w *world) fetched(t *testing.T, pages ...[]usersync.Entry) Ref {
	t.Helper()
	w.source = &listed{pages: pages}
	ref := w.begin(false)
	if step, err := w.engine.Fetch(t.Context(), ref); err != nil || step.Next != NextUpsert {
		t.Fatal(step, err)
	}
	return ref
}

func TestALongRetryAfterIsWaitedForBetweenStepsUnderTheLease(t *testing.T) {
	w := newWorld(t, kinds["neither"])
	throttled := false
	w.target.answer = func(op, code string) (bool, error) {
		if code == "c-p002" && !throttled {
			throttled = true
			return false, &usersync.Error{Code: usersync.Throttled, Message: "429", RetryAfter: 10 * time.Minute}
		}
		return true, nil
	}
	ref := w.fetched(t, people(0, 50))
	step, err := w.engine.Upsert(t.Context(), ref)
	if err != nil || step.Next != NextUpsert || step.Wait < 9*time.Minute || step.Wait > 10*time.Minute {
		t.Fatalf("%+v %v", step, err)
	}
	if until := w.store.leases[company].until; until.Before(w.clock.Now().Add(step.Wait + 4*time.Minute)) {
		t.Errorf("the lease ends %v after the wait", until.Sub(w.clock.Now().Add(step.Wait)))
	}
	if got := w.store.jobs[ref.Job].Progress.InFlight; got >= 4 {
		t.Errorf("the checkpoint says %d at once, as before", got)
	}
	w.clock.Advance(step.Wait)
	if err := w.drive(ref, NextUpsert); err != nil {
		t.Fatal(err)
	}
	if job := w.store.jobs[ref.Job]; job.Counts.Created != 50 || job.Counts.Failed != 0 {
		t.Errorf("%+v", job.Counts)
	}
	if len(w.target.asked) != 51 {
		t.Errorf("%d requests for 50 people and one 429", len(w.target.asked))
	}
}

func TestThrottlesOfEverybodyNeverCountAsAttempts(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		tries := 0
		w.target.check = usersync.E(usersync.Throttled, "429")
		w.target.answer = func(op, code string) (bool, error) {
			if code == "c-p000" {
				if tries++; tries <= 12 {
					return false, usersync.E(usersync.Throttled, "429")
				}
			}
			return true, nil
		}
		if job := w.sync(people(0, 20)); job.Counts.Created != 20 || w.target.count("look up") > 0 {
			t.Errorf("%s: %+v after %v", kind, job.Counts, w.target.asked)
		}
		if tries != 13 || w.clock.Waited() < 10*time.Second {
			t.Errorf("%s: %d tries, %v waited in steps", kind, tries, w.clock.Waited())
		}
	}
}

func TestOnePersonWhoIsAlwaysThrottledStopsNobodyElse(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		w.target.answer = func(op, code string) (bool, error) {
			if code == "c-p000" {
				return false, usersync.E(usersync.Throttled, "429")
			}
			return true, nil
		}
		job := w.sync(people(0, 120))
		if job.Counts.Created != 119 || job.Counts.Failed != 1 || job.Status != usersync.Completed {
			t.Errorf("%s: %s %+v", kind, job.Status, job.Counts)
		}
		if tries := w.target.count("create c-p000"); tries != maxThrottled {
			t.Errorf("%s: %d tries", kind, tries)
		}
	}
}

func TestAPauseOutlastsTheProcessThatWasAskedForIt(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	down := true
	w.target.answer = func(op, code string) (bool, error) {
		if down {
			return false, &usersync.Error{Code: usersync.Throttled, Message: "429", RetryAfter: time.Minute}
		}
		return true, nil
	}
	ref := w.fetched(t, people(0, 3))
	step, err := w.engine.Upsert(t.Context(), ref)
	if err != nil || step.Wait < 55*time.Second {
		t.Fatalf("%+v, %v", step, err)
	}
	asked := len(w.target.asked)
	for _, again := range []func(context.Context, Ref) (Step, error){w.engine.Fetch, w.engine.Upsert} {
		if step, err := again(t.Context(), ref); err != nil || step.Wait < 50*time.Second || step.Next != NextUpsert || len(w.target.asked) != asked {
			t.Errorf("a step that is repeated does not wait: %+v, %v, %d requests more", step, err, len(w.target.asked)-asked)
		}
	}
	down = false
	w.clock.Advance(time.Minute)
	if step, err := w.engine.Upsert(t.Context(), ref); err != nil || step.Next != NextSettle {
		t.Errorf("%+v, %v", step, err)
	}
}

func TestRequestsSpanPagesAndNeverExceedTheSetting(t *testing.T) {
	w := newWorld(t, usersync.TargetTraits{UpsertsByKey: true, MaxInFlight: 7})
	var first sync.WaitGroup // until seven are under way none is answered
	first.Add(7)
	var arrived atomic.Int32
	w.target.gate = func() {
		if arrived.Add(1) <= 7 {
			first.Done()
			first.Wait()
		}
	}
	if w.sync(people(0, 2), people(2, 2), people(4, 2), people(6, 2), people(8, 100)); w.target.busiest != 7 {
		t.Errorf("%d at once", w.target.busiest)
	}
}

func TestAtMostAHundredResultsAreUnwritten(t *testing.T) {
	for _, kind := range []string{"upserts by key", "neither"} {
		traits := kinds[kind]
		traits.MaxInFlight = 1000
		w := newWorld(t, traits)
		var mu sync.Mutex
		open, most := map[string]bool{}, 0
		w.target.answer = func(op, code string) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			open[code] = true
			most = max(most, len(open))
			return true, nil
		}
		w.store.onLinks = func(links []usersync.Link) {
			mu.Lock()
			defer mu.Unlock()
			for _, link := range links {
				if link.Target != "" {
					delete(open, "c-"+link.Key)
				}
			}
		}
		if w.sync(people(0, 500), people(500, 500)); most > maxUnwritten || most < 10 {
			t.Errorf("%s: %d results were unwritten", kind, most)
		}
	}
}

func TestAStepStopsAtItsTimeAndTheNextGoesOn(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		slow := true // each request takes 5 seconds
		w.target.answer = func(op, code string) (bool, error) {
			if slow {
				w.clock.Advance(5 * time.Second)
			}
			return true, nil
		}
		ref := w.fetched(t, people(0, 100))
		step, err := w.engine.Upsert(t.Context(), ref)
		if n := len(w.target.asked); err != nil || step.Next != NextUpsert || n < 12 || n > 12+traits.MaxInFlight {
			t.Fatalf("%s: %+v %v after %d requests in a minute", kind, step, err, n)
		}
		slow = false
		if err := w.drive(ref, step.Next); err != nil {
			t.Fatal(err)
		}
		if job := w.store.jobs[ref.Job]; job.Counts.Created != 100 || len(w.target.asked) != 100 {
			t.Errorf("%s: %+v with %d requests", kind, job.Counts, len(w.target.asked))
		}
	}
}

func TestAShutdownLetsRequestsFinishAndWritesTheirLinks(t *testing.T) {
	w := newWorld(t, kinds["neither"])
	ctx, cancel := context.WithCancel(t.Context())
	w.target.answer = func(op, code string) (bool, error) {
		if code == "c-p010" {
			cancel()
		}
		return true, nil
	}
	ref := w.fetched(t, people(0, 300))
	if _, err := w.engine.Upsert(ctx, ref); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	n := len(w.target.asked)
	if n == 300 || len(w.store.links) != n {
		t.Fatalf("%d links for %d requests", len(w.store.links), n)
	}
	for _, link := range w.store.links {
		if link.Target == "" {
			t.Errorf("%s is left in doubt", link.Key)
		}
	}
	if err := w.drive(ref, NextFetch); err != nil || len(w.target.asked) != 300 {
		t.Errorf("%v; %d requests for 300 people", err, len(w.target.asked))
	}
}
