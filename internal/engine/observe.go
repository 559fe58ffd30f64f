package engine

import (
	"context"
	"sync/atomic"

	"github.com/usersync/usersync/internal/usersync"
)

// tally counts what a step costs others. It is safe for concurrent use.
type tally struct {
	requests  atomic.Int64 // to the target
	throttles atomic.Int64 // answers, of source or target, that asked for a pause
}

// observed makes a step and tells the observer of it.
func (e *Engine) observed(ctx context.Context, name Next, ref Ref, step func(context.Context, Ref, *tally) (Step, error)) (Step, error) {
	var t tally
	began := e.Clock.Now()
	next, err := step(ctx, ref, &t)
	report := usersync.StepReport{
		Job: ref.Job, Company: ref.Company, Step: string(name), Took: e.Clock.Now().Sub(began),
		Requests: int(t.requests.Load()), Throttles: int(t.throttles.Load()),
	}
	if err != nil {
		report.Error = usersync.CodeOf(err)
	}
	e.Observer.Stepped(ctx, report)
	return next, err
}
