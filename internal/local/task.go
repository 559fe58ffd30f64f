package local

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"
)

// taskState calls a task. Its parts are nested as the language nests them: what is caught has been
// retried, what is retried has been timed.
type taskState struct {
	call       Task
	parameters parameters // nil: the task gets the whole state
	result     resultPath
	timeout    time.Duration
	retry      []retrier
	catch      []catcher
	next       string
}

// retrier says how often, and after which waits, errors of some names are tried again. Each counts
// for itself, and from the beginning whenever its state is entered.
type retrier struct {
	errors   []string
	interval float64 // seconds before the first retry
	rate     float64 // by which each further wait is longer
	max      float64 // seconds that no wait is longer than
	attempts int
}

// catcher says which state follows after errors of some names.
type catcher struct {
	errors []string
	result resultPath
	next   string
}

func (s *taskState) run(ctx context.Context, m *Machine, input json.RawMessage) (json.RawMessage, string, error) {
	output, err := s.retried(ctx, m, input)
	if err != nil {
		return s.caught(input, err)
	}
	output, err = s.result.put(input, output)
	return output, s.next, err
}

func (s *taskState) nexts() []string {
	nexts := []string{s.next}
	for _, c := range s.catch {
		nexts = append(nexts, c.next)
	}
	return nexts
}

// caught finds the state that follows an error, which becomes part of that state's input.
func (s *taskState) caught(input json.RawMessage, err error) (json.RawMessage, string, error) {
	failed, ok := errors.AsType[*Error](err)
	if !ok {
		return nil, "", err
	}
	for _, c := range s.catch {
		if !matches(c.errors, failed) {
			continue
		}
		text, err := json.Marshal(map[string]string{"Error": failed.Name, "Cause": failed.Cause})
		if err != nil {
			return nil, "", err
		}
		output, err := c.result.put(input, text)
		return output, c.next, err
	}
	return nil, "", err
}

// retried calls the task until it succeeds or no retrier takes its error on.
func (s *taskState) retried(ctx context.Context, m *Machine, input json.RawMessage) (json.RawMessage, error) {
	used := make([]int, len(s.retry))
	for {
		output, err := s.timed(ctx, m, input)
		failed, ok := errors.AsType[*Error](err)
		if !ok {
			return output, err
		}
		i := slices.IndexFunc(s.retry, func(r retrier) bool { return matches(r.errors, failed) })
		if i < 0 || used[i] == s.retry[i].attempts {
			return nil, err
		}
		wait := s.retry[i].wait(used[i]) * m.o.Random()
		used[i]++
		if err := m.o.Clock.Wait(ctx, time.Duration(wait*float64(time.Second))); err != nil {
			return nil, err
		}
	}
}

// wait is how many seconds the n-th retry, counted from 0, is put off at most; full jitter makes it
// any part of that.
func (r retrier) wait(n int) float64 { return min(r.interval*math.Pow(r.rate, float64(n)), r.max) }

// timed calls the task and gives what comes later than its time-out the name that it then has. What a
// task says after the context's end is not listened to.
func (s *taskState) timed(ctx context.Context, m *Machine, input json.RawMessage) (json.RawMessage, error) {
	if s.parameters != nil {
		var err error
		if input, err = s.parameters.from(m, input); err != nil {
			return nil, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	begun := m.o.Clock.Now()
	output, err := s.call(limited, input)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil || m.o.Clock.Now().Sub(begun) > s.timeout:
		return nil, &Error{Name: errTimeout}
	case err != nil:
		if failed, ok := errors.AsType[*Error](err); ok {
			return nil, failed
		}
		return nil, &Error{Name: errTaskFailed}
	case !json.Valid(output):
		return nil, &Error{Name: errRuntime, Cause: "the task's output is no JSON"}
	}
	return output, nil
}

// matches reports whether the error has one of the names; States.ALL is every name but States.Runtime.
func matches(names []string, err *Error) bool {
	return slices.Contains(names, err.Name) || err.Name != errRuntime && slices.Contains(names, "States.ALL")
}
