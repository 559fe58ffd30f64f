package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

const company usersync.CompanyID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

func jobID(n int) usersync.JobID {
	return usersync.JobID(fmt.Sprintf("019590a0-7c00-7000-8000-%012d", n))
}

// work is an engine whose steps do what the test says; without a word of it, fetch leads to finish.
type work struct {
	mu     sync.Mutex
	fetch  func(context.Context, engine.Ref) (engine.Step, error)
	finish func(engine.Ref, string) error
	steps  int
	ends   []string // job and failure
}

func (w *work) Fetch(ctx context.Context, ref engine.Ref) (engine.Step, error) {
	w.mu.Lock()
	w.steps++
	fetch := w.fetch
	w.mu.Unlock()
	if fetch != nil {
		return fetch(ctx, ref)
	}
	return engine.Step{Next: engine.NextFinish}, nil
}
func (w *work) Upsert(ctx context.Context, ref engine.Ref) (engine.Step, error) {
	return w.Fetch(ctx, ref)
}
func (w *work) Settle(ctx context.Context, ref engine.Ref) (engine.Step, error) {
	return w.Fetch(ctx, ref)
}

func (w *work) Finish(_ context.Context, ref engine.Ref, failure string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, string(ref.Job)+" "+failure)
	if w.finish != nil {
		return w.finish(ref, failure)
	}
	return nil
}

func executions(t *testing.T, w *work, log io.Writer, trace func(string)) *local.Executions {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	o := local.Options{Clock: usersynctest.NewClock()}
	if trace != nil {
		o.Trace = func(state string, _ json.RawMessage) { trace(state) }
	}
	e, err := local.NewExecutions(t.Context(), workflow.NewSteps(w, logger), logger, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func start(t *testing.T, e *local.Executions, job *usersync.Job) error {
	t.Helper()
	return e.Start(t.Context(), string(job.ID), input(job))
}

func TestANameRunsOnceHoweverOftenItIsStarted(t *testing.T) {
	w := &work{}
	e := executions(t, w, io.Discard, nil)
	job := usersync.Job{ID: jobID(1), Company: company, Fence: 1}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if err := start(t, e, &job); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := e.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := start(t, e, &job); err != nil {
		t.Error(err)
	}
	if err := e.Wait(t.Context()); err != nil || len(w.ends) != 1 {
		t.Errorf("ended as %q, %v", w.ends, err)
	}
}

func TestAnInputThatIsNoJobsOrHasAnothersNameIsRefused(t *testing.T) {
	e := executions(t, &work{}, io.Discard, nil)
	job := usersync.Job{ID: jobID(1), Company: company, Fence: 1}
	for name, text := range map[string][]byte{string(job.ID): []byte(`{"job":1}`), string(jobID(2)): input(&job), string(job.ID) + "-2": input(&job)} {
		if err := e.Start(t.Context(), name, text); !usersync.Is(err, usersync.Rejected) {
			t.Errorf("%s with %s: %v", name, text, err)
		}
	}
}

func TestALongJobIsHandedOverAndNoExecutionIsLongerThanItMayBe(t *testing.T) {
	w := &work{}
	w.fetch = func(context.Context, engine.Ref) (engine.Step, error) {
		if w.steps > 2*workflow.MaxSteps+100 {
			return engine.Step{Next: engine.NextFinish}, nil
		}
		return engine.Step{Next: engine.NextUpsert}, nil
	}
	var longest, run, handed int
	var mu sync.Mutex // an execution and its successor overlap for a moment
	e := executions(t, w, io.Discard, func(state string) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case "Fetch", "Upsert":
			run++
		case "HandedOver":
			handed++
		}
		if longest = max(longest, run); state == "HandOver" {
			run = 0
		}
	})
	if err := start(t, e, &usersync.Job{ID: jobID(1), Company: company, Fence: 1}); err != nil {
		t.Fatal(err)
	}
	if err := e.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if longest != workflow.MaxSteps || handed != 2 || len(w.ends) != 1 || w.ends[0] != string(jobID(1))+" " {
		t.Errorf("longest %d, handed over %d times, ended as %q", longest, handed, w.ends)
	}
}

