package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// object is a JSON object of the file. Its fields are taken one after the other; one that is left over
// at the end is not known, and one that is missing or of the wrong type is an error.
type object struct {
	where  string
	fields map[string]json.RawMessage
	faults []error
}

func newObject(where string, data json.RawMessage) *object {
	o := &object{where: where}
	if err := json.Unmarshal(data, &o.fields); err != nil || o.fields == nil {
		o.fault("is no object")
	}
	return o
}

func (o *object) fault(format string, args ...any) {
	o.faults = append(o.faults, fmt.Errorf(o.where+": "+format, args...))
}

// raw takes a field that may be absent.
func (o *object) raw(name string) json.RawMessage {
	value := o.fields[name]
	delete(o.fields, name)
	return value
}

// take takes a field that must be there.
func take[T any](o *object, name string) (value T) {
	raw, ok := o.fields[name]
	switch {
	case !ok:
		o.fault("the field %q is missing", name)
	case string(raw) == "null" || json.Unmarshal(o.raw(name), &value) != nil:
		o.fault("the field %q is of the wrong type", name)
	}
	return value
}

// list takes a list of objects that must be there and reads each of them.
func list[T any](o *object, name string, read func(*object) T) (values []T) {
	for i, raw := range take[[]json.RawMessage](o, name) {
		each := newObject(fmt.Sprintf("%s: %s[%d]", o.where, name, i), raw)
		values = append(values, read(each))
		o.faults = append(o.faults, each.done())
	}
	if len(values) == 0 {
		o.fault("the field %q is empty", name)
	}
	return values
}

// parsed keeps a parser's error.
func parsed[T any](o *object, value T, err error) T {
	if err != nil {
		o.fault("%w", err)
	}
	return value
}

// done refuses what is left over.
func (o *object) done() error {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		o.fault("the field %q is not known", name)
	}
	return errors.Join(o.faults...)
}

func (m *Machine) load(definition []byte, tasks map[string]Task) error {
	top := newObject("the definition", definition)
	_ = take[string](top, "Comment")
	if language := take[string](top, "QueryLanguage"); language != "JSONPath" {
		top.fault("the QueryLanguage %q is not known", language)
	}
	m.start = take[string](top, "StartAt")
	states := take[map[string]json.RawMessage](top, "States")
	for _, name := range slices.Sorted(maps.Keys(states)) {
		o := newObject(fmt.Sprintf("state %q", name), states[name])
		m.states[name] = readState(o, tasks)
		top.faults = append(top.faults, o.done())
	}
	if err := top.done(); err != nil {
		return err
	}
	return m.connected()
}

func readState(o *object, tasks map[string]Task) state {
	_ = take[string](o, "Comment")
	switch kind := take[string](o, "Type"); kind {
	case "Task":
		return readTask(o, tasks)
	case "Choice":
		return &choiceState{choices: list(o, "Choices", readChoice), other: take[string](o, "Default")}
	case "Wait":
		seconds, err := parsePath(take[string](o, "SecondsPath"))
		return &waitState{seconds: parsed(o, seconds, err), next: take[string](o, "Next")}
	case "Succeed":
		return succeedState{}
	case "Fail":
		return &failState{err: Error{Name: take[string](o, "Error"), Cause: take[string](o, "Cause")}}
	default:
		o.fault("the Type %q is not known", kind)
		return succeedState{}
	}
}

func readTask(o *object, tasks map[string]Task) *taskState {
	resource := take[string](o, "Resource")
	s := &taskState{call: tasks[resource], next: take[string](o, "Next")}
	if s.call == nil {
		o.fault("there is no task for the Resource %q", resource)
	}
	if o.fields["Parameters"] != nil {
		params, err := parseParameters(take[map[string]string](o, "Parameters"))
		s.parameters = parsed(o, params, err)
	}
	result, err := parseResultPath(o.raw("ResultPath"))
	s.result = parsed(o, result, err)
	limit := take[int](o, "TimeoutSeconds")
	if limit < 1 || limit > longestWait {
		o.fault("TimeoutSeconds is out of bounds")
	}
	s.timeout = time.Duration(limit) * time.Second
	s.retry = list(o, "Retry", readRetrier)
	s.catch = list(o, "Catch", readCatcher)
	return s
}

func readRetrier(o *object) retrier {
	r := retrier{
		errors:   readNames(o),
		interval: float64(take[int](o, "IntervalSeconds")),
		rate:     take[float64](o, "BackoffRate"),
		max:      float64(take[int](o, "MaxDelaySeconds")),
		attempts: take[int](o, "MaxAttempts"),
	}
	if jitter := take[string](o, "JitterStrategy"); jitter != "FULL" {
		o.fault("the JitterStrategy %q is not known", jitter)
	}
	if r.interval < 1 || r.rate < 1 || r.max <= r.interval || r.max > 31_622_400 || r.attempts < 0 {
		o.fault("IntervalSeconds, BackoffRate, MaxDelaySeconds or MaxAttempts is out of bounds")
	}
	return r
}

func readCatcher(o *object) catcher {
	c := catcher{errors: readNames(o), next: take[string](o, "Next")}
	result, err := parseResultPath(o.raw("ResultPath"))
	c.result = parsed(o, result, err)
	return c
}

// readNames reads ErrorEquals. Of the language's own names those are known that the machine raises,
// and States.ALL, which stands alone.
func readNames(o *object) []string {
	names := take[[]string](o, "ErrorEquals")
	if len(names) == 0 {
		o.fault("ErrorEquals is empty")
	}
	for _, name := range names {
		switch {
		case name == "States.ALL" && len(names) > 1:
			o.fault("States.ALL does not stand alone")
		case strings.HasPrefix(name, "States.") && name != "States.ALL" && name != errTimeout:
			o.fault("the error %q is not known", name)
		}
	}
	return names
}

func readChoice(o *object) choice {
	variable, err := parsePath(take[string](o, "Variable"))
	c := choice{variable: parsed(o, variable, err), next: take[string](o, "Next")}
	switch {
	case o.fields["StringEquals"] != nil:
		c.matches = stringEquals(take[string](o, "StringEquals"))
	case o.fields["NumericGreaterThan"] != nil:
		c.matches = numericGreaterThan(take[float64](o, "NumericGreaterThan"))
	default:
		o.fault("there is no operator that is known")
	}
	return c
}

// connected refuses names of states that are not there, and ways round without a task.
func (m *Machine) connected() error {
	if m.states[m.start] == nil {
		return fmt.Errorf("the definition: there is no state %q to start at", m.start)
	}
	const open, closed = 1, 2
	seen := map[string]int{}
	var walk func(name string) error
	walk = func(name string) error {
		seen[name] = open
		for _, next := range m.states[name].nexts() {
			if m.states[next] == nil {
				return fmt.Errorf("state %q: there is no state %q to follow it", name, next)
			}
			if _, works := m.states[next].(*taskState); works || seen[next] == closed {
				continue // a way round through a task is none without one
			}
			if seen[next] == open {
				return fmt.Errorf("state %q: the way back to %q meets no task", name, next)
			}
			if err := walk(next); err != nil {
				return err
			}
		}
		seen[name] = closed
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m.states)) {
		if seen[name] == closed {
			continue
		}
		if err := walk(name); err != nil {
			return err
		}
	}
	return nil
}
