package engine

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// fuse lets a process die at a chosen call: from then on every call fails, and does nothing.
type fuse struct {
	mu    sync.Mutex
	armed bool
	calls int  // calls until now
	at    int  // the call at which it blows
	after bool // that call is still carried out; only its answer is lost
	blown bool
}

var errCrash = errors.New("crash")

// burn counts a call; do is carried out unless the process is dead.
func (f *fuse) burn(do func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blown {
		return errCrash
	}
	f.calls++
	if f.armed && f.calls == f.at {
		f.blown = true
		if f.after {
			do()
		}
		return errCrash
	}
	return do()
}

// arm sets the fuse to blow at call n from now.
func (f *fuse) arm(n int, after bool) {
	f.armed, f.calls, f.at, f.after, f.blown = true, 0, n, after, false
}

// mend starts the process again.
func (f *fuse) mend() { f.armed, f.blown = false, false }

type fencedData struct {
	data    []byte
	fence   int64
	expires time.Time
}

type fencedLink struct {
	usersync.Link
	fence int64
}

type heldLease struct {
	usersync.Lease
	until time.Time
	free  bool
}

// memory is a store that forgets everything with the test.
type memory struct {
	fuse
	usersync.Idempotency
	clock    usersync.Clock
	leases   map[usersync.CompanyID]*heldLease
	jobs     map[usersync.JobID]usersync.Job
	rows     map[usersync.RowID]fencedData
	keys     map[usersync.JobID][]byte
	links    map[usersync.KeyHash]fencedLink
	order    []usersync.KeyHash // of links; nil where it is to be made again
	reserved map[usersync.KeyHash]string
	survey   map[usersync.KeyHash][]string
	onLinks  func(links []usersync.Link) // told of links that are about to be written
	onRows   func()                      // called before rows are read in order
	strong   bool                        // how links were last read
	rival    []byte                      // what another process writes just before a row is put once
}

func newMemory(clock usersync.Clock) *memory {
	return &memory{
		clock: clock, leases: map[usersync.CompanyID]*heldLease{}, jobs: map[usersync.JobID]usersync.Job{},
		rows: map[usersync.RowID]fencedData{}, keys: map[usersync.JobID][]byte{},
		links: map[usersync.KeyHash]fencedLink{}, reserved: map[usersync.KeyHash]string{}, survey: map[usersync.KeyHash][]string{},
	}
}

func errFenced() error   { return usersync.E(usersync.Fenced, "fenced") }
func errNotFound() error { return usersync.E(usersync.NotFound, "not found") }

func (m *memory) Ping(context.Context) error { return nil }

func (m *memory) Acquire(_ context.Context, c usersync.CompanyID, job usersync.JobID, until time.Time) (l usersync.Lease, previous usersync.JobID, err error) {
	err = m.burn(func() error {
		held := m.leases[c]
		if held == nil {
			held = &heldLease{free: true}
			m.leases[c] = held
		}
		if !held.free && held.until.After(m.clock.Now()) {
			return usersync.E(usersync.Conflict, "held")
		}
		held.Lease = usersync.Lease{Company: c, Job: job, Fence: held.Fence + 1}
		held.until, held.free = until, false
		l = held.Lease
		return nil
	})
	return l, "", err
}

func (m *memory) Extend(_ context.Context, l usersync.Lease, until time.Time) error {
	return m.burn(func() error {
		held := m.leases[l.Company]
		if held == nil || held.free || held.Lease != l {
			return errFenced()
		}
		if until.After(held.until) {
			held.until = until
		}
		return nil
	})
}

func (m *memory) Release(_ context.Context, l usersync.Lease) error {
	return m.burn(func() error {
		if held := m.leases[l.Company]; held != nil && held.Lease == l {
			held.free = true
		}
		return nil
	})
}

func (m *memory) CreateJob(_ context.Context, job usersync.Job) error {
	return m.burn(func() error {
		job.Rev = 1
		m.jobs[job.ID] = job
		return nil
	})
}

