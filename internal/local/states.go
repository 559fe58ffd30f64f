package local

import (
	"context"
	"encoding/json"
	"time"
)

// choiceState goes to the first choice that matches.
type choiceState struct {
	choices []choice
	other   string
}

// choice compares one value. A value of another type matches nothing; one that is not there is a
// States.Runtime error.
type choice struct {
	variable path
	matches  func(value json.RawMessage) bool
	next     string
}

func (s *choiceState) run(_ context.Context, _ *Machine, input json.RawMessage) (json.RawMessage, string, error) {
	for _, c := range s.choices {
		value, err := c.variable.in(input)
		if err != nil {
			return nil, "", err
		}
		if c.matches(value) {
			return input, c.next, nil
		}
	}
	return input, s.other, nil
}

func (s *choiceState) nexts() []string {
	nexts := []string{s.other}
	for _, c := range s.choices {
		nexts = append(nexts, c.next)
	}
	return nexts
}

func stringEquals(want string) func(json.RawMessage) bool {
	return func(value json.RawMessage) bool {
		var got *string
		return json.Unmarshal(value, &got) == nil && got != nil && *got == want
	}
}

func numericGreaterThan(bound float64) func(json.RawMessage) bool {
	return func(value json.RawMessage) bool {
		var got *float64
		return json.Unmarshal(value, &got) == nil && got != nil && *got > bound
	}
}

// waitState waits as many seconds as the state says.
type waitState struct {
	seconds path
	next    string
}

// longestWait is what Step Functions allows, in seconds.
const longestWait = 99_999_999

func (s *waitState) run(ctx context.Context, m *Machine, input json.RawMessage) (json.RawMessage, string, error) {
	value, err := s.seconds.in(input)
	if err != nil {
		return nil, "", err
	}
	var seconds *int64
	if json.Unmarshal(value, &seconds) != nil || seconds == nil || *seconds < 0 || *seconds > longestWait {
		return nil, "", &Error{Name: errRuntime, Cause: "SecondsPath leads to no number of seconds"}
	}
	if err := m.o.Clock.Wait(ctx, time.Duration(*seconds)*time.Second); err != nil {
		return nil, "", err
	}
	return input, s.next, nil
}

func (s *waitState) nexts() []string { return []string{s.next} }

// succeedState ends the execution well, with its input.
type succeedState struct{}

func (succeedState) run(_ context.Context, _ *Machine, input json.RawMessage) (json.RawMessage, string, error) {
	return input, "", nil
}

func (succeedState) nexts() []string { return nil }

// failState ends the execution with an error.
type failState struct{ err Error }

func (s *failState) run(context.Context, *Machine, json.RawMessage) (json.RawMessage, string, error) {
	err := s.err
	return nil, "", &err
}

func (s *failState) nexts() []string { return nil }
