package workflow

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
)

// Engine does the work of the steps.
type Engine interface {
	Fetch(ctx context.Context, job engine.Ref) (engine.Step, error)
	Upsert(ctx context.Context, job engine.Ref) (engine.Step, error)
	Settle(ctx context.Context, job engine.Ref) (engine.Step, error)
	// Finish ends the job: as Completed where failure is empty, else as Failed with that message.
	Finish(ctx context.Context, job engine.Ref, failure string) error
}

// Steps are the handlers of the state machine's tasks, for Lambda and for one machine alike. Each may
// be called again with the same state. All their errors have names: the code of a usersync.Error, and
// a message that may be shown.
type Steps struct {
	engine Engine
	log    *slog.Logger
}

// NewSteps makes the handlers around an engine.
func NewSteps(e Engine, log *slog.Logger) *Steps { return &Steps{engine: e, log: log} }

// Fetch stages a batch of pages.
func (s *Steps) Fetch(ctx context.Context, in State) (State, error) {
	return s.step(ctx, in, s.engine.Fetch)
}

// Upsert applies the staged pages.
func (s *Steps) Upsert(ctx context.Context, in State) (State, error) {
	return s.step(ctx, in, s.engine.Upsert)
}

// Settle counts and finds leavers, a part at a time.
func (s *Steps) Settle(ctx context.Context, in State) (State, error) {
	return s.step(ctx, in, s.engine.Settle)
}

// Finish ends the job: well, if the state's next is finish and it carries no error, else as failed.
func (s *Steps) Finish(ctx context.Context, in State) (State, error) {
	return s.step(ctx, in, func(ctx context.Context, job engine.Ref) (engine.Step, error) {
		return engine.Step{}, s.engine.Finish(ctx, job, in.failure())
	})
}

// step runs one step and says what follows: what the step answered, or the hand-over.
func (s *Steps) step(ctx context.Context, in State, work func(context.Context, engine.Ref) (engine.Step, error)) (State, error) {
	step, err := s.guarded(ctx, in, work)
	if err != nil {
		return State{}, Boundary(ctx, s.log, err, "job", in.Job, "company", in.Company)
	}
	out := State{
		Job: in.Job, Company: in.Company, Fence: in.Fence, Execution: in.Execution,
		Steps: in.Steps + 1, Next: step.Next, Wait: seconds(step.Wait),
	}
	switch step.Next {
	case engine.NextFetch, engine.NextUpsert, engine.NextSettle:
		if out.Steps >= MaxSteps {
			next := in.Again(in.Execution + 1)
			out.Next, out.Successor = NextHandOver, &Successor{Name: next.Name(), Input: next}
		}
	case engine.NextFinish:
	default:
		out.Next = "" // after finish nothing follows; after another step the state machine ends the job
	}
	return out, nil
}

// guarded turns a panic into an error, so that the job gets an end and the process goes on. The log
// gets the stack, and the panic's text only where it is Go's own.
func (s *Steps) guarded(ctx context.Context, in State, work func(context.Context, engine.Ref) (engine.Step, error)) (step engine.Step, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		text := fmt.Sprintf("a panic of type %T", p)
		if own, ok := p.(interface{ RuntimeError() }); ok {
			text = fmt.Sprint(own)
		}
		s.log.ErrorContext(ctx, "a step panicked", "job", in.Job, "company", in.Company, "panic", text, "stack", string(debug.Stack()))
		err = usersync.E(usersync.Internal, "a step ended in an unforeseen way")
	}()
	return work(ctx, engine.Ref{Job: in.Job, Company: in.Company, Fence: in.Fence, Execution: in.Execution})
}
