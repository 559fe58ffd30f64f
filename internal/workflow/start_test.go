package workflow

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// bench is a starter with all that it stands on.
type bench struct {
	*Starter
	clock *usersynctest.Clock
	store *memory
	runs  *executions
}

func newBench(script ...func(bool) (bool, error)) *bench {
	clock := usersynctest.NewClock()
	b := &bench{clock: clock, store: newMemory(clock), runs: &executions{started: map[string]string{}, script: script}}
	b.Starter = NewStarter(&Closer{Store: b.store, Clock: clock}, tenants{}, tenants{}, b.runs)
	return b
}

func (b *bench) start(t *testing.T, key string) (usersync.Job, error) {
	t.Helper()
	return b.Start(t.Context(), usersync.StartRequest{Company: aCompany, IdempotencyKey: key})
}

// end does what finish does, and gives the lease back or crashes before it.
func (b *bench) end(id usersync.JobID, release bool) {
	job := b.store.jobs[id]
	job.Status, job.Rev = usersync.Completed, job.Rev+1
	b.store.jobs[id] = job
	if h := b.store.holders[aCompany]; release && h.job == id {
		b.store.holders[aCompany] = holder{fence: h.fence}
	}
}

func TestAStartWritesTheJobUnderItsLeaseAndStartsItByName(t *testing.T) {
	b := newBench()
	job, err := b.Start(t.Context(), usersync.StartRequest{Company: aCompany, Full: true})
	if err != nil {
		t.Fatal(err)
	}
	stored := b.store.jobs[job.ID]
	if stored.Status != usersync.Pending || stored.Fence != 1 || stored.Rev != 1 || !stored.Full ||
		stored.Settings.Source.Type != "file" || stored.Links == "" || stored.CreatedAt != b.clock.Now() {
		t.Errorf("stored %+v", stored)
	}
	input, err := ParseState([]byte(b.runs.started[string(job.ID)]))
	if err != nil || input != FirstState(&stored) || input.Name() != string(job.ID) {
		t.Errorf("started with %+v, %v", input, err)
	}
	if h := b.store.holders[aCompany]; h.job != job.ID || h.until != b.clock.Now().Add(usersync.LeaseTerm) {
		t.Errorf("the lease is %+v", h)
	}
}

func TestACompanyWithoutSettingsIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	b := newBench()
	_, err := b.Start(t.Context(), usersync.StartRequest{Company: nobodys, IdempotencyKey: "k"})
	if !usersync.Is(err, usersync.NotFound) || b.store.calls != 0 {
		t.Errorf("got %v after %d calls of the store", err, b.store.calls)
	}
}

func TestOf1000StartsAtOnceOneRunsAndAllOthersNameIt(t *testing.T) {
	b := newBench()
	var wg sync.WaitGroup
	jobs, errs := make([]usersync.Job, 1000), make([]error, 1000)
	for i := range jobs {
		wg.Go(func() { jobs[i], errs[i] = b.Start(t.Context(), usersync.StartRequest{Company: aCompany}) })
	}
	wg.Wait()
	var winner usersync.JobID
	for i := range jobs {
		if errs[i] == nil {
			if winner != "" {
				t.Fatalf("%s and %s both run", winner, jobs[i].ID)
			}
			winner = jobs[i].ID
		}
	}
	for _, err := range errs {
		if e, ok := err.(*usersync.Error); err != nil && (!ok || e.Code != usersync.Conflict || e.Holder != winner) {
			t.Fatalf("a loser got %#v, want a Conflict that names %s", err, winner)
		}
	}
	if len(b.store.jobs) != 1 || len(b.runs.started) != 1 {
		t.Errorf("%d jobs and %d executions", len(b.store.jobs), len(b.runs.started))
	}
}

