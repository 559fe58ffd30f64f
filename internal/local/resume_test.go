package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

func input(job *usersync.Job) []byte {
	text, _ := json.Marshal(workflow.FirstState(job))
	return text
}

// left is the part of a store that taking up needs: jobs, and the fence that each company's lease has.
type left struct {
	usersync.Store
	mu     sync.Mutex
	jobs   map[usersync.JobID]usersync.Job
	fences map[usersync.CompanyID]int64
	down   bool
	asked  func() // told of each look for unfinished jobs
}

func (s *left) Unfinished(context.Context) (jobs []usersync.Job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		s.asked()
	}
	if s.down {
		return nil, usersync.E(usersync.Unavailable, "the store did not answer")
	}
	for _, id := range slices.Sorted(maps.Keys(s.jobs)) {
		if !s.jobs[id].Status.Ended() {
			jobs = append(jobs, s.jobs[id])
		}
	}
	return jobs, nil
}

func (s *left) Extend(_ context.Context, l usersync.Lease, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fences[l.Company] != l.Fence {
		return usersync.E(usersync.Fenced, "taken")
	}
	return nil
}

func (s *left) Job(_ context.Context, _ usersync.CompanyID, id usersync.JobID) (usersync.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id], nil
}

func (s *left) SaveJob(_ context.Context, job usersync.Job) (usersync.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[job.ID] = job
	return job, nil
}

func (s *left) EraseKey(context.Context, usersync.JobID, time.Time) error { return nil }
func (s *left) Release(context.Context, usersync.Lease) error             { return nil }

func leftBehind(jobs ...usersync.Job) *left {
	s := &left{jobs: map[usersync.JobID]usersync.Job{}, fences: map[usersync.CompanyID]int64{company: 2}}
	for _, job := range jobs {
		job.Company = company
		s.jobs[job.ID] = job
	}
	return s
}