func (m *memory) Job(_ context.Context, _ usersync.CompanyID, id usersync.JobID) (job usersync.Job, err error) {
	err = m.burn(func() error {
		var ok bool
		if job, ok = m.jobs[id]; !ok {
			return errNotFound()
		}
		return nil
	})
	return job, err
}

func (m *memory) SaveJob(_ context.Context, job usersync.Job) (usersync.Job, error) {
	err := m.burn(func() error {
		if stored := m.jobs[job.ID]; stored.Fence > job.Fence || stored.Rev != job.Rev {
			return errFenced()
		}
		job.Rev++
		m.jobs[job.ID] = job
		return nil
	})
	return job, err
}

func (m *memory) ListJobs(_ context.Context, q usersync.JobQuery) (jobs []usersync.Job, err error) {
	err = m.burn(func() error {
		for _, id := range slices.Backward(slices.Sorted(maps.Keys(m.jobs))) {
			if m.jobs[id].Company == q.Company && len(jobs) < q.Take {
				jobs = append(jobs, m.jobs[id])
			}
		}
		return nil
	})
	return jobs, err
}
func (m *memory) Unfinished(context.Context) ([]usersync.Job, error) { return nil, nil }

func (m *memory) live(id usersync.RowID) (fencedData, bool) {
	row, ok := m.rows[id]
	return row, ok && row.expires.After(m.clock.Now())
}

func (m *memory) PutRow(_ context.Context, fence int64, row usersync.Row, expires time.Time) error {
	return m.burn(func() error {
		if old, ok := m.rows[row.ID]; ok && old.fence > fence {
			return errFenced()
		}
		m.rows[row.ID] = fencedData{bytes.Clone(row.Data), fence, expires}
		return nil
	})
}

func (m *memory) PutRowOnce(_ context.Context, fence int64, row usersync.Row, expires time.Time) (stored []byte, err error) {
	err = m.burn(func() error {
		if m.rival != nil {
			m.rows[row.ID] = fencedData{m.rival, fence, expires}
		}
		if _, ok := m.live(row.ID); !ok {
			m.rows[row.ID] = fencedData{bytes.Clone(row.Data), fence, expires}
		}
		stored = bytes.Clone(m.rows[row.ID].data)
		return nil
	})
	return stored, err
}

func (m *memory) Row(_ context.Context, id usersync.RowID) (data []byte, err error) {
	err = m.burn(func() error {
		row, ok := m.live(id)
		if !ok {
			return errNotFound()
		}
		data = bytes.Clone(row.data)
		return nil
	})
	return data, err
}

func (m *memory) EachRow(_ context.Context, from usersync.RowID, yield func(usersync.Row) error) error {
	if m.onRows != nil {
		m.onRows()
	}
	var rows []usersync.Row
	err := m.burn(func() error {
		for id := range m.rows {
			row, ok := m.live(id)
			if ok && id.Job == from.Job && id.Kind == from.Kind && id.Reading == from.Reading && id.N >= from.N {
				rows = append(rows, usersync.Row{ID: id, Data: row.data})
			}
		}
		return nil
	})
	slices.SortFunc(rows, func(a, b usersync.Row) int { return a.ID.N - b.ID.N })
	for _, row := range rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return err
}

func (m *memory) PutKey(_ context.Context, job usersync.JobID, key []byte, _ time.Time) (stored []byte, err error) {
	err = m.burn(func() error {
		if old, ok := m.keys[job]; !ok {
			m.keys[job] = bytes.Clone(key)
		} else if old == nil {
			return errNotFound()
		}
		stored = m.keys[job]
		return nil
	})
	return stored, err
}

func (m *memory) Key(_ context.Context, job usersync.JobID) (key []byte, err error) {
	err = m.burn(func() error {
		if key = m.keys[job]; key == nil {
			return errNotFound()
		}
		return nil
	})
	return key, err
}

func (m *memory) EraseKey(_ context.Context, job usersync.JobID, _ time.Time) error {
	return m.burn(func() error {
		m.keys[job] = nil
		return nil
	})
}

var _ usersync.Store = (*memory)(nil)
