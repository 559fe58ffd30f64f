package engine

import (
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Ref names the job that a step works on, and the fence that it works under.
type Ref struct {
	Job     usersync.JobID
	Company usersync.CompanyID
	Fence   int64
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