func TestOf1000StartsAtOnceWithOneKeyAllGetTheSameJob(t *testing.T) {
	b := newBench()
	var wg sync.WaitGroup
	jobs, errs := make([]usersync.Job, 1000), make([]error, 1000)
	for i := range jobs {
		wg.Go(func() { jobs[i], errs[i] = b.start(t, "key") })
	}
	wg.Wait()
	for i := range jobs {
		if errs[i] != nil || jobs[i].ID != jobs[0].ID {
			t.Fatalf("start %d got %s, %v", i, jobs[i].ID, errs[i])
		}
	}
	if len(b.store.jobs) != 1 || len(b.runs.started) != 1 {
		t.Errorf("%d jobs and %d executions", len(b.store.jobs), len(b.runs.started))
	}
}

func TestALostAnswerOfAnyCallOfTheStoreChangesNothing(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n, calls := 1, 1; n <= calls; n++ {
			b := newBench()
			b.store.lose, b.store.after = n, after
			job, err := b.start(t, "key")
			calls = b.store.calls
			if err != nil || b.store.jobs[job.ID].Status != usersync.Pending || len(b.store.jobs) != 1 || len(b.runs.started) != 1 {
				t.Errorf("call %d lost (after it was done: %v): job %+v, %v; %d executions", n, after, job, err, len(b.runs.started))
			}
		}
	}
}

func TestAStartThatBrokeOffAnywhereIsCarriedOnByItsKey(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			b := newBench()
			b.store.lose, b.store.after, b.store.always = n, after, true
			first, err := b.start(t, "key")
			if n <= 3 && !usersync.Is(err, usersync.Unavailable) {
				t.Fatalf("with a silent store from call %d the start gave %+v, %v", n, first, err)
			}
			b.store.lose = 0
			second, err := b.start(t, "key")
			if err != nil {
				t.Fatalf("a start that broke off at call %d (after it was done: %v) is not carried on: %v", n, after, err)
			}
			if second.Status.Ended() == (len(b.runs.started) == 1) || len(b.store.jobs) != 1 {
				t.Errorf("broken off at call %d (after: %v): job %+v, %d jobs, %d executions", n, after, second, len(b.store.jobs), len(b.runs.started))
			}
		}
	}
}

func TestAnotherBodyUnderAUsedKeyIsRefused(t *testing.T) {
	b := newBench()
	if _, err := b.start(t, "key"); err != nil {
		t.Fatal(err)
	}
	_, err := b.Start(t.Context(), usersync.StartRequest{Company: aCompany, IdempotencyKey: "key", Body: [32]byte{1}})
	if !usersync.Is(err, usersync.KeyReused) || len(b.store.jobs) != 1 {
		t.Errorf("got %v, %d jobs", err, len(b.store.jobs))
	}
}

func TestAKeyGivesItsJobAlsoAfterTheEndAndNeverTakesTheLeaseAgain(t *testing.T) {
	b := newBench()
	first, err := b.start(t, "key")
	if err != nil {
		t.Fatal(err)
	}
	b.end(first.ID, true)
	again, err := b.start(t, "key")
	if err != nil || again.ID != first.ID || again.Status != usersync.Completed || b.store.holders[aCompany].job != "" {
		t.Errorf("got %+v, %v; the lease is %+v", again, err, b.store.holders[aCompany])
	}
}

func TestALateRepeaterOfAnEndedJobGivesTheLeaseBack(t *testing.T) {
	b := newBench()
	first, err := b.start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	b.end(first.ID, true)
	// A second request with the same key had looked for the job before it was written.
	again, err := b.begin(t.Context(), usersync.Job{ID: first.ID, Company: aCompany, Rev: 1})
	if err != nil || again.Status != usersync.Completed || b.store.holders[aCompany].job != "" {
		t.Errorf("got %+v, %v; the lease is %+v", again, err, b.store.holders[aCompany])
	}
}

func TestARefusedStartForgetsItsKey(t *testing.T) {
	b := newBench()
	running, err := b.start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.start(t, "key")
	if e, ok := err.(*usersync.Error); !ok || e.Code != usersync.Conflict || e.Holder != running.ID {
		t.Fatalf("got %v", err)
	}
	b.end(running.ID, true)
	if _, err := b.Start(t.Context(), usersync.StartRequest{Company: aCompany, IdempotencyKey: "key", Body: [32]byte{1}}); err != nil {
		t.Errorf("the key of a refused request is still in use: %v", err)
	}
}

