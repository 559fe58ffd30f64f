package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// RunStart holds a store to what the start protocol needs of it: starts at once, takeovers, and the
// way back to an execution of which it is not known whether it was started. open is as for Run.
func RunStart(t *testing.T, open func(t *testing.T, clock usersync.Clock) (a, b usersync.Store)) {
	runAll(t, open, []promise[usersync.Store]{
		{"AThousandStartsGiveOneJob", aThousandStartsGiveOneJob},
		{"AHundredStartsWithOneKeyGiveOneJob", aHundredStartsWithOneKeyGiveOneJob},
		{"AHalfKnownExecutionIsFoundAgain", aHalfKnownExecutionIsFoundAgain},
		{"AnEndedHolderDoesNotHoldUpAStart", anEndedHolderDoesNotHoldUpAStart},
		{"ARunOutJobIsFailedByItsSuccessor", aRunOutJobIsFailedByItsSuccessor},
	})
}

// oneTenant is the settings of whichever company is asked for; it opens nothing.
type oneTenant struct{ usersync.Connectors }

func (oneTenant) Company(_ context.Context, id usersync.CompanyID) (usersync.Company, error) {
	return usersync.Company{ID: id, Source: usersync.Endpoint{Type: "file"}, Target: usersync.Endpoint{Type: "directory"}}, nil
}

func (oneTenant) Companies(context.Context) ([]usersync.CompanyID, error) { return nil, nil }

func (oneTenant) LinkSet(c usersync.Company) (usersync.LinkSet, error) {
	return usersync.LinkSetOf(c.ID, "file", "directory"), nil
}

// answer says what becomes of one call of Start: whether the execution starts, and what is said of it.
type answer struct {
	starts bool
	err    error
}

var (
	errNoAnswer = errors.New("the connection broke")
	refused     = answer{false, usersync.E(usersync.Rejected, "refused")}
	lostBefore  = answer{false, errNoAnswer}
	lostAfter   = answer{true, errNoAnswer}
)

// scriptedExecutions starts executions by name, as the script says and then as it is asked.
type scriptedExecutions struct {
	mu      sync.Mutex
	script  []answer
	started map[string]string
}

func (e *scriptedExecutions) Start(_ context.Context, name string, input []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if was, known := e.started[name]; known && was != string(input) {
		return usersync.E(usersync.Rejected, "the name has another input")
	}
	next := answer{starts: true}
	if len(e.script) > 0 {
		next, e.script = e.script[0], e.script[1:]
	}
	if next.starts {
		e.started[name] = string(input)
	}
	return next.err
}

// starters is a starter on each client, over the same executions.
func starters(p stores, script ...answer) (of pair[*workflow.Starter], runs *scriptedExecutions) {
	runs = &scriptedExecutions{script: script, started: map[string]string{}}
	return pair[*workflow.Starter]{
		clock: p.clock,
		a:     workflow.NewStarter(&workflow.Closer{Store: p.a, Clock: p.clock}, oneTenant{}, oneTenant{}, runs),
		b:     workflow.NewStarter(&workflow.Closer{Store: p.b, Clock: p.clock}, oneTenant{}, oneTenant{}, runs),
	}, runs
}

func aThousandStartsGiveOneJob(t *testing.T, p stores) {
	company := newCompany()
	s, runs := starters(p)
	jobs, errs := make([]usersync.Job, 1000), make([]error, 1000)
	together(len(jobs), func(i int) {
		jobs[i], errs[i] = s.either(i).Start(t.Context(), usersync.StartRequest{Company: company})
	})
	var winner usersync.JobID
	for i, err := range errs {
		switch {
		case err != nil:
		case winner != "":
			t.Fatal("two jobs run")
		default:
			winner = jobs[i].ID
		}
	}
	for _, err := range errs {
		if err != nil {
			wantHolder(t, err, winner)
		}
	}
	if all := get(p.a.ListJobs(t.Context(), usersync.JobQuery{Company: company, Take: 10}))(t); len(all) != 1 || len(runs.started) != 1 {
		t.Errorf("%d jobs and %d executions", len(all), len(runs.started))
	}
}

