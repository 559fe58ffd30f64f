package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// unavailable is a 503 for a person, so often; InDoubt as given.
func unavailable(inDoubt bool) error {
	return &usersync.Error{Code: usersync.Unavailable, Message: "POST /users: 503", InDoubt: inDoubt}
}

func TestAPersonWithoutAProperAnswerIsTriedFourTimesAndStopsNobodyElse(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		tries := 0
		w.target.answer = func(op, code string) (bool, error) {
			if code == "c-p005" {
				tries++
				return false, unavailable(false)
			}
			return true, nil
		}
		job := w.sync(people(0, 30))
		if job.Status != usersync.Completed || job.Counts.Created != 29 || job.Counts.Failed != 1 || tries != 4 {
			t.Errorf("%s: %+v after %d tries", kind, job.Counts, tries)
		}
		want := usersync.Outcome{Key: "p005", Action: usersync.Refused, Reason: "POST /users: 503"}
		for _, o := range w.outcomes(job.ID) {
			if o.Action == usersync.Refused && fmt.Sprint(o) != fmt.Sprint(want) {
				t.Errorf("%s: %+v", kind, o)
			}
		}
		if len(w.store.links) != 29 || len(w.store.reserved) != 2*29 { // their code and their record
			t.Errorf("%s: %d links, %d reservations left for 29 people", kind, len(w.store.links), len(w.store.reserved))
		}
	}
}

func TestATargetThatIsDownEndsTheStepAndLeavesAllForALaterOne(t *testing.T) {
	for _, n := range []int{1, 200} {
		w := newWorld(t, kinds["upserts by key"])
		down := true
		w.target.check = unavailable(false)
		w.target.answer = func(op, code string) (bool, error) {
			if down {
				return false, unavailable(true)
			}
			return true, nil
		}
		ref := w.fetched(t, people(0, n))
		if err := w.drive(ref, NextUpsert); !usersync.Is(err, usersync.Unavailable) {
			t.Fatalf("%d people: %v", n, err)
		}
		if job := w.store.jobs[ref.Job]; job.Counts.Dealt() != 0 || job.Status != usersync.Processing {
			t.Errorf("%d people: %+v", n, job.Counts)
		}
		if n > 20 && len(w.target.asked) > 4*40 {
			t.Errorf("a target that is down was asked %d times", len(w.target.asked))
		}
		down, w.target.check = false, nil
		if err := w.drive(ref, NextFetch); err != nil {
			t.Fatal(err)
		}
		if job := w.store.jobs[ref.Job]; job.Counts.Created != n {
			t.Errorf("%+v", job.Counts)
		}
	}
}

func TestTwentyLostInARowEndTheStepAlsoWhereTheTargetWorkedBefore(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.target.answer = func(op, code string) (bool, error) {
		if code >= "c-p050" {
			return false, unavailable(false)
		}
		return true, nil
	}
	ref := w.fetched(t, people(0, 200))
	if err := w.drive(ref, NextUpsert); !usersync.Is(err, usersync.Unavailable) {
		t.Fatal(err)
	}
	if len(w.store.links) != 50 {
		t.Errorf("%d links are written for 50 people", len(w.store.links))
	}
}

func TestALonePersonWhoFailsInAWorkingTargetDoesNotFailTheJob(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.target.answer = func(op, code string) (bool, error) { return false, unavailable(false) }
	if job := w.sync(people(0, 1)); job.Counts.Failed != 1 || job.Error != "1 of 1 people failed; the outcomes say who and why" {
		t.Errorf("%+v %q", job.Counts, job.Error)
	}
}

func TestALoginThatIsRefusedEndsTheStepAndKeepsWhatIsDone(t *testing.T) {
	for kind, traits := range kinds {
		w := newWorld(t, traits)
		w.target.answer = func(op, code string) (bool, error) {
			if code >= "c-p010" {
				return false, usersync.E(usersync.Unauthorized, "the login is refused")
			}
			return true, nil
		}
		ref := w.fetched(t, people(0, 100))
		if err := w.drive(ref, NextUpsert); !usersync.Is(err, usersync.Unauthorized) {
			t.Fatalf("%s: %v", kind, err)
		}
		if len(w.store.links) != 10 || len(w.target.asked) > 10+traits.MaxInFlight {
			t.Errorf("%s: %d links, %d requests", kind, len(w.store.links), len(w.target.asked))
		}
		if err := w.engine.Finish(t.Context(), ref, "the login is refused"); err != nil {
			t.Fatal(err)
		}
		if job := w.store.jobs[ref.Job]; job.Counts != (usersync.Counts{Found: 10, Created: 10}) || len(w.outcomes(ref.Job)) != 10 {
			t.Errorf("%s: what was done before is not counted: %+v", kind, job.Counts)
		}
	}
}

func TestSlowFailuresComeToAnEndAlthoughNoStepIsLongEnough(t *testing.T) {
	for kind, traits := range kinds {
		traits.MaxInFlight = 1
		w := newWorld(t, traits)
		w.target.answer = func(op, code string) (bool, error) {
			if code == "c-p000" || code == "c-p002" {
				w.clock.Advance(40 * time.Second)
				return false, unavailable(true)
			}
			return true, nil
		}
		if job := w.sync(people(0, 4)); job.Counts.Failed != 2 || job.Counts.Created != 2 {
			t.Errorf("%s: %+v", kind, job.Counts)
		}
	}
}
