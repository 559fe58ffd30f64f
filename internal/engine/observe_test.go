package engine

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// listener notes what it is told.
type listener struct {
	steps []usersync.StepReport
	ended []usersync.Job
}

func (l *listener) Stepped(_ context.Context, s usersync.StepReport) { l.steps = append(l.steps, s) }
func (l *listener) Ended(_ context.Context, job usersync.Job)        { l.ended = append(l.ended, job) }

func TestTheObserverIsToldWhatEachStepCostAndOfTheEnd(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	told := &listener{}
	w.engine.Observer = told
	throttled := false
	w.source = &listed{pages: [][]usersync.Entry{people(0, 3), people(3, 4)}, fetch: func(at usersync.Cursor) error {
		if at == "1" && !throttled {
			throttled = true
			return &usersync.Error{Code: usersync.Throttled, Message: "429", RetryAfter: time.Minute}
		}
		return nil
	}}
	ref := w.begin(false)
	if err := w.drive(ref, NextFetch); err != nil {
		t.Fatal(err)
	}
	names, requests, throttles := []string{}, 0, 0
	for _, s := range told.steps {
		names = append(names, s.Step)
		requests, throttles = requests+s.Requests, throttles+s.Throttles
		if s.Job != ref.Job || s.Company != company || s.Error != "" {
			t.Errorf("%+v", s)
		}
	}
	if want := []string{"fetch", "fetch", "upsert", "settle"}; !slices.Equal(names, want) || requests != 7 || throttles != 1 {
		t.Errorf("told of %v, %d requests and %d throttles", names, requests, throttles)
	}
	if len(told.ended) != 1 || told.ended[0].Status != usersync.Completed || told.ended[0].Counts.Created != 7 {
		t.Errorf("ended: %+v", told.ended)
	}
}

func TestAnEarlierExecutionChangesNothingAnyMore(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.source = &listed{pages: [][]usersync.Entry{people(0, 3)}}
	earlier := w.begin(false)
	earlier.Execution = 1
	later := earlier
	later.Execution = 2
	for _, ref := range []Ref{earlier, later} {
		if _, err := w.engine.Fetch(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	before := w.store.jobs[earlier.Job]
	for name, step := range map[string]func() error{
		"fetch":  func() error { _, err := w.engine.Fetch(t.Context(), earlier); return err },
		"upsert": func() error { _, err := w.engine.Upsert(t.Context(), earlier); return err },
		"settle": func() error { _, err := w.engine.Settle(t.Context(), earlier); return err },
		"finish": func() error { return w.engine.Finish(t.Context(), earlier, "") },
		"abort":  func() error { return w.engine.Finish(t.Context(), earlier, "failed") },
	} {
		if err := step(); !usersync.Is(err, usersync.Fenced) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := w.store.jobs[earlier.Job]; after.Rev != before.Rev || before.Progress.Execution != 2 {
		t.Errorf("%+v, then %+v", before, after)
	}
	if err := w.drive(later, NextUpsert); err != nil || w.store.jobs[later.Job].Counts.Created != 3 {
		t.Errorf("the later one: %v", err)
	}
}

func TestAnExecutionThatIsRedrivenAfterItsJobFailedFails(t *testing.T) {
	w := newWorld(t, kinds["upserts by key"])
	w.source = &listed{pages: [][]usersync.Entry{people(0, 3)}}
	ref := w.begin(false)
	if err := w.engine.Finish(t.Context(), ref, "stopped"); err != nil {
		t.Fatal(err)
	}
	for from := range map[Next]bool{NextFetch: true, NextUpsert: true, NextSettle: true, NextFinish: true} {
		if err := w.drive(ref, from); !usersync.Is(err, usersync.Rejected) {
			t.Errorf("%s: %v", from, err)
		}
	}
	if job := w.store.jobs[ref.Job]; job.Status != usersync.Failed || job.Error != "stopped" || len(w.target.asked) > 0 {
		t.Errorf("%+v after %d requests", job, len(w.target.asked))
	}
}