func resumer(s *left, e *local.Executions) *local.Resumer {
	return local.NewResumer(&workflow.Closer{Store: s, Clock: usersynctest.NewClock()}, e, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func TestUnfinishedJobsGoOnUnderTheirOwnFenceAndEndedOnesDoNot(t *testing.T) {
	w := &work{}
	var fences []int64
	w.fetch = func(_ context.Context, ref engine.Ref) (engine.Step, error) {
		fences = append(fences, ref.Fence)
		return engine.Step{Next: engine.NextFinish}, nil
	}
	s := leftBehind(
		usersync.Job{ID: jobID(1), Status: usersync.Completed, Fence: 1},
		usersync.Job{ID: jobID(2), Status: usersync.Processing, Fence: 2},
	)
	e := executions(t, w, io.Discard, nil)
	resumed, err := resumer(s, e).Once(t.Context())
	if err != nil || !slices.Equal(resumed, []usersync.JobID{jobID(2)}) {
		t.Fatalf("resumed %v, %v", resumed, err)
	}
	if err := e.Wait(t.Context()); err != nil || !slices.Equal(fences, []int64{2}) || !slices.Equal(w.ends, []string{string(jobID(2)) + " "}) {
		t.Errorf("worked under the fences %v, ended as %q, %v", fences, w.ends, err)
	}
}

func TestAPendingJobIsTakenUpAndItsLateStartMakesNoSecondOne(t *testing.T) {
	w := &work{}
	job := usersync.Job{ID: jobID(1), Status: usersync.Pending, Fence: 2}
	s := leftBehind(job)
	e := executions(t, w, io.Discard, nil)
	if resumed, err := resumer(s, e).Once(t.Context()); err != nil || len(resumed) != 1 {
		t.Fatalf("resumed %v, %v", resumed, err)
	}
	job.Company = company
	if err := start(t, e, &job); err != nil {
		t.Fatal(err)
	}
	if err := e.Wait(t.Context()); err != nil || len(w.ends) != 1 {
		t.Errorf("ended as %q, %v", w.ends, err)
	}
}

func TestAJobWhoseLeaseIsAnothersEndsAsFailed(t *testing.T) {
	w := &work{}
	s := leftBehind(usersync.Job{ID: jobID(1), Status: usersync.Processing, Fence: 1}, usersync.Job{ID: jobID(2), Status: usersync.Processing, Fence: 2})
	e := executions(t, w, io.Discard, nil)
	resumed, err := resumer(s, e).Once(t.Context())
	if err != nil || !slices.Equal(resumed, []usersync.JobID{jobID(2)}) {
		t.Errorf("resumed %v, %v", resumed, err)
	}
	if job := s.jobs[jobID(1)]; job.Status != usersync.Failed || job.Error != workflow.LeaseLost {
		t.Errorf("the fenced job is %+v", job)
	}
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAJobThatBreaksOffIsTriedAgainAFewTimesAndThenFailed(t *testing.T) {
	w := &work{finish: func(engine.Ref, string) error { return usersync.E(usersync.NotFound, "nothing there") }}
	s := leftBehind(usersync.Job{ID: jobID(1), Status: usersync.Processing, Fence: 2})
	var log bytes.Buffer
	e := executions(t, w, &log, nil)
	r := resumer(s, e)
	tries := 0
	for range 10 {
		resumed, err := r.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		tries += len(resumed)
	}
	if job := s.jobs[jobID(1)]; tries != 3 || job.Status != usersync.Failed || job.Error != local.GivenUp {
		t.Errorf("after %d tries the job is %+v", tries, job)
	}
	for n := range 3 { // each under a name of its own
		if name := fmt.Sprintf("execution=%s-%d ", jobID(1), n+2); strings.Count(log.String(), name) != 1 {
			t.Errorf("the log has %q not once:\n%s", name, log.String())
		}
	}
}

func TestOnlyFailuresInARowCount(t *testing.T) {
	w := &work{}
	w.finish = func(engine.Ref, string) error {
		if len(w.ends)%3 == 0 {
			return nil
		}
		return usersync.E(usersync.NotFound, "nothing there")
	}
	s := leftBehind(usersync.Job{ID: jobID(1), Status: usersync.Processing, Fence: 2})
	e := executions(t, w, io.Discard, nil)
	r := resumer(s, e)
	for i := range 9 {
		if resumed, err := r.Once(t.Context()); err != nil || len(resumed) != 1 {
			t.Fatalf("try %d: resumed %v, %v", i, resumed, err)
		}
		if err := e.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAJobThatRunsHereIsLeftAlone(t *testing.T) {
	w := &work{}
	let := make(chan struct{})
	w.fetch = func(context.Context, engine.Ref) (engine.Step, error) {
		<-let
		return engine.Step{Next: engine.NextFinish}, nil
	}
	s := leftBehind(usersync.Job{ID: jobID(1), Status: usersync.Processing, Fence: 2})
	e := executions(t, w, io.Discard, nil)
	r := resumer(s, e)
	for i := range 2 {
		resumed, err := r.Once(t.Context())
		if err != nil || len(resumed) != 1-i {
			t.Errorf("look %d: resumed %v, %v", i, resumed, err)
		}
		s.fences[company] = 3 // what runs finds that out by itself
	}
	if job := s.jobs[jobID(1)]; job.Status != usersync.Processing {
		t.Errorf("the running job became %+v", job)
	}
	close(let)
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTakingUpGoesOnEveryMinuteAlsoAfterAnError(t *testing.T) {
	w := &work{}
	s := leftBehind(usersync.Job{ID: jobID(1), Status: usersync.Processing, Fence: 2})
	s.down = true
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	s.asked = func() {
		looks++
		s.down = looks < 3
		if looks == 4 {
			cancel()
		}
	}
	e := executions(t, w, io.Discard, nil)
	clock := usersynctest.NewClock()
	local.NewResumer(&workflow.Closer{Store: s, Clock: clock}, e, slog.New(slog.NewTextHandler(io.Discard, nil))).Run(ctx)
	if err := e.Wait(t.Context()); err != nil || len(w.ends) == 0 || clock.Waited() != 3*time.Minute {
		t.Errorf("ended as %q after %v, %v", w.ends, clock.Waited(), err)
	}
}
