//go:build verify

package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

// play is a trace that is played to a runner, and what the runner did.
type play struct {
	trace
	job  string
	late func(context.Context) // does not answer in time

	mu      sync.Mutex
	calls   map[string]int // by execution
	handed  int
	started []handOver
	told    map[string]*told
}

// told is what a runner did with one execution.
type told struct {
	states []string // that it entered, with their inputs
	asked  []string // calls, hand-overs and waits, with what they were given
	end    string
}

// mostCalls is how many calls no execution of a trace makes; one that goes in circles is stopped there.
const mostCalls = 200

func newPlay(t trace, job string, late func(context.Context)) *play {
	return &play{trace: t, job: job, late: late, calls: map[string]int{}, told: map[string]*told{}}
}

// of is what is told of an execution; p.mu is held.
func (p *play) of(execution string) *told {
	if p.told[execution] == nil {
		p.told[execution] = &told{}
	}
	return p.told[execution]
}

func (p *play) state(execution int, fields string) string {
	return fmt.Sprintf(`{"job":%q,"company":"c","fence":3,"execution":%d,%s}`, p.job, execution, fields)
}

func (p *play) wait(execution, seconds string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(execution).ask("wait", seconds)
}

func (t *told) ask(what, with string) { t.asked = append(t.asked, what+" "+with) }

func (p *play) invoke(ctx context.Context, execution, function string, input json.RawMessage) (json.RawMessage, *local.Error) {
	var at struct{ Execution int }
	_ = json.Unmarshal(input, &at)
	p.mu.Lock()
	p.of(execution).ask(function, canonical(input))
	n := p.calls[execution]
	p.calls[execution]++
	p.mu.Unlock()

	r := reply{next: straight[function]}
	if e := at.Execution - 1; e >= 0 && e < len(p.replies) && n < len(p.replies[e]) {
		r = p.replies[e][n]
	}
	if n >= mostCalls {
		r = reply{err: "Endless"}
	}
	switch {
	case r.late:
		p.late(ctx)
	case r.err != "":
		return nil, &local.Error{Name: r.err, Cause: fmt.Sprintf(`{"errorMessage":"why","errorType":%q}`, r.err)}
	case r.raw != "":
		return json.RawMessage(p.state(at.Execution, r.raw)), nil
	}
	fields := fmt.Sprintf(`"next":%q,"wait":%d`, r.next, r.wait)
	if r.next == "handover" {
		next := at.Execution + 1
		name := workflow.State{Job: usersync.JobID(p.job), Execution: next}.Name()
		fields += fmt.Sprintf(`,"successor":{"name":%q,"input":%s}`, name, p.state(next, `"next":"fetch"`))
	}
	return json.RawMessage(p.state(at.Execution, fields)), nil
}

func (p *play) startExecution(request handOver) (start bool, failed *local.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of("hand-overs").ask("start "+request.Name+" of "+request.StateMachineArn, canonical([]byte(request.Input)))
	h := handing{done: true}
	if p.handed < len(p.handOvers) {
		h = p.handOvers[p.handed]
	}
	p.handed++
	if h.done {
		p.started = append(p.started, request)
	}
	if h.refused != "" {
		failed = refused(h.refused)
	}
	return h.done, failed
}

// entered notes a state; ended notes the end. A States.Runtime error has no cause that two runners share.
func (p *play) entered(execution, state, input string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.of(execution)
	t.states = append(t.states, state+" "+canonical([]byte(input)))
}

func (p *play) ended(execution, output, name, cause string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case name == "States.Runtime":
		p.of(execution).end = name
	case name != "":
		p.of(execution).end = name + ": " + cause
	default:
		p.of(execution).end = canonical([]byte(output))
	}
}

