package engine

import (
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Ref names the job that a step works on, the fence that it works under, and the execution that it is of.
type Ref struct {
	Job       usersync.JobID
	Company   usersync.CompanyID
	Fence     int64
	Execution int // the job's executions are counted from 1
}

// current is nil where nobody newer works on the job.
func (ref Ref) current(job *usersync.Job) error {
	switch {
	case job.Fence != ref.Fence:
		return usersync.E(usersync.Fenced, "the job runs under another lease")
	case ref.Execution < job.Progress.Execution:
		return usersync.E(usersync.Fenced, "a later execution works on the job")
	}
	return nil
}

// Next names the step that follows.
type Next string

// The steps.
const (
	NextFetch  Next = "fetch"
	NextUpsert Next = "upsert"
	NextSettle Next = "settle"
	NextFinish Next = "finish"
)

// Step is where a step leaves the job: what follows, and how long to wait before it.
type Step struct {
	Next Next
	Wait time.Duration
}
