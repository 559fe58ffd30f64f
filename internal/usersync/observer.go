package usersync

import (
	"context"
	"time"
)

// Observer is told what happens to jobs, for metrics and for those who wait for an end. What it does is
// best effort: it logs its own failures, bounds its own time, and nothing depends on it. It is safe for
// concurrent use.
type Observer interface {
	// Stepped tells of a step that was made, whatever came of it.
	Stepped(ctx context.Context, s StepReport)
	// Ended tells of a job that has ended, as it is stored. It may be told twice of one job.
	Ended(ctx context.Context, job Job)
}

// StepReport says what one step cost.
type StepReport struct {
	Job       JobID
	Company   CompanyID
	Step      string // fetch, upsert or settle
	Took      time.Duration
	Requests  int // to the target
	Throttles int // answers of source or target that asked for a pause
	Error     Code
}

// Nobody is an Observer that does not listen.
type Nobody struct{}

// Stepped does nothing.
func (Nobody) Stepped(context.Context, StepReport) {}

// Ended does nothing.
func (Nobody) Ended(context.Context, Job) {}