func TestOnceAJobIsSeenEndedAStartSucceeds(t *testing.T) {
	b := newBench()
	first, err := b.start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	b.end(first.ID, false)
	second, err := b.start(t, "")
	if err != nil || second.ID == first.ID || second.Fence != 2 || !b.store.erased[first.ID] {
		t.Errorf("got %+v, %v; key erased: %v", second, err, b.store.erased[first.ID])
	}
	if b.store.jobs[first.ID].Status != usersync.Completed {
		t.Errorf("the ended job was changed: %+v", b.store.jobs[first.ID])
	}
}

func TestAHolderWithoutAJobRowYetIsAConflict(t *testing.T) {
	b := newBench()
	b.store.holders[aCompany] = holder{job: aJob, fence: 4, until: b.clock.Now().Add(time.Minute)}
	_, err := b.start(t, "")
	if e, ok := err.(*usersync.Error); !ok || e.Code != usersync.Conflict || e.Holder != aJob {
		t.Errorf("got %v", err)
	}
}

func TestAJobWhoseLeaseRanOutIsFailedByTheOneThatTakesItOver(t *testing.T) {
	b := newBench()
	first, err := b.start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(usersync.LeaseTerm + time.Second)
	second, err := b.start(t, "")
	old := b.store.jobs[first.ID]
	if err != nil || second.Fence != 2 || old.Status != usersync.Failed || old.Error != LeaseLost || !b.store.erased[first.ID] {
		t.Errorf("got %+v, %v; the old one is %+v", second, err, old)
	}
}

func TestTheWayBackToAHalfKnownExecution(t *testing.T) {
	for name, c := range map[string]struct {
		script []func(bool) (bool, error)
		status usersync.Status
		code   usersync.Code
		runs   int
		held   bool
	}{
		"refused":                    {[]func(bool) (bool, error){refused}, usersync.Failed, "", 0, false},
		"lost, then refused":         {[]func(bool) (bool, error){lostBefore, refused}, usersync.Failed, "", 0, false},
		"lost before it was done":    {[]func(bool) (bool, error){lostBefore, lostBefore}, usersync.Pending, "", 1, true},
		"lost after it was done":     {[]func(bool) (bool, error){lostAfter}, usersync.Pending, "", 1, true},
		"every answer lost, running": {[]func(bool) (bool, error){lostAfter, lostAfter, lostAfter, lostAfter}, usersync.Pending, usersync.Unavailable, 1, true},
		"every answer lost, not run": {[]func(bool) (bool, error){lostBefore, lostBefore, lostBefore, lostBefore}, usersync.Pending, usersync.Unavailable, 0, true},
	} {
		b := newBench(c.script...)
		job, err := b.start(t, "key")
		if usersync.CodeOf(err) != c.code || b.store.jobs[job.ID].Status != c.status || len(b.runs.started) != c.runs || (b.store.holders[aCompany].job != "") != c.held {
			t.Errorf("%s: %v; stored %+v; %d executions; lease %+v", name, err, b.store.jobs[job.ID], len(b.runs.started), b.store.holders[aCompany])
		}
		again, err := b.start(t, "key")
		if err != nil || again.ID != job.ID || again.Status != c.status || c.status == usersync.Pending && len(b.runs.started) != 1 {
			t.Errorf("%s, asked again: %+v, %v; %d executions", name, again, err, len(b.runs.started))
		}
	}
}

func TestACallerThatGoesAwayDoesNotStopAStartHalfway(t *testing.T) {
	b := newBench()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if job, err := b.Start(ctx, usersync.StartRequest{Company: aCompany}); err != nil || len(b.runs.started) != 1 {
		t.Errorf("got %+v, %v; %d executions", job, err, len(b.runs.started))
	}
}
