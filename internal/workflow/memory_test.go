package workflow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// memory is the part of a store that a start needs, in memory; what it does not have panics. The
// answer of the call with the number lose (from 1) is lost: before it did anything, or after.
type memory struct {
	usersync.Store
	clock usersync.Clock

	mu     sync.Mutex
	calls  int
	lose   int
	after  bool
	always bool // every call from lose on is lost
	faster int  // so many times, somebody else's SaveJob comes before the one that is asked for

	holders map[usersync.CompanyID]holder
	jobs    map[usersync.JobID]usersync.Job
	claims  map[string]usersync.Claim
	erased  map[usersync.JobID]bool
}

type holder struct {
	job   usersync.JobID
	fence int64
	until time.Time
}

func newMemory(clock usersync.Clock) *memory {
	return &memory{
		clock: clock, holders: map[usersync.CompanyID]holder{}, jobs: map[usersync.JobID]usersync.Job{},
		claims: map[string]usersync.Claim{}, erased: map[usersync.JobID]bool{},
	}
}

// call does one call, or loses it.
func (m *memory) call(ctx context.Context, do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &usersync.Error{Code: usersync.Unavailable, Message: "the store did not answer", Cause: err}
	}
	m.calls++
	lost := m.lose > 0 && (m.calls == m.lose || m.always && m.calls > m.lose)
	if lost && !m.after {
		return usersync.E(usersync.Unavailable, "the store did not answer")
	}
	err := do()
	if lost {
		return usersync.E(usersync.Unavailable, "the store did not answer")
	}
	return err
}

func (m *memory) Acquire(ctx context.Context, c usersync.CompanyID, job usersync.JobID, until time.Time) (l usersync.Lease, previous usersync.JobID, err error) {
	err = m.call(ctx, func() error {
		h := m.holders[c]
		switch {
		case h.job == job:
			h.until = until
		case h.job != "" && h.until.After(m.clock.Now()):
			return &usersync.Error{Code: usersync.Conflict, Message: "held", Holder: h.job}
		default:
			previous = h.job
			h = holder{job: job, fence: h.fence + 1, until: until}
		}
		m.holders[c] = h
		l = usersync.Lease{Company: c, Job: job, Fence: h.fence}
		return nil
	})
	return l, previous, err
}

func (m *memory) Release(ctx context.Context, l usersync.Lease) error {
	return m.call(ctx, func() error {
		if h := m.holders[l.Company]; h.job == l.Job && h.fence == l.Fence {
			m.holders[l.Company] = holder{fence: h.fence}
		}
		return nil
	})
}

func (m *memory) CreateJob(ctx context.Context, job usersync.Job) error {
	return m.call(ctx, func() error {
		if _, ok := m.jobs[job.ID]; ok {
			return usersync.E(usersync.Exists, "the job is there")
		}
		m.jobs[job.ID] = job
		return nil
	})
}

func (m *memory) Job(ctx context.Context, _ usersync.CompanyID, id usersync.JobID) (job usersync.Job, err error) {
	err = m.call(ctx, func() error {
		var ok bool
		if job, ok = m.jobs[id]; !ok {
			return usersync.E(usersync.NotFound, "no such job")
		}
		return nil
	})
	return job, err
}

func (m *memory) SaveJob(ctx context.Context, job usersync.Job) (usersync.Job, error) {
	err := m.call(ctx, func() error {
		if m.faster > 0 {
			other := m.jobs[job.ID]
			other.Rev++
			m.jobs[job.ID] = other
			m.faster--
		}
		if stored := m.jobs[job.ID]; stored.Rev != job.Rev || stored.Fence > job.Fence {
			return usersync.E(usersync.Fenced, "somebody was faster")
		}
		job.Rev++
		m.jobs[job.ID] = job
		return nil
	})
	return job, err
}

func (m *memory) EraseKey(ctx context.Context, id usersync.JobID, _ time.Time) error {
	return m.call(ctx, func() error { m.erased[id] = true; return nil })
}

func (m *memory) Claim(ctx context.Context, c usersync.CompanyID, key string, claim usersync.Claim, _ time.Time) (usersync.Claim, error) {
	err := m.call(ctx, func() error {
		if stands, ok := m.claims[string(c)+key]; ok {
			claim = stands
		}
		m.claims[string(c)+key] = claim
		return nil
	})
	return claim, err
}

func (m *memory) Unclaim(ctx context.Context, c usersync.CompanyID, key string, job usersync.JobID) error {
	return m.call(ctx, func() error {
		if m.claims[string(c)+key].Job == job {
			delete(m.claims, string(c)+key)
		}
		return nil
	})
}

// tenants knows every company, but for the one called nobody's, and opens nothing.
type tenants struct{ usersync.Connectors }

const nobodys usersync.CompanyID = "00000000-0000-4000-8000-000000000000"

func (tenants) Company(_ context.Context, id usersync.CompanyID) (usersync.Company, error) {
	if id == nobodys {
		return usersync.Company{}, usersync.E(usersync.NotFound, "the company has no settings")
	}
	return usersync.Company{ID: id, Source: usersync.Endpoint{Type: "file"}, Target: usersync.Endpoint{Type: "directory"}}, nil
}

func (tenants) Companies(context.Context) ([]usersync.CompanyID, error) { return nil, nil }

func (tenants) LinkSet(c usersync.Company) (usersync.LinkSet, error) {
	return usersync.LinkSetOf(c.ID, "file", "directory"), nil
}

// executions notes what was started by name, and answers the first calls by script.
type executions struct {
	mu      sync.Mutex
	script  []func(started bool) (starts bool, err error)
	started map[string]string
	asked   int
}

var (
	errLost = errors.New("the connection broke")

	lostBefore = func(started bool) (bool, error) { return started, errLost }
	lostAfter  = func(bool) (bool, error) { return true, errLost }
	refused    = func(started bool) (bool, error) { return started, usersync.E(usersync.Rejected, "refused") }
)

func (e *executions) Start(_ context.Context, name string, input []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	started, known := e.started[name]
	if known && started != string(input) {
		return usersync.E(usersync.Rejected, "the name has another input")
	}
	answer := func(bool) (bool, error) { return true, nil }
	if len(e.script) > 0 {
		answer, e.script = e.script[0], e.script[1:]
	}
	starts, err := answer(known)
	if starts {
		e.started[name] = string(input)
	}
	return err
}

func (m *memory) Unfinished(ctx context.Context) (jobs []usersync.Job, err error) {
	err = m.call(ctx, func() error {
		for _, job := range m.jobs {
			if !job.Status.Ended() {
				jobs = append(jobs, job)
			}
		}
		return nil
	})
	return jobs, err
}

func (m *memory) Extend(ctx context.Context, l usersync.Lease, until time.Time) error {
	return m.call(ctx, func() error {
		h := m.holders[l.Company]
		if h.job != l.Job || h.fence != l.Fence {
			return usersync.E(usersync.Fenced, "taken")
		}
		h.until = until
		m.holders[l.Company] = h
		return nil
	})
}