func aHundredStartsWithOneKeyGiveOneJob(t *testing.T, p stores) {
	company := newCompany()
	s, runs := starters(p)
	jobs, errs := make([]usersync.Job, 100), make([]error, 100)
	together(len(jobs), func(i int) {
		jobs[i], errs[i] = s.either(i).Start(t.Context(), usersync.StartRequest{Company: company, IdempotencyKey: "night"})
	})
	for i, err := range errs {
		noError(t, err)
		if jobs[i].ID != jobs[0].ID {
			t.Fatal("two jobs have one key")
		}
	}
	if all := get(p.b.ListJobs(t.Context(), usersync.JobQuery{Company: company, Take: 10}))(t); len(all) != 1 || len(runs.started) != 1 {
		t.Errorf("%d jobs and %d executions", len(all), len(runs.started))
	}
}

func aHalfKnownExecutionIsFoundAgain(t *testing.T, p stores) {
	for _, c := range []struct {
		name   string
		script []answer
		code   usersync.Code
		status usersync.Status
		runs   int // after the first start; a second one with the key makes it one, unless it was refused
	}{
		{"refused", []answer{refused}, "", usersync.Failed, 0},
		{"lost before it was done, then refused", []answer{lostBefore, refused}, "", usersync.Failed, 0},
		{"lost before it was done", []answer{lostBefore}, "", usersync.Pending, 1},
		{"lost after it was done", []answer{lostAfter}, "", usersync.Pending, 1},
		{"never an answer, not done", []answer{lostBefore, lostBefore, lostBefore, lostBefore}, usersync.Unavailable, usersync.Pending, 0},
		{"never an answer, done", []answer{lostAfter, lostAfter, lostAfter, lostAfter}, usersync.Unavailable, usersync.Pending, 1},
	} {
		request := usersync.StartRequest{Company: newCompany(), IdempotencyKey: "night"}
		s, runs := starters(p, c.script...)
		job, err := s.a.Start(t.Context(), request)
		wantCode(t, err, c.code)
		if stored := get(p.b.Job(t.Context(), request.Company, job.ID))(t); stored.Status != c.status || len(runs.started) != c.runs {
			t.Errorf("%s: stored as %s, %d executions", c.name, stored.Status, len(runs.started))
		}
		_, _, err = p.b.Acquire(t.Context(), request.Company, newJobID(), p.in(usersync.LeaseTerm))
		if c.status == usersync.Pending {
			wantHolder(t, err, job.ID)
		} else {
			noError(t, err)
		}
		again := get(s.b.Start(t.Context(), request))(t)
		if again.ID != job.ID || again.Status != c.status || c.status == usersync.Pending && len(runs.started) != 1 {
			t.Errorf("%s, started again: %s is %s, %d executions", c.name, again.ID, again.Status, len(runs.started))
		}
	}
}

func anEndedHolderDoesNotHoldUpAStart(t *testing.T, p stores) {
	company := newCompany()
	s, _ := starters(p)
	first := get(s.a.Start(t.Context(), usersync.StartRequest{Company: company}))(t)
	get(p.a.PutKey(t.Context(), first.ID, []byte("page key"), p.in(time.Hour)))(t)
	first.Status = usersync.Completed // and the process ends before it gives the lease back
	get(p.a.SaveJob(t.Context(), first))(t)
	second := get(s.b.Start(t.Context(), usersync.StartRequest{Company: company}))(t)
	if second.ID == first.ID || second.Fence <= first.Fence {
		t.Errorf("the second start gave %s under fence %d", second.ID, second.Fence)
	}
	_, err := p.a.Key(t.Context(), first.ID)
	wantCode(t, err, usersync.NotFound)
}

func aRunOutJobIsFailedByItsSuccessor(t *testing.T, p stores) {
	company := newCompany()
	s, _ := starters(p)
	first := get(s.a.Start(t.Context(), usersync.StartRequest{Company: company}))(t)
	p.clock.Advance(usersync.LeaseTerm + time.Second)
	get(s.b.Start(t.Context(), usersync.StartRequest{Company: company}))(t)
	old := get(p.a.Job(t.Context(), company, first.ID))(t)
	if old.Status != usersync.Failed || old.Error != workflow.LeaseLost {
		t.Errorf("the job that ran out is %s: %s", old.Status, old.Error)
	}
	_, err := p.a.SaveJob(t.Context(), first)
	wantCode(t, err, usersync.Fenced)
}