// onEngine plays a trace to a machine of the engine. It is an error if the engine does not end.
func onEngine(ctx context.Context, e *aslEngine, machine string, t trace) (*play, error) {
	over, end := context.WithCancel(ctx)
	defer end() // what was late may come now
	p := newPlay(t, uuid.NewString(), func(context.Context) { <-over.Done() })
	if err := e.start(ctx, machine, p.job, []byte(p.state(1, `"next":"fetch"`)), p); err != nil {
		return nil, err
	}
	for names := []string{p.job}; len(names) > 0; names = names[1:] {
		events, err := e.ended(ctx, machine, names[0])
		if err != nil {
			return nil, err
		}
		for _, event := range events {
			if d := event.StateEnteredEventDetails; d != nil {
				p.entered(names[0], *d.Name, aws.ToString(d.Input))
			}
			if d := event.ExecutionSucceededEventDetails; d != nil {
				p.ended(names[0], aws.ToString(d.Output), "", "")
			}
			if d := event.ExecutionFailedEventDetails; d != nil {
				p.ended(names[0], "", aws.ToString(d.Error), aws.ToString(d.Cause))
			}
		}
		names = append(names, p.take()...)
	}
	return p, nil
}

// take returns the names of the executions that were handed over to since it was last asked.
func (p *play) take() (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.started {
		names = append(names, h.Name)
	}
	p.started = nil
	return names
}

// locally plays a trace to the local runner, as the same job and the same machine.
func locally(ctx context.Context, definition []byte, machine, job string, t trace) (*play, error) {
	clock := usersynctest.NewClock()
	p := newPlay(t, job, func(context.Context) { clock.Advance(time.Hour) })
	inputs := map[string]string{job: p.state(1, `"next":"fetch"`)}
	for names := []string{job}; len(names) > 0; names = names[1:] {
		name := names[0]
		var handed []handOver
		tasks := map[string]local.Task{"arn:aws:states:::states:startExecution": func(_ context.Context, input json.RawMessage) (json.RawMessage, error) {
			var asked struct {
				StateMachineArn, Name string
				Input                 json.RawMessage
			}
			if err := json.Unmarshal(input, &asked); err != nil {
				return nil, err
			}
			request := handOver{asked.StateMachineArn, asked.Name, string(asked.Input)}
			start, failed := p.startExecution(request)
			if start {
				handed = append(handed, request)
			}
			if failed != nil {
				return nil, failed
			}
			return json.RawMessage(`{}`), nil
		}}
		for function := range straight {
			tasks["${"+function+"FunctionArn}"] = func(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
				output, failed := p.invoke(ctx, name, function, input)
				if failed != nil {
					return nil, failed
				}
				return output, nil
			}
		}
		m, err := local.Load(definition, tasks, local.Options{
			Clock: &toldClock{clock, func(s string) { p.wait(name, s) }}, ID: machine, Random: func() float64 { return 1 },
			Trace: func(state string, input json.RawMessage) { p.entered(name, state, string(input)) },
		})
		if err != nil {
			return nil, err
		}
		output, err := m.Run(ctx, json.RawMessage(inputs[name]))
		failed, named := errors.AsType[*local.Error](err)
		switch {
		case named:
			p.ended(name, "", failed.Name, failed.Cause)
		case err != nil:
			return nil, err
		default:
			p.ended(name, string(output), "", "")
		}
		for _, h := range handed {
			inputs[h.Name] = h.Input
			names = append(names, h.Name)
		}
	}
	return p, nil
}

// toldClock tells of each wait.
type toldClock struct {
	*usersynctest.Clock
	tell func(seconds string)
}

func (c *toldClock) Wait(ctx context.Context, d time.Duration) error {
	c.tell(strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
	return c.Clock.Wait(ctx, d)
}

// difference says how what two runners did differs first; empty where it does not.
func difference(engine, local *play) string {
	for _, name := range slices.Sorted(maps.Keys(local.told)) {
		e, l := engine.told[name], local.told[name]
		if e == nil {
			return name + " does not run on the engine"
		}
		for what, lists := range map[string][2][]string{"states": {e.states, l.states}, "asked": {e.asked, l.asked}, "end": {{e.end}, {l.end}}} {
			for i := range max(len(lists[0]), len(lists[1])) {
				if on, here := at(lists[0], i), at(lists[1], i); on != here {
					return fmt.Sprintf("%s, %s %d:\n  engine %s\n  local  %s", name, what, i, on, here)
				}
			}
		}
	}
	if len(engine.told) != len(local.told) {
		return fmt.Sprintf("%d executions on the engine, %d here", len(engine.told), len(local.told))
	}
	return ""
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// canonical is a JSON value in one spelling.
func canonical(text []byte) string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return string(text)
	}
	spelled, err := json.Marshal(value)
	if err != nil {
		return string(text)
	}
	return string(spelled)
}
