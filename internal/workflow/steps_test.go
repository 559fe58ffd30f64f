package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
)

// scripted answers every step alike.
type scripted struct {
	step     engine.Step
	err      error
	panics   any
	failures []string // what Finish was given
	refs     []engine.Ref
}

func (e *scripted) answer(ref engine.Ref) (engine.Step, error) {
	e.refs = append(e.refs, ref)
	if e.panics != nil {
		panic(e.panics)
	}
	return e.step, e.err
}

func (e *scripted) Fetch(_ context.Context, ref engine.Ref) (engine.Step, error) {
	return e.answer(ref)
}
func (e *scripted) Upsert(_ context.Context, ref engine.Ref) (engine.Step, error) {
	return e.answer(ref)
}
func (e *scripted) Settle(_ context.Context, ref engine.Ref) (engine.Step, error) {
	return e.answer(ref)
}
func (e *scripted) Finish(_ context.Context, ref engine.Ref, failure string) error {
	e.failures = append(e.failures, failure)
	_, err := e.answer(ref)
	return err
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestAStepPassesOnWhereTheJobIs(t *testing.T) {
	e := &scripted{step: engine.Step{Next: engine.NextUpsert, Wait: 1500 * time.Millisecond}}
	in := aState()
	in.Steps, in.Wait = 7, 9
	out, err := NewSteps(e, quiet()).Fetch(t.Context(), in)
	want := State{Job: aJob, Company: aCompany, Fence: 3, Execution: 1, Steps: 8, Next: engine.NextUpsert, Wait: 2}
	if err != nil || out != want {
		t.Errorf("got %+v, %v; want %+v", out, err, want)
	}
	if (e.refs[0] != engine.Ref{Job: aJob, Company: aCompany, Fence: 3, Execution: 1}) {
		t.Errorf("the engine was called for %+v", e.refs[0])
	}
}

func TestTheLastStepOfAnExecutionHandsOverAndKeepsTheWait(t *testing.T) {
	in := aState()
	in.Steps = MaxSteps - 1
	out, err := NewSteps(&scripted{step: engine.Step{Next: engine.NextSettle, Wait: time.Minute}}, quiet()).Upsert(t.Context(), in)
	if err != nil || out.Next != NextHandOver || out.Wait != 60 {
		t.Fatalf("got %+v, %v", out, err)
	}
	want := State{Job: aJob, Company: aCompany, Fence: 3, Execution: 2, Next: engine.NextFetch}
	if out.Successor.Name != aJob+"-2" || out.Successor.Input != want {
		t.Errorf("handed over to %+v", out.Successor)
	}
	out, err = NewSteps(&scripted{step: engine.Step{Next: engine.NextFinish}}, quiet()).Settle(t.Context(), in)
	if err != nil || out.Next != engine.NextFinish || out.Successor != nil {
		t.Errorf("a job at its end was handed over: %+v, %v", out, err)
	}
}

func TestAnAnswerThatIsNoStepLeadsNowhere(t *testing.T) {
	for _, next := range []engine.Next{"", "sing", NextHandOver} {
		out, err := NewSteps(&scripted{step: engine.Step{Next: next}}, quiet()).Fetch(t.Context(), aState())
		if err != nil || out.Next != "" {
			t.Errorf("%q became %q, %v", next, out.Next, err)
		}
	}
}

// invoked is what Lambda itself makes of an error of a handler.
func invoked(t *testing.T, e Engine, log *slog.Logger) messages.InvokeResponse_Error {
	t.Helper()
	input, _ := json.Marshal(aState())
	_, err := lambda.NewHandler(NewSteps(e, log).Upsert).Invoke(t.Context(), input)
	// By assertion and by value, as Lambda looks at it: wrapped, it has lost its name.
	named, ok := err.(messages.InvokeResponse_Error)
	if !ok {
		t.Fatalf("Lambda would report %T", err)
	}
	return named
}

func TestEveryErrorHasItsNameAtLambdasBoundaryHoweverItIsWrapped(t *testing.T) {
	for code := range codes {
		err := fmt.Errorf("outer: %w", &usersync.Error{Code: code, Message: "what may be said", Cause: errors.New("planted secret")})
		got := invoked(t, &scripted{err: err}, quiet())
		if got.Type != string(code) || !strings.HasPrefix(got.Message, "what may be said") || strings.Contains(got.Message, "planted") {
			t.Errorf("%s is reported as %s: %s", code, got.Type, got.Message)
		}
	}
}

func TestErrorsWithoutACodeAreInternalAndOnlyTheirIDIsShown(t *testing.T) {
	for name, e := range map[string]*scripted{
		"unforeseen": {err: errors.New("planted")},
		"unknown":    {err: fmt.Errorf("planted: %w", usersync.E("Brand new", "may be said"))},
		"panic":      {panics: "planted"},
	} {
		var log bytes.Buffer
		got := invoked(t, e, slog.New(slog.NewTextHandler(&log, nil)))
		_, id, found := strings.Cut(got.Message, "(error id ")
		if got.Type != string(usersync.Internal) || strings.Contains(got.Message, "planted") || !found {
			t.Errorf("%s is reported as %s: %s", name, got.Type, got.Message)
		}
		if !strings.Contains(log.String(), strings.TrimSuffix(id, ")")) {
			t.Errorf("%s: the log does not know the id %s", name, id)
		}
		if name != "unforeseen" && strings.Contains(log.String(), "planted") {
			t.Errorf("%s: the log repeats what may hold anything: %s", name, log.String())
		}
	}
}

func TestAStepThatRanOutOfTimeIsTransient(t *testing.T) {
	for _, err := range []error{context.DeadlineExceeded, fmt.Errorf("read: %w", context.Canceled)} {
		if got := invoked(t, &scripted{err: err}, quiet()); codes[usersync.Code(got.Type)] != patient {
			t.Errorf("%v is reported as %s", err, got.Type)
		}
	}
}

func TestALongMessageIsCutWithoutBreakingItsText(t *testing.T) {
	got := invoked(t, &scripted{err: usersync.E(usersync.Rejected, strings.Repeat("å", maxMessage))}, quiet())
	if len(got.Message) > maxMessage || strings.Trim(got.Message, "å") != "" {
		t.Errorf("cut to %d bytes: %q", len(got.Message), got.Message[len(got.Message)-4:])
	}
}

func TestFinishSaysWhyAJobFailedInWordsOfItsOwn(t *testing.T) {
	ours := func(code usersync.Code, text string) *Failure {
		name, cause := Reported(named(code, text))
		return &Failure{Error: name, Cause: cause}
	}
	planted := `{"errorMessage":"planted","errorType":"Rejected"}`
	for name, c := range map[string]struct {
		next engine.Next
		err  *Failure
		want string
	}{
		"a good end":                  {engine.NextFinish, nil, ""},
		"no way leads here":           {"", nil, "the job's workflow lost its way"},
		"ours":                        {engine.NextUpsert, ours(usersync.Unauthorized, "the target refuses the login"), "the target refuses the login"},
		"ours, at the end":            {engine.NextFinish, ours(usersync.EmptySource, "the source lists nobody"), "the source lists nobody"},
		"a time-out":                  {engine.NextFetch, &Failure{Error: "States.Timeout", Cause: "planted"}, "a step took longer than its time limit"},
		"a name that is not ours":     {engine.NextFetch, &Failure{Error: "errorString", Cause: `{"errorMessage":"planted","errorType":"errorString"}`}, "the job's workflow failed in an unforeseen way"},
		"a type that is another's":    {engine.NextFetch, &Failure{Error: "States.DataLimitExceeded", Cause: planted}, "the job's workflow failed in an unforeseen way"},
		"a name with another's cause": {engine.NextFetch, &Failure{Error: "Internal", Cause: planted}, "the job's workflow failed in an unforeseen way"},
		"a cause that is no JSON":     {engine.NextFetch, &Failure{Error: "Rejected", Cause: "planted"}, "the job's workflow failed in an unforeseen way"},
		"the hand-over":               {NextHandOver, &Failure{Error: "StepFunctions.ThrottlingException", Cause: planted}, "the job could not be handed over to a fresh execution"},
	} {
		e := &scripted{}
		in := aState()
		in.Next, in.Error = c.next, c.err
		out, err := NewSteps(e, quiet()).Finish(t.Context(), in)
		if err != nil || e.failures[0] != c.want || out.Next != "" || out.Error != nil {
			t.Errorf("%s: Finish was given %q (%v), want %q", name, e.failures[0], err, c.want)
		}
	}
}