func TestTheEndOfTheProcessStopsStepsAndLeavesJobsAsTheyAre(t *testing.T) {
	w := &work{}
	begun := make(chan struct{})
	w.fetch = func(ctx context.Context, _ engine.Ref) (engine.Step, error) {
		close(begun)
		<-ctx.Done()
		return engine.Step{}, ctx.Err()
	}
	e := executions(t, w, io.Discard, nil)
	job := usersync.Job{ID: jobID(1), Company: company, Fence: 1}
	if err := start(t, e, &job); err != nil {
		t.Fatal(err)
	}
	<-begun
	if !e.Running(job.ID) || e.Resume(&job) {
		t.Error("a running job was taken up a second time")
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.ends) != 0 || e.Failures(job.ID) != 0 || e.Running(job.ID) {
		t.Errorf("after the end: ended as %q, %d failures, running %v", w.ends, e.Failures(job.ID), e.Running(job.ID))
	}
	if err := start(t, e, &usersync.Job{ID: jobID(2), Company: company, Fence: 2}); !usersync.Is(err, usersync.Unavailable) || e.Resume(&job) {
		t.Errorf("a job was started after the end: %v", err)
	}
}

func TestAShutdownWaitsNoLongerThanItMay(t *testing.T) {
	w := &work{}
	begun, let := make(chan struct{}), make(chan struct{})
	w.fetch = func(context.Context, engine.Ref) (engine.Step, error) {
		close(begun)
		<-let
		return engine.Step{Next: engine.NextFinish}, nil
	}
	e := executions(t, w, io.Discard, nil)
	if err := start(t, e, &usersync.Job{ID: jobID(1), Company: company, Fence: 1}); err != nil {
		t.Fatal(err)
	}
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Shutdown(ctx); err == nil {
		t.Error("a step that does not listen was not waited for")
	}
	close(let)
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAStepThatFailsOrPanicsEndsItsJobAloneAndTheLogSaysNothingOfThePerson(t *testing.T) {
	w := &work{}
	w.fetch = func(_ context.Context, ref engine.Ref) (engine.Step, error) {
		switch ref.Job {
		case jobID(1):
			panic("planted person")
		case jobID(2):
			return engine.Step{}, fmt.Errorf("outer: %w", usersync.E(usersync.Unauthorized, "the target refuses the login"))
		case jobID(3):
			return engine.Step{}, &usersync.Error{Code: usersync.Malformed, Message: "the page is none", Cause: fmt.Errorf("planted body")}
		}
		return engine.Step{Next: engine.NextFinish}, nil
	}
	var log bytes.Buffer
	e := executions(t, w, &log, nil)
	for n := range 4 {
		if err := start(t, e, &usersync.Job{ID: jobID(n + 1), Company: company, Fence: 1}); err != nil {
			t.Fatal(err)
		}
		if err := e.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"the target refuses the login", "the page is none", ""}
	for i, failure := range want {
		if got := w.ends[i+1]; got != string(jobID(i+2))+" "+failure {
			t.Errorf("job %d ended as %q", i+2, got)
		}
	}
	if bytes.Contains(log.Bytes(), []byte("planted")) || bytes.Contains([]byte(w.ends[0]), []byte("planted")) {
		t.Errorf("the plant came out: %q\n%s", w.ends[0], log.String())
	}
}

func TestWaitEndsWithItsOwnContext(t *testing.T) {
	w := &work{}
	let := make(chan struct{})
	w.fetch = func(context.Context, engine.Ref) (engine.Step, error) {
		<-let
		return engine.Step{Next: engine.NextFinish}, nil
	}
	e := executions(t, w, io.Discard, nil)
	if err := start(t, e, &usersync.Job{ID: jobID(1), Company: company, Fence: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if e.Wait(ctx) == nil {
		t.Error("Wait did not wait")
	}
	select {
	case <-e.Done(jobID(1)):
		t.Error("a job that runs is done")
	case <-e.Done(jobID(2)): // one that never ran
	}
	close(let)
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	<-e.Done(jobID(1))
}
